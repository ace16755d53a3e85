package services

import (
	"path"
	"slices"
	"strings"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
)

var listFailed = &host.Command{Name: "systemctl-failed", Why: "units that failed",
	Argv: []string{"systemctl", "list-units", "--state=failed", "--all", "--plain", "--no-legend", "--no-pager"}}

// folders hold units, the first of a name counts. /lib is asked only where it is not a link to
// /usr/lib.
var folders = [...]string{"/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"}

// managers tell which service manager is installed.
var managers = [...][2]string{{"/usr/lib/systemd/systemd", "systemd"}, {"/lib/systemd/systemd", "systemd"}, {"/sbin/openrc", "openrc"}, {"/usr/sbin/openrc", "openrc"}}

var (
	cronTables  = [...]string{"/etc/crontab", "/etc/cron.d/*"}
	userTables  = [...]string{"/var/spool/cron/crontabs/*", "/var/spool/cron/*", "/etc/crontabs/*"}
	cronFolders = [...]string{"/etc/cron.hourly", "/etc/cron.daily", "/etc/cron.weekly", "/etc/cron.monthly", "/etc/cron.d"}
	cronBins    = [...]string{"/usr/sbin/cron", "/usr/sbin/crond"}
	atBins      = [...]string{"/usr/bin/at", "/usr/sbin/atd"}
	accessFiles = [...]string{"/etc/cron.allow", "/etc/cron.deny", "/etc/at.allow", "/etc/at.deny"}
	resolved    = [...]string{"/usr/lib/systemd/resolved.conf", "/etc/systemd/resolved.conf", "/usr/lib/systemd/resolved.conf.d/*.conf", "/run/systemd/resolved.conf.d/*.conf", "/etc/systemd/resolved.conf.d/*.conf"}
	managerConf = [...]string{"/etc/systemd/system.conf", "/etc/systemd/system.conf.d/*.conf"}
)

// Source gathers units and scheduled jobs.
var Source = host.Define(host.Spec[Fact]{
	Title:  "Services and scheduled jobs",
	Needs:  needs(),
	Follow: follow,
	Parse:  parse,
})

func needs() []host.Need {
	var read, stat []string
	for _, dir := range folders[:4] {
		read = append(read, patterns(dir)...)
		stat = append(stat, links(dir)...)
	}
	read = append(append(append(append(read, cronTables[:]...), userTables[:]...), resolved[:]...), managerConf[:]...)
	stat = append(stat, "/lib", "/etc/rc[2345].d/S*", "/etc/runlevels/*/*", cronTables[0], cronTables[1])
	for _, m := range managers {
		stat = append(stat, m[0])
	}
	for _, dir := range cronFolders {
		stat = append(stat, dir, dir+"/*")
	}
	stat = append(append(append(append(stat, cronBins[:]...), atBins[:]...), accessFiles[:]...), userTables[:]...)
	return host.Join(host.Read(read...), host.Stat(stat...), host.Run(listFailed))
}

func patterns(dir string) []string {
	return []string{dir + "/*.service", dir + "/*.socket", dir + "/*.timer", dir + "/*.service.d/*.conf", dir + "/service.d/*.conf"}
}

func links(dir string) []string {
	return []string{dir + "/*.service", dir + "/*.socket", dir + "/*.timer", dir + "/*.target", dir + "/*.wants/*", dir + "/*.requires/*"}
}

// follow asks for the folder of units outside /usr where there is one, and for owner and
// permissions of every program that is named, of its folder, and of what links lead to.
func follow(ev *host.Evidence) []host.Need {
	var read, stat []string
	if lib, p := ev.Stat("/lib"); p == nil && lib.Link == "" {
		read, stat = patterns(folders[4]), links(folders[4])
	}
	var f Fact
	f.units(ev)
	f.jobs(ev)
	for _, name := range f.programs() {
		stat = append(stat, name, path.Dir(name))
		for _, p := range []string{name, path.Dir(name)} {
			if i, problem := ev.Stat(p); problem == nil && i.Real != "" && i.Real != p {
				stat = append(stat, i.Real, path.Dir(i.Real))
			}
		}
	}
	slices.Sort(stat)
	return host.Join(host.Read(read...), host.Stat(slices.Compact(stat)...))
}

func (f *Fact) programs() []string {
	var out []string
	for _, u := range f.Units {
		out = append(out, u.Exec...)
	}
	for _, j := range f.Jobs {
		out = append(out, j.Programs...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func parse(ev *host.Evidence, _ fact.Key) Fact {
	var f Fact
	for _, m := range managers {
		i, p := ev.Stat(m[0])
		f.Note(partUnits, p)
		if p == nil && f.Init == "" && i.Path != "" {
			f.Init = m[1]
		}
	}
	f.units(ev)
	f.jobs(ev)
	f.scheduler(ev)
	f.exposed(ev)
	f.settings(ev)
	f.failed(ev)
	return f
}

// jobs reads all tables of cron.
func (f *Fact) jobs(ev *host.Evidence) {
	seen := map[string]bool{}
	add := func(pattern string, system bool) {
		files, p := ev.Glob(pattern)
		f.Note(partCron, p)
		for _, file := range files {
			if file.Err != nil {
				if file.Err.Cause != fact.NotRegular { // crontabs is a folder below /var/spool/cron
					f.Note(partCron, file.Err)
				}
				continue
			}
			if seen[file.Real] {
				continue
			}
			seen[file.Real] = true
			owner := ""
			if !system {
				owner = path.Base(file.Path)
			}
			f.Jobs = append(f.Jobs, parseCron(file.Path, owner, file.Text())...)
		}
	}
	for _, pattern := range cronTables {
		add(pattern, true)
	}
	for _, pattern := range userTables {
		add(pattern, false)
	}
}

// settings reads what concerns the name service of systemd and the keyboard.
func (f *Fact) settings(ev *host.Evidence) {
	merged := map[string]section{}
	defaults := map[string]section{}
	for _, pattern := range resolved {
		files, p := ev.Glob(pattern)
		f.Note(partUnits, p)
		for _, file := range files {
			f.Note(partUnits, file.Err)
			parseUnit(file.Text(), merged)
			parseUnit(strings.ReplaceAll(file.Text(), "\n#", "\n"), defaults) // shipped files show compiled defaults as comments
		}
	}
	for _, name := range []string{"LLMNR", "MulticastDNS"} {
		v := merged["Resolve"].last(name)
		if v == "" {
			v = defaults["Resolve"].last(name)
		}
		if v != "" {
			if f.Resolved == nil {
				f.Resolved = map[string]string{}
			}
			f.Resolved[name] = v
		}
	}
	conf := map[string]section{}
	for _, pattern := range managerConf {
		files, p := ev.Glob(pattern)
		f.Note(partUnits, p)
		for _, file := range files {
			f.Note(partUnits, file.Err)
			parseUnit(file.Text(), conf)
		}
	}
	f.CtrlAltDel = conf["Manager"].last("CtrlAltDelBurstAction")
}

// failed reads the states of units, where systemd runs.
func (f *Fact) failed(ev *host.Evidence) {
	out := ev.Output(listFailed)
	f.Note(partState, out.Err)
	if out.Err != nil {
		return
	}
	for line := range strings.Lines(string(out.Stdout)) {
		if fields := strings.Fields(strings.TrimLeft(line, "●* ")); len(fields) > 3 && strings.Contains(fields[0], ".") {
			f.Failed = append(f.Failed, fields[0])
		}
	}
	slices.Sort(f.Failed)
}
