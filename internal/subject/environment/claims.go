// Package environment judges what several hosts share: a machine id, a host key, a key or password
// that opens hosts of two stages. It sees claims only, made by other subjects, and imports none of
// them. What two subjects share is a finding on each of them, under one key.
package environment

import (
	"slices"
	"strings"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
	"holdfast.example/holdfast/internal/fact"
)

// The kinds of claims that are judged here. A gap of Claims bears the name of the kind that could
// not be read.
const (
	MachineID     = "machine_id"
	HostKey       = "host_key"
	AuthorizedKey = "authorized_key"
	Verifier      = "verifier"
	UserCA        = "user_ca"

	CertificateKey = "certificate_key" // of an endpoint
)

// Claims is all that one subject claims.
type Claims struct {
	fact.Gaps `json:"gaps,omitempty"`
	List      []fact.Claim `json:"list,omitempty"`
}

// Kind makes Claims a fact.
func (Claims) Kind() fact.Kind { return fact.Kind{Name: "claims", Version: 1} }

// EndpointClaims is all that one endpoint claims. Endpoints are compared with each other alone: what belongs to a
// host, such as its machine id, is nothing that an endpoint lacks.
type EndpointClaims Claims

// Kind makes EndpointClaims a fact.
func (EndpointClaims) Kind() fact.Kind { return fact.Kind{Name: "endpointclaims", Version: 1} }

// holder is one subject with what it claims under one fingerprint.
type holder struct {
	subject string
	stage   estate.Stage // empty when the estate does not know the subject
	claim   fact.Claim
	at      string
	label   string // labels of all claims with this fingerprint
}

// holders gives for each fingerprint of one kind the subjects that claim it, ordered by subject.
func holders(all []check.Seen[Claims], kind string) map[string][]holder {
	out := map[string][]holder{}
	for _, s := range all {
		var stage estate.Stage
		if env := s.Declared.Environment(); env != nil {
			stage = env.Stage
		}
		for i, c := range s.Fact.List {
			if c.Kind != kind || c.Fingerprint == "" {
				continue
			}
			list := out[c.Fingerprint]
			if n := len(list); n > 0 && list[n-1].subject == s.Subject {
				if h := &list[n-1]; c.Label != "" && !slices.Contains(strings.Split(h.label, ", "), c.Label) {
					h.label = strings.TrimPrefix(h.label+", "+c.Label, ", ")
				}
				continue
			}
			out[c.Fingerprint] = append(list, holder{s.Subject, stage, c, pointer(i), c.Label})
		}
	}
	return out
}

// subjects counts the different subjects of a judgement.
func subjects(all []check.Seen[Claims]) int {
	seen := map[string]bool{}
	for _, s := range all {
		seen[s.Subject] = true
	}
	return len(seen)
}

// onlyOne is the result where nothing can be compared.
func onlyOne(by map[string][]holder, sort string) check.Together {
	return check.Together{Has: has(by), Otherwise: check.Inapplicable("only one " + sort + " was assessed: there is no other to compare with")}
}
