package scalar

import (
	"errors"
	"path"
	"regexp"
	"regexp/syntax"
	"strconv"
	"strings"
)

// Where matches systems and backends by environment/name. A star stands for any part of a name, but never
// for the slash.
type Where string

func (w *Where) UnmarshalText(text []byte) error {
	s := string(text)
	environment, name, ok := strings.Cut(s, "/")
	if !ok || environment == "" || name == "" || strings.Contains(name, "/") {
		return errors.New("does not name systems; write environment/name, such as " + Quote("prod/web-*"))
	}
	if _, err := path.Match(s, ""); err != nil {
		return errors.New("has a [ that is not closed")
	}
	*w = Where(s)
	return nil
}

func (w Where) MarshalText() ([]byte, error) { return []byte(w), nil }

func (Where) Form() (pattern, example string) { return `^[^/]+/[^/]+$`, "prod/web-*" }

// Matches tells whether subject, as environment/name, is meant.
func (w Where) Matches(subject string) bool {
	ok, err := path.Match(string(w), subject)
	return err == nil && ok
}

// IsGlob tells a pattern from a plain name.
func (w Where) IsGlob() bool { return strings.ContainsAny(string(w), `*?[\`) }

// AnyMatch tells whether one of the patterns means the subject.
func AnyMatch(where []Where, subject string) bool {
	for _, w := range where {
		if w.Matches(subject) {
			return true
		}
	}
	return false
}

// Pattern is a regular expression in Go's syntax, which runs in linear time.
type Pattern string

func (p *Pattern) UnmarshalText(text []byte) error {
	if _, err := regexp.Compile(string(text)); err != nil {
		reason := err.Error()
		reason = strings.TrimPrefix(reason, "error parsing regexp: ")
		if se, ok := errors.AsType[*syntax.Error](err); ok && !strconv.CanBackquote(se.Expr) { // it would run over lines
			reason = se.Code.String() + ": " + Quote(se.Expr)
		}
		return errors.New("is not a pattern: " + reason)
	}
	*p = Pattern(text)
	return nil
}

func (p Pattern) MarshalText() ([]byte, error) { return []byte(p), nil }

func (Pattern) Form() (pattern, example string) { return `^.+$`, "^SHOP-[0-9]+$" }
