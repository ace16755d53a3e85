package packages

import (
	"strconv"
	"strings"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
)

// kept are the settings of apt that go into the fact, in lower case.
var kept = map[string]bool{
	"apt::periodic::enable": true, "apt::periodic::unattended-upgrade": true, "apt::periodic::update-package-lists": true,
	"apt::get::allowunauthenticated": true, "acquire::allowinsecurerepositories": true,
	"acquire::allowweakrepositories": true, "acquire::allowdowngradetoinsecurerepositories": true,
	"acquire::check-valid-until": true, "acquire::check-date": true,
	"acquire::https::verify-peer": true, "acquire::https::verify-host": true,
	"unattended-upgrade::allowed-origins": true, "unattended-upgrade::origins-pattern": true,
}

// aptSettings reads all of apt.conf: its folder first, then the file. A later line wins.
func aptSettings(ev *host.Evidence, f *Fact) []Setting {
	files, problem := ev.Glob(aptConfD)
	note := func(p *fact.Problem) {
		f.Note(partSettings, p)
		f.Note(partAutomatic, p)
	}
	note(problem)
	var all []Setting
	for _, file := range append(files, ev.File(aptConf)) {
		if file.Path != aptConf && !aptReads(file.Path, "", ".conf") {
			continue
		}
		note(file.Err)
		all = append(all, ParseAptConf(file.Path, file.Text())...)
	}
	last := map[string]int{}
	for _, s := range all {
		if !kept[strings.TrimSuffix(s.Name, "::")] {
			continue
		}
		if i, ok := last[s.Name]; ok && !strings.HasSuffix(s.Name, "::") {
			f.Settings[i] = s
			continue
		}
		last[s.Name] = len(f.Settings)
		f.Settings = append(f.Settings, s)
	}
	return f.Settings
}

// ParseAptConf reads the form of apt.conf(5): nested blocks, lists, and comments of three sorts.
// Names are joined by "::" and in lower case; an entry of a list has a name that ends in "::".
// What apt would refuse is passed over.
func ParseAptConf(name, text string) []Setting {
	var out []Setting
	var scope []string
	var words []token
	add := func() {
		if len(words) == 0 {
			return
		}
		s := Setting{Source: name + ":" + strconv.Itoa(words[0].line)}
		switch {
		case len(words) == 1 && words[0].quoted:
			s.Name, s.Value = strings.Join(scope, "::")+"::", words[0].text
		case len(words) > 1 && !words[0].quoted && !strings.HasPrefix(words[0].text, "#"):
			s.Name, s.Value = strings.Join(append(scope[:len(scope):len(scope)], words[0].text), "::"), words[1].text
		default:
			words = nil
			return
		}
		s.Name = strings.ToLower(s.Name)
		out = append(out, s)
		words = nil
	}
	for _, t := range tokens(text) {
		switch {
		case t.quoted:
			words = append(words, t)
		case t.text == "{":
			block := ""
			if len(words) > 0 {
				block = words[0].text
			}
			words = nil
			if len(scope) < 64 {
				scope = append(scope, block)
			}
		case t.text == "}":
			add()
			if len(scope) > 0 {
				scope = scope[:len(scope)-1]
			}
		case t.text == ";":
			add()
		default:
			words = append(words, t)
		}
	}
	return out
}

type token struct {
	text   string
	quoted bool
	line   int
}

func tokens(text string) []token {
	var out []token
	line := 1
	for i := 0; i < len(text); {
		c := text[i]
		rest := text[i:]
		switch {
		case c == '\n':
			line++
			i++
		case c == ' ' || c == '\t' || c == '\r':
			i++
		case strings.HasPrefix(rest, "//") || c == '#' && !strings.HasPrefix(rest, "#clear") && !strings.HasPrefix(rest, "#include"):
			i += cut(rest, "\n")
		case strings.HasPrefix(rest, "/*"):
			n := cut(rest, "*/")
			line += strings.Count(rest[:n], "\n")
			i += n + min(2, len(rest)-n)
		case c == '"':
			n := cut(rest[1:], `"`)
			out = append(out, token{rest[1 : 1+n], true, line})
			line += strings.Count(rest[1:1+n], "\n")
			i += n + 2
		case c == '{' || c == '}' || c == ';':
			out = append(out, token{string(c), false, line})
			i++
		default:
			n := strings.IndexAny(rest, " \t\r\n\"{};")
			if n < 0 {
				n = len(rest)
			}
			out = append(out, token{rest[:n], false, line})
			i += n
		}
	}
	return out
}

// cut gives where sep begins, or the length without it.
func cut(s, sep string) int {
	if i := strings.Index(s, sep); i >= 0 {
		return i
	}
	return len(s)
}

// setting finds the last value of a name in lower case.
func setting(all []Setting, name string) (Setting, bool) {
	for i := len(all) - 1; i >= 0; i-- {
		if all[i].Name == name {
			return all[i], true
		}
	}
	return Setting{}, false
}
