// Package host says what a Linux host can be asked, as data, and holds the answers. A subject
// declares its needs; a transport (local, ssh, rootfs) gathers them, bounded; the subject's pure
// parser reads the answers. The package does no I/O and knows no transport.
//
// Needs are data so that one round trip can gather all subjects' needs over SSH, so that
// "holdfast doctor --show-commands" can print exactly what is run, and so that a parser can be
// tested and fuzzed with nothing but bytes.
package host

import (
	"strings"

	"holdfast.example/holdfast/internal/fact"
)

// Op is what is asked.
type Op int

// The operations, in the order in which a transport may answer them.
const (
	OpRead      Op = iota // content and status of each file that matches a pattern
	OpStat                // status of each path that matches a pattern; links are not followed
	OpRun                 // output of one command of a fixed list
	OpProcesses           // every process with its sockets
	OpWalk                // files with special permissions under the local file systems
)

// Need is one thing asked of a host. Patterns are absolute, in the syntax of path.Match; a plain
// path is a pattern that matches itself. Make it by Read, Stat, Run, Processes or Walk.
type Need struct {
	Op      Op
	Pattern string
	Max     int64    // bytes a file, 0 means MaxFile
	Command *Command // for OpRun
}

// Limits of every transport. What exceeds them is a Problem (too large), never a silent cut.
const (
	MaxFile    = 1 << 20   // bytes of one file
	MaxMatches = 20_000    // paths that one pattern may match
	MaxOutput  = 16 << 20  // bytes of one command's output
	MaxWalk    = 5_000_000 // files that one walk may visit
	MaxSpecial = 20_000    // files that one walk may report
)

// Command is one of the fixed commands that Holdfast runs on a host. Arguments are constants: no
// foreign string ever enters a command line.
type Command struct {
	Name  string   // short and unique: sshd-effective
	Argv  []string // [0] is looked up in /usr/sbin, /usr/bin, /sbin, /bin
	Root  bool     // shows more, or only works, as root
	Why   string   // what it shows, for "doctor --show-commands"
	Exits []int    // exit codes besides 0 that are an answer too
}

// String gives the command line.
func (c *Command) String() string { return strings.Join(c.Argv, " ") }

// Read asks for the content of all files that match the patterns. Links are followed inside the
// root.
func Read(patterns ...string) []Need { return needs(OpRead, patterns) }

// Stat asks for type, owner, permissions and link target of all paths that match the patterns.
func Stat(patterns ...string) []Need { return needs(OpStat, patterns) }

// Run asks for the output of commands.
func Run(cmds ...*Command) []Need {
	var out []Need
	for _, c := range cmds {
		out = append(out, Need{Op: OpRun, Pattern: c.Name, Command: c})
	}
	return out
}

// Processes asks for all processes.
func Processes() []Need { return []Need{{Op: OpProcesses}} }

// Walk asks for files with special permissions on all local file systems.
func Walk() []Need { return []Need{{Op: OpWalk}} }

// Join puts lists of needs together.
func Join(lists ...[]Need) []Need {
	var out []Need
	for _, l := range lists {
		out = append(out, l...)
	}
	return out
}

func needs(op Op, patterns []string) []Need {
	out := make([]Need, 0, len(patterns))
	for _, p := range patterns {
		out = append(out, Need{Op: op, Pattern: p})
	}
	return out
}

// IsPattern tells whether p holds a metacharacter of path.Match.
func IsPattern(p string) bool { return strings.ContainsAny(p, `*?[\`) }

type needKey struct {
	op      Op
	pattern string
}

func (n Need) key() needKey { return needKey{n.Op, n.Pattern} }

// Refused words the failure of a command: denied when it needs root and root is not had.
func Refused(c *Command, stderr, err string, root bool) *fact.Problem {
	text, _, _ := strings.Cut(strings.TrimSpace(stderr), "\n")
	if text == "" {
		text = err
	}
	if c.Root && !root {
		return &fact.Problem{Cause: fact.Denied, Source: c.String(), Text: text, How: "sudo " + c.String()}
	}
	return &fact.Problem{Cause: fact.Failed, Source: c.String(), Text: text}
}
