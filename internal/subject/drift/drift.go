// Package drift judges what differs from the approved baselines of a subject. Its fact is made anew at each judging, from what was
// seen and what was approved; it compares nothing itself.
package drift

import (
	"fmt"
	"strings"
	"time"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
	"holdfast.example/holdfast/internal/fact"
)

// Fact is how one subject stands to its baselines.
type Fact struct {
	fact.Gaps `json:"gaps,omitempty"`
	Approved  []Approved `json:"approved,omitempty"` // kinds that were compared, ordered
	Without   []string   `json:"without,omitempty"`  // kinds that were seen, and that nobody approved yet
	Unseen    []string   `json:"unseen,omitempty"`   // why what is approved could not be compared, each in a line
	Groups    []Group    `json:"groups,omitempty"`   // what differs, the most important first
}

// Kind names the fact.
func (Fact) Kind() fact.Kind { return fact.Kind{Name: "drift", Version: 1} }

// Approved is one kind of fact with a baseline.
type Approved struct {
	Kind string    `json:"kind"`
	By   string    `json:"by"` // id of the person in the estate
	At   time.Time `json:"at"`
}

// Group is what differs together: all of one thing, or many things in one way.
type Group struct {
	Key       string    `json:"key"` // accounts:users[root]
	FirstSeen time.Time `json:"first_seen"`
	Proposed  string    `json:"proposed,omitempty"` // why it is expected, when all of it is; empty: it is not
	Count     int       `json:"count"`
	Changes   []Change  `json:"changes"` // the first of them
}

// MaxChanges is how many changes of a group a fact holds.
const MaxChanges = 20

// Change is one difference, with its values in one line each; empty where it was not there.
type Change struct {
	Path   string `json:"path"`
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
}

// Line says what differs in one line.
func (c Change) Line() string {
	switch {
	case c.Before == "":
		return c.Path + " was added: " + c.After
	case c.After == "":
		return c.Path + " is gone; it was " + c.Before
	}
	return c.Path + " was " + c.Before + ", is " + c.After
}

// line says what the group is and since when.
func (g Group) line() string {
	kind, _, _ := strings.Cut(g.Key, ":")
	text := kind + ": " + g.Key
	if len(g.Changes) > 0 {
		text = kind + ": " + g.Changes[0].Line()
	}
	if g.Count > 1 {
		text += fmt.Sprintf(", and %d more", g.Count-1)
	}
	return text + " (first seen " + g.FirstSeen.UTC().Format("2006-01-02 15:04 MST") + ")"
}

// missing says what was not compared; empty when all was.
func (f Fact) missing() string {
	var out []string
	switch {
	case len(f.Approved)+len(f.Unseen) == 0:
		out = append(out, "nobody has approved a baseline yet: holdfast drift approve SUBJECT --reason TEXT")
	case len(f.Without) > 0:
		out = append(out, "nobody has approved "+strings.Join(f.Without, ", ")+" yet: holdfast drift approve SUBJECT --kind "+f.Without[0]+" --reason TEXT")
	}
	return strings.Join(append(out, f.Unseen...), "; ")
}

// Unapproved demands that nothing differs from what was approved.
var Unapproved = &check.Check{
	ID:    "drift-unapproved",
	Title: "Nothing differs from the approved baseline",
	Doc: "What changes on a production system without anybody knowing is either an attack or tomorrow's outage. Each kind of fact is compared with what a person approved; fields that change by themselves are left out. " +
		"Upgrades of packages from configured repositories, and what is first seen in a maintenance window, are no fault at first: they wait to be approved in one step, for as many days as the catalogue allows. " +
		"Without a baseline nothing is compared, so the answer is unknown: nobody has said yet what this system should be.",
	Remedy: "see what differs, with when it was first seen: holdfast drift show SUBJECT\nit is right: holdfast drift approve SUBJECT --key KEY --reason TEXT\n" +
		"upgrades and maintenance, all at once: holdfast drift approve --proposed --reason TEXT\nit is wrong: undo it on the system and look again: holdfast finding retest F-…",
	Requirements: []string{"A.5.7.4"},
	References:   []string{"NIST SP 800-53 CM-3", "NIST SP 800-53 CM-6"},
	Rule: check.On(func(f Fact, _ estate.View, p check.Params) check.Result {
		var vs []check.Violation
		waiting := 0
		for i, g := range f.Groups {
			if g.Proposed != "" && p.Now.Sub(g.FirstSeen) <= p.Days("wait_days") {
				waiting++
				continue
			}
			v := check.Violation{Key: g.Key, Detail: g.line(), At: fmt.Sprintf("/groups/%d", i)}
			if g.Proposed != "" {
				v.Detail += fmt.Sprintf("; it was expected (%s), and nobody approved it within %d days", g.Proposed, p.Int("wait_days"))
			}
			vs = append(vs, v)
		}
		seen := fmt.Sprintf("%d kinds of fact are as approved", len(f.Approved))
		if waiting > 0 {
			seen = fmt.Sprintf("%d expected changes wait for approval: holdfast drift approve --proposed", waiting)
		}
		if missing := f.missing(); missing != "" && len(vs) == 0 {
			return check.Unseen(missing)
		}
		return check.Failed(seen, vs).Beside(f.missing())
	}),
	Examples: []check.Example{
		check.Passes("as approved", sample(nil)),
		check.Passes("an upgrade that waits", sample(func(g *Group) {
			g.Key, g.Proposed = "packages:packages[openssl amd64]", "upgrade from a configured repository"
		})),
		check.Fails("a change that nobody approved", sample(func(*Group) {}), "accounts:users[root]"),
		check.Fails("an upgrade that waited too long", sample(func(g *Group) {
			g.Key, g.Proposed, g.FirstSeen = "packages:packages[openssl amd64]", "upgrade from a configured repository", check.ExampleNow.AddDate(0, 0, -40)
		}), "packages:packages[openssl amd64]"),
		check.Leaves("no baseline", Fact{Without: []string{"accounts"}}),
		check.Leaves("one kind without a baseline", partly(nil, "sshd", "")),
		check.Leaves("seen in part", partly(nil, "", "accounts was approved with /etc/shadow, which was not seen now")),
		check.Fails("seen in part, and what was seen differs", partly(func(*Group) {}, "sshd", ""), "accounts:users[root]"),
	},
}

// sample is a subject with a baseline, and one difference when change is not nil.
func sample(change func(*Group)) Fact {
	f := Fact{Approved: []Approved{{Kind: "accounts", By: "sam", At: check.ExampleNow.AddDate(0, -1, 0)}}}
	if change != nil {
		g := Group{Key: "accounts:users[root]", FirstSeen: check.ExampleNow.Add(-time.Hour), Count: 1,
			Changes: []Change{{Path: "users[root].shell", Before: "/bin/bash", After: "/bin/zsh"}}}
		change(&g)
		f.Groups = []Group{g}
	}
	return f
}

func partly(change func(*Group), without, unseen string) Fact {
	f := sample(change)
	if without != "" {
		f.Without = []string{without}
	}
	if unseen != "" {
		f.Unseen = []string{unseen}
	}
	return f
}
