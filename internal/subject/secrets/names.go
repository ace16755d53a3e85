package secrets

import (
	"bytes"
	"math"
	"strings"
)

// Endings of names that hold a secret, in upper case, and the least length of a value that counts.
var endings = []struct {
	end   string
	rule  string
	least int
	bits  float64 // least entropy of a character
}{
	{"PASSWORD", "password", 4, 0}, {"PASSWD", "password", 4, 0}, {"PASSPHRASE", "password", 4, 0}, {"_PASS", "password", 4, 0}, {"_PWD", "password", 4, 0},
	{"SECRET", "named-secret", 8, 2}, {"TOKEN", "named-token", 12, 2.5}, {"APIKEY", "named-key", 12, 2.5}, {"API_KEY", "named-key", 12, 2.5},
	{"SECRET_KEY", "named-key", 8, 2}, {"ACCESS_KEY", "named-key", 12, 2.5}, {"PRIVATE_KEY", "named-key", 16, 3}, {"ENCRYPTION_KEY", "named-key", 12, 2.5},
	{"SIGNING_KEY", "named-key", 12, 2.5}, {"SECRET_KEY_BASE", "named-key", 16, 2.5}, {"AUTH_KEY", "named-key", 16, 2.5}, {"CLIENT_KEY_DATA", "named-key", 16, 3}, {"_KEY", "named-key", 20, 3.3},
}

// Names that end so, yet hold nothing secret: GPG_KEY of the official images of Python names a
// public key.
var harmless = map[string]bool{"PWD": true, "OLDPWD": true, "GPG_KEY": true, "PUBLIC_KEY": true, "HOST_KEY": true, "SSH_ASKPASS": true, "SUDO_ASKPASS": true, "GIT_ASKPASS": true}

// named judges one assignment by the name, and tells whether it found a secret.
func (c *collector) named(name, value string, p Place) bool {
	upper := strings.ToUpper(strings.NewReplacer("-", "_", ".", "_").Replace(name))
	if harmless[upper] || strings.HasSuffix(upper, "PUBLIC_KEY") || strings.HasSuffix(upper, "ASKPASS") {
		return c.inURL(value, p)
	}
	for _, e := range endings {
		if strings.HasSuffix(upper, e.end) && len(value) >= e.least && entropy(value) >= e.bits && !reference(value) {
			if e.rule != "password" && letters(value) {
				continue
			}
			c.add(e.rule, value, p)
			return true
		}
	}
	return c.inURL(value, p)
}

// inURL finds scheme://user:password@host.
func (c *collector) inURL(value string, p Place) bool {
	for rest := value; ; {
		_, tail, ok := strings.Cut(rest, "://")
		if !ok {
			return false
		}
		rest = tail
		end := strings.IndexAny(tail, "/ \t\r\n\"'<>?#,;)")
		if end < 0 {
			end = len(tail)
		}
		at := strings.LastIndexByte(tail[:end], '@')
		if at < 0 {
			continue
		}
		_, password, ok := strings.Cut(tail[:at], ":")
		if ok && len(password) >= 3 && !reference(password) {
			c.add("url-password", password, p)
			return true
		}
	}
}

// reference tells whether a value names the place of a secret, or is a placeholder.
func reference(v string) bool {
	v = strings.TrimSpace(v)
	lower := strings.ToLower(v)
	for _, p := range []string{"/", "./", "~/", "$", "%", "{{", "<", "[", "file:", "vault:", "env:", "arn:", "secret://", "op://", "@", "&", "your", "example"} {
		if strings.HasPrefix(lower, p) {
			return true
		}
	}
	switch lower {
	case "pass:insta": // stands in the openssl.cnf that OpenSSL ships
		return true
	case "true", "false", "yes", "no", "on", "off", "null", "none", "nil", "prompt", "required", "optional", "sufficient", "default", "files", "compat", "disabled", "enabled", "password", "passwd", "secret", "token":
		return true
	}
	return strings.Trim(lower, "*x.-_") == "" || strings.HasPrefix(lower, "xxx") || strings.Contains(v, "${") || strings.Contains(v, "$(")
}

func letters(s string) bool {
	for _, c := range []byte(s) {
		if c|0x20 < 'a' || c|0x20 > 'z' {
			if c != '_' && c != '-' && c != '.' {
				return false
			}
		}
	}
	return true
}

// entropy is Shannon's, in bits for each character.
func entropy(s string) float64 {
	if s == "" {
		return 0
	}
	var count [256]int
	for _, c := range []byte(s) {
		count[c]++
	}
	bits := 0.0
	for _, n := range count {
		if n > 0 {
			p := float64(n) / float64(len(s))
			bits -= p * math.Log2(p)
		}
	}
	return bits
}

// settings looks at the assignments of a file, whatever its form: NAME=value, name: value,
// "name": "value", define('NAME', 'value'). Comments are passed over.
func (c *collector) settings(sort, name string, data []byte, open bool) {
	if bytes.IndexByte(data[:min(len(data), 8000)], 0) >= 0 {
		return // no text
	}
	n := 0
	for rest := data; len(rest) > 0; {
		n++
		line := rest
		if i := bytes.IndexByte(rest, '\n'); i >= 0 {
			line, rest = rest[:i], rest[i+1:]
		} else {
			rest = nil
		}
		line = bytes.TrimSpace(line)
		if len(line) < 8 || len(line) > 16<<10 || line[0] == '#' || line[0] == ';' || bytes.HasPrefix(line, []byte("//")) || line[0] == '*' {
			continue
		}
		place := Place{Sort: sort, In: name, Line: n, Open: open}
		if (sort == "file" && strings.HasSuffix(name, "/.pgpass") || mayNameSecret(line)) && c.line(sort, name, string(line), place) {
			continue
		}
		if bytes.Contains(line, []byte("://")) && c.inURL(string(line), place) {
			continue
		}
		c.scan(line, name, place)
	}
}

// mayNameSecret is a cheap test before a line is taken apart.
func mayNameSecret(line []byte) bool {
	for i := 0; i+3 < len(line); i++ {
		switch line[i] | 0x20 {
		case 'p':
			if a, b := line[i+1]|0x20, line[i+2]|0x20; a == 'a' && b == 's' || a == 'w' && b == 'd' {
				return true
			}
		case 's':
			if line[i+1]|0x20 == 'e' && line[i+2]|0x20 == 'c' && line[i+3]|0x20 == 'r' {
				return true
			}
		case 't':
			if line[i+1]|0x20 == 'o' && line[i+2]|0x20 == 'k' && line[i+3]|0x20 == 'e' {
				return true
			}
		case 'k':
			if line[i+1]|0x20 == 'e' && line[i+2]|0x20 == 'y' {
				return true
			}
		}
	}
	return false
}

func (c *collector) line(sort, file, line string, p Place) bool {
	if strings.HasSuffix(file, "/nsswitch.conf") {
		return false
	}
	switch {
	case sort == "unit":
		return c.words(strings.TrimPrefix(line, "Environment="), p)
	case sort == "job" && !strings.Contains(strings.SplitN(line, " ", 2)[0], "="):
		return c.words(line, p)
	case strings.HasSuffix(file, "/.pgpass"):
		fields := strings.Split(line, ":")
		if len(fields) < 5 || fields[len(fields)-1] == "" {
			return false
		}
		c.add("password", fields[len(fields)-1], p)
		return true
	case strings.HasSuffix(file, "/.netrc"):
		fields := strings.Fields(line)
		for i := 0; i+1 < len(fields); i++ {
			if fields[i] == "password" {
				c.add("password", fields[i+1], p)
				return true
			}
		}
		return false
	}
	line = strings.TrimPrefix(line, "export ")
	if rest, ok := strings.CutPrefix(line, "define"); ok {
		name, value, ok := strings.Cut(strings.TrimLeft(rest, "( \t"), ",")
		value = strings.TrimRight(strings.TrimSpace(value), ");")
		return ok && c.named(strings.Trim(strings.TrimSpace(name), `"'`), strings.Trim(strings.TrimSpace(value), `"' `), p)
	}
	i := strings.IndexAny(line, "=:")
	if i <= 0 {
		return false
	}
	name := strings.Trim(strings.TrimSpace(line[:i]), `"'$-{ `)
	value := strings.TrimSpace(strings.TrimLeft(line[i+1:], ">= "))
	if name == "" || strings.ContainsAny(name, " \t()[]/<>") {
		return false
	}
	value = strings.TrimRight(value, ",;")
	quoted := len(value) > 1 && (value[0] == '"' || value[0] == '\'')
	if quoted {
		end := strings.IndexByte(value[1:], value[0])
		if end < 0 {
			return false
		}
		value = value[1 : 1+end]
	} else if strings.ContainsAny(value, " \t(") {
		value, _, _ = strings.Cut(value, " #")
		if strings.ContainsAny(value, " \t(") {
			return false
		}
	}
	return c.named(name, value, p)
}

// words looks at the assignments of a command line: NAME=value, --password=value, --password value.
func (c *collector) words(line string, p Place) bool {
	found := false
	fields := strings.Fields(strings.NewReplacer(`"`, " ", "'", " ").Replace(line))
	for i, w := range fields {
		name, value, ok := strings.Cut(w, "=")
		if !ok && strings.HasPrefix(w, "--") && i+1 < len(fields) && !strings.HasPrefix(fields[i+1], "-") {
			value, ok = fields[i+1], true
		}
		if ok && c.named(strings.TrimLeft(name, "-"), value, p) {
			found = true
		}
	}
	return found
}
