package host

import (
	"fmt"

	"github.com/go-json-experiment/json"

	"holdfast.example/holdfast/internal/fact"
)

// Source is how one kind of fact is had from a host: what to ask, and how to read the answers.
// Make it by Define.
type Source struct {
	Kind   fact.Kind
	Title  string // what it shows, for "doctor": SSH daemon
	Needs  []Need
	Follow func(*Evidence) []Need // asked again, a few rounds, until it names nothing new; may be nil
	Parse  func(*Evidence, fact.Key) fact.Fact
	Decode func([]byte) (fact.Fact, error)
	Claims func(fact.Fact) []fact.Claim // may be nil
}

// Rounds is how often Follow is asked: deep enough for nested includes, and an end for cyclic ones.
const Rounds = 8

// Spec is what a subject says of its fact type F. Parse must be pure and total: whatever could not
// be seen or understood becomes a gap of the fact.
type Spec[F fact.Fact] struct {
	Title  string
	Needs  []Need
	Follow func(*Evidence) []Need
	Parse  func(*Evidence, fact.Key) F
	Claims func(F) []fact.Claim
}

// Define makes the Source of fact type F.
func Define[F fact.Fact](s Spec[F]) Source {
	src := Probe[F](s.Title)
	src.Needs, src.Follow = s.Needs, s.Follow
	src.Parse = func(ev *Evidence, k fact.Key) fact.Fact { return s.Parse(ev, k) }
	if s.Claims != nil {
		src = Claiming(src, s.Claims)
	}
	return src
}

// Claiming makes a Source whose fact F claims something for its subject.
func Claiming[F fact.Fact](src Source, claims func(F) []fact.Claim) Source {
	src.Claims = func(f fact.Fact) []fact.Claim {
		if v, ok := f.(F); ok {
			return claims(v)
		}
		return nil
	}
	return src
}

// Probe makes the Source of a fact that a collector of its own makes: nothing is asked of a host, and
// nothing parsed from its answers.
func Probe[F fact.Fact](title string) Source {
	var zero F
	return Source{Kind: zero.Kind(), Title: title, Decode: func(b []byte) (fact.Fact, error) {
		var f F
		if err := json.Unmarshal(b, &f); err != nil {
			return nil, fmt.Errorf("decode recorded fact %s: %w", zero.Kind(), err)
		}
		return f, nil
	}}
}
