// Package backup writes files into one and takes them back: tar in zstd, the last member a manifest with the SHA-256 of all
// others. What it takes back is checked whole before the caller sees it. It knows nothing of what the files mean.
package backup

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/klauspost/compress/zstd"
)

// Format is the version of the archive. A later one is refused.
const Format = 1

// Manifest says what is in an archive.
type Manifest struct {
	Format  int       `json:"format"`
	Version string    `json:"version"` // of Holdfast
	At      time.Time `json:"at"`
	Files   []Member  `json:"files"`
}

// Member is one file.
type Member struct {
	Name   string `json:"name"` // with slashes, below the state folder
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// File is one that goes into an archive.
type File struct{ Name, Path string }

const (
	manifestName = "manifest.json"
	maxManifest  = 256 << 20
	maxFiles     = 10_000_000
)

// Write writes files in their order. A file that shrinks meanwhile is an error; what grows is taken as it was found.
func Write(w io.Writer, version string, at time.Time, files []File) (Manifest, error) {
	m := Manifest{Format: Format, Version: version, At: at.UTC().Truncate(time.Second), Files: []Member{}}
	z, err := zstd.NewWriter(w)
	if err != nil {
		return m, err
	}
	t := tar.NewWriter(z)
	for _, f := range files {
		member, err := add(t, f, m.At)
		if err != nil {
			return m, fmt.Errorf("take %s into the backup: %w", f.Path, err)
		}
		m.Files = append(m.Files, member)
	}
	data, err := json.Marshal(m)
	if err != nil {
		return m, err
	}
	if err := t.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: manifestName, Mode: 0o600, Size: int64(len(data)), ModTime: m.At}); err != nil {
		return m, err
	}
	_, err = t.Write(data)
	return m, errors.Join(err, t.Close(), z.Close())
}

func add(t *tar.Writer, f File, at time.Time) (Member, error) {
	in, err := os.Open(f.Path)
	if err != nil {
		return Member{}, err
	}
	defer in.Close()
	st, err := in.Stat()
	if err != nil {
		return Member{}, err
	}
	if !st.Mode().IsRegular() {
		return Member{}, errors.New("it is no regular file")
	}
	if err := t.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: f.Name, Mode: 0o600, Size: st.Size(), ModTime: at}); err != nil {
		return Member{}, err
	}
	sum := sha256.New()
	if _, err := io.CopyN(io.MultiWriter(t, sum), in, st.Size()); err != nil {
		return Member{}, err
	}
	return Member{f.Name, st.Size(), hex.EncodeToString(sum.Sum(nil))}, nil
}

// ErrDamaged means that an archive is not whole, or was changed.
var ErrDamaged = errors.New("the backup is damaged or cut off")

// Extract takes an archive back into an empty folder. With an error the folder holds what came before it and is worth
// nothing.
func Extract(r io.Reader, dir string) (Manifest, error) {
	z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return Manifest{}, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	defer z.Close()
	t := tar.NewReader(z)
	found := map[string]Member{}
	for {
		h, err := t.Next()
		if err != nil {
			return Manifest{}, fmt.Errorf("%w: its manifest is missing (%w)", ErrDamaged, err)
		}
		if h.Typeflag != tar.TypeReg || !fs.ValidPath(h.Name) || h.Name == "." {
			return Manifest{}, fmt.Errorf("%w: %q is no plain file below the state folder", ErrDamaged, h.Name)
		}
		if h.Name == manifestName {
			return finish(t, z, found)
		}
		if _, twice := found[h.Name]; twice || len(found) >= maxFiles {
			return Manifest{}, fmt.Errorf("%w: %q is there twice, or there is too much", ErrDamaged, h.Name)
		}
		m, err := put(t, h, dir)
		if err != nil {
			return Manifest{}, err
		}
		found[m.Name] = m
	}
}

func put(t *tar.Reader, h *tar.Header, dir string) (Member, error) {
	path := filepath.Join(dir, filepath.FromSlash(h.Name))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return Member{}, err
	}
	out, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return Member{}, err
	}
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(out, sum), t)
	if err != nil {
		return Member{}, errors.Join(fmt.Errorf("%w: %s: %w", ErrDamaged, h.Name, err), out.Close())
	}
	return Member{h.Name, n, hex.EncodeToString(sum.Sum(nil))}, errors.Join(out.Sync(), out.Close())
}

// finish reads the manifest and holds what was found against it.
func finish(t *tar.Reader, z io.Reader, found map[string]Member) (Manifest, error) {
	var m Manifest
	data, err := io.ReadAll(io.LimitReader(t, maxManifest))
	if err == nil {
		err = json.Unmarshal(data, &m)
	}
	if err != nil {
		return m, fmt.Errorf("%w: its manifest cannot be read (%w)", ErrDamaged, err)
	}
	if m.Format > Format {
		return m, fmt.Errorf("the backup is of format %d, and this version (which knows %d) is too old for it; use Holdfast %s or later", m.Format, Format, m.Version)
	}
	if _, err := t.Next(); !errors.Is(err, io.EOF) {
		return m, fmt.Errorf("%w: something follows its manifest", ErrDamaged)
	}
	if _, err := io.Copy(io.Discard, z); err != nil { // to its end, where the checksum is
		return m, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if len(m.Files) != len(found) {
		return m, fmt.Errorf("%w: it holds %d files, its manifest names %d", ErrDamaged, len(found), len(m.Files))
	}
	for _, want := range m.Files {
		if got, ok := found[want.Name]; !ok || got != want {
			return m, fmt.Errorf("%w: %s is not what the manifest says", ErrDamaged, want.Name)
		}
	}
	return m, nil
}
