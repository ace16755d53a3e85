package drift

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Open is a difference from a baseline that stands.
type Open struct {
	Subject string `json:"subject"`
	Kind    string `json:"kind"` // name/version
	Place   string `json:"place,omitempty"`
	Change
	FirstSeen time.Time `json:"first_seen"`
	Group     string    `json:"group"`              // what it came with: accounts:users[root]
	Proposed  string    `json:"proposed,omitempty"` // why it is recognised as expected; empty: it is not
}

// KindName is the kind without its version.
func KindName(kind string) string {
	name, _, _ := strings.Cut(kind, "/")
	return name
}

// Look is what a look at a subject showed to differ from one of its baselines.
type Look struct {
	Baseline  Baseline
	Changes   []Change
	At        time.Time
	Recognise func(Change) string // says why a change that is new is expected; nil: none is
}

// Follow tells what stands after looks at one subject: what stood before keeps when it was first seen, its group, and whether it was
// recognised. What changed again is seen first now, in the group that it was in. Before is all that stood of the subject; what
// belongs to no look is left out of the answer.
func Follow(looks []Look, before []Open) []Open {
	type at struct{ kind, place, path string }
	known := map[at]Open{}
	there := map[string]bool{}
	for _, o := range before {
		known[at{o.Kind, o.Place, o.Path}] = o
		there[o.Group] = true
	}
	var out, news []Open
	for _, l := range looks {
		b := l.Baseline
		for _, c := range l.Changes {
			o := Open{Subject: b.Subject, Kind: b.Kind, Place: b.Place, Change: c, FirstSeen: l.At}
			old, again := known[at{b.Kind, b.Place, c.Path}]
			if again && old.Change == c {
				out = append(out, old)
				continue
			}
			if l.Recognise != nil {
				o.Proposed = l.Recognise(c)
			}
			if o.Group = old.Group; !again {
				news = append(news, o)
			}
			out = append(out, o)
		}
	}
	groups := grouped(news, there)
	for i := range out {
		if o := &out[i]; o.Group == "" {
			o.Group = groups[[2]string{KindName(o.Kind), o.Path}]
		}
	}
	return out
}

// urgent are the kinds in the order in which their differences matter: who gets in and may do what, then what runs and
// listens, then the rest.
var urgent = []string{"accounts", "sudo", "sshd", "pam", "listeners", "firewall", "services", "secrets", "filesystems", "kernel", "packages"}

func rank(kind string) int {
	if i := slices.Index(urgent, kind); i >= 0 {
		return i
	}
	return len(urgent)
}

// Compare orders differences, the most important first: those that are not recognised, by kind, the oldest first.
func Compare(a, b Open) int {
	kind := func(o Open) int { return rank(KindName(o.Kind)) }
	proposed := func(o Open) int { return min(len(o.Proposed), 1) }
	return cmp.Or(proposed(a)-proposed(b), kind(a)-kind(b), strings.Compare(a.Kind, b.Kind), a.FirstSeen.Compare(b.FirstSeen), strings.Compare(a.Subject, b.Subject),
		strings.Compare(a.Group, b.Group), strings.Compare(a.Place, b.Place), strings.Compare(a.Path, b.Path))
}
