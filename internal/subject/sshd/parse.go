package sshd

import (
	"fmt"
	"path"
	"strings"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
)

const mainFile = "/etc/ssh/sshd_config"

// reader walks sshd_config and what it includes, as sshd_config(5) says: keywords in any case,
// the first value wins, Include stands for the text of its files in lexical order, and a Match
// block lasts until the next Match or the end of its file.
type reader struct {
	ev      *host.Evidence
	options map[string]Option
	matches []Match
	files   []string
	gaps    fact.Gaps
	wanted  []host.Need // includes that were not gathered yet
	depth   int
}

func readFiles(ev *host.Evidence) *reader {
	r := &reader{ev: ev, options: map[string]Option{}}
	f := ev.File(mainFile)
	r.gaps.Note("config", f.Err)
	if f.Found() {
		r.file(f, nil)
	}
	return r
}

// file reads one file. Inside a Match block of the including file, into is that block.
func (r *reader) file(f host.File, into *Match) {
	if r.depth >= 16 { // SERVCONF_MAX_DEPTH of OpenSSH
		r.gaps.Note("config", &fact.Problem{Cause: fact.NotParsable, Source: f.Path, Text: "includes nest deeper than 16"})
		return
	}
	if len(r.files) > 500 {
		return
	}
	r.depth++
	defer func() { r.depth-- }()
	r.files = append(r.files, f.Path)
	outer := into
	n := 0
	for line := range strings.Lines(f.Text()) {
		n++
		words, err := split(line)
		if err != nil {
			r.gaps.Note("config", &fact.Problem{Cause: fact.NotParsable, Source: fmt.Sprintf("%s:%d", f.Path, n), Text: err.Error()})
			continue
		}
		if len(words) < 2 {
			continue
		}
		keyword, values := strings.ToLower(words[0]), words[1:]
		source := fmt.Sprintf("%s:%d", f.Path, n)
		switch keyword {
		case "include":
			for _, pattern := range values {
				r.include(pattern, into)
			}
		case "match":
			criteria := strings.ToLower(words[1])
			if len(words) > 2 {
				criteria += " " + strings.Join(words[2:], " ")
			}
			if criteria == "all" {
				into = outer
				continue
			}
			r.matches = append(r.matches, Match{Criteria: criteria, Source: source, Options: map[string]Option{}})
			into = &r.matches[len(r.matches)-1]
		default:
			target := r.options
			if into != nil {
				target = into.Options
			}
			set(target, keyword, values, source)
		}
	}
}

func (r *reader) include(pattern string, into *Match) {
	if !strings.HasPrefix(pattern, "/") {
		pattern = "/etc/ssh/" + pattern
	}
	pattern = path.Clean(pattern)
	files, problem := r.ev.Glob(pattern)
	if problem != nil && problem.Text == "was not gathered" {
		r.wanted = append(r.wanted, host.Read(pattern)...)
		if r.ev == nil {
			return
		}
	}
	r.gaps.Note("config", problem)
	for _, f := range files {
		r.gaps.Note("config", f.Err)
		if f.Found() {
			r.file(f, into)
		}
	}
}

func set(into map[string]Option, keyword string, values []string, source string) {
	if alias, ok := aliases[keyword]; ok {
		keyword = alias
	}
	old, ok := into[keyword]
	switch {
	case !ok:
		into[keyword] = Option{Values: values, Source: source}
	case multiple[keyword]:
		into[keyword] = Option{Values: append(old.Values[:len(old.Values):len(old.Values)], values...), Source: old.Source}
	}
}

// aliases are the old names that sshd still takes.
var aliases = map[string]string{
	"challengeresponseauthentication": "kbdinteractiveauthentication",
	"skeyauthentication":              "kbdinteractiveauthentication",
	"dsaauthentication":               "pubkeyauthentication",
	"keepalive":                       "tcpkeepalive",
	"pubkeyacceptedkeytypes":          "pubkeyacceptedalgorithms",
	"hostbasedacceptedkeytypes":       "hostbasedacceptedalgorithms",
	"casignaturealgorithm":            "casignaturealgorithms",
}

// split takes one line apart: words, double or single quotes, a backslash before a quote, an
// optional = after the keyword, and comments from a # that starts a word (as OpenSSH's argv_split).
func split(line string) ([]string, error) {
	line = strings.TrimRight(line, "\r\n \t\f")
	var words []string
	for i := 0; i < len(line); {
		switch c := line[i]; {
		case c == ' ' || c == '\t' || c == '\f' || c == '=' && len(words) == 1:
			i++
			continue
		case c == '#':
			return words, nil
		}
		var word strings.Builder
		quote := byte(0)
		for ; i < len(line); i++ {
			c := line[i]
			switch {
			case c == '\\' && i+1 < len(line) && strings.IndexByte(`"'\`, line[i+1]) >= 0:
				i++
				word.WriteByte(line[i])
				continue
			case quote != 0 && c == quote:
				quote = 0
				continue
			case quote == 0 && (c == '"' || c == '\''):
				quote = c
				continue
			case quote == 0 && (c == ' ' || c == '\t' || c == '\f' || c == '=' && len(words) == 0):
			default:
				word.WriteByte(c)
				continue
			}
			break
		}
		if quote != 0 {
			return nil, fmt.Errorf("a quote is not closed")
		}
		words = append(words, word.String())
	}
	return words, nil
}

// effective reads the output of sshd -T: a keyword and its values a line.
func effective(out string) map[string]Option {
	options := map[string]Option{}
	for line := range strings.Lines(out) {
		keyword, rest, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok {
			continue
		}
		o := options[keyword]
		if multiple[keyword] || len(o.Values) == 0 {
			o.Values = append(o.Values, strings.TrimSpace(rest))
		}
		o.Source = "sshd -T"
		options[keyword] = o
	}
	return options
}
