package filesystems

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
)

// The parts of the fact that may be missing. Each pattern of files has a part of its own.
const (
	partMounts   = "mounts"
	partFstab    = "fstab"
	partAccounts = "accounts"
	partWalk     = "walk"
	partHomes    = "homes"
	partStartup  = "startup files"
	partPrograms = "program folders"
)

// sensitive are the patterns that the lists "files" of the catalogue may name.
var sensitive = strings.Fields(`/etc/passwd /etc/passwd- /etc/group /etc/group- /etc/shells
	/etc/shadow /etc/shadow- /etc/gshadow /etc/gshadow- /etc/security/opasswd /etc/security/opasswd.old
	/etc/ssh/ssh_host_*_key /etc/ssl/private /etc/sudoers /etc/sudoers.d /etc/sudoers.d/*
	/etc/crontab /etc/cron.d /etc/cron.hourly /etc/cron.daily /etc/cron.weekly /etc/cron.monthly /etc/cron.yearly
	/etc/cron.d/* /etc/cron.hourly/* /etc/cron.daily/* /etc/cron.weekly/* /etc/cron.monthly/* /etc/crontabs /etc/crontabs/*
	/etc/ssh/sshd_config /etc/ssh/sshd_config.d /etc/ssh/sshd_config.d/*
	/etc/cron.allow /etc/cron.deny /etc/at.allow /etc/at.deny
	/etc/issue /etc/issue.net /etc/motd /etc/hosts /etc/hosts.allow /etc/hosts.deny /root /boot /etc/hosts.equiv /etc/ssh/shosts.equiv`)

// startup leaves units out: the subject services judges them.
var startup = strings.Fields(`/etc/init.d/* /etc/rc.local /etc/profile /etc/profile.d/* /etc/bash.bashrc /etc/bashrc /etc/environment
	/etc/ld.so.preload /etc/ld.so.conf /etc/ld.so.conf.d/* /etc/pam.d/* /etc/pam.conf /etc/udev/rules.d/* /etc/modprobe.d/* /etc/sysctl.conf
	/etc/sysctl.d/* /etc/apt/sources.list /etc/apt/sources.list.d/* /etc/apt/trusted.gpg.d/* /etc/yum.repos.d/* /etc/apk/repositories`)

// programs are the folders of root's usual PATH, those above them, and those of libraries.
var programs = strings.Fields("/ /usr /usr/local /usr/local/sbin /usr/local/bin /usr/sbin /usr/bin /sbin /bin /usr/lib /lib /usr/lib64 /lib64 /usr/local/lib /etc /var /opt")

// mountPoints are the places where mount options matter.
var mountPoints = strings.Fields("/ /boot /boot/efi /dev/shm /home /opt /proc /srv /tmp /usr /var /var/log /var/log/audit /var/tmp")

var dotNames = []string{".rhosts", ".shosts", ".netrc", ".forward"}

// Source gathers mounts, permissions and special files.
var Source = host.Define(host.Spec[Fact]{
	Title: "File systems and permissions",
	Needs: host.Join(
		host.Read("/proc/self/mountinfo", "/etc/fstab", "/etc/passwd", "/etc/group", "/etc/subuid", "/etc/subgid", "/etc/nsswitch.conf"),
		host.ContainerNeeds(),
		host.Stat(sensitive...), host.Stat(startup...), host.Stat(programs...),
		host.Walk(),
	),
	Follow: follow,
	Parse:  parse,
})

// maxHomes bounds what a host with very many accounts is asked.
const maxHomes = 500

func follow(ev *host.Evidence) []host.Need {
	var ask []string
	for i, p := range readNames(ev.File("/etc/passwd").Text(), "", "", "").people {
		if i == maxHomes {
			break
		}
		ask = append(ask, p.home, p.home+"/.[A-Za-z]*")
	}
	return host.Stat(ask...)
}

func parse(ev *host.Evidence, _ fact.Key) Fact {
	f := Fact{Tree: ev.Rootfs}
	read := func(part, p string) string {
		file := ev.File(p)
		f.Note(part, file.Err)
		return file.Text()
	}
	mountinfo := ""
	if !f.Tree {
		mountinfo = read(partMounts, "/proc/self/mountinfo")
		f.Mounts = mounted(mountinfo)
		if mountinfo == "" {
			f.Note(partMounts, &fact.Problem{Cause: fact.Failed, Source: "/proc/self/mountinfo", Text: "is empty or /proc is not mounted"})
		}
	}
	f.Fstab = fstab(read(partFstab, "/etc/fstab"))
	f.Container = host.Container(ev)
	n := readNames(read(partAccounts, "/etc/passwd"), read(partAccounts, "/etc/group"), read(partAccounts, "/etc/subuid"), read(partAccounts, "/etc/subgid"))
	f.Directory = directory(read(partAccounts, "/etc/nsswitch.conf"))
	f.permissions(ev, n)
	f.homes(ev, n)
	f.special(ev.Special(), n)
	return f
}

func (f *Fact) permissions(ev *host.Evidence, n names) {
	for _, pattern := range sensitive {
		infos, problem := ev.StatGlob(pattern)
		f.Note(pattern, problem)
		for _, i := range infos {
			f.Files = append(f.Files, n.file(i))
		}
	}
	f.Files = tidy(f.Files)
	f.Startup = f.others(ev, n, partStartup, startup)
	f.Programs = f.others(ev, n, partPrograms, programs)
}

// others gives the paths that others than root may change.
func (f *Fact) others(ev *host.Evidence, n names, part string, patterns []string) []File {
	var out []File
	for _, pattern := range patterns {
		infos, problem := ev.StatGlob(pattern)
		f.Note(part, problem)
		for _, i := range infos {
			if file := n.file(i); file.changeable() {
				out = append(out, file)
			}
		}
	}
	return tidy(out)
}

func (f *Fact) homes(ev *host.Evidence, n names) {
	for i, p := range n.people {
		if i == maxHomes {
			f.Note(partHomes, &fact.Problem{Cause: fact.TooLarge, Source: "/etc/passwd", Text: "more than 500 accounts of people"})
			break
		}
		h := Home{User: p.name, UID: p.uid}
		info, problem := ev.Stat(p.home)
		f.Note(partHomes, problem)
		if problem == nil {
			file := n.file(info)
			h.File = &file
		}
		dots, problem := ev.StatGlob(p.home + "/.[A-Za-z]*")
		f.Note(partHomes, problem)
		for _, d := range dots {
			file := n.file(d)
			if slices.Contains(dotNames, path.Base(d.Path)) || file.Link == "" && octal(file.Mode)&0o002 != 0 ||
				file.Link == "" && octal(file.Mode)&0o020 != 0 && file.Group != p.name && !file.Lonely && file.Group != "root" {
				h.Dots = append(h.Dots, file)
			}
		}
		h.Dots = tidy(h.Dots)
		f.Homes = append(f.Homes, h)
	}
}

func tidy(files []File) []File {
	slices.SortFunc(files, func(a, b File) int { return cmp.Compare(a.Path, b.Path) })
	return slices.CompactFunc(files, func(a, b File) bool { return a.Path == b.Path })
}

// directory names the first source of accounts in nsswitch.conf(5) that is not a file of the host.
func directory(nsswitch string) string {
	for line := range strings.Lines(nsswitch) {
		line, _, _ = strings.Cut(line, "#")
		database, sources, ok := strings.Cut(line, ":")
		if !ok || strings.TrimSpace(database) != "passwd" {
			continue
		}
		for _, s := range strings.Fields(sources) {
			if !strings.HasPrefix(s, "[") && !slices.Contains([]string{"files", "compat", "systemd", "altfiles", "db", "extrausers", "mymachines"}, s) {
				return s
			}
		}
	}
	return ""
}
