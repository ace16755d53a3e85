package packages

import (
	"bytes"
	"compress/gzip"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/pierrec/lz4/v4"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
)

const (
	listsDir = "/var/lib/apt/lists/"
	maxList  = 128 << 20 // main of Debian 12 has 47 MB
)

// follow asks for the lists that the sources name, and for no other.
func follow(ev *host.Evidence) []host.Need {
	var scratch Fact
	var needs []host.Need
	for _, r := range aptRepositories(ev, &scratch) {
		if !r.Binary {
			continue
		}
		needs = append(needs, host.Read(releaseFiles(r)...)...)
		needs = append(needs, large(maxList, listPatterns(r)...)...)
	}
	return needs
}

// fileName turns an address into the name under which apt keeps what it got from there.
func fileName(uri string) string {
	if _, rest, ok := strings.Cut(uri, ":"); ok {
		uri = strings.TrimPrefix(rest, "//")
	}
	var b strings.Builder
	for _, c := range []byte(uri) {
		switch {
		case c == '/':
			b.WriteByte('_')
		case c <= 0x20 || c >= 0x7f || strings.IndexByte("\\|{}[]<>\"^~_=!@#$%&*?", c) >= 0:
			const hex = "0123456789abcdef"
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

func listBase(r Repository) string {
	uri := strings.TrimSuffix(r.URI, "/") + "/"
	if strings.HasSuffix(r.Suite, "/") {
		return listsDir + fileName(uri+r.Suite)
	}
	return listsDir + fileName(uri+"dists/"+r.Suite+"/")
}

func releaseFiles(r Repository) []string {
	return []string{listBase(r) + "InRelease", listBase(r) + "Release"}
}

func listPatterns(r Repository) []string {
	if strings.HasSuffix(r.Suite, "/") {
		return []string{listBase(r) + "Packages*"}
	}
	var out []string
	for _, c := range r.Parts {
		out = append(out, listBase(r)+fileName("x:"+string(c)+"/")+"binary-*_Packages*")
	}
	return out
}

// offer is the best that the lists have for one name and architecture.
type offer struct{ version, source, security, securitySource string }

// aptUpdates compares what is installed with what the lists on the host offer.
func aptUpdates(ev *host.Evidence, f *Fact) {
	if p, ok := f.Gaps[partRepos]; ok {
		f.Note(partUpdates, &p)
		f.Note(partSecurity, &p)
	}
	best := map[string][]installedOffer{}
	for _, p := range f.Packages {
		if p.Installed() {
			best[p.Name] = append(best[p.Name], installedOffer{Package: p})
		}
	}
	for _, late := range []bool{false, true} {
		for _, r := range f.Repositories {
			if r.Binary {
				readLists(ev, f, r, best, late)
			}
		}
	}
	for name, offers := range best {
		listed := false
		for _, o := range offers {
			listed = listed || o.listed
			if !o.exact && len(f.Lists) > 0 {
				f.Unlisted = append(f.Unlisted, o.Name+" "+o.Arch)
			}
			if o.version != "" {
				source := o.source
				if o.security != "" {
					source = o.securitySource
				}
				f.Updates = append(f.Updates, Update{Name: name, Arch: o.Arch, Installed: o.Version,
					Candidate: o.version, Security: o.security, Hold: o.Hold, Source: source})
			}
		}
		if !listed && len(f.Lists) > 0 {
			f.NoOrigin = append(f.NoOrigin, name)
		}
	}
	f.Lists = slices.Compact(f.Lists)
	if len(f.Repositories) == 0 {
		p := &fact.Problem{Cause: fact.Unsupported, Source: aptList, Text: "no repository is configured, there is nothing to compare with"}
		f.Note(partUpdates, p)
		f.Note(partSecurity, p)
	}
}

type installedOffer struct {
	Package
	offer
	listed bool
	normal bool // the installed version is in a list that is not on request only
	exact  bool // the installed version is in a list
}

// readLists takes in the lists of one repository. Those on request only (backports) come late:
// they matter for packages whose installed version came from there.
func readLists(ev *host.Evidence, f *Fact, r Repository, best map[string][]installedOffer, late bool) {
	rel := release(ev, f, r)
	if rel.onRequest != late {
		return
	}
	security := isSecurity(r, rel)
	for _, pattern := range listPatterns(r) {
		files, problem := ev.Glob(pattern)
		f.Note(partUpdates, problem)
		f.Note(partSecurity, problem)
		read := false
		for _, file := range files {
			take := func(stanza []byte) { scan(stanza, best, file.Path, security, late) }
			if late && !rel.automaticUpgrades {
				take = func(stanza []byte) { scanName(stanza, best) }
			}
			if problem := eachStanza(file, take); problem != nil {
				f.Note(partUpdates, problem)
				f.Note(partSecurity, problem)
				continue
			}
			read = true
			f.Lists = append(f.Lists, List{File: file.Path, Suite: r.Suite, Security: security,
				Date: rel.date, ValidUntil: rel.validUntil})
		}
		if !read && problem == nil {
			p := &fact.Problem{Cause: fact.Failed, Source: pattern, Text: "there is no list of " + r.Name() + " yet", How: "sudo apt-get update"}
			f.Note(partUpdates, p)
			f.Note(partSecurity, p)
		}
	}
}

type releaseFacts struct {
	date, validUntil, label      string
	onRequest, automaticUpgrades bool
}

func release(ev *host.Evidence, f *Fact, r Repository) releaseFacts {
	var out releaseFacts
	for _, p := range releaseFiles(r) {
		file := ev.File(p)
		f.Note(partUpdates, file.Err)
		if !file.Found() {
			continue
		}
		for data := file.Data; len(data) > 0; {
			var name, value []byte
			name, value, data = nextField(data)
			switch string(name) {
			case "Date":
				out.date = string(value)
			case "Valid-Until":
				out.validUntil = string(value)
			case "Label":
				out.label = string(value)
			case "NotAutomatic":
				out.onRequest = yes(string(value))
			case "ButAutomaticUpgrades":
				out.automaticUpgrades = yes(string(value))
			case "MD5Sum", "SHA1", "SHA256", "SHA512":
				return out
			}
		}
		return out
	}
	return out
}

func isSecurity(r Repository, rel releaseFacts) bool {
	return strings.HasSuffix(r.Suite, "-security") || strings.HasSuffix(r.Suite, "/updates") ||
		strings.HasSuffix(rel.label, "-Security") || strings.Contains(r.URI, "//security.")
}

// plain gives a list as text, whatever apt compressed it with.
func plain(file host.File) (io.Reader, *fact.Problem) {
	if file.Err != nil {
		return nil, file.Err
	}
	data := bytes.NewReader(file.Data)
	switch path.Ext(file.Path) {
	case ".lz4":
		return lz4.NewReader(data), nil
	case ".gz":
		z, err := gzip.NewReader(data)
		if err != nil {
			return nil, &fact.Problem{Cause: fact.NotParsable, Source: file.Path, Text: err.Error()}
		}
		return z, nil
	case ".xz", ".bz2", ".zst", ".lzma":
		return nil, &fact.Problem{Cause: fact.Unsupported, Source: file.Path, Text: "this compression is not read", How: "apt list --upgradable"}
	}
	return data, nil
}

const (
	pieceSize = 256 << 10
	maxStanza = 4 << 20 // the largest of Debian 12 has 300 KB
)

// eachStanza gives the stanzas of a list, of lists that several hosts have in short. A problem may
// come after some stanzas.
func eachStanza(file host.File, do func(stanza []byte)) *fact.Problem {
	if file.Shared == nil || file.Err != nil {
		return stream(file, do)
	}
	type list struct {
		text    []byte
		problem *fact.Problem
	}
	short := host.Once(file, "list"+path.Ext(file.Path), func() list {
		var text []byte
		problem := stream(file, func(stanza []byte) { text = appendShort(text, stanza) })
		return list{bytes.Clone(text), problem}
	})
	for rest := short.text; len(rest) > 0; {
		var stanza []byte
		stanza, rest = nextStanza(rest)
		do(stanza)
	}
	if short.problem == nil {
		return nil
	}
	own := *short.problem
	own.Source = file.Path
	return &own
}

// appendShort appends of a stanza what scan reads: a tenth.
func appendShort(text, stanza []byte) []byte {
	if packageName(stanza) == nil {
		return text
	}
	for len(stanza) > 0 {
		name, _, rest := nextField(stanza)
		switch string(name) {
		case "Package", "Version", "Architecture", "Phased-Update-Percentage":
			line := stanza[:len(stanza)-len(rest)]
			text = append(append(text, bytes.TrimSuffix(line, []byte("\n"))...), '\n')
		}
		stanza = rest
	}
	return append(text, '\n')
}

// stream reads a list piece by piece: main of Debian has 47 MB, and one stanza is all that is
// needed at a time.
func stream(file host.File, do func(stanza []byte)) *fact.Problem {
	in, problem := plain(file)
	if problem != nil {
		return problem
	}
	left := int64(maxList)
	buf := make([]byte, 0, 2*pieceSize)
	for {
		// Not io.ReadFull: a compressed list that was cut would look like one that ends.
		var err error
		for to := len(buf) + pieceSize; len(buf) < to && err == nil; {
			var n int
			n, err = in.Read(buf[len(buf):to])
			buf = buf[:len(buf)+n]
			left -= int64(n)
		}
		end := bytes.LastIndex(buf, []byte("\n\n")) + 2
		last := err == io.EOF
		switch {
		case last:
			end = len(buf)
		case err != nil:
			return &fact.Problem{Cause: fact.NotParsable, Source: file.Path, Text: err.Error()}
		case left < 0 || end < 2 && len(buf) > maxStanza:
			return &fact.Problem{Cause: fact.TooLarge, Source: file.Path}
		case end < 2:
			end = 0
		}
		for rest := buf[:end]; len(rest) > 0; {
			var stanza []byte
			stanza, rest = nextStanza(rest)
			do(stanza)
		}
		if last {
			return nil
		}
		buf = buf[:copy(buf, buf[end:])]
		if cap(buf)-len(buf) < pieceSize {
			buf = slices.Grow(buf, pieceSize)
		}
	}
}

// scan takes in one stanza. It allocates for packages that are installed only: a list names 60,000.
func scan(stanza []byte, best map[string][]installedOffer, source string, security, late bool) {
	offers := best[string(packageName(stanza))]
	if len(offers) == 0 {
		return
	}
	version, arch, phased := "", "", false
	for len(stanza) > 0 {
		var field, value []byte
		field, value, stanza = nextField(stanza)
		switch string(field) {
		case "Version":
			version = string(value)
		case "Architecture":
			arch = string(value)
		case "Phased-Update-Percentage":
			phased = string(value) != "100"
		}
	}
	for i := range offers {
		offers[i].take(version, arch, source, security, late, phased)
	}
}

// scanName notes only that the list knows the package.
func scanName(stanza []byte, best map[string][]installedOffer) {
	offers := best[string(packageName(stanza))]
	for i := range offers {
		offers[i].listed = true
	}
}

// packageName gives the name of a stanza, which starts with it, or nothing.
func packageName(stanza []byte) []byte {
	name, ok := bytes.CutPrefix(stanza, []byte("Package: "))
	if !ok {
		return nil
	}
	name, _, _ = bytes.Cut(name, []byte("\n"))
	return name
}

func (o *installedOffer) take(version, arch, source string, security, late, phased bool) {
	o.listed = true
	if o.Arch != arch && o.Arch != "all" && arch != "all" {
		return
	}
	c := Compare(version, o.Version)
	o.exact = o.exact || c == 0
	if c <= 0 || phased && !security {
		o.normal = o.normal || c == 0 && !late
		return
	}
	if late && (o.normal || o.version != "") {
		return
	}
	if o.version == "" || Compare(version, o.version) > 0 {
		o.version, o.source = version, source
	}
	if security && (o.security == "" || Compare(version, o.security) > 0) {
		o.security, o.securitySource = version, source
	}
}
