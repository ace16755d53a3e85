package agent

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"holdfast.example/holdfast/internal/fact"
)

var noon = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)

func TestToken(t *testing.T) {
	for _, address := range []string{"10.0.0.1:8471", "[2001:db8::1]:8471", "hub.example.org:443"} {
		a := Token{Secret: [16]byte{1, 2}, Pin: [32]byte{3, 4}, Address: address}
		b, err := ParseToken(" " + a.String() + "\n")
		if d := cmp.Diff(a, b); err != nil || d != "" {
			t.Error(err, d)
		}
		for i := range len(a.String()) {
			if _, err := ParseToken(a.String()[:i]); err == nil {
				t.Errorf("a token that ends after %d characters is taken", i)
			}
			c := []byte(a.String())
			if c[i]++; c[i] == '{' {
				c[i] = 'a'
			}
			if x, err := ParseToken(string(c)); err == nil {
				t.Errorf("a token with another character %d is taken: %+v", i, x)
			}
		}
	}
	if _, err := ParseToken(tokenMark + strings.Repeat("A", 10000)); err == nil {
		t.Error("a long token is taken")
	}
}

func FuzzToken(f *testing.F) {
	f.Add(Token{Address: "a:1"}.String())
	f.Add("hfj_")
	f.Fuzz(func(t *testing.T, s string) {
		if a, err := ParseToken(s); err == nil {
			if b, err := ParseToken(a.String()); err != nil || a != b {
				t.Error(a, b, err)
			}
		}
	})
}

func TestNames(t *testing.T) {
	for s, want := range map[string]bool{"production": true, "p": true, "a-b": true, "": false, "-a": false, "a-": false, "a.b": false, "*": false, ">": false, "A": false, "a b": false, strings.Repeat("a", 64): false} {
		if IsEnvironment(s) != want {
			t.Error(s)
		}
	}
	for s, want := range map[string]bool{"A-ABCDEFGH23": true, "A-ABCDEFGH2": false, "A-ABCDEFGH21": false, "*": false, "A-ABCDEFGH2*": false, "A-ABCDEFGH23.x": false} {
		if IsID(s) != want {
			t.Error(s)
		}
	}
}

func TestSilent(t *testing.T) {
	a := Agent{Seen: noon, Said: Said{Every: 5 * time.Minute}}
	for after, want := range map[time.Duration]bool{0: false, 15 * time.Minute: false, 15*time.Minute + 1: true} {
		if _, silent := a.SilentSince(noon.Add(after)); silent != want {
			t.Error(after, silent)
		}
	}
	if _, silent := (Agent{}).SilentSince(noon); silent {
		t.Error("an agent that never reported is silent")
	}
	a.Revoked = noon
	if _, silent := a.SilentSince(noon.Add(time.Hour)); silent {
		t.Error("a revoked agent is silent")
	}
}

func good() Report {
	data := json.RawMessage(`{"a":1}`)
	return Report{Version: 1, ID: "0199a1b2-0000-7000-8000-000000000001", At: noon, Host: "web-1", Every: time.Minute, Facts: []Fact{
		{Kind: "sshd/1", Digest: fact.Digest(data), Data: data}, {Kind: "kernel/1", Digest: "known"}, {Kind: "cron/1", Problem: &fact.Problem{Cause: fact.Denied}}}}
}

func TestReport(t *testing.T) {
	data, _ := json.Marshal(good())
	r, err := ParseReport(data)
	if d := cmp.Diff(good(), r); err != nil || d != "" {
		t.Error(err, d)
	}
	// The next version may say more.
	next := good()
	next.Version = 2
	data, _ = json.Marshal(next)
	if _, err := ParseReport([]byte(strings.Replace(string(data), `"host"`, `"new":[1],"host"`, 1))); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*Report){
		"no version":     func(r *Report) { r.Version = 0 },
		"far newer":      func(r *Report) { r.Version = 3 },
		"no id":          func(r *Report) { r.ID = "" },
		"no time":        func(r *Report) { r.At = time.Time{} },
		"too many facts": func(r *Report) { r.Facts = make([]Fact, maxFacts+1) },
		"no kind":        func(r *Report) { r.Facts[0].Kind = "" },
		"neither":        func(r *Report) { r.Facts[1].Digest = "" },
		"both":           func(r *Report) { r.Facts[1].Problem = &fact.Problem{} },
		"another digest": func(r *Report) { r.Facts[0].Digest = "x" },
	} {
		r := good()
		change(&r)
		data, _ := json.Marshal(r)
		if _, err := ParseReport(data); err == nil {
			t.Error(name, "is taken")
		}
	}
}

func FuzzReport(f *testing.F) {
	data, _ := json.Marshal(good())
	f.Add(data)
	f.Add([]byte(`{}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if r, err := ParseReport(data); err == nil && (r.ID == "" || len(r.Facts) > maxFacts) {
			t.Error(r)
		}
	})
}
