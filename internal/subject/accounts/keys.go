package accounts

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math/bits"
	"strings"
)

// authorizedKeys reads a file as sshd(8) describes it under AUTHORIZED_KEYS FILE FORMAT.
func authorizedKeys(p, text string) (keys []Key, faulty []string) {
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.Trim(line, " \t\r\n")
		if line == "" || line[0] == '#' {
			continue
		}
		source := fmt.Sprintf("%s:%d", p, n)
		k, ok := authorizedKey(line)
		if !ok {
			faulty = append(faulty, source)
			continue
		}
		k.Source = source
		keys = append(keys, k)
	}
	return keys, faulty
}

// authorizedKey reads one line: the key first, or options and then the key.
func authorizedKey(line string) (Key, bool) {
	if k, ok := publicKey(line); ok {
		return k, true
	}
	end := optionsEnd(line)
	k, ok := publicKey(strings.TrimLeft(line[end:], " \t"))
	if !ok {
		return Key{}, false
	}
	for _, o := range splitOptions(line[:end]) {
		name, value, _ := strings.Cut(o, "=")
		name = strings.ToLower(name)
		k.Options = append(k.Options, name)
		if name == "from" {
			k.From = strings.ReplaceAll(strings.Trim(value, `"`), `\"`, `"`)
		}
	}
	return k, true
}

func publicKey(s string) (Key, bool) {
	kind, rest, ok := strings.Cut(strings.ReplaceAll(s, "\t", " "), " ")
	if !ok {
		return Key{}, false
	}
	rest = strings.TrimLeft(rest, " ")
	text, comment, _ := strings.Cut(rest, " ")
	blob, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return Key{}, false
	}
	inner, body, ok := wireString(blob)
	if !ok || string(inner) != kind || kind == "" {
		return Key{}, false
	}
	sum := sha256.Sum256(blob)
	k := Key{
		Type: kind, Public: kind + " " + text, Comment: strings.TrimSpace(comment),
		Fingerprint: "SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:]),
	}
	switch kind {
	case "ssh-rsa": // e, n
		_, body, _ = wireString(body)
		k.Bits = bitLength(body)
	case "ssh-dss": // p first
		k.Bits = bitLength(body)
	}
	return k, true
}

func wireString(b []byte) (s, rest []byte, ok bool) {
	if len(b) < 4 {
		return nil, nil, false
	}
	n := uint64(binary.BigEndian.Uint32(b))
	if n > uint64(len(b)-4) {
		return nil, nil, false
	}
	return b[4 : 4+n], b[4+n:], true
}

func bitLength(b []byte) int {
	n, _, _ := wireString(b)
	for len(n) > 0 && n[0] == 0 {
		n = n[1:]
	}
	if len(n) == 0 {
		return 0
	}
	return (len(n)-1)*8 + bits.Len8(n[0])
}

// optionsEnd finds the first white space outside quotes, as sshd does: \" stands for a quote inside.
func optionsEnd(s string) int {
	quoted := false
	i := 0
	for ; i < len(s) && (quoted || s[i] != ' ' && s[i] != '\t'); i++ {
		if s[i] == '\\' && i+1 < len(s) && s[i+1] == '"' {
			i++
		} else if s[i] == '"' {
			quoted = !quoted
		}
	}
	return min(i, len(s))
}

func splitOptions(s string) []string {
	var out []string
	quoted, start := false, 0
	for i := 0; i <= len(s); i++ {
		switch {
		case i == len(s) || s[i] == ',' && !quoted:
			if start < i {
				out = append(out, s[start:i])
			}
			start = i + 1
		case s[i] == '\\' && i+1 < len(s) && s[i+1] == '"':
			i++
		case s[i] == '"':
			quoted = !quoted
		}
	}
	return out
}
