package agent

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"holdfast.example/holdfast/internal/fact"
)

// said are messages of this version, each with something in every field: testdata/wire holds what earlier programs said.
func said() map[string]any {
	data := []byte(`{"options":{"permitrootlogin":"no"}}`)
	return map[string]any{
		"join":        JoinRequest{Version: 1, Password: strings.Repeat("0", 32), CSR: []byte{1, 2}},
		"member":      Membership{ID: "A-ABCDEFGH23", Environment: "production", Subject: "prod/web-1", Certificate: []byte{3}, Authority: []byte{4}, Key: bytes.Repeat([]byte{5}, 32), Every: 5 * time.Minute, Addresses: []string{"hub-1.example:8471", "hub-2.example:8471"}},
		"refused":     Membership{Error: "the token was used already"},
		"renewal":     RenewalRequest{CSR: []byte{6}},
		"renewed":     Renewed{Certificate: []byte{7}, Every: time.Minute, Addresses: []string{"hub-1.example:8471"}},
		"not-renewed": Renewed{Error: "it was revoked"},
		"job":         Job{ID: "019adf1e-0000-7000-8000-000000000001", Do: Collect, Whole: true, Until: noon},
		"taken":       Taken{Error: "the job is over already"},
		"report": Report{Version: 1, ID: "019adf1e-0000-7000-8000-000000000002", At: noon, Program: "1.0", Host: "web-1", Every: 5 * time.Minute, Lost: 3, Privileged: true,
			Facts: []Fact{{Kind: "sshd/1", Digest: fact.Digest(data), Data: data}, {Kind: "packages/1", Digest: strings.Repeat("a", 64)}, {Kind: "kernel/1", Problem: &fact.Problem{Cause: fact.Denied, Source: "/proc", Text: "only for root"}}}},
		"report-nothing": Report{Version: 1, ID: "019adf1e-0000-7000-8000-000000000003", At: noon, Program: "1.0", Host: "web-1", Every: time.Minute, Problem: &fact.Problem{Cause: fact.TimedOut, Source: "host:local", Text: "it took a minute"}},
	}
}

// TestWire: what programs of the present version and of each before it said is read, and says the same. A file that is missing is of a new
// message and is written; none is ever changed.
func TestWire(t *testing.T) {
	for name, now := range said() {
		path := filepath.Join("testdata", "wire", strconv.Itoa(Version), name+".json")
		text, err := json.Marshal(now)
		if err != nil {
			t.Fatal(err)
		}
		kept, err := os.ReadFile(path)
		if errors.Is(err, os.ErrNotExist) {
			if err := os.WriteFile(path, append(text, '\n'), 0o644); err != nil {
				t.Fatal(err)
			}
			t.Errorf("%s was written: look at it, and commit it", path)
			continue
		} else if err != nil {
			t.Fatal(err)
		}
		if string(kept) != string(text)+"\n" {
			t.Errorf("%s is no longer what this version says; a change of meaning is a new Version:\n%s", path, text)
		}
	}
	versions, err := os.ReadDir("testdata/wire")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range versions {
		for name, now := range said() {
			data, err := os.ReadFile(filepath.Join("testdata", "wire", v.Name(), name+".json"))
			if errors.Is(err, os.ErrNotExist) {
				continue
			}
			read := reflect.New(reflect.TypeOf(now))
			if err := json.Unmarshal(data, read.Interface()); err != nil {
				t.Errorf("version %s, %s: %v", v.Name(), name, err)
			}
			if strings.HasPrefix(name, "report") {
				if _, err := ParseReport(data); err != nil {
					t.Errorf("version %s, %s: %v", v.Name(), name, err)
				}
			}
			if read.Elem().IsZero() {
				t.Errorf("version %s, %s: nothing of it is understood", v.Name(), name)
			}
		}
	}
}

// TestNewer: what the next version says beside what this one knows is passed over; what comes after that is refused in words.
func TestNewer(t *testing.T) {
	next := func(version int) []byte {
		return []byte(`{"version":` + strconv.Itoa(version) + `,"id":"019adf1e-0000-7000-8000-000000000004","at":"2026-11-26T12:00:00Z","program":"2.0","host":"web-1","every":60000000000,"mood":"good","facts":[{"kind":"quantum/1","digest":"` + strings.Repeat("b", 64) + `","sealed":true}]}`)
	}
	r, err := ParseReport(next(Version + 1))
	if err != nil || len(r.Facts) != 1 || r.Program != "2.0" {
		t.Errorf("%+v %v", r, err)
	}
	if _, err := ParseReport(next(Version + 2)); err == nil || !strings.Contains(err.Error(), "upgrade the control plane") {
		t.Error(err)
	}
}
