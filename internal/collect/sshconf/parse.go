// Package sshconf reads ssh_config(5) far enough to reach a host as the user's own ssh would: Host
// and Match blocks, Include, and the rule that the first value wins. It is pure: files come through
// a function of the caller, nothing is expanded from the environment, and no command is ever run, so
// "Match exec" never matches. Settings that only concern a terminal or a forwarding are kept as text
// and mean nothing here.
package sshconf

import (
	"fmt"
	"strings"
)

// Setting is one line: a lower-case keyword and its arguments.
type Setting struct {
	Keyword string
	Args    []string
	Line    int
}

// File is one parsed file.
type File struct {
	Name     string
	Settings []Setting
}

// Parse splits a file into settings. An unknown keyword is no error, an unbalanced quote is.
func Parse(name, text string) (File, error) {
	f := File{Name: name}
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		end := strings.IndexAny(line, " \t=\f")
		if end < 0 {
			return File{}, fmt.Errorf("%s:%d: keyword %q has no value", name, n, line)
		}
		rest := strings.TrimLeft(line[end:], " \t\f")
		if r, ok := strings.CutPrefix(rest, "="); ok {
			rest = strings.TrimLeft(r, " \t\f")
		}
		args, err := words(rest)
		if err != nil {
			return File{}, fmt.Errorf("%s:%d: %w", name, n, err)
		}
		if end == 0 || len(args) == 0 {
			return File{}, fmt.Errorf("%s:%d: keyword %q has no value", name, n, line[:end])
		}
		f.Settings = append(f.Settings, Setting{strings.ToLower(line[:end]), args, n})
	}
	return f, nil
}

// words splits at blanks. Quotes of both kinds hold blanks, a backslash keeps a quote, a blank or
// itself, and # starts a comment only where a word starts: argv_split of OpenSSH.
func words(s string) ([]string, error) {
	var out []string
	for i := 0; i < len(s); {
		if s[i] == ' ' || s[i] == '\t' || s[i] == '\f' {
			i++
			continue
		}
		if s[i] == '#' {
			break
		}
		var w strings.Builder
		quote := byte(0)
		for ; i < len(s); i++ {
			c := s[i]
			switch {
			case c == '\\' && i+1 < len(s) && (s[i+1] == '"' || s[i+1] == '\'' || s[i+1] == '\\' || quote == 0 && s[i+1] == ' '):
				i++
				w.WriteByte(s[i])
				continue
			case quote == 0 && (c == '"' || c == '\''):
				quote = c
				continue
			case quote != 0 && c == quote:
				quote = 0
				continue
			}
			if quote == 0 && (c == ' ' || c == '\t' || c == '\f') {
				break
			}
			w.WriteByte(c)
		}
		if quote != 0 {
			return nil, fmt.Errorf("a quote is not closed")
		}
		out = append(out, w.String())
	}
	return out, nil
}
