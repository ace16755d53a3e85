package advisory

import (
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// download is one address on its way into a file. What is there of a former try is gone on with, as long as the
// server still has the same edition.
type download struct {
	client *http.Client
	agent  string
	url    string
	path   string // complete file; path.part until then, path.json with what the server said
	limit  int64
	stall  time.Duration
	sums   bool // ask for url.sha256, too
	old    edition
	grew   func(got, of int64)
}

// edition is what a server says of the state of a file.
type edition struct {
	URL          string `json:"url"`
	ETag         string `json:"etag,omitempty"`
	LastModified string `json:"last_modified,omitempty"`
}

// errUnchanged says that the edition is the one that is here already.
var errUnchanged = errors.New("unchanged")

const tries = 5

// run fetches until the file is whole. A connection that breaks off is taken up again while each try brings something.
func (d *download) run(ctx context.Context) (edition, error) {
	if err := os.MkdirAll(filepath.Dir(d.path), 0o755); err != nil {
		return edition{}, err
	}
	for try := 1; ; try++ {
		before := d.size()
		e, err := d.once(ctx)
		if err == nil || errors.Is(err, errUnchanged) {
			return e, err
		}
		var broken *brokenError
		if !errors.As(err, &broken) || try >= tries || d.size() <= before || ctx.Err() != nil {
			return e, fmt.Errorf("fetch %s: %w", d.url, err)
		}
	}
}

// brokenError is a connection that ended before the file did.
type brokenError struct {
	got int64
	err error
}

func (e *brokenError) Error() string {
	return fmt.Sprintf("the connection broke off after %d bytes (%v); the next update goes on from there", e.got, e.err)
}
func (e *brokenError) Unwrap() error { return e.err }

func (d *download) size() int64 {
	st, err := os.Stat(d.path + ".part")
	if err != nil {
		return 0
	}
	return st.Size()
}

// begun is the edition that the part belongs to; zero when there is nothing to go on with.
func (d *download) begun() edition {
	var e edition
	data, err := os.ReadFile(d.path + ".json")
	if err != nil || json.Unmarshal(data, &e) != nil || e.URL != d.url || d.size() == 0 {
		return edition{}
	}
	return e
}

func (d *download) discard() {
	_ = os.Remove(d.path + ".part")
	_ = os.Remove(d.path + ".json")
}

// once makes one request and reads its answer.
func (d *download) once(ctx context.Context) (edition, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	// A server that sends nothing for a while is as good as gone; one that sends slowly is not.
	stalled := time.AfterFunc(d.stall, func() { cancel(fmt.Errorf("nothing came for %v", d.stall)) })
	defer stalled.Stop()

	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.url, nil)
	if err != nil {
		return edition{}, err
	}
	req.Header.Set("User-Agent", d.agent)
	req.Header.Set("Accept-Encoding", "identity") // ranges and digests are of the bytes as they are stored
	if d.old.URL == d.url {
		if d.old.ETag != "" {
			req.Header.Set("If-None-Match", d.old.ETag)
		} else if d.old.LastModified != "" {
			req.Header.Set("If-Modified-Since", d.old.LastModified)
		}
	}
	part, have := d.begun(), int64(0)
	if v := part.validator(); v != "" {
		have = d.size()
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", have))
		req.Header.Set("If-Range", v)
	}
	resp, err := d.client.Do(req)
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		return edition{}, err
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusNotModified:
		return d.old, errUnchanged
	case http.StatusOK:
		have = 0
	case http.StatusPartialContent:
		if from, _, ok := contentRange(resp.Header.Get("Content-Range")); !ok || from != have {
			d.discard()
			return edition{}, fmt.Errorf("the server answers with another part than was asked for: %q", resp.Header.Get("Content-Range"))
		}
	case http.StatusRequestedRangeNotSatisfiable:
		d.discard()
		return edition{}, errors.New("the file on the server became shorter; what was fetched of it is discarded, update again")
	default:
		return edition{}, fmt.Errorf("the server answers %s", resp.Status)
	}
	return d.receive(ctx, resp, have, func() { stalled.Reset(d.stall) })
}

// validator is what tells in If-Range that an edition is the same byte for byte; weak tags do not.
func (e edition) validator() string {
	if e.ETag != "" {
		if strings.HasPrefix(e.ETag, "W/") {
			return ""
		}
		return e.ETag
	}
	return e.LastModified
}

// receive appends an answer to the part, checks the whole and puts it in its place.
func (d *download) receive(ctx context.Context, resp *http.Response, have int64, came func()) (edition, error) {
	whole := int64(-1)
	if resp.ContentLength >= 0 {
		whole = have + resp.ContentLength
	}
	if whole > d.limit {
		d.discard()
		return edition{}, fmt.Errorf("it has %d bytes, more than the %d that are allowed: %w", whole, d.limit, errTooLarge)
	}
	e := edition{d.url, resp.Header.Get("ETag"), resp.Header.Get("Last-Modified")}
	note, err := json.Marshal(e)
	if err != nil {
		return e, err
	}
	if have == 0 {
		d.discard()
	}
	if err := os.WriteFile(d.path+".json", note, 0o644); err != nil {
		return e, err
	}
	f, err := os.OpenFile(d.path+".part", os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return e, err
	}
	defer f.Close()
	if _, err := f.Seek(have, io.SeekStart); err != nil {
		return e, err
	}
	got, buf := have, make([]byte, 256<<10)
	for {
		n, err := resp.Body.Read(buf)
		came()
		if got += int64(n); got > d.limit {
			d.discard()
			return e, fmt.Errorf("it has more than the %d bytes that are allowed: %w", d.limit, errTooLarge)
		}
		if _, err := f.Write(buf[:n]); err != nil {
			return e, err
		}
		if d.grew != nil && n > 0 {
			d.grew(got, whole)
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			if cause := context.Cause(ctx); cause != nil {
				err = cause
			}
			return e, &brokenError{got, err}
		}
	}
	sums := resp.Header
	if d.sums {
		if sums, err = d.beside(ctx, sums); err != nil {
			return e, err
		}
	}
	if err := check(f, sums); err != nil {
		d.discard()
		return e, err
	}
	if err := f.Sync(); err != nil {
		return e, err
	}
	return e, os.Rename(d.path+".part", d.path)
}

// contentRange reads "bytes 5-9/10".
func contentRange(s string) (from, of int64, ok bool) {
	rest, ok := strings.CutPrefix(s, "bytes ")
	span, total, ok2 := strings.Cut(rest, "/")
	first, _, ok3 := strings.Cut(span, "-")
	if !ok || !ok2 || !ok3 {
		return 0, 0, false
	}
	from, err := strconv.ParseInt(first, 10, 64)
	if total != "*" {
		of, _ = strconv.ParseInt(total, 10, 64)
	}
	return from, of, err == nil && from >= 0
}

// beside asks for the SHA-256 in the file next to this one. A server that has none offers none.
func (d *download) beside(ctx context.Context, h http.Header) (http.Header, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.url+".sha256", nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", d.agent)
	resp, err := d.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusNotFound {
		return h, nil
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("its digest at %s.sha256: the server answers %s", d.url, resp.Status)
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, 4096))
	if err != nil {
		return nil, err
	}
	words := strings.Fields(string(text))
	if len(words) == 0 {
		return nil, fmt.Errorf("its digest at %s.sha256 is empty", d.url)
	}
	sum, err := hex.DecodeString(words[0])
	if err != nil || len(sum) != sha256.Size {
		return nil, fmt.Errorf("its digest at %s.sha256 is no SHA-256", d.url)
	}
	h = h.Clone()
	h.Add("Digest", "sha-256="+base64.StdEncoding.EncodeToString(sum))
	return h, nil
}

// check compares a file with the digests that came with it: Digest (RFC 3230), Repr-Digest (RFC 9530) and the hashes
// of Google's storage. What is stored packed and sent unpacked has hashes of the packed form; those say nothing here.
func check(f io.ReadSeeker, h http.Header) error {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	sha, crc, md := sha256.New(), crc32.New(castagnoli), md5.New()
	if _, err := io.Copy(io.MultiWriter(sha, crc, md), f); err != nil {
		return err
	}
	have := map[string]string{
		"sha-256": base64.StdEncoding.EncodeToString(sha.Sum(nil)),
		"md5":     base64.StdEncoding.EncodeToString(md.Sum(nil)),
		"crc32c":  base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, crc.Sum32())),
	}
	names := []string{"Digest", "Repr-Digest"}
	if s := h.Get("X-Goog-Stored-Content-Encoding"); s == "" || s == "identity" {
		names = append(names, "X-Goog-Hash")
	}
	for _, name := range names {
		for _, value := range h.Values(name) {
			for part := range strings.SplitSeq(value, ",") {
				key, sum, _ := strings.Cut(strings.TrimSpace(part), "=")
				sum = strings.Trim(sum, ":") // RFC 9530 puts colons around it
				if want, known := have[strings.ToLower(key)]; known && sum != want {
					return fmt.Errorf("its %s is %s, the server says %s (%s); nothing of it was taken", key, want, sum, name)
				}
			}
		}
	}
	return nil
}
