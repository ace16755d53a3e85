// Package sbom reads and writes lists of components: CycloneDX and SPDX. What it reads becomes packages under the
// names by which advisories speak of them. It does no I/O but through the reader that it is given, compares nothing,
// and trusts no document: every list is bounded, and what cannot be told is counted, never guessed.
package sbom

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"holdfast.example/holdfast/internal/vuln"
)

// Document is what a list of components says.
type Document struct {
	Format   string // CycloneDX 1.6, SPDX 2.3
	Name     string // of what it describes, as it says itself; may be empty
	Packages []vuln.Package
	Unnamed  Left // without a package URL
	Unkept   Left // of a type for which nobody keeps advisories
	Unclear  Left // of a distribution without its release, without a version, or with a package URL that cannot be read
}

// Left are components that cannot be compared with advisories.
type Left struct {
	Count int
	First []string // the first of them
}

// Limits of reading. What exceeds them is an error: half a list would look like all of it.
const (
	MaxBytes      = 512 << 20
	MaxComponents = 1_000_000
	maxDepth      = 64 // of components inside components
	maxFirst      = 5
	maxPlaces     = 20 // files that are kept of one package
)

func (l *Left) add(name string) {
	l.Count++
	if len(l.First) < maxFirst {
		l.First = append(l.First, name)
	}
}

// component is one entry of any format.
type component struct {
	name, version string
	purl          string
	kind          string // of CycloneDX: library, file, operating-system; empty: not told
	places        []string
}

// reader gathers the components of one document.
type reader struct {
	list       []component
	format     string
	name       string
	os         string // distribution and release of the document, for package URLs that do not say: debian-12
	components int
}

var errMany = fmt.Errorf("holds more than %d components", MaxComponents)

func (r *reader) add(c component) error {
	if r.components++; r.components > MaxComponents {
		return errMany
	}
	r.list = append(r.list, c)
	return nil
}

// Read reads a document in CycloneDX (JSON or XML) or SPDX (JSON, 2.2 to 3.0).
func Read(in io.Reader) (*Document, error) {
	limited := &io.LimitedReader{R: in, N: MaxBytes + 1}
	b := bufio.NewReaderSize(limited, 1<<16)
	var r reader
	first, err := begin(b)
	if err == nil {
		switch first {
		case '{':
			err = r.json(b)
		case '<':
			err = r.xml(b)
		default:
			err = errors.New("is neither JSON nor XML; CycloneDX in JSON or XML and SPDX in JSON can be read")
		}
	}
	switch {
	case limited.N <= 0:
		return nil, fmt.Errorf("is larger than %d MB", MaxBytes>>20)
	case err != nil:
		return nil, err
	case r.format == "":
		return nil, errors.New("is no list of components: it names neither bomFormat (CycloneDX) nor spdxVersion (SPDX)")
	}
	return r.document(), nil
}

// begin gives the first byte that is no white space, and leaves it there. A byte order mark is skipped.
func begin(b *bufio.Reader) (byte, error) {
	if mark, _ := b.Peek(3); string(mark) == "\xef\xbb\xbf" {
		_, _ = b.Discard(3)
	}
	for {
		c, err := b.ReadByte()
		if err != nil {
			return 0, errors.New("is empty")
		}
		if !strings.ContainsRune(" \t\r\n", rune(c)) {
			return c, b.UnreadByte()
		}
	}
}

// json reads the outer object; which format it is, its members tell, in any order.
func (r *reader) json(in io.Reader) error {
	d := jsontext.NewDecoder(in, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	var cdx, version string
	err := members(d, func(name string) (err error) {
		switch name {
		case "bomFormat":
			cdx, err = text(d)
		case "specVersion":
			version, err = text(d)
		case "metadata":
			err = r.metadata(d)
		case "components":
			err = each(d, func() error { return r.cdx(d, 0, false) })
		case "spdxVersion":
			var v string
			v, err = text(d)
			r.format = strings.Replace(v, "SPDX-", "SPDX ", 1)
		case "name":
			r.name, err = text(d)
		case "packages":
			err = each(d, func() error { return r.spdx(d) })
		case "@graph":
			err = each(d, func() error { return r.element(d) })
		default:
			err = d.SkipValue()
		}
		return err
	})
	if err != nil {
		return broken(err)
	}
	if strings.EqualFold(cdx, "CycloneDX") {
		r.format = "CycloneDX " + version
	}
	return nil
}

var errSort = errors.New("holds something else where a list or an object belongs")

// members reads an object; null is an empty one. Do reads the value of the member.
func members(d *jsontext.Decoder, do func(name string) error) error {
	switch d.PeekKind() {
	case 'n':
		return d.SkipValue()
	case '{':
	case jsontext.KindInvalid:
		_, err := d.ReadToken()
		return err
	default:
		return errSort
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	for d.PeekKind() != '}' {
		t, err := d.ReadToken()
		if err != nil {
			return err
		}
		if err := do(t.String()); err != nil {
			return err
		}
	}
	_, err := d.ReadToken()
	return err
}

// text reads a text, or a number as it is written; anything else is none.
func text(d *jsontext.Decoder) (string, error) {
	switch d.PeekKind() {
	case '"', '0':
		t, err := d.ReadToken()
		if err != nil {
			return "", err
		}
		return t.String(), nil
	}
	return "", d.SkipValue()
}

// each reads an array; null is an empty one.
func each(d *jsontext.Decoder, do func() error) error {
	switch d.PeekKind() {
	case 'n':
		return d.SkipValue()
	case '[':
	case jsontext.KindInvalid:
		_, err := d.ReadToken()
		return err
	default:
		return errSort
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	for d.PeekKind() != ']' {
		if err := do(); err != nil {
			return err
		}
	}
	_, err := d.ReadToken()
	return err
}

func broken(err error) error {
	var syntax *jsontext.SyntacticError
	if errors.As(err, &syntax) {
		return fmt.Errorf("is not whole JSON at byte %d: %w", syntax.ByteOffset, syntax.Err)
	}
	var kind *json.SemanticError
	if errors.As(err, &kind) {
		return fmt.Errorf("holds something of another sort than belongs there, at byte %d (%s)", kind.ByteOffset, kind.JSONPointer)
	}
	return err
}

// document turns the components into packages, each once, in order.
func (r *reader) document() *Document {
	d := &Document{Format: r.format, Name: r.name}
	type key struct{ ecosystem, name, version string }
	at := map[key]int{}
	for _, c := range r.list {
		label := strings.TrimSpace(c.name + " " + c.version)
		if c.purl == "" {
			if software(c.kind) {
				d.Unnamed.add(label)
			}
			continue
		}
		u, err := ParsePURL(c.purl)
		if err != nil {
			d.Unclear.add(cmp.Or(label, c.purl))
			continue
		}
		if u.Version == "" {
			u.Version = c.version
		}
		p, known := u.Package(r.os)
		switch {
		case !known:
			d.Unkept.add(c.purl)
			continue
		case p.Ecosystem == "" || p.Version == "":
			d.Unclear.add(c.purl)
			continue
		}
		k := key{p.Ecosystem, vuln.Name(p.Ecosystem, p.Name), p.Version}
		i, again := at[k]
		if !again {
			i = len(d.Packages)
			at[k] = i
			d.Packages = append(d.Packages, p)
		} else if len(p.Installed) > 0 && !slices.Contains(d.Packages[i].Installed, p.Installed[0]) {
			d.Packages[i].Installed = append(d.Packages[i].Installed, p.Installed...)
		}
		if !vuln.IsDistribution(p.Ecosystem) {
			d.Packages[i].Places = places(d.Packages[i].Places, c.places)
		}
	}
	for i := range d.Packages {
		slices.Sort(d.Packages[i].Installed)
	}
	slices.SortFunc(d.Packages, func(a, b vuln.Package) int {
		return cmp.Or(cmp.Compare(a.Ecosystem, b.Ecosystem), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Version, b.Version))
	})
	return d
}

// software tells which components should have a package URL: files, systems, data and the like need none.
func software(kind string) bool {
	switch kind {
	case "", "application", "library", "framework", "platform":
		return true
	}
	return false
}

func places(have, more []string) []string {
	for _, p := range more {
		if len(have) >= maxPlaces {
			break
		}
		if p != "" && !slices.Contains(have, p) {
			have = append(have, p)
		}
	}
	slices.Sort(have)
	return have
}
