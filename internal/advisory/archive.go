package advisory

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/klauspost/compress/flate"
)

// item is one file of an archive or a folder.
type item struct {
	name   string
	known  bool // crc and length were told beforehand
	crc    uint32
	length int64
	read   func() ([]byte, error)
}

// errTooLarge says that something unpacks to more than it may.
var errTooLarge = errors.New("larger than an import may be")

// bounded reads all of r, at most limit bytes.
func bounded(r io.Reader, limit int64, what string) ([]byte, error) {
	var b bytes.Buffer
	n, err := b.ReadFrom(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, err
	}
	if n > limit {
		return nil, fmt.Errorf("%s has more than %d bytes: %w", what, limit, errTooLarge)
	}
	return b.Bytes(), nil
}

// entryName refuses names that lead out of an archive. Nothing is ever written under them; but an archive with such a
// name was made to do harm, and then nothing else of it is to be believed either.
func entryName(archive, name string) error {
	if strings.HasPrefix(name, "/") || strings.Contains(name, `\`) || strings.ContainsRune(name, 0) || path.Clean("/"+name) != "/"+strings.TrimSuffix(strings.TrimPrefix(name, "./"), "/") {
		return fmt.Errorf("%s: the name %.200q leads out of the archive; nothing of it was taken", archive, name)
	}
	return nil
}

// unzip lists the files of a zip; what may be wrong with the archive as a whole is found before the first is read.
func unzip(name string, r io.ReaderAt, size int64, l limits) ([]item, error) {
	z, err := zip.NewReader(r, size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return nil, fmt.Errorf("%s cannot be read as a zip, it may have been cut off: %w", name, err)
	}
	// An own decompressor: the standard library's keeps what it needs in a pool, and this one is faster.
	z.RegisterDecompressor(zip.Deflate, func(r io.Reader) io.ReadCloser { return flate.NewReader(r) })
	if len(z.File) > l.entries {
		return nil, fmt.Errorf("%s has %d files, more than %d: %w", name, len(z.File), l.entries, errTooLarge)
	}
	var out []item
	var total uint64
	for _, f := range z.File {
		if err := entryName(name, f.Name); err != nil {
			return nil, err
		}
		if m := f.Mode(); !m.IsRegular() && !m.IsDir() {
			return nil, fmt.Errorf("%s: %.200q is a link or a device; nothing of it was taken", name, f.Name)
		}
		if strings.HasSuffix(f.Name, "/") {
			continue
		}
		if total += f.UncompressedSize64; total > uint64(l.total) || f.UncompressedSize64 > uint64(l.total) {
			return nil, fmt.Errorf("%s unpacks to more than %d bytes: %w", name, l.total, errTooLarge)
		}
		out = append(out, item{name: f.Name, known: true, crc: f.CRC32, length: int64(f.UncompressedSize64), read: func() ([]byte, error) {
			if f.UncompressedSize64 > uint64(l.record) {
				return nil, fmt.Errorf("%s has more than %d bytes: %w", f.Name, l.record, errTooLarge)
			}
			r, err := f.Open()
			if err != nil {
				return nil, err
			}
			defer r.Close()
			return bounded(r, l.record, f.Name)
		}})
	}
	return out, nil
}

// untar calls f for each file of a tar. The caller bounds what r unpacks to.
func untar(name string, r io.Reader, l limits, f func(item) error) error {
	t := tar.NewReader(r)
	for n := 0; ; n++ {
		h, err := t.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil && !errors.Is(err, tar.ErrInsecurePath) {
			return fmt.Errorf("%s cannot be read as a tar, it may have been cut off: %w", name, err)
		}
		if n >= l.entries {
			return fmt.Errorf("%s has more than %d files: %w", name, l.entries, errTooLarge)
		}
		if h.Typeflag == tar.TypeDir || h.Typeflag == tar.TypeXGlobalHeader {
			continue
		}
		if err := entryName(name, h.Name); err != nil {
			return err
		}
		if h.Typeflag != tar.TypeReg {
			return fmt.Errorf("%s: %.200q is a link or a device; nothing of it was taken", name, h.Name)
		}
		if err := f(item{name: h.Name, read: func() ([]byte, error) { return bounded(t, l.record, h.Name) }}); err != nil {
			return err
		}
	}
}

// total ends a stream that unpacks to more than it may.
type total struct {
	r    io.Reader
	left int64
	name string
}

func (t *total) Read(p []byte) (int, error) {
	n, err := t.r.Read(p)
	if t.left -= int64(n); t.left < 0 {
		return 0, fmt.Errorf("%s unpacks to too much: %w", t.name, errTooLarge)
	}
	return n, err
}
