package packages

import (
	"strconv"
	"strings"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
)

var apkUpdates = &host.Command{Name: "apk-updates", Argv: []string{"apk", "--no-network", "version", "-l", "<"},
	Why: "pending updates of Alpine, from the lists on the host"}

func apk(ev *host.Evidence, f *Fact) bool {
	for _, p := range []string{apkDB, apkDBNew} {
		file := ev.File(p)
		f.Note(partDatabase, file.Err)
		if file.Found() {
			f.Database = p
			f.Packages, f.Unreadable = ParseAPK(file.Text())
			return true
		}
	}
	return false
}

// ParseAPK reads the database of apk: paragraphs of one-letter fields.
func ParseAPK(text string) (out []Package, unreadable int) {
	for stanza := range strings.SplitSeq(text, "\n\n") {
		if strings.TrimSpace(stanza) == "" {
			continue
		}
		var p Package
		for line := range strings.Lines(stanza) {
			k, v, _ := strings.Cut(strings.TrimRight(line, "\r\n"), ":")
			switch k {
			case "P":
				p.Name = v
			case "V":
				p.Version = v
			case "A":
				p.Arch = v
			case "o":
				p.Source = v
			case "f":
				p.State = "broken"
			}
		}
		if p.Name == "" || p.Version == "" {
			unreadable++
			continue
		}
		if p.Source == p.Name {
			p.Source = ""
		}
		out = append(out, p)
	}
	return out, unreadable
}

// apkPending reads lines such as "musl-1.2.4-r2 < 1.2.4-r3". Alpine marks no security updates.
func apkPending(ev *host.Evidence, f *Fact) {
	f.Note(partSecurity, &fact.Problem{Cause: fact.Unsupported, Source: "apk", Text: "Alpine does not mark which updates mend security flaws"})
	out := ev.Output(apkUpdates)
	if out.Err != nil {
		p := *out.Err
		if p.Cause == fact.NotFound {
			p.Cause = fact.Unsupported
		}
		f.Note(partUpdates, &p)
		return
	}
	installed := map[string]Package{}
	for _, p := range f.Packages {
		installed[p.Name+"-"+p.Version] = p
	}
	for line := range strings.Lines(string(out.Stdout)) {
		words := strings.Fields(line)
		if len(words) < 3 || words[1] != "<" {
			continue
		}
		if p, ok := installed[words[0]]; ok {
			f.Updates = append(f.Updates, Update{Name: p.Name, Arch: p.Arch, Installed: p.Version, Candidate: words[2]})
		}
	}
}

func apkRepositories(ev *host.Evidence, f *Fact) {
	main := ev.File(apkRepos)
	more, problem := ev.Glob(apkReposD)
	f.Note(partRepos, problem)
	for _, file := range append([]host.File{main}, more...) {
		f.Note(partRepos, file.Err)
		n := 0
		for line := range strings.Lines(file.Text()) {
			n++
			words := strings.Fields(line)
			if len(words) == 0 || words[0][0] == '#' || words[0][0] == '/' {
				continue
			}
			// A tag stands before the address: "@edge http://...".
			uri := words[len(words)-1]
			f.Repositories = append(f.Repositories, Repository{URI: hidden(uri), Binary: true, Source: file.Path + ":" + strconv.Itoa(n)})
		}
	}
}
