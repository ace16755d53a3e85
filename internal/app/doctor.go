package app

import (
	"context"
	"fmt"
	"io"
	"slices"
	"sort"
	"strings"
	"time"

	"holdfast.example/holdfast/internal/collect/ssh"
	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
	"holdfast.example/holdfast/internal/subject/all"
)

// Doctor looks at a target and tells, kind by kind, what can be seen of it and what not, and what
// would show it.
func Doctor(ctx context.Context, w io.Writer, o Options) error {
	wd := &world{sources: all.Sources(), now: time.Now}
	targets, err := wd.hostTargets(o, "doctor")
	if err != nil {
		return err
	}
	answered := 0
	for _, t := range targets {
		if err := wd.examine(ctx, w, t, o); err != nil {
			fmt.Fprintf(w, "%s\n  does not answer: %v\n", t.text, err)
			continue
		}
		answered++
	}
	if answered == 0 {
		return ErrNoTarget
	}
	return nil
}

func (w *world) examine(ctx context.Context, out io.Writer, t target, o Options) error {
	s := w.look(ctx, t, fact.Key{}, o.Timeout)
	if s.problem != nil {
		return s.problem
	}
	as := "without root: some parts cannot be seen"
	if s.privileged {
		as = "as root"
	}
	fmt.Fprintf(out, "%s, %s\n", t.text, as)
	for _, src := range w.sources {
		f, ok := s.facts[src.Kind.Name]
		if !ok {
			fmt.Fprintf(out, "  %-12s broken: the parser failed; please report it\n", src.Kind.Name)
			continue
		}
		gaps := f.Missing()
		if len(gaps) == 0 {
			fmt.Fprintf(out, "  %-12s all seen (%s)\n", src.Kind.Name, src.Title)
			continue
		}
		what := "1 part"
		if len(gaps) > 1 {
			what = fmt.Sprint(len(gaps), " parts")
		}
		fmt.Fprintf(out, "  %-12s %s not seen (%s)\n", src.Kind.Name, what, src.Title)
		var parts []string
		for p := range gaps {
			parts = append(parts, p)
		}
		sort.Strings(parts)
		for _, p := range parts {
			problem := gaps[p]
			fmt.Fprintf(out, "    %s: %s\n", p, problem.Error())
		}
	}
	return nil
}

// ShowCommands writes every file, walk and command that collecting uses, for whoever writes a
// sudoers file or has to allow Holdfast on a host.
func ShowCommands(w io.Writer) {
	commands := map[string]*host.Command{}
	files := map[string]bool{}
	for _, s := range all.Sources() {
		for _, n := range s.Needs {
			switch n.Op {
			case host.OpRun:
				commands[n.Command.Name] = n.Command
			case host.OpRead, host.OpStat:
				files[n.Pattern] = true
			}
		}
	}
	var names, patterns []string
	for n := range commands {
		names = append(names, n)
	}
	for p := range files {
		patterns = append(patterns, p)
	}
	slices.Sort(names)
	slices.Sort(patterns)
	fmt.Fprintln(w, "Commands that are run on a host. They are constants; no name from a host enters them. \"root\" marks\nthose that tell more as root: over SSH they are run by \"sudo -n\" where it allows them.")
	for _, n := range names {
		c := commands[n]
		commandLine(w, c.String(), c.Why, c.Root)
	}
	fmt.Fprintln(w, "\nOver SSH also, to look and to read:")
	for _, c := range ssh.Commands() {
		commandLine(w, c.Command, c.Why, c.Root)
	}
	fmt.Fprintln(w, "\nAs lines of a sudoers file, for an account named holdfast. /bin/sh instead of them all shows everything;\ncat FILE shows one file that only root reads.")
	for _, n := range names {
		if c := commands[n]; c.Root {
			fmt.Fprintf(w, "  holdfast ALL=(root) NOPASSWD: %s\n", sudoersCommand(c))
		}
	}
	fmt.Fprintln(w, "  holdfast ALL=(root) NOPASSWD: /usr/bin/cat /etc/shadow")
	fmt.Fprintln(w, "\nFiles that are read or looked at (over SSH with cat, by sudo -n cat FILE where they are denied):")
	for _, p := range patterns {
		fmt.Fprintln(w, "  "+p)
	}
}

func commandLine(w io.Writer, command, why string, root bool) {
	mark := "    "
	if root {
		mark = "root"
	}
	fmt.Fprintf(w, "  %s  %s\n        %s\n", mark, command, why)
}

// sudoersCommand escapes what sudoers(5) gives a meaning, and names the usual place of the program.
func sudoersCommand(c *host.Command) string {
	var words []string
	for i, a := range c.Argv {
		if i == 0 {
			a = "/usr/sbin/" + a
			if slices.Contains([]string{"systemctl", "rpm", "dnf", "apt", "apk", "ls", "cat", "timedatectl"}, c.Argv[0]) {
				a = "/usr/bin/" + c.Argv[0]
			}
		}
		words = append(words, strings.NewReplacer(",", `\,`, "=", `\=`, ":", `\:`, "*", `\*`).Replace(a))
	}
	return strings.Join(words, " ")
}
