package sudo

import (
	"slices"
	"strings"
)

var aliasKinds = []string{"User_Alias", "Runas_Alias", "Host_Alias", "Cmnd_Alias", "Cmd_Alias"}

// line reads one logical line into s, and says what is wrong with it.
func (s *Sudo) line(text, source string) (wrong string) {
	word, rest := cutWord(text)
	switch {
	case slices.Contains(aliasKinds, word):
		return s.alias(strings.Replace(word, "Cmd_", "Cmnd_", 1), rest, source)
	case strings.HasPrefix(text, "Defaults") && (word == "Defaults" || strings.ContainsRune(":@!>", rune(text[len("Defaults")]))):
		return s.defaults(text[len("Defaults"):], source)
	}
	return s.rule(text, source)
}

func cutWord(s string) (word, rest string) {
	i := strings.IndexAny(s, " \t")
	if i < 0 {
		return s, ""
	}
	return s[:i], strings.TrimSpace(s[i:])
}

// alias reads NAME = a, b : OTHER = c.
func (s *Sudo) alias(kind, text, source string) string {
	for _, part := range split(text, ':') {
		name, members, ok := strings.Cut(part, "=")
		name = strings.TrimSpace(name)
		if !ok || !isAlias(name) {
			return "an alias needs a name in capitals and a list"
		}
		a := Alias{Kind: kind, Name: name, Source: source}
		for _, m := range split(members, ',') {
			if m == "" {
				return "an entry of the list is empty"
			}
			if m = withoutDigest(unescape(m)); m != "" {
				a.Members = append(a.Members, m)
			}
		}
		s.Aliases = append(s.Aliases, a)
	}
	return ""
}

// defaults reads what follows Defaults: a scope, and settings separated by commas.
func (s *Sudo) defaults(text, source string) string {
	scope := ""
	if text != "" && strings.ContainsRune(":@!>", rune(text[0])) {
		if scope, text = scopeOf(text); scope == "" {
			return "Defaults has a scope without a list"
		}
	}
	settings := split(strings.TrimSpace(text), ',')
	if len(settings) == 0 {
		return "Defaults sets nothing"
	}
	for _, part := range settings {
		d := Default{Scope: scope, Source: source}
		for strings.HasPrefix(part, "!") {
			d.Off, part = !d.Off, strings.TrimSpace(part[1:])
		}
		name, value, has := strings.Cut(part, "=")
		if has {
			d.Op = "="
			if n := len(name); n > 0 && (name[n-1] == '+' || name[n-1] == '-') {
				d.Op, name = name[n-1:]+"=", name[:n-1]
			}
			d.Value = unescape(strings.Trim(strings.TrimSpace(value), `"`))
		}
		d.Name = strings.TrimSpace(name)
		if d.Name == "" || strings.ContainsAny(d.Name, " \t") {
			return "a setting has no name"
		}
		s.Defaults = append(s.Defaults, d)
	}
	return ""
}

// scopeOf cuts ":a, b" from what follows: the list goes on as long as commas join it.
func scopeOf(text string) (scope, rest string) {
	kind := text[:1]
	text = strings.TrimSpace(text[1:])
	for {
		word, after := cutWord(text)
		kind += word
		if strings.HasSuffix(word, ",") && after != "" {
			text = after
			continue
		}
		if strings.HasPrefix(after, ",") {
			kind, text = kind+",", strings.TrimSpace(after[1:])
			continue
		}
		if len(kind) == 1 {
			return "", ""
		}
		return kind, after
	}
}

// rule reads users hosts = commands : hosts = commands.
func (s *Sudo) rule(text, source string) string {
	users, rest := listAndRest(text)
	if len(users) == 0 || rest == "" {
		return "a rule needs users, hosts and commands"
	}
	for _, part := range split(rest, ':') {
		hosts, commands, ok := cutUnescaped(part, '=')
		if !ok || strings.TrimSpace(hosts) == "" {
			return "a rule needs hosts, = and commands"
		}
		r := Rule{Users: users, Source: source}
		for _, h := range split(hosts, ',') {
			r.Hosts = append(r.Hosts, unescape(h))
		}
		cs, wrong := commandList(commands)
		if wrong != "" {
			return wrong
		}
		r.Commands = cs
		s.Rules = append(s.Rules, r)
	}
	return ""
}

// listAndRest reads a list of users: words that commas join.
func listAndRest(text string) (list []string, rest string) {
	for {
		i := wordEnd(text)
		word := text[:i]
		text = strings.TrimSpace(text[i:])
		if word = unescape(strings.Trim(word, `"`)); word != "" {
			list = append(list, word)
		}
		if !strings.HasPrefix(text, ",") {
			return list, text
		}
		text = strings.TrimSpace(text[1:])
		if text == "" {
			return list, ""
		}
	}
}

func wordEnd(s string) int {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\':
			i++
		case s[i] == '"':
			quoted = !quoted
		case !quoted && (s[i] == ' ' || s[i] == '\t' || s[i] == ','):
			return i
		}
	}
	return len(s)
}

var tagNames = []string{"PASSWD", "NOPASSWD", "EXEC", "NOEXEC", "SETENV", "NOSETENV", "LOG_INPUT", "NOLOG_INPUT",
	"LOG_OUTPUT", "NOLOG_OUTPUT", "MAIL", "NOMAIL", "FOLLOW", "NOFOLLOW", "INTERCEPT", "NOINTERCEPT"}

var optionNames = []string{"ROLE", "TYPE", "PRIVS", "LIMITPRIVS", "APPARMOR_PROFILE", "NOTBEFORE", "NOTAFTER", "TIMEOUT", "CWD", "CHROOT"}

// commandList reads (runas) TAG: command, command. Runas and tags hold until others follow.
func commandList(text string) ([]Command, string) {
	var out []Command
	runas, tags := "", []string(nil)
	for _, part := range split(text, ',') {
		if strings.HasPrefix(part, "(") {
			inner, after, ok := strings.Cut(part[1:], ")")
			if !ok {
				return nil, "a bracket is not closed"
			}
			runas, part = strings.ReplaceAll(inner, " ", ""), strings.TrimSpace(after)
		}
		for {
			var ok bool
			if part, tags, ok = option(part, tags); !ok {
				break
			}
		}
		c := Command{RunAs: runas, Tags: slices.Clone(tags)}
		for strings.HasPrefix(part, "!") {
			c.Negated, part = !c.Negated, strings.TrimSpace(part[1:])
		}
		c.Command = withoutDigest(strings.Join(strings.Fields(unescape(part)), " "))
		if c.Command == "" && isDigest(part) {
			continue // the command follows behind another digest
		}
		if !isCommand(c.Command) {
			return nil, "what should be a command is neither a path nor an alias nor ALL"
		}
		out = append(out, c)
	}
	if len(out) == 0 {
		return nil, "a rule has no commands"
	}
	return out, ""
}

// option takes one tag (NOPASSWD:) or option (CWD=/srv) from the front of a command.
func option(part string, tags []string) (string, []string, bool) {
	for _, t := range tagNames {
		rest, ok := strings.CutPrefix(part, t)
		if rest = strings.TrimSpace(rest); ok && strings.HasPrefix(rest, ":") {
			opposite := "NO" + t
			if strings.HasPrefix(t, "NO") {
				opposite = t[2:]
			}
			tags = slices.DeleteFunc(slices.Clone(tags), func(s string) bool { return s == t || s == opposite })
			return strings.TrimSpace(rest[1:]), append(tags, t), true
		}
	}
	for _, o := range optionNames {
		if rest, ok := strings.CutPrefix(part, o+"="); ok {
			_, after := cutWord(strings.TrimSpace(rest))
			return after, tags, true
		}
	}
	return part, tags, false
}

func isCommand(s string) bool {
	name, _, _ := strings.Cut(s, " ")
	switch {
	case name == "":
		return false
	case name == "ALL" || name == "sudoedit" || name == "list" || strings.HasPrefix(name, "/") || strings.HasPrefix(name, "^"):
		return true
	}
	return isAlias(name)
}

// isAlias tells whether s may be the name of an alias: capitals, digits and underscores.
func isAlias(s string) bool {
	if s == "" || s[0] < 'A' || s[0] > 'Z' {
		return false
	}
	for _, c := range []byte(s) {
		if (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' {
			return false
		}
	}
	return true
}

// split cuts at a separator that is not escaped, not inside quotes and not inside brackets. A colon
// that belongs to a tag, a digest or an address does not separate.
func split(s string, sep byte) []string {
	var out []string
	quoted, depth, start := false, 0, 0
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\':
			i++
		case s[i] == '"':
			quoted = !quoted
		case quoted:
		case s[i] == '(' || s[i] == '[':
			depth++
		case s[i] == ')' || s[i] == ']':
			depth = max(0, depth-1)
		case s[i] == sep && depth == 0 && (sep != ':' || separates(s[start:], i-start)):
			out = append(out, strings.TrimSpace(s[start:i]))
			start = i + 1
		}
	}
	if last := strings.TrimSpace(s[start:]); last != "" || len(out) > 0 {
		out = append(out, last)
	}
	return out
}

// separates tells whether the colon at i begins another list: one with = stands before it, NAME = or
// host = follows without another colon (of an IPv6 address) between, and no tag stands before it.
func separates(s string, i int) bool {
	before := strings.TrimRight(s[:i], " \t")
	word := before[strings.LastIndexAny(before, " \t,=)")+1:]
	if slices.Contains(tagNames, word) || isDigest(word) {
		return false
	}
	_, _, first := cutUnescaped(before, '=')
	next, _, ok := cutUnescaped(s[i+1:], '=')
	return first && ok && !strings.Contains(next, ":")
}

// isDigest tells whether a word begins with the name of a digest, as in sha256:….
func isDigest(word string) bool {
	name, _, _ := strings.Cut(word, ":")
	return slices.Contains([]string{"sha224", "sha256", "sha384", "sha512"}, name)
}

// withoutDigest takes digests from the front of a command: they do not say what may be run.
func withoutDigest(command string) string {
	word, rest := cutWord(command)
	if isDigest(word) && strings.Contains(word, ":") {
		return rest
	}
	return command
}

func cutUnescaped(s string, sep byte) (before, after string, ok bool) {
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' {
			i++
		} else if s[i] == sep {
			return s[:i], s[i+1:], true
		}
	}
	return s, "", false
}

// unescape takes the backslash from \, \: \= \\ and the like.
func unescape(s string) string {
	s = strings.TrimSpace(s)
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) && strings.IndexByte(`,:=\ "#@!()`, s[i+1]) >= 0 {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
