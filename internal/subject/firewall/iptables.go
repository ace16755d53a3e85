package firewall

import (
	"strings"
)

// parseIPTables reads the filter table of the form that iptables-save writes and iptables-restore
// reads. family is ip or ip6. ok tells whether there was one.
func parseIPTables(family, data string) (t *table, ok bool) {
	t = newTable(family, "filter")
	in := ""
	for line := range strings.Lines(data) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "*"):
			in = line[1:]
			ok = ok || in == "filter"
		case in != "filter" || line == "" || line[0] == '#':
		case line[0] == ':':
			f := strings.Fields(line[1:])
			if len(f) < 2 {
				continue
			}
			c := t.chain(f[0])
			if f[1] != "-" {
				c.policy, c.hook = strings.ToLower(f[1]), map[string]string{"INPUT": "input", "FORWARD": "forward"}[f[0]]
			}
		default:
			args := split(line)
			if len(args) > 2 && (args[0] == "-A" || args[0] == "--append") {
				c := t.chain(args[1])
				c.rules = append(c.rules, iptablesRule(args[2:]))
			}
		}
	}
	return t, ok
}

func iptablesRule(args []string) rule {
	var r rule
	for i := 0; i < len(args); i++ {
		not := args[i] == "!"
		if not {
			i++
			if i == len(args) {
				break
			}
		}
		option, value := args[i], ""
		for i+1 < len(args) && args[i+1] != "!" && !strings.HasPrefix(args[i+1], "-") {
			i++
			value = strings.TrimSpace(value + " " + args[i])
		}
		iptablesOption(&r, option, value, not)
	}
	return r
}

func iptablesOption(r *rule, option, value string, not bool) {
	switch option {
	case "-m", "--match", "--comment", "--reject-with", "--log-prefix", "--log-level", "--log-uid", "--log-tcp-options",
		"--log-ip-options", "--nflog-prefix", "--nflog-group", "--icmp-type", "--icmpv6-type":
		return
	case "-j", "--jump", "-g", "--goto":
		iptablesVerdict(r, option, value)
		return
	case "-i", "--in-interface":
		if not && value == "lo" {
			r.notLo = true
			return
		}
	case "--dst-type":
		if !not && value == "LOCAL" {
			return
		}
	}
	if not {
		r.narrow = true
		return
	}
	switch option {
	case "-i", "--in-interface":
		r.in = value
	case "-p", "--protocol":
		r.proto = strings.Replace(value, "ipv6-icmp", "icmpv6", 1)
	case "-s", "--source", "--src":
		r.sources = strings.Split(strings.TrimSuffix(value, "/32"), ",")
		if value == "0.0.0.0/0" || value == "::/0" {
			r.sources = nil
		}
	case "--dport", "--dports", "--destination-port", "--destination-ports":
		r.ports = strings.Split(strings.ReplaceAll(value, ":", "-"), ",")
	case "--ctstate", "--state":
		r.state = !strings.Contains(value, "NEW")
	case "--match-set":
		set, direction, _ := strings.Cut(value, " ")
		if !strings.HasPrefix(direction, "src") {
			r.narrow = true
			return
		}
		r.sources = []string{"@" + set}
	default:
		r.narrow = true
	}
}

func iptablesVerdict(r *rule, option, value string) {
	name, _, _ := strings.Cut(value, " ")
	switch name {
	case "ACCEPT", "DROP", "REJECT", "RETURN":
		r.verdict = strings.ToLower(name)
	case "LOG", "NFLOG", "MARK", "CONNMARK", "":
	default:
		r.verdict, r.target = "jump", name
		if option == "-g" || option == "--goto" {
			r.verdict = "goto"
		}
	}
}

// split separates words; double quotes hold words together, a backslash keeps the next character.
func split(line string) []string {
	var out []string
	var word strings.Builder
	quoted, open := false, false
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == '\\' && i+1 < len(line):
			i++
			word.WriteByte(line[i])
			open = true
		case c == '"':
			quoted, open = !quoted, true
		case (c == ' ' || c == '\t') && !quoted:
			if open {
				out = append(out, word.String())
			}
			word.Reset()
			open = false
		default:
			word.WriteByte(c)
			open = true
		}
	}
	if open {
		out = append(out, word.String())
	}
	return out
}
