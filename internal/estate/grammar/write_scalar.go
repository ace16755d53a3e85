package grammar

import (
	"fmt"
	"strings"
	"time"
	"unicode"
)

// scalar writes text plain where YAML surely reads it back as the same text, else in double quotes.
func (w *Writer) scalar(s string) {
	if isSafe(s) {
		w.Out = append(w.Out, s...)
		return
	}
	w.Out = append(w.Out, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			w.Out = append(w.Out, '\\', byte(r))
		case r == '\n':
			w.Out = append(w.Out, `\n`...)
		case r == '\t':
			w.Out = append(w.Out, `\t`...)
		case r == ' ':
			w.Out = append(w.Out, ' ')
		case r > 0xffff:
			w.Out = fmt.Appendf(w.Out, `\U%08X`, r)
		case !unicode.IsGraphic(r) || unicode.IsSpace(r):
			w.Out = fmt.Appendf(w.Out, `\u%04X`, r)
		default:
			w.Out = append(w.Out, string(r)...)
		}
	}
	w.Out = append(w.Out, '"')
}

// isSafe takes words that begin with a letter and hold nothing that YAML gives a meaning.
func isSafe(s string) bool {
	if s == "" || !isWordStart(s[0]) {
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
	_, err := time.Parse(time.DateOnly, s)
	return err == nil
}

func isWordStart(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}
