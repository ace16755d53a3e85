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
	Group     string    `json:"group"`              // what it came with: users[root]
	Proposed  string    `json:"proposed,omitempty"` // why it is recognised as expected; empty: it is not
}

// Key names the group among all of a subject: accounts:users[root].
func (o Open) Key() string { return KindName(o.Kind) + ":" + o.Group }

// KindName is the kind without its version.
func KindName(kind string) string {
	name, _, _ := strings.Cut(kind, "/")
	return name
}

// Follow tells what stands of one baseline after a look: what stood before keeps when it was first seen, its group, and whether
// it was recognised. What changed again is seen first now, in the group that it was in. Recognise says why a change that is new is
// expected, empty when it is not.
func Follow(b Baseline, changes []Change, before []Open, now time.Time, recognise func(Change) string) []Open {
	known := map[string]Open{}
	there := map[string]bool{}
	for _, o := range before {
		if o.Subject == b.Subject && o.Kind == b.Kind {
			there[o.Group] = true // also those of other places: their keys are the same
			if o.Place == b.Place {
				known[o.Path] = o
			}
		}
	}
	var out []Open
	var news []fresh
	for _, c := range changes {
		o := Open{Subject: b.Subject, Kind: b.Kind, Place: b.Place, Change: c, FirstSeen: now}
		old, again := known[c.Path]
		switch {
		case again && old.Change == c:
			o = old
		default:
			o.Proposed = recognise(c)
			if o.Group = old.Group; !again {
				news = append(news, fresh{c, o.Proposed})
			}
		}
		out = append(out, o)
	}
	groups := grouped(news, there)
	for i := range out {
		if out[i].Group == "" {
			out[i].Group = groups[out[i].Path]
		}
	}
	return out
}

// urgent are the kinds in the order in which their differences matter: who gets in and may do what, then what runs and
// listens, then the rest.
var urgent = []string{"accounts", "sudo", "sshd", "pam", "listeners", "firewall", "services", "secrets", "filesystems", "kernel", "packages"}

// Compare orders differences, the most important first: those that are not recognised, by kind, the oldest first.
func Compare(a, b Open) int {
	rank := func(o Open) int {
		if i := slices.Index(urgent, KindName(o.Kind)); i >= 0 {
			return i
		}
		return len(urgent)
	}
	proposed := func(o Open) int { return min(len(o.Proposed), 1) }
	return cmp.Or(proposed(a)-proposed(b), rank(a)-rank(b), strings.Compare(a.Kind, b.Kind), a.FirstSeen.Compare(b.FirstSeen), strings.Compare(a.Subject, b.Subject),
		strings.Compare(a.Group, b.Group), strings.Compare(a.Place, b.Place), strings.Compare(a.Path, b.Path))
}
