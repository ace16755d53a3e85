// Package secrets finds credentials where they do not belong: in the environment of processes, in
// files that everybody can read, in units and scheduled jobs. It keeps rule, place and a keyed
// fingerprint, never a secret nor a part of one; it tries no credential.
package secrets

import (
	"cmp"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
)

// Fact is what was found on one host.
type Fact struct {
	fact.Gaps `json:"gaps,omitempty" drift:"except=environment files units"`
	Static    bool         `json:"static,omitempty"`            // a file tree, nothing runs
	Secrets   []Secret     `json:"secrets,omitempty" drift:"-"` // ordered by rule and fingerprint
	Keys      []PrivateKey `json:"keys,omitempty"`              // ordered by path
	Scanned   bool         `json:"scanned,omitempty" drift:"-"` // at least one file was there to be read
}

// Kind names the fact.
func (Fact) Kind() fact.Kind { return fact.Kind{Name: "secrets", Version: 1} }

// Secret is one credential with all places where it was found.
type Secret struct {
	Rule        string  `json:"rule"`        // github-pat, or of our own: password, url-password
	Fingerprint string  `json:"fingerprint"` // comparable within one installation
	Places      []Place `json:"places"`
}

// Place is where it was found.
type Place struct {
	Sort string `json:"sort"`           // environment, file, unit, job
	In   string `json:"in"`             // unit or program, or the path of a file
	Name string `json:"name,omitempty"` // of the variable or setting
	Line int    `json:"line,omitempty"`
	Open bool   `json:"open,omitempty"` // everybody can read it
}

// Source words the place: shop.service: DB_PASSWORD, or /opt/shop/.env:3.
func (p Place) Source() string {
	switch {
	case p.Line > 0:
		return p.In + ":" + strconv.Itoa(p.Line)
	case p.Name != "":
		return p.In + ": " + p.Name
	}
	return p.In
}

// PrivateKey is a file with a private key. Keys that show that they are encrypted are left out;
// OpenSSH's form does not show it.
type PrivateKey struct {
	Path string `json:"path" drift:"key"`
	Open bool   `json:"open,omitempty"`
}

const (
	partEnvironment = "environment"
	partFiles       = "files"
	partKeys        = "keys"
	partUnits       = "units"
)

// Where credentials usually are. Histories of shells are left out: they are private by nature, and
// what stands there was typed by a person.
var (
	configFiles = []string{"/etc/*.conf", "/etc/*/*.conf", "/etc/*.env", "/etc/*/*.env", "/etc/*/*.cnf", "/etc/default/*", "/etc/sysconfig/*", "/etc/environment",
		"/etc/*/*.ini", "/etc/*/*.yml", "/etc/*/*.yaml", "/etc/*/*.toml", "/etc/*/*.json", "/etc/*/*.properties",
		"/opt/*/.env", "/opt/*/*/.env", "/srv/*/.env", "/srv/*/*/.env", "/var/www/*/.env", "/var/www/*/*/.env", "/var/www/html/wp-config.php",
		"/home/*/.env", "/root/.env", "/home/*/.aws/credentials", "/root/.aws/credentials", "/home/*/.netrc", "/root/.netrc", "/home/*/.pgpass", "/root/.pgpass",
		"/home/*/.docker/config.json", "/root/.docker/config.json", "/home/*/.kube/config", "/root/.kube/config"}
	keyFiles = []string{"/etc/ssl/private/*", "/etc/ssh/ssh_host_*_key", "/etc/*/*.key", "/etc/*/*/*.key", "/etc/*/*.pem", "/etc/*/*/*.pem",
		"/etc/letsencrypt/live/*/privkey.pem",
		"/srv/*.key", "/srv/*/*.key", "/srv/*/*/*.key", "/opt/*/*.key", "/opt/*/*/*.key", "/var/www/*.key", "/var/www/*/*.key", "/var/www/*/*/*.key",
		"/srv/*/*.pem", "/srv/*/*/*.pem", "/opt/*/*.pem", "/opt/*/*/*.pem", "/var/www/*/*.pem", "/var/www/*/*/*.pem", "/home/*/.ssh/id_*", "/root/.ssh/id_*"}
	unitFiles = []string{"/etc/systemd/system/*.service", "/etc/systemd/system/*.service.d/*.conf"}
	jobFiles  = []string{"/etc/crontab", "/etc/cron.d/*", "/var/spool/cron/crontabs/*"}
)

// Source is how the fact is had.
var Source = host.Define(host.Spec[Fact]{
	Title:  "secrets in the wrong place",
	Needs:  host.Join(host.Processes(), host.Read(all()...), host.Stat(all()...)),
	Follow: follow,
	Parse:  parse,
	Claims: claims,
})

func all() []string { return slices.Concat(configFiles, keyFiles, unitFiles, jobFiles) }

// follow asks for the folders above each file: a file is open only when its folders are.
func follow(ev *host.Evidence) []host.Need {
	dirs := map[string]bool{}
	for _, pattern := range all() {
		infos, _ := ev.StatGlob(pattern)
		for _, i := range infos {
			for d := path.Dir(i.Path); d != "/" && !dirs[d] && d != "."; d = path.Dir(d) {
				dirs[d] = true
			}
		}
	}
	out := make([]string, 0, len(dirs))
	for d := range dirs {
		if !host.IsPattern(d) {
			out = append(out, d)
		}
	}
	slices.Sort(out)
	return host.Stat(out...)
}

// collector gathers places by secret.
type collector struct {
	ev    *host.Evidence
	key   fact.Key
	rules *matcher
	found map[[2]string][]Place
}

func (c *collector) add(rule, secret string, p Place) {
	k := [2]string{rule, c.key.Fingerprint("secret", secret)}
	if !slices.Contains(c.found[k], p) {
		c.found[k] = append(c.found[k], p)
	}
}

func parse(ev *host.Evidence, key fact.Key) Fact {
	f := Fact{Static: ev.Rootfs}
	c := &collector{ev: ev, key: key, rules: newMatcher(), found: map[[2]string][]Place{}}
	c.environments(&f)
	seen := map[string]bool{}
	for _, group := range []struct {
		part, sort string
		patterns   []string
	}{{partUnits, "unit", unitFiles}, {partUnits, "job", jobFiles}, {partKeys, "key", keyFiles}, {partFiles, "file", configFiles}} {
		for _, pattern := range group.patterns {
			files, problem := ev.Glob(pattern)
			f.Note(group.part, problem)
			for _, file := range files {
				if seen[group.sort+file.Path] {
					continue
				}
				seen[group.sort+file.Path] = true
				c.file(&f, group.part, group.sort, file)
			}
		}
	}
	for k, places := range c.found {
		slices.SortFunc(places, func(a, b Place) int {
			return cmp.Or(cmp.Compare(a.Sort, b.Sort), cmp.Compare(a.In, b.In), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Name, b.Name))
		})
		f.Secrets = append(f.Secrets, Secret{k[0], k[1], places})
	}
	slices.SortFunc(f.Secrets, func(a, b Secret) int {
		return cmp.Or(cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Fingerprint, b.Fingerprint))
	})
	slices.SortFunc(f.Keys, func(a, b PrivateKey) int { return cmp.Compare(a.Path, b.Path) })
	f.Keys = slices.Compact(f.Keys)
	return f
}

func (c *collector) file(f *Fact, part, sort string, file host.File) {
	open := c.open(file)
	if file.Err != nil {
		// What others cannot read is no fault of theirs, whoever is looking. A folder or a
		// socket under such a name holds no setting.
		if (open || sort == "unit") && file.Err.Cause != fact.NotRegular {
			f.Note(part, file.Err)
		}
		return
	}
	f.Scanned = true
	switch sort {
	case "key":
		if text := file.Text(); strings.Contains(text, "PRIVATE KEY-----") && strings.Contains(text, "-----BEGIN ") && !encrypted(text) {
			f.Keys = append(f.Keys, PrivateKey{Path: c.real(file), Open: open})
		}
		return
	case "unit":
		// systemd shows the settings of a unit to everybody, whatever the mode of its file.
		open = true
	}
	c.settings(sort, c.real(file), file.Data, open)
	if sort == "file" && strings.Contains(file.Text(), "PRIVATE KEY-----") && !comment(file.Text(), "PRIVATE KEY-----") {
		f.Keys = append(f.Keys, PrivateKey{Path: c.real(file), Open: open})
	}
}

func encrypted(text string) bool {
	return strings.Contains(text, "BEGIN ENCRYPTED PRIVATE KEY") || strings.Contains(text, "Proc-Type: 4,ENCRYPTED")
}

func comment(text, what string) bool {
	at := strings.Index(text, what)
	line := text[strings.LastIndexByte(text[:at], '\n')+1 : at]
	return !strings.Contains(line, "-----BEGIN ") || strings.HasPrefix(strings.TrimSpace(line), "#")
}

func (c *collector) real(file host.File) string {
	if file.Real != "" {
		return file.Real
	}
	return file.Path
}

// open tells whether everybody can read a file: its own mode, and every folder above it.
func (c *collector) open(file host.File) bool {
	mode, known := file.Mode, file.Err == nil
	if !known {
		i, problem := c.ev.Stat(file.Path)
		if problem != nil {
			return true // nobody knows: let the gap stand
		}
		if i.Mode&fs.ModeSymlink != 0 {
			return true
		}
		mode = i.Mode
	}
	if mode.Perm()&0o004 == 0 {
		return false
	}
	for d := path.Dir(file.Path); d != "/" && d != "."; d = path.Dir(d) {
		if i, problem := c.ev.Stat(d); problem == nil && i.Mode.IsDir() && i.Mode.Perm()&0o001 == 0 {
			return false
		}
	}
	return true
}

// environments looks at what processes were started with. Sessions of people are left out: they
// closed says why an environment was not seen. Root is refused only for processes of other name
// spaces and the like; then sudo adds nothing.
func closed(p host.Process, root bool) *fact.Problem {
	if root {
		return &fact.Problem{Cause: fact.Denied, Source: "environment of " + p.Name, Text: "closed to root too"}
	}
	return &fact.Problem{Cause: fact.Denied, Source: "environment of processes", How: "sudo holdfast assess"}
}

// come and go, and what is set there belongs to the person.
func (c *collector) environments(f *Fact) {
	ps, problem := c.ev.Processes()
	f.Note(partEnvironment, problem)
	root := slices.ContainsFunc(ps, func(p host.Process) bool { return p.UIDs[1] == 0 && !p.EnvDenied && len(p.Environ) > 0 })
	for _, p := range ps {
		unit, session := unitOf(p.Cgroup)
		if session || p.Name == "holdfast" || path.Base(p.Exe) == "holdfast" {
			continue
		}
		if len(p.Args) == 0 && p.Exe == "" {
			continue // a thread of the kernel has no environment
		}
		if p.EnvDenied {
			f.Note(partEnvironment, closed(p, root))
			continue
		}
		if unit == "" {
			unit = path.Base(strings.TrimSuffix(p.Exe, " (deleted)"))
		}
		if unit == "." || unit == "/" {
			unit = p.Name
		}
		for v := range strings.SplitSeq(string(p.Environ), "\x00") {
			name, value, ok := strings.Cut(v, "=")
			if !ok || value == "" || len(value) > 16<<10 {
				continue
			}
			place := Place{Sort: "environment", In: unit, Name: name}
			if !c.named(name, value, place) {
				c.scan([]byte(v), "environment", place)
			}
		}
	}
}

// unitOf gives the service of a control group, and whether it is a person's session.
func unitOf(cgroup string) (unit string, session bool) {
	for part := range strings.SplitSeq(cgroup, "/") {
		if strings.HasPrefix(part, "session-") && strings.HasSuffix(part, ".scope") {
			return "", true
		}
		if strings.HasSuffix(part, ".service") {
			unit = part
		}
	}
	return unit, false
}

// claims lets an installation see one secret on two hosts.
func claims(f Fact) []fact.Claim {
	var out []fact.Claim
	for _, s := range f.Secrets {
		out = append(out, fact.Claim{Kind: "secret", Fingerprint: s.Fingerprint, Label: s.Rule, At: s.Places[0].Source()})
	}
	return out
}
