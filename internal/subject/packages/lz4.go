package packages

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/pierrec/lz4/v4"
)

// unpackLZ4 reads the frame format of LZ4, in which apt keeps lists when Acquire::GzipIndexes is on.
// More than limit bytes are an error.
func unpackLZ4(data []byte, limit int) ([]byte, error) {
	out := bytes.NewBuffer(make([]byte, 0, min(limit+1, 3*len(data))))
	if _, err := io.Copy(out, io.LimitReader(lz4.NewReader(bytes.NewReader(data)), int64(limit)+1)); err != nil {
		return nil, fmt.Errorf("not a valid LZ4 frame: %w", err)
	}
	if out.Len() > limit {
		return nil, errors.New("unpacks to more than the limit")
	}
	return out.Bytes(), nil
}
