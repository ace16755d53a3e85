// Package logging knows where a host's log messages go: journal, syslog, audit, other hosts; who
// can read them on the way; and what is recorded at all. It reads configuration and permissions,
// never a log's content: whether messages arrive is for a canary to tell.
package logging

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

// Fact is the logging of one host.
type Fact struct {
	fact.Gaps `json:"gaps,omitempty"`
	Container bool      `json:"container,omitempty"`         // messages are the engine's business, unless a logger runs
	Init      bool      `json:"init,omitempty"`              // something starts services here
	Systemd   bool      `json:"systemd,omitempty"`           // journald is part of it
	Static    bool      `json:"static,omitempty"`            // a file tree, nothing runs
	Installed []string  `json:"installed,omitempty"`         // programs of this subject that are installed: rsyslogd
	Running   []string  `json:"running,omitempty" drift:"-"` // those that run
	Journal   []Setting `json:"journal,omitempty"`           // journald.conf as in force
	JournalOn bool      `json:"journal_folder,omitempty"`
	Settings  []Setting `json:"settings,omitempty"` // of syslog: FileCreateMode
	Inputs    []Input   `json:"inputs,omitempty"`
	Targets   []Target  `json:"targets,omitempty"`
	Rotation  []string  `json:"rotation,omitempty"` // what starts logrotate
	Open      []LogFile `json:"open_files,omitempty"`
	Audit     Audit     `json:"audit,omitzero"`
}

// Kind names the fact.
func (Fact) Kind() fact.Kind { return fact.Kind{Name: "logging", Version: 1} }

// Setting is one assignment; names are in lower case.
type Setting struct {
	Name   string `json:"name" drift:"key"`
	Value  string `json:"value"`
	Source string `json:"source" drift:"line"`
}

// Input is a way in for other hosts' messages.
type Input struct {
	Module string `json:"module" drift:"key"`         // imtcp, imudp, imrelp, network
	Port   string `json:"port,omitempty" drift:"key"` // empty for the module's own
	Source string `json:"source" drift:"line"`
}

// Target is where messages are sent.
type Target struct {
	Via    string `json:"via" drift:"key"`            // rsyslog, syslog-ng, journal-upload, filebeat
	Host   string `json:"host,omitempty" drift:"key"` // name, name:port or address; empty when the agent's own file says it
	TLS    bool   `json:"tls,omitempty"`
	Opaque bool   `json:"opaque,omitempty"` // whether it uses TLS stands where Holdfast does not look
	Source string `json:"source" drift:"line"`
}

// LogFile is a log that others can read or write. The path is that of the log before rotation, the
// mode the widest of it and its older parts.
type LogFile struct {
	Path string      `json:"path" drift:"key"`
	Mode fs.FileMode `json:"mode"` // permissions
	Dir  bool        `json:"dir,omitempty"`
}

const (
	partProcesses = "processes"
	partPrograms  = "programs"
	partJournal   = "journal"
	partSyslog    = "syslog"
	partAgents    = "agents"
	partRotation  = "rotation"
	partFiles     = "files"
	partAudit     = "audit"
	partBoot      = "boot"
)

var programs = map[string][]string{
	"rsyslogd":  {"/usr/sbin/rsyslogd", "/sbin/rsyslogd"},
	"syslog-ng": {"/usr/sbin/syslog-ng", "/sbin/syslog-ng"},
	"auditd":    {"/usr/sbin/auditd", "/sbin/auditd"},
	"logrotate": {"/usr/sbin/logrotate", "/usr/bin/logrotate"},
}

// Names of processes, as the kernel cuts them (15 characters), to the program.
var processNames = map[string]string{
	"rsyslogd": "rsyslogd", "syslog-ng": "syslog-ng", "auditd": "auditd", "systemd-journal": "systemd-journald",
	"syslogd": "syslogd", "metalog": "metalog", "filebeat": "filebeat", "fluent-bit": "fluent-bit", "fluentd": "fluentd", "vector": "vector",
	"promtail": "promtail", "alloy": "alloy", "otelcol": "otelcol", "otelcol-contrib": "otelcol", "nxlog": "nxlog", "splunkd": "splunkd",
	"wazuh-agentd": "wazuh-agent", "elastic-agent": "elastic-agent", "systemd-journal-upload": "systemd-journal-upload",
}

// Configuration of agents that send logs elsewhere.
var agents = map[string]string{
	"/etc/filebeat/filebeat.yml": "filebeat", "/etc/fluent-bit/fluent-bit.conf": "fluent-bit", "/etc/fluent-bit/fluent-bit.yaml": "fluent-bit",
	"/etc/td-agent/td-agent.conf": "fluentd", "/etc/fluent/fluentd.conf": "fluentd", "/etc/vector/vector.yaml": "vector", "/etc/vector/vector.toml": "vector",
	"/etc/promtail/config.yml": "promtail", "/etc/alloy/config.alloy": "alloy", "/etc/otelcol/config.yaml": "otelcol", "/etc/otelcol-contrib/config.yaml": "otelcol",
	"/var/ossec/etc/ossec.conf": "wazuh-agent", "/opt/Elastic/Agent/elastic-agent.yml": "elastic-agent", "/opt/splunkforwarder/etc/system/local/outputs.conf": "splunkd",
}

const (
	rsyslogConf  = "/etc/rsyslog.conf"
	syslogNGConf = "/etc/syslog-ng/syslog-ng.conf"
	uploadConf   = "/etc/systemd/journal-upload.conf"
)

var (
	journalMain  = []string{"/usr/lib/systemd/journald.conf", "/etc/systemd/journald.conf"}
	journalParts = []string{"/usr/lib/systemd/journald.conf.d/*.conf", "/run/systemd/journald.conf.d/*.conf", "/etc/systemd/journald.conf.d/*.conf"}
	systemdPaths = []string{"/lib/systemd/systemd-journald", "/usr/lib/systemd/systemd-journald"}
	initPaths    = []string{"/lib/systemd/systemd", "/usr/lib/systemd/systemd", "/sbin/init", "/usr/sbin/init"}
	rotators     = []string{"/etc/systemd/system/timers.target.wants/logrotate.timer", "/usr/lib/systemd/system/timers.target.wants/logrotate.timer", "/etc/cron.daily/logrotate", "/etc/periodic/daily/logrotate"}
	uploadWants  = "/etc/systemd/system/multi-user.target.wants/systemd-journal-upload.service"
	logPatterns  = []string{"/var/log", "/var/log/*", "/var/log/*/*", "/var/log/*/*/*"}
)

// Source is how the fact is had.
var Source = host.Define(host.Spec[Fact]{
	Title: "logging",
	Needs: host.Join(
		host.Read(journalMain...), host.Read(journalParts...),
		host.Read(rsyslogConf, syslogNGConf, uploadConf, auditConf, auditRules, auditRulesD, "/proc/cmdline"),
		host.Stat(systemdPaths...), host.Stat(initPaths...), host.ContainerNeeds(), host.Stat(rotators...),
		host.Stat(slices.Concat(programs["rsyslogd"], programs["syslog-ng"], programs["auditd"], programs["logrotate"])...),
		host.Stat(agentPaths()...), host.Stat(uploadWants, "/var/log/journal"), host.Stat(logPatterns...),
		host.Processes(),
	),
	Follow: follow,
	Parse:  parse,
})

func agentPaths() []string {
	var out []string
	for p := range agents {
		out = append(out, p)
	}
	slices.Sort(out)
	return out
}

func parse(ev *host.Evidence, _ fact.Key) Fact {
	f := Fact{Static: ev.Rootfs}
	f.Container = host.Container(ev) != ""
	f.Init = anyOf(ev, &f, partBoot, initPaths) != ""
	f.Systemd = anyOf(ev, &f, partPrograms, systemdPaths) != ""
	for name, paths := range programs {
		if anyOf(ev, &f, partPrograms, paths) != "" {
			f.Installed = append(f.Installed, name)
		}
	}
	slices.Sort(f.Installed)
	ps, problem := ev.Processes()
	f.Note(partProcesses, problem)
	for _, p := range ps {
		if name, ok := processNames[p.Name]; ok && !slices.Contains(f.Running, name) {
			f.Running = append(f.Running, name)
		}
	}
	slices.Sort(f.Running)
	journal(ev, &f)
	rsyslog(ev, &f)
	syslogNG(ev, &f)
	upload(ev, &f)
	for _, p := range agentPaths() {
		_, problem := ev.Stat(p)
		f.Note(partAgents, problem)
		if problem == nil {
			f.Targets = append(f.Targets, Target{Via: agents[p], Opaque: true, Source: p})
		}
	}
	for _, p := range rotators {
		_, problem := ev.Stat(p)
		f.Note(partRotation, problem)
		if problem == nil {
			f.Rotation = append(f.Rotation, p)
		}
	}
	logFiles(ev, &f)
	audit(ev, &f)
	return f
}

// anyOf gives the first path that exists. What cannot be told is a gap of the part.
func anyOf(ev *host.Evidence, f *Fact, part string, paths []string) string {
	for _, p := range paths {
		_, problem := ev.Stat(p)
		if problem == nil {
			return p
		}
		f.Note(part, problem)
	}
	return ""
}

// journal merges journald.conf with its fragments: by file name, a later folder hides an earlier one.
func journal(ev *host.Evidence, f *Fact) {
	files := map[string]host.File{}
	var names []string
	for _, pattern := range journalParts {
		found, problem := ev.Glob(pattern)
		f.Note(partJournal, problem)
		for _, file := range found {
			base := path.Base(file.Path)
			if _, ok := files[base]; !ok {
				names = append(names, base)
			}
			files[base] = file
		}
	}
	slices.Sort(names)
	var order []host.File
	for _, p := range journalMain {
		order = append(order, ev.File(p))
	}
	for _, n := range names {
		order = append(order, files[n])
	}
	last := map[string]Setting{}
	for _, file := range order {
		f.Note(partJournal, file.Err)
		for _, s := range parseINI(file.Path, file.Text()) {
			last[s.Name] = s
		}
	}
	for _, s := range last {
		f.Journal = append(f.Journal, s)
	}
	slices.SortFunc(f.Journal, func(a, b Setting) int { return cmp.Compare(a.Name, b.Name) })
	_, problem := ev.Stat("/var/log/journal")
	f.Note(partJournal, problem)
	f.JournalOn = problem == nil
}

func upload(ev *host.Evidence, f *Fact) {
	conf := ev.File(uploadConf)
	f.Note(partAgents, conf.Err)
	_, problem := ev.Stat(uploadWants)
	f.Note(partAgents, problem)
	if problem != nil && !slices.Contains(f.Running, "systemd-journal-upload") {
		return
	}
	for _, s := range parseINI(uploadConf, conf.Text()) {
		if s.Name == "url" && s.Value != "" {
			f.Targets = append(f.Targets, Target{Via: "journal-upload", Host: bare(s.Value), TLS: !strings.HasPrefix(s.Value, "http:"), Source: s.Source})
		}
	}
}

// bare takes scheme, user and path from an address.
func bare(uri string) string {
	if _, rest, ok := strings.Cut(uri, "://"); ok {
		uri = rest
	}
	uri, _, _ = strings.Cut(uri, "/")
	return uri[strings.LastIndexByte(uri, '@')+1:]
}

// parseINI reads assignments of systemd's form; names are in lower case, sections are left out:
// the files read here have one.
func parseINI(name, text string) []Setting {
	var out []Setting
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || line[0] == ';' || line[0] == '[' {
			continue
		}
		if k, v, ok := strings.Cut(line, "="); ok {
			out = append(out, Setting{strings.ToLower(strings.TrimSpace(k)), strings.TrimSpace(v), name + ":" + strconv.Itoa(n)})
		}
	}
	return out
}

func get(all []Setting, name string) (Setting, bool) {
	for i := len(all) - 1; i >= 0; i-- {
		if all[i].Name == name {
			return all[i], true
		}
	}
	return Setting{}, false
}

// logFiles keeps logs that others can read or write. Names of rotated parts are folded into the
// log's own, so that a rotation is no change.
func logFiles(ev *host.Evidence, f *Fact) {
	open := map[string]LogFile{}
	for _, pattern := range logPatterns {
		infos, problem := ev.StatGlob(pattern)
		f.Note(partFiles, problem)
		for _, i := range infos {
			loose := i.Mode.Perm() & 0o006
			if i.Mode.IsDir() {
				// The sticky bit keeps others from renaming and removing.
				loose = i.Mode.Perm() & 0o002
				if i.Mode&fs.ModeSticky != 0 {
					loose = 0
				}
			}
			if loose == 0 || !i.Mode.IsDir() && !i.Mode.IsRegular() {
				continue
			}
			l := LogFile{Path: unrotated(i.Path), Mode: i.Mode.Perm(), Dir: i.Mode.IsDir()}
			l.Mode |= open[l.Path].Mode
			open[l.Path] = l
		}
	}
	for _, l := range open {
		f.Open = append(f.Open, l)
	}
	slices.SortFunc(f.Open, func(a, b LogFile) int { return cmp.Compare(a.Path, b.Path) })
}

// unrotated gives auth.log for auth.log.2.gz and messages for messages-20260101.
func unrotated(p string) string {
	for _, end := range []string{".gz", ".xz", ".zst", ".bz2", ".old"} {
		p = strings.TrimSuffix(p, end)
	}
	i := len(p)
	for i > 0 && '0' <= p[i-1] && p[i-1] <= '9' {
		i--
	}
	if i < len(p) && i > 1 && (p[i-1] == '.' || p[i-1] == '-' && len(p)-i == 8) && p[i-2] != '/' {
		return p[:i-1]
	}
	return p
}

func (f Fact) runs(name string) bool      { return slices.Contains(f.Running, name) }
func (f Fact) installed(name string) bool { return slices.Contains(f.Installed, name) }

// syslog gives the syslog server in use: the one that runs, on a file tree the one that is
// installed; "" for none.
func (f Fact) syslog() string {
	for _, name := range []string{"rsyslogd", "syslog-ng", "syslogd", "metalog"} {
		if f.runs(name) || f.Static && f.installed(name) {
			return name
		}
	}
	return ""
}

// elsewhere says why logging is not this host's business, "" when it is.
func (f Fact) elsewhere() string {
	switch {
	case f.Container && len(f.Running) == 0 && f.Missing()[partProcesses].Cause == "":
		return "a container without a logger: its engine keeps what it prints"
	case !f.Init && len(f.Running) == 0 && len(f.Installed) == 0 && len(f.Gaps) == 0,
		f.Static && !f.Init && len(f.Installed) == 0 && f.Missing()[partPrograms].Cause == "" && f.Missing()[partBoot].Cause == "":
		return "nothing here starts a logger (no init program)"
	}
	return ""
}
