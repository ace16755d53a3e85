package httpget

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
)

// explained puts the errors of the library that are met most into words that say what to do next. The cause stays
// wrapped.
func explained(err error) error {
	var record tls.RecordHeaderError
	var timeout net.Error
	say := func(text string) error { return fmt.Errorf("%s (%w)", text, err) }
	switch {
	case err == nil:
		return nil
	case errors.Is(err, http.ErrSchemeMismatch), errors.As(err, &record) && string(record.RecordHeader[:]) == "HTTP/":
		return say("it speaks plain HTTP there and no TLS; name the port of HTTPS")
	case errors.As(err, &record):
		return say("it speaks something else than TLS there; name the port of HTTPS")
	case errors.Is(err, context.Canceled):
		return say("interrupted")
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return say("the answer did not come, or not to its end, in time; look whether something in between swallows it")
	case errors.Is(err, syscall.ECONNRESET):
		return say("it ended the connection in the middle of the answer; look whether something in between blocks requests of this User-Agent")
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return say("it closed the connection before the end of the answer")
	case strings.Contains(err.Error(), "malformed HTTP") && strings.Contains(err.Error(), `\x15\x03`):
		return say("it speaks TLS there and no plain HTTP")
	case strings.Contains(err.Error(), "malformed"):
		return say("what it answers is no proper HTTP")
	}
	return err
}
