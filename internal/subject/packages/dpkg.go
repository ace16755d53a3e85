package packages

import (
	"bytes"
	"strings"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
)

// dpkg reads the database of dpkg and tells whether there is one.
func dpkg(ev *host.Evidence, f *Fact) bool {
	status := ev.File(dpkgStatus)
	f.Note(partDatabase, status.Err)
	if status.Found() {
		f.Database = dpkgStatus
		f.Packages, f.Unreadable = ParseStatus(status.Data)
		return true
	}
	files, problem := ev.Glob(dpkgSplit)
	f.Note(partDatabase, problem)
	for _, file := range files {
		if strings.HasSuffix(file.Path, ".md5sums") {
			continue
		}
		f.Note(partDatabase, file.Err)
		ps, bad := ParseStatus(file.Data)
		// Files of this folder stand for installed packages; they carry no Status.
		for i := range ps {
			ps[i].State = ""
		}
		f.Packages, f.Unreadable = append(f.Packages, ps...), f.Unreadable+bad
		f.Database = "/var/lib/dpkg/status.d"
	}
	return f.Database != ""
}

// ParseStatus reads /var/lib/dpkg/status: packages in the order of the file, without those that
// are not installed at all, and the number of entries without a name or a version.
func ParseStatus(data []byte) (out []Package, unreadable int) {
	for len(data) > 0 {
		var stanza []byte
		stanza, data = nextStanza(data)
		if len(bytes.TrimSpace(stanza)) == 0 {
			continue
		}
		p, want := Package{State: "unknown"}, ""
		for len(stanza) > 0 {
			var name, value []byte
			name, value, stanza = nextField(stanza)
			switch string(name) {
			case "Package":
				p.Name = string(value)
			case "Version":
				p.Version = string(value)
			case "Architecture":
				p.Arch = string(value)
			case "Source":
				p.Source = string(value)
			case "Status":
				want, p.State = statusOf(value)
			}
		}
		if p.State == "not-installed" {
			continue
		}
		if p.Name == "" || p.Version == "" {
			unreadable++
			continue
		}
		p.Hold = want == "hold"
		if name, version, ok := strings.Cut(p.Source, " ("); ok {
			p.Source, p.SourceVersion = name, strings.TrimSuffix(version, ")")
		}
		if p.Source == p.Name {
			p.Source = ""
		}
		out = append(out, p)
	}
	return out, unreadable
}

// statusOf reads "want flag state"; an installed package without an error has the empty state.
func statusOf(value []byte) (want, state string) {
	words := strings.Fields(string(value))
	if len(words) != 3 {
		return "", "unknown"
	}
	switch {
	case words[1] != "ok":
		return words[0], words[1]
	case words[2] == "installed":
		return words[0], ""
	}
	return words[0], words[2]
}

// nextStanza cuts the first paragraph off.
func nextStanza(data []byte) (stanza, rest []byte) {
	if i := bytes.Index(data, []byte("\n\n")); i >= 0 {
		return data[:i+1], data[i+2:]
	}
	return data, nil
}

// nextField cuts the first line off a paragraph. A continuation line has an empty name.
func nextField(data []byte) (name, value, rest []byte) {
	line := data
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		line, rest = data[:i], data[i+1:]
	}
	if len(line) == 0 || line[0] == ' ' || line[0] == '\t' || line[0] == '#' {
		return nil, line, rest
	}
	i := bytes.IndexByte(line, ':')
	if i < 0 {
		return nil, line, rest
	}
	return line[:i], bytes.TrimSpace(line[i+1:]), rest
}

// reboot reads the mark that packages leave when a restart is due.
func reboot(ev *host.Evidence, f *Fact) {
	if f.Manager == "rpm" {
		dnfNeedsReboot(ev, f)
		return
	}
	mark := ev.File(rebootFlag)
	if ev.Rootfs && !mark.Found() {
		f.Note(partReboot, &fact.Problem{Cause: fact.Unsupported, Source: rebootFlag, Text: "a file tree does not run"})
		return
	}
	f.Note(partReboot, mark.Err)
	f.Reboot.Required = mark.Found()
	names := ev.File(rebootPkgs)
	for line := range strings.Lines(names.Text()) {
		if name := strings.TrimSpace(line); name != "" {
			f.Reboot.Packages = append(f.Reboot.Packages, name)
		}
	}
	f.Reboot.Packages = sorted(f.Reboot.Packages)
}
