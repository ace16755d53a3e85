package sudo

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
)

// maxDepth is how deep sudo follows includes.
const maxDepth = 128

// reader reads sudoers files in the order in which sudo does.
type reader struct {
	ev     *host.Evidence
	sudo   Sudo
	wanted []string // files and patterns that includes name
	seen   []string
}

// file reads one file and what it includes. A file that was read before is not read again: a loop
// ends, and rules stand once.
func (p *reader) file(name string, depth int) {
	if slices.Contains(p.seen, name) || depth > maxDepth {
		return
	}
	p.seen = append(p.seen, name)
	f := p.ev.File(name)
	if f.Err != nil {
		p.sudo.Note(PartSudoers, f.Err)
		return
	}
	p.sudo.Files = append(p.sudo.Files, fileOf(f.Info))
	for _, l := range logicalLines(f.Text()) {
		source := fmt.Sprintf("%s:%d", name, l.number)
		if kind, target, ok := include(l.text); ok {
			p.include(kind, target, name, source, depth)
			continue
		}
		if wrong := p.sudo.line(l.text, source); wrong != "" {
			p.sudo.Note(PartSudoers, &fact.Problem{Cause: fact.NotParsable, Source: source, Text: wrong, How: "visudo -c"})
		}
	}
}

func (p *reader) include(kind, target, from, source string, depth int) {
	if strings.Contains(target, "%h") {
		p.sudo.Note(PartSudoers, &fact.Problem{Cause: fact.Unsupported, Source: source, Text: "an include by host name is not followed"})
		return
	}
	if !strings.HasPrefix(target, "/") {
		target = path.Join(path.Dir(from), target)
	}
	if host.IsPattern(target) {
		p.sudo.Note(PartSudoers, &fact.Problem{Cause: fact.Unsupported, Source: source, Text: "the included path holds special characters"})
		return
	}
	if kind == "include" {
		target = path.Clean(target)
		p.wanted = append(p.wanted, target)
		p.file(target, depth+1)
		return
	}
	pattern := path.Clean(target) + "/*"
	p.wanted = append(p.wanted, pattern)
	files, problem := p.ev.Glob(pattern)
	p.sudo.Note(PartSudoers, problem)
	for _, f := range files {
		base := path.Base(f.Path)
		if strings.HasSuffix(base, "~") || strings.Contains(base, ".") {
			continue // sudo skips them
		}
		if f.Err != nil && f.Err.Cause == fact.NotRegular {
			continue
		}
		p.file(f.Path, depth+1)
	}
}

// include recognises @include, #include, @includedir and #includedir.
func include(line string) (kind, target string, ok bool) {
	if line == "" || line[0] != '@' && line[0] != '#' {
		return "", "", false
	}
	word, rest, _ := strings.Cut(strings.ReplaceAll(line[1:], "\t", " "), " ")
	if word != "include" && word != "includedir" {
		return "", "", false
	}
	rest = strings.TrimSpace(rest)
	if strings.HasPrefix(rest, `"`) {
		rest, _, _ = strings.Cut(rest[1:], `"`)
	} else {
		rest = strings.ReplaceAll(rest, `\ `, " ")
	}
	return word, rest, rest != ""
}

// logical is a line with its continuations.
type logical struct {
	number int
	text   string
}

// logicalLines joins lines that end in a backslash and takes comments away.
func logicalLines(text string) []logical {
	var out []logical
	joined, start := "", 0
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimRight(line, "\r\n")
		if joined == "" {
			start = n
		}
		if body, ok := strings.CutSuffix(line, `\`); ok && !strings.HasPrefix(strings.TrimSpace(line), "#") {
			joined += body + " "
			continue
		}
		if joined += line; strings.TrimSpace(joined) != "" {
			out = append(out, logical{start, strings.TrimSpace(joined)})
		}
		joined = ""
	}
	if strings.TrimSpace(joined) != "" {
		out = append(out, logical{start, strings.TrimSpace(joined)})
	}
	kept := out[:0]
	for _, l := range out {
		if _, _, ok := include(l.text); !ok {
			l.text = strings.TrimSpace(uncomment(l.text))
		}
		if l.text != "" {
			kept = append(kept, l)
		}
	}
	return kept
}

// uncomment cuts at a # that begins a comment: not inside quotes, not escaped, and not before a
// number, where it means a user by number.
func uncomment(s string) string {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\':
			i++
		case s[i] == '"':
			quoted = !quoted
		case s[i] == '#' && !quoted:
			if i+1 < len(s) && s[i+1] >= '0' && s[i+1] <= '9' && (i == 0 || strings.ContainsRune(" \t,(:=%!+", rune(s[i-1]))) {
				continue
			}
			return s[:i]
		}
	}
	return s
}

// doas reads the rules of /etc/doas.conf, as doas.conf(5) describes them.
func (p *reader) doas() {
	more, problem := p.ev.Glob("/etc/doas.d/*.conf")
	p.sudo.Note(PartDoas, problem)
	for _, f := range append([]host.File{p.ev.File("/etc/doas.conf")}, more...) {
		if f.Err != nil {
			p.sudo.Note(PartDoas, f.Err)
			continue
		}
		p.sudo.Files = append(p.sudo.Files, fileOf(f.Info))
		for _, l := range logicalLines(f.Text()) {
			source := fmt.Sprintf("%s:%d", f.Path, l.number)
			d, ok := doasRule(l.text)
			if !ok {
				p.sudo.Note(PartDoas, &fact.Problem{Cause: fact.NotParsable, Source: source, How: "doas -C " + f.Path})
				continue
			}
			d.Source = source
			p.sudo.Doas = append(p.sudo.Doas, d)
		}
	}
}

func doasRule(line string) (Doas, bool) {
	line = strings.NewReplacer("{", " { ", "}", " } ", `"`, "").Replace(line)
	words := strings.Fields(line)
	if len(words) < 2 || words[0] != "permit" && words[0] != "deny" {
		return Doas{}, false
	}
	d := Doas{Permit: words[0] == "permit"}
	i := 1
	for ; i < len(words) && slices.Contains([]string{"nopass", "nolog", "persist", "keepenv", "setenv"}, words[i]); i++ {
		d.Options = append(d.Options, words[i])
		if words[i] == "setenv" {
			for i++; i < len(words) && words[i] != "}"; i++ {
			}
		}
	}
	if i >= len(words) {
		return Doas{}, false
	}
	d.Identity = words[i]
	for i++; i < len(words); i++ {
		switch {
		case words[i] == "as" && i+1 < len(words):
			i++
			d.Target = words[i]
		case words[i] == "cmd" && i+1 < len(words):
			i++
			d.Command = words[i]
		case words[i] == "args":
			d.Command += " " + strings.Join(words[i+1:], " ")
			return d, d.Command[0] != ' '
		default:
			return Doas{}, false
		}
	}
	return d, true
}
