package logging

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"holdfast.example/holdfast/internal/host"
)

// statement is one legacy line of rsyslog.conf, or one RainerScript object.
type statement struct {
	object string            // action, input, module, global, include; "" for a line
	params map[string]string // names in lower case
	line   string
	source string
}

// follow asks for the files that rsyslog and syslog-ng include.
func follow(ev *host.Evidence) []host.Need {
	patterns := rsyslogWalk(ev, func(statement) {}, func(host.File) {})
	patterns = append(patterns, syslogNGIncludes(ev)...)
	return host.Read(patterns...)
}

// rsyslogWalk visits the statements of all files in the order in which rsyslog reads them, and
// gives the patterns of all includes. A file is read once.
func rsyslogWalk(ev *host.Evidence, visit func(statement), file func(host.File)) []string {
	var patterns []string
	seen := map[string]bool{}
	var walk func(f host.File, depth int)
	walk = func(f host.File, depth int) {
		file(f)
		if seen[f.Path] || depth > host.Rounds {
			return
		}
		seen[f.Path] = true
		for _, s := range parseRsyslog(f.Path, f.Text()) {
			include := includeOf(s)
			if include == "" {
				visit(s)
				continue
			}
			if strings.HasSuffix(include, "/") {
				include += "*"
			}
			if !path.IsAbs(include) {
				continue
			}
			if !slices.Contains(patterns, include) {
				patterns = append(patterns, include)
			}
			if !host.IsPattern(include) {
				walk(ev.File(include), depth+1)
				continue
			}
			files, problem := ev.Glob(include)
			if problem != nil {
				file(host.File{Info: host.Info{Path: include}, Err: problem})
			}
			for _, f := range files {
				walk(f, depth+1)
			}
		}
	}
	walk(ev.File(rsyslogConf), 0)
	return patterns
}

func includeOf(s statement) string {
	if s.object == "include" {
		return s.params["file"]
	}
	words := strings.Fields(s.line)
	if len(words) == 2 && strings.EqualFold(words[0], "$IncludeConfig") {
		return words[1]
	}
	return ""
}

// parseRsyslog splits a file into statements. Nesting (if, ruleset) is flattened: what a host may
// do counts, not under which condition.
func parseRsyslog(name, text string) []statement {
	var out []statement
	line := 1
	for i := 0; i < len(text); {
		rest := text[i:]
		end := strings.IndexByte(rest, '\n')
		if end < 0 {
			end = len(rest)
		}
		trimmed := strings.TrimLeft(rest[:end], " \t\r{};")
		lead := len(rest[:end]) - len(trimmed)
		source := name + ":" + strconv.Itoa(line)
		switch {
		case strings.HasPrefix(trimmed, "/*"):
			n := strings.Index(rest[lead:], "*/")
			if n < 0 {
				return out
			}
			line += strings.Count(rest[:lead+n], "\n")
			i += lead + n + 2
			continue
		case strings.TrimSpace(trimmed) == "" || trimmed[0] == '#':
			i, line = i+end+1, line+1
			continue
		}
		if object, at := objectStart(trimmed); object != "" {
			params, used := parseParams(rest[lead+at:])
			out = append(out, statement{object: object, params: params, source: source})
			n := lead + at + used
			line += strings.Count(rest[:n], "\n")
			i += n
			continue
		}
		out = append(out, statement{line: strings.TrimSpace(trimmed), source: source})
		i, line = i+end+1, line+1
	}
	return out
}

// objectStart finds an object in a line, also behind a selector or a condition; at is behind "(".
func objectStart(s string) (object string, at int) {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '"':
			quoted = !quoted
		case '#':
			if !quoted {
				return "", 0
			}
		case '(':
			if quoted {
				continue
			}
			word := strings.TrimRight(s[:i], " \t")
			j := len(word)
			for j > 0 && (word[j-1]|0x20 >= 'a' && word[j-1]|0x20 <= 'z') {
				j--
			}
			switch w := strings.ToLower(word[j:]); w {
			case "action", "input", "module", "global", "include":
				return w, i + 1
			}
		}
	}
	return "", 0
}

// parseParams reads name="value" pairs up to the closing parenthesis, and how many bytes that took.
func parseParams(s string) (map[string]string, int) {
	out := map[string]string{}
	name := ""
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == ')':
			return out, i + 1
		case c == '"' || c == '\'':
			j := i + 1
			for j < len(s) && s[j] != c {
				if s[j] == '\\' {
					j++
				}
				j++
			}
			j = min(j, len(s))
			if name != "" {
				out[strings.ToLower(name)] = s[i+1 : j]
			}
			name, i = "", j
		case c == '#':
			for i < len(s) && s[i] != '\n' {
				i++
			}
		case c == '=' || c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == ',' || c == '[' || c == ']':
			if c != '=' {
				name = ""
			}
		default:
			j := i
			for j < len(s) && strings.IndexByte("= \t\r\n\"')(", s[j]) < 0 {
				j++
			}
			name, i = s[i:max(j, i+1)], max(j, i+1)-1
		}
	}
	return out, len(s)
}

var networkInputs = []string{"imtcp", "imudp", "imrelp", "imptcp", "imgssapi", "imhttp", "imdtls"}

// rsyslog reads targets, inputs and modes of new files.
func rsyslog(ev *host.Evidence, f *Fact) {
	globalTLS, streamTLS := false, false
	var plain []int // targets of the legacy form, which take the last stream driver
	rsyslogWalk(ev, func(s statement) {
		if s.object == "" {
			legacy(f, s, &streamTLS, &plain)
			return
		}
		p := s.params
		switch s.object {
		case "global":
			globalTLS = globalTLS || tlsDriver(p["defaultnetstreamdriver"])
		case "module":
			if p["load"] == "builtin:omfile" {
				mode(f, p["filecreatemode"], s.source)
			}
		case "input":
			if slices.Contains(networkInputs, p["type"]) {
				f.Inputs = append(f.Inputs, Input{p["type"], p["port"], s.source})
			}
		case "action":
			switch t := p["type"]; t {
			case "omfile":
				mode(f, p["filecreatemode"], s.source)
			case "omfwd":
				on := p["streamdrivermode"] == "1" && p["protocol"] == "tcp" && (tlsDriver(p["streamdriver"]) || tlsDriver(p["streamdriver.name"]) || globalTLS)
				f.Targets = append(f.Targets, Target{Via: "rsyslog", Host: join(p["target"], p["port"]), TLS: on, Source: s.source})
			case "omrelp":
				f.Targets = append(f.Targets, Target{Via: "rsyslog", Host: join(p["target"], p["port"]), TLS: p["tls"] == "on", Source: s.source})
			case "omelasticsearch", "omkafka", "omhttp", "omamqp1", "omazureeventhubs", "omdtls":
				f.Targets = append(f.Targets, Target{Via: "rsyslog", Host: bare(p["server"]), Opaque: t != "omdtls", TLS: t == "omdtls", Source: s.source})
			}
		}
	}, func(file host.File) { f.Note(partSyslog, file.Err) })
	for _, i := range plain {
		f.Targets[i].TLS = streamTLS && globalTLS || streamTLS && f.Targets[i].TLS
	}
}

func legacy(f *Fact, s statement, stream *bool, plain *[]int) {
	words := strings.Fields(s.line)
	if strings.HasPrefix(s.line, "$") && len(words) >= 2 {
		switch strings.ToLower(words[0]) {
		case "$filecreatemode":
			mode(f, words[1], s.source)
		case "$inputtcpserverrun", "$inputptcpserverrun":
			f.Inputs = append(f.Inputs, Input{"imtcp", words[1], s.source})
		case "$udpserverrun":
			f.Inputs = append(f.Inputs, Input{"imudp", words[1], s.source})
		case "$inputrelpserverrun":
			f.Inputs = append(f.Inputs, Input{"imrelp", words[1], s.source})
		case "$actionsendstreamdrivermode":
			*stream = words[1] == "1"
		case "$defaultnetstreamdriver":
			if tlsDriver(words[1]) {
				f.Settings = append(f.Settings, Setting{"defaultnetstreamdriver", words[1], s.source})
			}
		}
		return
	}
	if len(words) < 2 {
		return
	}
	action := words[len(words)-1]
	for _, w := range words[1:] {
		if w[0] == '@' || strings.HasPrefix(w, ":omrelp:") {
			action = w
			break
		}
	}
	action, _, _ = strings.Cut(action, ";")
	switch {
	case strings.HasPrefix(action, ":omrelp:"):
		f.Targets = append(f.Targets, Target{Via: "rsyslog", Host: action[len(":omrelp:"):], Source: s.source})
	case strings.HasPrefix(action, "@"):
		tcp := strings.HasPrefix(action, "@@")
		to := strings.TrimLeft(action, "@")
		if strings.HasPrefix(to, "(") {
			if _, rest, ok := strings.Cut(to, ")"); ok {
				to = rest
			}
		}
		if tcp {
			_, driver := get(f.Settings, "defaultnetstreamdriver")
			*plain = append(*plain, len(f.Targets))
			f.Targets = append(f.Targets, Target{Via: "rsyslog", Host: to, TLS: driver, Source: s.source})
			return
		}
		f.Targets = append(f.Targets, Target{Via: "rsyslog", Host: to, Source: s.source})
	}
}

func tlsDriver(name string) bool { return name == "gtls" || name == "ossl" || name == "mbedtls" }

func mode(f *Fact, value, source string) {
	if value != "" {
		f.Settings = append(f.Settings, Setting{"filecreatemode", value, source})
	}
}

func join(host, port string) string {
	if port == "" {
		return host
	}
	return host + ":" + port
}
