package ssh

import (
	"slices"

	"holdfast.example/holdfast/internal/host"
)

// CommandDoc is one program that is run on a host, for "holdfast doctor --show-commands".
type CommandDoc struct {
	Command string // in the form of a sudoers file: absolute path, arguments; words in capitals vary
	Why     string
	Root    bool // run as "sudo -n -- COMMAND" when the login is not root and sudo grants it
}

// Commands lists every program that the collector itself runs. The needs' own commands are those of
// CommandsOf. Nothing here writes; all paths are found in /usr/sbin, /usr/bin, /sbin and /bin.
func Commands() []CommandDoc {
	return []CommandDoc{
		{"/bin/sh", "one shell, which reads constant scripts from standard input; with sudo -n only where sudoers allows ALL", false},
		{"/usr/bin/stat -c FORMAT -- PATHS", "status of paths", false},
		{"/usr/bin/cat FILE", "content of one file that the login may not read; allow the files you want to be seen", true},
		{"/usr/bin/env -i N=WORD cat -- FILES", "content of files that the login may read", false},
		{"/usr/bin/readlink -z -- LINKS", "targets of symbolic links", false},
		{"/usr/bin/b2sum -- FILE", "digest of a large file, which is not sent again when another host has the same", false},
		{"/usr/bin/head -c LIMIT", "bounds the size of what is sent", false},
		{"/usr/bin/timeout 15 COMMAND", "bounds the time of a command", false},
		{"/usr/bin/find / -mindepth 1 ( -path MOUNTS ) -prune -o ! -type l -printf FORMAT", "files with special permissions on local file systems", false},
		{"/usr/bin/awk -v n=WORD PROGRAM", "counts files and keeps one example for each owner", false},
		{"/usr/bin/find /proc/PIDS -maxdepth 1 -type l -printf FORMAT", "programs, name spaces and sockets of processes", false},
		{"/usr/bin/find -H ROOTS -mindepth 1 -type f ( NAMES -o EXECUTABLE ) -printf FORMAT -o ! -type d -o ( PASSED ) -prune", "files that name components of applications, and programs", false},
		{"/usr/bin/grep -c -h -a -F -m 1 -e MARKS -- PROGRAMS", "which programs hold a list of their components", false},
		{"/usr/bin/dd if=FILE bs=16384 skip=N count=N", "the parts of programs and archives that name components", false},
		{"/usr/bin/grep -H -Z -a -x -F -f - -- /var/lib/dpkg/info/*.list", "which packages brought the files of components", false},
		{"/usr/bin/id -u", "whether the login is root", false},
		{"/usr/bin/sudo -n -l", "what sudo grants without a password", false},
	}
}

// CommandsOf lists the commands that needs name, each once, as a sudoers file would.
func CommandsOf(needs []host.Need) []CommandDoc {
	var out []CommandDoc
	for _, n := range needs {
		if n.Op != host.OpRun {
			continue
		}
		d := CommandDoc{n.Command.String(), n.Command.Why, n.Command.Root}
		if !slices.Contains(out, d) {
			out = append(out, d)
		}
	}
	return out
}
