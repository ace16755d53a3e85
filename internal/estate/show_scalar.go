package estate

import (
	"fmt"
	"strings"
	"unicode"
)

// scalar writes text plain where YAML surely reads it back as the same text, else in double quotes.
func (w *writer) scalar(s string) {
	if isSafe(s) {
		w.out = append(w.out, s...)
		return
	}
	w.out = append(w.out, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			w.out = append(w.out, '\\', byte(r))
		case r == '\n':
			w.out = append(w.out, `\n`...)
		case r == '\t':
			w.out = append(w.out, `\t`...)
		case r == ' ':
			w.out = append(w.out, ' ')
		case r > 0xffff:
			w.out = fmt.Appendf(w.out, `\U%08X`, r)
		case !unicode.IsGraphic(r) || unicode.IsSpace(r):
			w.out = fmt.Appendf(w.out, `\u%04X`, r)
		default:
			w.out = append(w.out, string(r)...)
		}
	}
	w.out = append(w.out, '"')
}

// isSafe takes words that begin with a letter and hold nothing that YAML gives a meaning.
func isSafe(s string) bool {
	if s == "" || !isAlnum(s[0]) {
		return false
	}
	letter := false
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
			letter = true
		case c >= '0' && c <= '9':
		case c == ' ':
			if i+1 == len(s) || s[i+1] == ' ' {
				return false
			}
		case !strings.ContainsRune("._/@+-", rune(c)):
			return false
		}
	}
	switch strings.ToLower(s) {
	case "true", "false", "null", "yes", "no", "on", "off", "y", "n":
		return false
	}
	return letter && (s[0] < '0' || s[0] > '9') || isQuantity(s)
}

// isQuantity takes 30d, 10MB and 2026-11-23; other text that begins with a digit may be a number to some reader, as
// 1e3 and 0x1f are.
func isQuantity(s string) bool {
	unit := strings.TrimLeft(s, "0123456789")
	if unit != "" && len(unit) < len(s) && strings.Trim(unit, "smhdoTGMKiB") == "" {
		return true
	}
	_, err := ParseDate(s)
	return err == nil
}
