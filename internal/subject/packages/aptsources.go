package packages

import (
	"path"
	"strconv"
	"strings"

	"holdfast.example/holdfast/internal/host"
)

// aptRepositories reads sources.list and its folder, in the order in which apt reads them.
func aptRepositories(ev *host.Evidence, f *Fact) []Repository {
	main := ev.File(aptList)
	f.Note(partRepos, main.Err)
	more, problem := ev.Glob(aptListD)
	f.Note(partRepos, problem)
	var out []Repository
	for _, file := range append([]host.File{main}, more...) {
		if !aptReads(file.Path, ".list", ".sources") {
			continue
		}
		f.Note(partRepos, file.Err)
		if path.Ext(file.Path) == ".sources" {
			out = append(out, ParseSources(file.Path, file.Text())...)
		} else {
			out = append(out, ParseSourcesList(file.Path, file.Text())...)
		}
	}
	return out
}

// ParseSourcesList reads the one-line form of sources.list(5). Lines that apt would refuse are left out.
func ParseSourcesList(name, text string) []Repository {
	var out []Repository
	n := 0
	for line := range strings.Lines(text) {
		n++
		line, _, _ = strings.Cut(line, "#")
		words := strings.Fields(line)
		if len(words) < 3 || words[0] != "deb" && words[0] != "deb-src" {
			continue
		}
		r := Repository{Binary: words[0] == "deb", Source: name + ":" + strconv.Itoa(n)}
		rest := strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line), words[0]))
		if strings.HasPrefix(rest, "[") {
			options, tail, ok := strings.Cut(rest[1:], "]")
			if !ok {
				continue
			}
			for _, o := range strings.Fields(options) {
				k, v, _ := strings.Cut(o, "=")
				r.option(strings.ToLower(k), v)
			}
			rest = tail
		}
		words = strings.Fields(rest)
		if len(words) < 2 {
			continue
		}
		r.URI, r.Suite = hidden(words[0]), words[1]
		for _, c := range words[2:] {
			r.Parts = append(r.Parts, Part(c))
		}
		out = append(out, r)
	}
	return out
}

// ParseSources reads the paragraph form, one Repository for each address and suite.
func ParseSources(name, text string) []Repository {
	var out []Repository
	fields, start, last, n := map[string]string{}, 0, "", 0
	flush := func() {
		out = append(out, paragraph(fields, name+":"+strconv.Itoa(start))...)
		fields, start, last = map[string]string{}, 0, ""
	}
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimRight(line, "\r\n")
		switch {
		case strings.HasPrefix(line, "#"):
		case strings.TrimSpace(line) == "":
			flush()
		case line[0] == ' ' || line[0] == '\t':
			if last != "" {
				fields[last] += " " + strings.TrimSpace(line)
			}
		default:
			k, v, ok := strings.Cut(line, ":")
			if !ok {
				last = ""
				continue
			}
			if start == 0 {
				start = n
			}
			last = strings.ToLower(strings.TrimSpace(k))
			fields[last] = strings.TrimSpace(v)
		}
	}
	flush()
	return out
}

func paragraph(fields map[string]string, source string) []Repository {
	if enabled, ok := fields["enabled"]; ok && !yes(enabled) {
		return nil
	}
	var out []Repository
	types := strings.Fields(fields["types"])
	binary := false
	for _, t := range types {
		binary = binary || t == "deb"
	}
	for _, uri := range strings.Fields(fields["uris"]) {
		for _, suite := range strings.Fields(fields["suites"]) {
			r := Repository{URI: hidden(uri), Suite: suite, Binary: binary, Source: source}
			for _, o := range []string{"trusted", "allow-insecure", "signed-by"} {
				r.option(o, fields[o])
			}
			for _, c := range strings.Fields(fields["components"]) {
				r.Parts = append(r.Parts, Part(c))
			}
			out = append(out, r)
		}
	}
	return out
}

func (r *Repository) option(name, value string) {
	switch name {
	case "trusted", "allow-insecure":
		if yes(value) {
			r.Unchecked = name + "=" + value
		}
	case "signed-by":
		if strings.Contains(value, "BEGIN PGP") {
			value = "embedded"
		}
		r.SignedBy = value
	}
}

// yes reads a truth value as apt does.
func yes(s string) bool {
	switch strings.ToLower(s) {
	case "yes", "true", "with", "on", "enable", "1":
		return true
	}
	return false
}

// Name is the address with its suite, the key of a repository.
func (r Repository) Name() string {
	if r.Suite == "" {
		return r.URI
	}
	return strings.TrimSuffix(r.URI, "/") + " " + r.Suite
}

// Plain tells whether packages travel without TLS.
func (r Repository) Plain() bool {
	return strings.HasPrefix(r.URI, "http:") || strings.HasPrefix(r.URI, "ftp:")
}
