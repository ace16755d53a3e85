package app

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"

	"holdfast.example/holdfast/internal/collect/inventory"
	"holdfast.example/holdfast/internal/collect/local"
	"holdfast.example/holdfast/internal/collect/ssh"
	"holdfast.example/holdfast/internal/estate"
	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/report"
	"holdfast.example/holdfast/internal/subject/components"
	"holdfast.example/holdfast/internal/subject/linuxhost"
)

// target is one thing to look at.
type target struct {
	text     string // as the user or the estate wrote it
	declared string // subject, when the estate declares it
	name     string // subject of a file target
	open     func(context.Context) (transport, error)
	endpoint *endpoint // set for endpoints, which have no open
	document string    // path of a list of components, which has no open either
	// walk looks for components of applications, apart from what is asked of the transport or, behind, after that by it.
	walk   func(context.Context, transport) components.Fact
	behind bool
}

// targets gives what to look at: the given targets, else the estate's systems, else this machine.
func (w *world) targets(o Options) ([]target, error) {
	texts := o.Targets
	var out []target
	if len(texts) == 0 && w.estate != nil {
		for i := range w.estate.Systems {
			s := &w.estate.Systems[i]
			if len(o.systems) > 0 && !slices.Contains(o.systems, s.Subject()) {
				continue
			}
			if len(o.Envs) > 0 && !slices.Contains(o.Envs, s.Environment) {
				continue
			}
			if len(o.Apps) > 0 && !slices.ContainsFunc(s.ApplicationNames(), func(a string) bool { return slices.Contains(o.Apps, a) }) {
				continue
			}
			served := w.served(s, o)
			out = append(out, served...)
			if s.Target == "" {
				if len(served) == 0 {
					w.warnings = append(w.warnings, s.Subject()+" declares no target: it is not looked at")
				}
				continue
			}
			t, err := w.parse(string(s.Target), o)
			if err != nil {
				w.warnings = append(w.warnings, s.Subject()+": "+err.Error())
				continue
			}
			t.declared = s.Subject()
			out = append(out, t)
		}
		if len(out) == 0 && len(o.systems) > 0 {
			return nil, errNoSystem
		}
		if len(out) == 0 {
			return nil, &UsageError{fmt.Sprintf("%s declares no system that can be looked at%s", w.path, firstOf(w.warnings))}
		}
		return out, nil
	}
	if len(texts) == 0 {
		texts = []string{"host:local"}
	}
	for _, s := range texts {
		t, err := w.parse(s, o)
		if err != nil {
			return nil, &UsageError{err.Error()}
		}
		if w.estate != nil {
			for i := range w.estate.Systems {
				if string(w.estate.Systems[i].Target) == s {
					t.declared = w.estate.Systems[i].Subject()
				}
			}
		}
		out = append(out, t)
	}
	return out, nil
}

// parse reads a target, and gives an endpoint what the estate says of it.
func (w *world) parse(s string, o Options) (target, error) {
	t, err := parseTarget(s, o, &w.blobs)
	if err == nil && t.endpoint != nil {
		e := t.endpoint
		e.roots, e.paths, e.limits = w.roots, w.paths, &w.limits
		if w.estate != nil && o.Contact == "" {
			e.agent = userAgent(o.Version, w.estate.SecurityContact())
		}
		if s := w.estate.View(net.JoinHostPort(e.name, e.port)).System; s != nil {
			e.intrusive = e.intrusive || s.ProbeTLS == estate.ProbeIntrusive
			e.write = s.ProbeMethods == estate.ProbeWrite
		}
	}
	return t, err
}

// served gives the endpoints of a system, each once however many systems serve it.
func (w *world) served(s *estate.System, o Options) (out []target) {
	for _, v := range s.Services {
		text, ok := s.Endpoint(v)
		if !ok || w.taken[text] {
			continue
		}
		t, err := w.parse(text, o)
		if err != nil {
			w.warnings = append(w.warnings, fmt.Sprintf("%s, service %d: %s", s.Subject(), v.Port, err))
			continue
		}
		if w.taken == nil {
			w.taken = map[string]bool{}
		}
		w.taken[text] = true
		out = append(out, t)
	}
	return out
}

// hostTargets gives the targets of a command that looks at hosts and not at endpoints.
func (w *world) hostTargets(o Options, command string) ([]target, error) {
	targets, err := w.targets(o)
	if len(o.Targets) == 0 {
		targets = slices.DeleteFunc(targets, func(t target) bool { return t.endpoint != nil || t.document != "" })
	}
	for _, t := range targets {
		if t.document != "" {
			return nil, &UsageError{fmt.Sprintf("%s looks at hosts, and %s is a list of components; try: holdfast assess -v %s", command, t.text, t.text)}
		}
		if t.endpoint != nil {
			return nil, &UsageError{fmt.Sprintf("%s looks at hosts, and %s is an endpoint; try: holdfast assess -v %s", command, t.text, t.text)}
		}
	}
	return targets, err
}

func firstOf(texts []string) string {
	if len(texts) == 0 {
		return ""
	}
	return ": " + texts[0]
}

func parseTarget(s string, o Options, blobs *ssh.Blobs) (target, error) {
	if _, err := estate.ParseTarget(s); err != nil {
		return target{}, fmt.Errorf("target %q %w", s, err)
	}
	t := target{text: s}
	scheme, _, _ := strings.Cut(s, ":")
	switch scheme {
	case "host":
		t.walk = func(ctx context.Context, _ transport) components.Fact { return inventory.Machine(ctx, o.Deep) }
		t.open = func(context.Context) (transport, error) {
			if o.Deep {
				return local.WholeMachine(), nil
			}
			return local.Machine(), nil
		}
	case "rootfs":
		dir, err := filepath.Abs(strings.TrimPrefix(s, "rootfs:"))
		if err != nil {
			return t, err
		}
		t.name = cmp.Or(o.Subject, dir)
		t.walk = func(ctx context.Context, _ transport) components.Fact { return inventory.Rootfs(ctx, dir) }
		t.open = func(context.Context) (transport, error) { return local.Rootfs(dir) }
	case "sbom":
		file, err := filepath.Abs(strings.TrimPrefix(s, "sbom:"))
		if err != nil {
			return t, err
		}
		t.document, t.name = file, cmp.Or(o.Subject, file)
	case "ssh":
		opt, err := sshOptions(s, o)
		if err != nil {
			return t, err
		}
		opt.Blobs = blobs
		t.behind = true
		t.walk = func(ctx context.Context, tr transport) components.Fact { return searchSSH(ctx, tr, o.Deep) }
		t.open = func(ctx context.Context) (transport, error) { return dialSSH(ctx, opt) }
	case "https", "tls", "starttls+smtp", "starttls+imap", "starttls+pop3", "starttls+ldap", "starttls+ftp", "starttls+xmpp",
		"starttls+postgres", "starttls+mysql", "starttls+sieve", "starttls+nntp":
		e, err := parseEndpoint(s, o)
		if err != nil {
			return t, err
		}
		t.endpoint = &e
	default:
		return t, fmt.Errorf("target %q: this version cannot look at %s yet; it knows host:local, ssh://user@host, rootfs:DIR, sbom:FILE, https://name, tls://name:port and starttls+smtp://name", s, scheme)
	}
	return t, nil
}

// counter counts from several goroutines.
type counter struct{ n atomic.Int64 }

func (c *counter) add() int { return int(c.n.Add(1)) }

// name gives each host its subject: the declared system, the name of a file target, or
// host:<hostname>. Two targets are one subject only when host name, machine id and host keys agree;
// hosts that merely share a name are told apart by their machine id, and the report says so.
func (w *world) name(all []looked) ([]fact.Observation, []report.Host, error) {
	var obs []fact.Observation
	var hosts []report.Host
	taken := map[string]string{}
	for _, l := range all {
		if l.target.endpoint != nil {
			obs = append(obs, l.endpoints(l.collector)...)
			w.warnings = append(w.warnings, l.notes...)
			hosts = append(hosts, hostOf(l.target.text, l))
			continue
		}
		if l.target.document != "" {
			subject := cmp.Or(l.target.declared, l.target.name)
			if _, again := taken[subject]; again {
				return nil, nil, &UsageError{fmt.Sprintf("target %s is given twice, or another one has the same name; name it by --subject", l.target.text)}
			}
			taken[subject] = l.target.text
			l.parts[0].subject = subject
			obs = append(obs, l.endpoints(l.collector)...)
			hosts = append(hosts, hostOf(subject, l))
			continue
		}
		hostname, id := "", ""
		if f, ok := l.seen.facts["linuxhost"].(linuxhost.Fact); ok {
			hostname, id = f.Hostname(), f.MachineID()
		}
		subject := l.target.declared
		switch {
		case subject != "":
		case l.target.name != "":
			subject = l.target.name
		case hostname != "":
			subject = "host:" + hostname
		default:
			subject = "host:" + address(l.target.text)
		}
		identity := id + " " + keysOf(l)
		if before, ok := taken[subject]; ok {
			if before == identity && l.seen.problem == nil {
				w.warnings = append(w.warnings, l.target.text+" is the same host as another target ("+subject+"); it was counted once")
				continue
			}
			subject += "#" + short(id, l.target.text)
			w.warnings = append(w.warnings, l.target.text+": another host has the same name; it is called "+subject+" here")
			if _, again := taken[subject]; again {
				return nil, nil, &UsageError{fmt.Sprintf("target %s is given twice", l.target.text)}
			}
		}
		taken[subject] = identity
		obs = append(obs, l.seen.observations(subject, l.collector, w.sources)...)
		for i := range l.parts {
			l.parts[i].subject = subject
		}
		obs = append(obs, l.endpoints(l.collector)...)
		hosts = append(hosts, hostOf(subject, l))
	}
	return obs, hosts, nil
}

func keysOf(l looked) string {
	var out []string
	for _, c := range claimsOf("sshd", l.seen.facts["sshd"]) {
		if c.Kind == "host_key" {
			out = append(out, c.Fingerprint)
		}
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func short(id, text string) string {
	if len(id) >= 8 {
		return id[:8]
	}
	return address(text)
}

// address is the host part of a target.
func address(text string) string {
	_, rest, ok := strings.Cut(text, "://")
	if !ok {
		return strings.TrimPrefix(text, "host:")
	}
	if _, after, ok := strings.Cut(rest, "@"); ok {
		rest = after
	}
	return strings.TrimSuffix(rest, "/")
}
