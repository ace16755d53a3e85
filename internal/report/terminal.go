package report

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"holdfast.example/holdfast/internal/check"
)

// paint wraps s in an ANSI colour where the terminal takes it.
func (t *text) paint(code, s string) string {
	if !t.o.Color {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func (t *text) bold(s string) string        { return t.paint("1", s) }
func (t *text) dim(s string) string         { return t.paint("2", s) }
func (t *text) unknownMark(s string) string { return t.paint("36", s) } // cyan, which no verdict has

func (t *text) severity(v check.Severity, s string) string {
	switch v {
	case check.Critical:
		return t.paint("1;97;41", s)
	case check.High:
		return t.paint("1;31", s)
	case check.Moderate:
		return t.paint("33", s)
	}
	return t.paint("2", s)
}

// wrap writes s behind lead, broken at spaces to the width, the further lines behind indent.
func (t *text) wrap(lead, indent, s string) {
	s = Clean(s)
	line, width := lead, columns(lead)
	empty := true
	for _, word := range strings.Fields(s) {
		n := utf8.RuneCountInString(word)
		if !empty && width+1+n > t.o.Width {
			t.line(strings.TrimRight(line, " "))
			line, width, empty = indent, columns(indent), true
		}
		if !empty {
			line += " "
			width++
		}
		line += word
		width += n
		empty = false
	}
	t.line(strings.TrimRight(line, " "))
}

// columns counts what a terminal shows of s, without colours.
func columns(s string) int {
	n, escape := 0, false
	for _, r := range s {
		switch {
		case r == '\x1b':
			escape = true
		case escape && r == 'm':
			escape = false
		case !escape:
			n++
		}
	}
	return n
}

// Clean takes control characters out of what was seen on a host: a file name must not be able to
// move the cursor of whoever reads the report.
func Clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return ' '
		}
		if unicode.IsControl(r) || r == utf8.RuneError || unicode.Is(unicode.Bidi_Control, r) {
			return '?'
		}
		return r
	}, s)
}

func clip(s string, width int) string {
	r := []rune(s)
	if len(r) <= width || width < 4 {
		return s
	}
	return string(r[:width-3]) + "..."
}
