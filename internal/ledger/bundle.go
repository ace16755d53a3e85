package ledger

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// A bundle is a zip of files with a list of them, manifest.txt, which is signed by the ledger's key (note format). The list
// begins with lines that say what it is, and then has a line for each file: SHA-256 in hex, length, name.
const (
	manifestFile  = "manifest.txt"
	bundleHead    = "holdfast evidence/v1"
	maxManifest   = 1 << 20
	maxMember     = 1 << 30
	maxMembers    = 1000
	maxBundleLine = 1000
)

// Member is a file of a bundle.
type Member struct {
	Name string
	Data []byte
}

// BundleAbout says what a bundle is about.
type BundleAbout struct {
	From, Until time.Time // the period
	Made        time.Time
	Version     string
}

// WriteBundle writes files with a signed list of them. The same files make the same bytes.
func (l *Ledger) WriteBundle(w io.Writer, about BundleAbout, members []Member) error {
	signer, err := l.signer()
	if err != nil {
		return err
	}
	var list strings.Builder
	fmt.Fprintf(&list, "%s\nfrom %s\nuntil %s\nmade %s\nversion %s\n\n", bundleHead, about.From.UTC().Format(time.RFC3339), about.Until.UTC().Format(time.RFC3339), about.Made.UTC().Format(time.RFC3339), about.Version)
	for _, m := range members {
		sum := sha256.Sum256(m.Data)
		fmt.Fprintf(&list, "%s %d %s\n", hex.EncodeToString(sum[:]), len(m.Data), m.Name)
	}
	signed, err := note.Sign(&note.Note{Text: list.String()}, signer)
	if err != nil {
		return fmt.Errorf("sign the list of the bundle: %w", err)
	}
	z := zip.NewWriter(w)
	for _, m := range append([]Member{{manifestFile, signed}}, members...) {
		f, err := z.CreateHeader(&zip.FileHeader{Name: m.Name, Method: zip.Deflate, Modified: about.Made.UTC()})
		if err == nil {
			_, err = f.Write(m.Data)
		}
		if err != nil {
			return err
		}
	}
	return z.Close()
}

// ErrNoBundle means that a file is no bundle at all.
var ErrNoBundle = errors.New("it is no bundle of evidence")

// Bundle is one whose list is signed and whose files are those of the list.
type Bundle struct {
	BundleAbout
	Key   string   // that signed it
	Names []string // in the order of the list
	files fs.FS
	sizes map[string]int64
}

// OpenBundle verifies a bundle: the list is signed by the key, empty takes the one in it; every file of the list is there as it was,
// and no other. What is wrong is named.
func OpenBundle(z *zip.Reader, key string) (*Bundle, error) {
	text, err := read(z, manifestFile, maxManifest)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNoBundle
	}
	if err != nil {
		return nil, fmt.Errorf("read the list of the bundle: %w", err)
	}
	b := &Bundle{Key: strings.TrimSpace(key), files: z, sizes: map[string]int64{}}
	r, err := ringOf(z)
	if errors.Is(err, ErrEmpty) {
		return nil, fmt.Errorf("the bundle carries no public key: %w", fs.ErrNotExist)
	} else if err != nil {
		return nil, err
	}
	if err := r.trust(b.Key); err != nil {
		return nil, err
	}
	if b.Key == "" {
		b.Key = r.now().text
	}
	n, err := note.Open(text, note.VerifierList(r.now()))
	if err != nil {
		return nil, fmt.Errorf("the list of the bundle is not signed by %s: %w", r.now().Name(), err)
	}
	sums, err := b.parse(n.Text)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, f := range z.File {
		if seen[f.Name] {
			return nil, fmt.Errorf("%s is in the bundle twice", f.Name)
		}
		seen[f.Name] = true
		if _, listed := sums[f.Name]; !listed && f.Name != manifestFile {
			return nil, fmt.Errorf("%s is in the bundle and not on its list: it was added", f.Name)
		}
	}
	for _, name := range b.Names {
		if !seen[name] {
			return nil, fmt.Errorf("%s is on the list of the bundle and is missing", name)
		}
		data, err := b.Read(name)
		if err != nil {
			return nil, err
		}
		if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != sums[name] {
			return nil, fmt.Errorf("%s was changed: its digest is another than that on the list", name)
		}
	}
	return b, nil
}

// parse reads the list.
func (b *Bundle) parse(text string) (map[string]string, error) {
	head, rest, ok := strings.Cut(text, "\n\n")
	lines := strings.Split(head, "\n")
	if !ok || len(lines) != 5 || lines[0] != bundleHead {
		return nil, fmt.Errorf("the list of the bundle does not begin with %q", bundleHead)
	}
	for i, to := range []*time.Time{&b.From, &b.Until, &b.Made} {
		word, value, _ := strings.Cut(lines[i+1], " ")
		at, err := time.Parse(time.RFC3339, value)
		if err != nil || word != []string{"from", "until", "made"}[i] {
			return nil, fmt.Errorf("line %d of the list of the bundle says no time", i+2)
		}
		*to = at
	}
	b.Version = strings.TrimPrefix(lines[4], "version ")
	sums := map[string]string{}
	for line := range strings.Lines(rest) {
		parts := strings.SplitN(strings.TrimSuffix(line, "\n"), " ", 3)
		if len(parts) != 3 || len(line) > maxBundleLine || len(parts[0]) != 64 || !fs.ValidPath(parts[2]) || parts[2] == manifestFile {
			return nil, fmt.Errorf("the list of the bundle has a line that names no file")
		}
		size, err := strconv.ParseInt(parts[1], 10, 64)
		if _, again := sums[parts[2]]; again || err != nil || size < 0 || size > maxMember || len(b.Names) >= maxMembers {
			return nil, fmt.Errorf("the list of the bundle names %s twice, or too much", parts[2])
		}
		sums[parts[2]], b.sizes[parts[2]] = parts[0], size
		b.Names = append(b.Names, parts[2])
	}
	return sums, nil
}

// Read gives a file of the list; it is as long as the list says, or an error.
func (b *Bundle) Read(name string) ([]byte, error) {
	if !slices.Contains(b.Names, name) {
		return nil, fmt.Errorf("the bundle has no %s", name)
	}
	f, err := b.files.Open(name)
	if err != nil {
		return nil, fmt.Errorf("read %s of the bundle: %w", name, err)
	}
	defer f.Close()
	var out bytes.Buffer
	n, err := io.Copy(&out, io.LimitReader(f, b.sizes[name]+1))
	if err != nil {
		return nil, fmt.Errorf("read %s of the bundle: %w", name, err)
	}
	if n != b.sizes[name] {
		return nil, fmt.Errorf("%s was changed: it is not as long as the list says", name)
	}
	return out.Bytes(), nil
}
