package packages

import (
	"strconv"
	"strings"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
)

var (
	rpmQuery = &host.Command{Name: "rpm-packages",
		Argv: []string{"rpm", "-qa", "--queryformat", `%{NAME}\t%{EPOCHNUM}:%{VERSION}-%{RELEASE}\t%{ARCH}\t%{SOURCERPM}\t%{VENDOR}\n`},
		Why:  "installed packages of Red Hat and SUSE systems, whose database is binary"}
	dnfUpdates = &host.Command{Name: "dnf-updates", Argv: []string{"dnf", "-q", "-C", "check-update"}, Root: true, Exits: []int{100},
		Why: "pending updates, from the lists on the host (-C asks no server)"}
	dnfSecurity = &host.Command{Name: "dnf-security", Argv: []string{"dnf", "-q", "-C", "updateinfo", "list", "--security"}, Root: true,
		Why: "which pending updates mend security flaws, from the lists on the host"}
	dnfReboot = &host.Command{Name: "dnf-reboot", Argv: []string{"dnf", "-q", "-C", "needs-restarting", "-r"}, Root: true, Exits: []int{1},
		Why: "whether an update waits for a restart"}
)

// rpm reads the list that rpm prints, and tells whether there is a database of rpm.
func rpm(ev *host.Evidence, f *Fact) bool {
	at := ""
	for _, p := range rpmDatabases {
		_, problem := ev.Stat(p)
		f.Note(partDatabase, problem)
		if problem == nil {
			at = p
			break
		}
	}
	if at == "" {
		return false
	}
	f.Database = at
	out := ev.Output(rpmQuery)
	if out.Err != nil {
		p := *out.Err
		if p.Cause == fact.NotFound {
			p.Cause = fact.Unsupported
		}
		f.Note(partDatabase, &p)
		return true
	}
	f.Packages, f.Unreadable = ParseRPM(string(out.Stdout))
	return true
}

// ParseRPM reads the lines of the query above. Public keys are packages without content; they are left out.
func ParseRPM(text string) (out []Package, unreadable int) {
	for line := range strings.Lines(text) {
		fields := strings.Split(strings.TrimRight(line, "\r\n"), "\t")
		if len(fields) != 5 || fields[0] == "" || fields[1] == "" {
			if strings.TrimSpace(line) != "" {
				unreadable++
			}
			continue
		}
		if fields[0] == "gpg-pubkey" {
			continue
		}
		for i := range fields {
			if fields[i] == "(none)" {
				fields[i] = ""
			}
		}
		p := Package{Name: fields[0], Version: strings.TrimPrefix(fields[1], "0:"), Arch: fields[2],
			Source: strings.TrimSuffix(fields[3], ".src.rpm"), Vendor: fields[4]}
		if name, version, ok := splitNVR(p.Source); ok {
			p.Source = name
			if plain := p.Version[strings.IndexByte(p.Version, ':')+1:]; version != plain {
				p.SourceVersion = version
			}
		}
		if p.Source == p.Name {
			p.Source = ""
		}
		out = append(out, p)
	}
	return out, unreadable
}

// splitNVR cuts name-version-release.
func splitNVR(s string) (name, version string, ok bool) {
	i := strings.LastIndexByte(s, '-')
	if i <= 0 {
		return s, "", false
	}
	i = strings.LastIndexByte(s[:i], '-')
	if i <= 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}

func rpmPending(ev *host.Evidence, f *Fact) {
	out := ev.Output(dnfUpdates)
	unsupported := func(part string, p *fact.Problem) {
		q := *p
		if q.Cause == fact.NotFound {
			q.Cause = fact.Unsupported
		}
		f.Note(part, &q)
	}
	installed := map[string]Package{}
	for _, p := range f.Packages {
		installed[p.Name+"."+p.Arch] = p
	}
	at := map[string]int{}
	if out.Err != nil {
		unsupported(partUpdates, out.Err)
	}
	for line := range strings.Lines(string(out.Stdout)) {
		words := strings.Fields(line)
		if len(words) > 0 && words[0] == "Obsoleting" {
			break
		}
		if len(words) != 3 {
			continue
		}
		p, ok := installed[words[0]]
		if !ok {
			continue
		}
		at[words[0]] = len(f.Updates)
		f.Updates = append(f.Updates, Update{Name: p.Name, Arch: p.Arch, Installed: p.Version, Candidate: words[1], Source: words[2]})
	}
	sec := ev.Output(dnfSecurity)
	if sec.Err != nil {
		unsupported(partSecurity, sec.Err)
	}
	// RHSA-2024:1234 Important/Sec. openssl-libs-1:3.0.7-25.el9_3.x86_64
	for line := range strings.Lines(string(sec.Stdout)) {
		words := strings.Fields(line)
		if len(words) < 3 {
			continue
		}
		nevra := words[len(words)-1]
		i := strings.LastIndexByte(nevra, '.')
		if i < 0 {
			continue
		}
		name, version, ok := splitNVR(nevra[:i])
		p, have := installed[name+nevra[i:]]
		if !ok || !have {
			continue
		}
		n, seen := at[name+nevra[i:]]
		if !seen {
			n = len(f.Updates)
			at[name+nevra[i:]] = n
			f.Updates = append(f.Updates, Update{Name: p.Name, Arch: p.Arch, Installed: p.Version, Candidate: version, Source: words[0]})
		}
		f.Updates[n].Security = version
	}
}

// rpmRepositories reads the folders of dnf and zypper.
func rpmRepositories(ev *host.Evidence, f *Fact) {
	gpg := true
	for _, p := range []string{yumConf, dnfConf} {
		file := ev.File(p)
		f.Note(partSettings, file.Err)
		for _, s := range parseINI(p, file.Text()) {
			switch s.Name {
			case "main.gpgcheck":
				gpg = yes(s.Value)
				f.Settings = append(f.Settings, s)
			case "main.sslverify", "main.localpkg_gpgcheck", "main.repo_gpgcheck":
				f.Settings = append(f.Settings, s)
			}
		}
	}
	for _, pattern := range []string{yumReposD, zypReposD} {
		files, problem := ev.Glob(pattern)
		f.Note(partRepos, problem)
		for _, file := range files {
			f.Note(partRepos, file.Err)
			f.Repositories = append(f.Repositories, ParseRepo(file.Path, file.Text(), gpg)...)
		}
	}
}

// ParseRepo reads a .repo file; gpg is what holds for an entry that does not say.
func ParseRepo(name, text string, gpg bool) []Repository {
	var out []Repository
	var r Repository
	section, enabled, check := "", true, gpg
	flush := func() {
		if section != "" && enabled {
			if !check {
				r.Unchecked = "gpgcheck=0"
			}
			out = append(out, r)
		}
	}
	for _, s := range parseINI(name, text) {
		i := strings.LastIndexByte(s.Name, '.')
		sec, key := s.Name[:i], s.Name[i+1:]
		if sec != section {
			flush()
			section, enabled, check = sec, true, gpg
			r = Repository{Suite: sec, Binary: true, Source: s.Source}
		}
		switch key {
		case "enabled":
			enabled = yes(s.Value)
		case "gpgcheck", "pkg_gpgcheck":
			check = yes(s.Value)
		case "baseurl", "mirrorlist", "metalink":
			if r.URI == "" {
				r.URI = hidden(strings.Fields(s.Value + " -")[0])
			}
		case "gpgkey":
			r.SignedBy = s.Value
		}
	}
	flush()
	return out
}

// parseINI reads sections and assignments; names are section.key, the key in lower case.
func parseINI(name, text string) []Setting {
	var out []Setting
	section, n := "", 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line[0] == '#' || line[0] == ';':
		case line[0] == '[':
			section = strings.TrimSuffix(line[1:], "]")
		default:
			if k, v, ok := strings.Cut(line, "="); ok {
				out = append(out, Setting{Name: section + "." + strings.ToLower(strings.TrimSpace(k)), Value: strings.TrimSpace(v),
					Source: name + ":" + strconv.Itoa(n)})
			}
		}
	}
	return out
}

func dnfNeedsReboot(ev *host.Evidence, f *Fact) {
	out := ev.Output(dnfReboot)
	if out.Err != nil {
		p := *out.Err
		if p.Cause == fact.NotFound {
			p.Cause = fact.Unsupported
		}
		f.Note(partReboot, &p)
		return
	}
	text := string(out.Stdout)
	f.Reboot.Required = out.Exit == 1 || strings.Contains(text, "Reboot is required") && !strings.Contains(text, "not necessary")
	for line := range strings.Lines(text) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "* "); ok {
			f.Reboot.Packages = append(f.Reboot.Packages, name)
		}
	}
	f.Reboot.Packages = sorted(f.Reboot.Packages)
}
