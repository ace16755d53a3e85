// Package scalar holds the values of an estate that are written as one piece of text: lengths of time,
// dates, networks, targets, references to secrets. Each reads the form of a file and writes it back;
// what is wrong is told as the end of a sentence that begins with the value.
//
// It resolves nothing: a name that leads nowhere and a file that is missing are found elsewhere.
package scalar

import (
	"fmt"
	"regexp"
	"strings"
)

// password finds what may be one in user:password@host, also in text that is no address.
var password = regexp.MustCompile(`(^|[/\s])([^:@/\s]*):[^@\s]+@`)

// Quote quotes what the user wrote, on one line, not too long, and without a password.
func Quote(text string) string {
	text = password.ReplaceAllString(text, "$1$2:***@")
	if r := []rune(text); len(r) > 60 {
		text = string(r[:57]) + "..."
	}
	return fmt.Sprintf("%q", text)
}

// DidYouMean is the tail of a message, empty when nothing is near.
func DidYouMean(word string, candidates []string) string {
	if near := Nearest(word, candidates); near != "" {
		return "; did you mean " + Quote(near) + "?"
	}
	return ""
}

// Listed names candidates as far as a person wants to read them.
func Listed(candidates []string) string {
	if len(candidates) == 0 {
		return ""
	}
	if len(candidates) > 8 {
		return fmt.Sprintf("%s and %d more", strings.Join(candidates[:7], ", "), len(candidates)-7)
	}
	return strings.Join(candidates, ", ")
}
