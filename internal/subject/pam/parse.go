package pam

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
)

// Parse reads the fact from evidence.
func Parse(ev *host.Evidence, _ fact.Key) PAM {
	var p PAM
	p.services(ev)
	p.quality(ev)
	p.Lockout = p.settings(ev, PartLockout, "/etc/security/faillock.conf", nil)
	p.History = p.settings(ev, PartHistory, "/etc/security/pwhistory.conf", nil)
	p.method(ev)
	p.passwords(ev)
	return p
}

// services reads /etc/pam.d, or /etc/pam.conf where that folder has no files: libpam reads one of them.
func (p *PAM) services(ev *host.Evidence) {
	for _, dir := range []string{"/etc/pam.d", "/usr/lib/pam.d"} {
		files, problem := ev.Glob(dir + "/*")
		p.Note(PartServices, problem)
		for _, f := range files {
			p.add(f)
		}
	}
	if len(p.Services) == 0 {
		p.single(ev.File("/etc/pam.conf"))
	}
	for i := 0; i < len(p.Services); i++ { // grows while includes are found
		for _, r := range p.Services[i].Rules {
			if r.isInclude() && followable(r.Module) && p.find(r.Module) == nil {
				f := ev.File(r.Module)
				if f.Err != nil && f.Err.Cause == fact.NotFound {
					continue
				}
				f.Path = r.Module
				p.addAs(r.Module, f)
			}
		}
	}
	slices.SortStableFunc(p.Services, func(a, b Service) int { return strings.Compare(a.Name, b.Name) })
}

func (p *PAM) add(f host.File) {
	name := path.Base(f.Path)
	if strings.Contains(name, ".dpkg-") || strings.Contains(name, ".rpm") || strings.HasSuffix(name, "~") {
		return // left behind by package managers and editors; no service has such a name
	}
	if p.find(name) == nil {
		p.addAs(name, f)
	}
}

func (p *PAM) addAs(name string, f host.File) {
	if f.Err != nil {
		if f.Err.Cause != fact.NotRegular {
			p.Note(PartServices, f.Err)
		}
		return
	}
	s := Service{Name: name, Path: f.Path, Mode: int(f.Mode.Perm()), UID: f.UID, GID: f.GID}
	if f.Real != "" {
		s.Path = f.Real
	}
	for _, l := range lines(f.Text()) {
		r, ok := rule(l.text)
		if !ok {
			p.Note(PartServices, &fact.Problem{Cause: fact.NotParsable, Source: fmt.Sprintf("%s:%d", f.Path, l.number)})
			continue
		}
		r.Source = fmt.Sprintf("%s:%d", s.Path, l.number)
		s.Rules = append(s.Rules, r)
	}
	p.Services = append(p.Services, s)
}

// single reads /etc/pam.conf, whose lines begin with the service.
func (p *PAM) single(f host.File) {
	if f.Err != nil {
		p.Note(PartServices, f.Err)
		return
	}
	for _, l := range lines(f.Text()) {
		name, rest := word(l.text)
		r, ok := rule(rest)
		source := fmt.Sprintf("%s:%d", f.Path, l.number)
		if !ok {
			p.Note(PartServices, &fact.Problem{Cause: fact.NotParsable, Source: source})
			continue
		}
		r.Source = source
		s := p.find(strings.ToLower(name))
		if s == nil {
			p.Services = append(p.Services, Service{Name: strings.ToLower(name), Path: f.Path, Mode: int(f.Mode.Perm()), UID: f.UID, GID: f.GID})
			s = &p.Services[len(p.Services)-1]
		}
		s.Rules = append(s.Rules, r)
	}
}

func (p *PAM) find(name string) *Service {
	for i := range p.Services {
		if p.Services[i].Name == name {
			return &p.Services[i]
		}
	}
	return nil
}

type numbered struct {
	number int
	text   string
}

// lines joins continued lines and drops comments.
func lines(text string) []numbered {
	var out []numbered
	n, start, joined := 0, 0, ""
	for line := range strings.Lines(text) {
		n++
		if joined == "" {
			start = n
		}
		line, _, _ = strings.Cut(strings.TrimRight(line, "\r\n"), "#")
		if body, ok := strings.CutSuffix(line, `\`); ok {
			joined += body + " "
			continue
		}
		if joined = strings.TrimSpace(joined + line); joined != "" {
			out = append(out, numbered{start, joined})
		}
		joined = ""
	}
	if joined = strings.TrimSpace(joined); joined != "" {
		out = append(out, numbered{start, joined})
	}
	return out
}

// rule reads one line as pam.conf(5) describes it.
func rule(line string) (Rule, bool) {
	kind, rest := word(line)
	if kind == "@include" {
		file, _ := word(rest)
		return Rule{Control: kind, Module: file}, file != ""
	}
	kind = strings.ToLower(strings.TrimPrefix(kind, "-"))
	if !slices.Contains([]string{"auth", "account", "password", "session"}, kind) {
		return Rule{}, false
	}
	r := Rule{Type: kind}
	r.Control, rest = word(rest)
	if !strings.HasPrefix(r.Control, "[") {
		r.Control = strings.ToLower(r.Control)
	}
	if r.Module, rest = word(rest); r.Module == "" {
		return Rule{}, false
	}
	for rest != "" {
		var a string
		if a, rest = word(rest); a != "" {
			r.Args = append(r.Args, strings.TrimSuffix(strings.TrimPrefix(a, "["), "]"))
		}
	}
	return r, true
}

// word cuts the first word. Brackets hold words together.
func word(s string) (first, rest string) {
	s = strings.TrimLeft(s, " \t")
	if strings.HasPrefix(s, "[") {
		for i := 1; i < len(s); i++ {
			if s[i] == '\\' {
				i++
			} else if s[i] == ']' {
				return strings.Join(strings.Fields(s[:i+1]), " "), strings.TrimSpace(s[i+1:])
			}
		}
	}
	i := strings.IndexAny(s, " \t")
	if i < 0 {
		return s, ""
	}
	return s[:i], strings.TrimSpace(s[i:])
}

// quality reads pwquality.conf. libpwquality reads the folder first, then the file: what stands there
// holds.
func (p *PAM) quality(ev *host.Evidence) {
	more, problem := ev.Glob("/etc/security/pwquality.conf.d/*.conf")
	p.Note(PartQuality, problem)
	for _, f := range more {
		p.Quality = p.settings(ev, PartQuality, f.Path, p.Quality)
	}
	p.Quality = p.settings(ev, PartQuality, "/etc/security/pwquality.conf", p.Quality)
}

func (p *PAM) settings(ev *host.Evidence, part, name string, into map[string]Value) map[string]Value {
	f := ev.File(name)
	p.Note(part, f.Err)
	for _, l := range lines(f.Text()) {
		key, value, _ := strings.Cut(l.text, "=")
		if key = strings.TrimSpace(key); key == "" {
			continue
		}
		if into == nil {
			into = map[string]Value{}
		}
		into[key] = Value{strings.TrimSpace(value), fmt.Sprintf("%s:%d", name, l.number)}
	}
	return into
}

func (p *PAM) method(ev *host.Evidence) {
	f := ev.File("/etc/login.defs")
	p.Note(PartMethod, f.Err)
	for _, l := range lines(f.Text()) {
		if words := strings.Fields(l.text); len(words) > 1 && words[0] == "ENCRYPT_METHOD" {
			p.Method = &Value{words[1], fmt.Sprintf("/etc/login.defs:%d", l.number)}
		}
	}
}

// passwords tells whether any account takes a password. Where none does, rules about passwords say
// nothing about the host. Only this one bit is kept.
func (p *PAM) passwords(ev *host.Evidence) {
	shadow, passwd := ev.File("/etc/shadow"), ev.File("/etc/passwd")
	p.Note(PartShadow, shadow.Err)
	p.Note(PartShadow, passwd.Err)
	if _, gap := p.Gaps[PartShadow]; gap {
		return
	}
	found := false
	for line := range strings.Lines(shadow.Text() + "\n" + passwd.Text()) {
		fields := strings.Split(line, ":")
		if len(fields) < 7 || strings.HasPrefix(line, "#") {
			continue
		}
		state := fields[1]
		found = found || state == "" || len(state) >= 13 && state[0] != '!' && state[0] != '*'
	}
	p.Passwords = &found
}
