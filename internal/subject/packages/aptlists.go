package packages

import (
	"bytes"
	"compress/gzip"
	"io"
	"path"
	"slices"
	"strings"

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
			data, problem := plain(file)
			f.Note(partUpdates, problem)
			f.Note(partSecurity, problem)
			if problem != nil {
				continue
			}
			read = true
			f.Lists = append(f.Lists, List{File: file.Path, Suite: r.Suite, Security: security,
				Date: rel.date, ValidUntil: rel.validUntil})
			if late && !rel.automaticUpgrades {
				scanNames(data, best)
				continue
			}
			scan(data, best, file.Path, security, late)
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
func plain(file host.File) ([]byte, *fact.Problem) {
	if file.Err != nil {
		return nil, file.Err
	}
	bad := func(err error) *fact.Problem {
		return &fact.Problem{Cause: fact.NotParsable, Source: file.Path, Text: err.Error()}
	}
	switch path.Ext(file.Path) {
	case ".lz4":
		data, err := unpackLZ4(file.Data, maxList)
		if err != nil {
			return nil, bad(err)
		}
		return data, nil
	case ".gz":
		z, err := gzip.NewReader(bytes.NewReader(file.Data))
		if err != nil {
			return nil, bad(err)
		}
		data, err := io.ReadAll(io.LimitReader(z, maxList+1))
		switch {
		case err != nil:
			return nil, bad(err)
		case len(data) > maxList:
			return nil, &fact.Problem{Cause: fact.TooLarge, Source: file.Path}
		}
		return data, nil
	case ".xz", ".bz2", ".zst", ".lzma":
		return nil, &fact.Problem{Cause: fact.Unsupported, Source: file.Path, Text: "this compression is not read", How: "apt list --upgradable"}
	}
	return file.Data, nil
}

// scan takes in one list. It allocates for packages that are installed only: a list names 60,000.
func scan(data []byte, best map[string][]installedOffer, source string, security, late bool) {
	for len(data) > 0 {
		var stanza []byte
		stanza, data = nextStanza(data)
		if len(stanza) < 10 || string(stanza[:9]) != "Package: " {
			continue
		}
		name, _, _ := bytes.Cut(stanza[9:], []byte("\n"))
		offers, ok := best[string(name)]
		if !ok {
			continue
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
}

func (o *installedOffer) take(version, arch, source string, security, late, phased bool) {
	o.listed = true
	if o.Arch != arch && o.Arch != "all" && arch != "all" {
		return
	}
	c := Compare(version, o.Version)
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

// scanNames notes only that the list knows the packages.
func scanNames(data []byte, best map[string][]installedOffer) {
	for len(data) > 0 {
		var stanza []byte
		stanza, data = nextStanza(data)
		if len(stanza) < 10 || string(stanza[:9]) != "Package: " {
			continue
		}
		name, _, _ := bytes.Cut(stanza[9:], []byte("\n"))
		for i := range best[string(name)] {
			best[string(name)][i].listed = true
		}
	}
}
