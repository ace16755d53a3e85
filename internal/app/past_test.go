package app

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestAsOf: a past day is reported by the estate that was worked by then and compared with what was recorded at its end; what is no longer kept
// is refused.
func TestAsOf(t *testing.T) {
	state, b, now := books(t) // runs on the 20th, 21st and 22nd; now is the 23rd
	b.o.Estate = filepath.Join(t.TempDir(), "estate.yaml")
	for i, team := range []string{"core", "edge"} {
		if err := os.WriteFile(b.o.Estate, []byte("organization: Northwind\ntimezone: Asia/Tokyo\npeople: [{id: ana, name: Ana}]\nteams: [{name: "+team+", members: [ana]}]\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := b.once(t.Context(), now.AddDate(0, 0, i)); err != nil {
			t.Fatal(err)
		}
	}
	for when, want := range map[string]struct {
		at, notes string
		estate    bool
	}{
		"2026-11-20":           {"2026-11-20T23:59:59Z", "without an estate|A.5.1.1 fail (here unknown)", false},
		"2026-11-23":           {"2026-11-23T14:59:59Z", "declared as estate 1 of holdfast estate history|was not recorded: no control plane ran then", true},
		"2026-11-25":           {"2026-11-25T14:59:59Z", "declared as estate 2 of", true},
		"2026-11-21T12:00:00Z": {"2026-11-21T12:00:00Z", "without an estate", false},
	} {
		a, err := AsOf(t.Context(), Options{State: state, Version: "1.0"}, when)
		if err != nil {
			t.Error(when, err)
			continue
		}
		notes := strings.Join(a.Notes, "\n")
		for text := range strings.SplitSeq(want.notes, "|") {
			if !strings.Contains(notes, text) {
				t.Errorf("%s does not say %q:\n%s", when, text, notes)
			}
		}
		if at := a.AssessedAt.Format(time.RFC3339); at != want.at || (a.Estate.Digest != "") != want.estate || len(a.Hosts) != 1 || a.Run != "" {
			t.Errorf("%s: %s %+v %+v", when, at, a.Estate, a.Hosts)
		}
	}
	// The newest that had been seen is what counts.
	for when, fact := range map[string]string{"2026-11-21T12:00:00Z": "a", "2026-11-21": "b", "2026-11-25": "c"} {
		a, err := AsOf(t.Context(), Options{State: state, Version: "1.0"}, when)
		if err != nil {
			t.Fatal(err)
		}
		seen, err := b.store.SeenIn(t.Context(), fact)
		if err != nil || len(seen) != 1 {
			t.Fatal(seen, err)
		}
		var digests []string
		for _, r := range a.Results {
			if r.Kind == "tlsserver" {
				digests = append(digests, r.Fact)
			}
		}
		if digests = slices.Compact(digests); !slices.Equal(digests, []string{seen[0].Digest}) {
			t.Errorf("%s: %v, want what run %s saw", when, digests, fact)
		}
	}
	b.o.Keep = 1
	if err := b.closeDays(t.Context(), nil, now.AddDate(0, 0, 6)); err != nil {
		t.Fatal(err)
	}
	for when, want := range map[string]string{"2026-11-20": "is no longer kept (serve --keep)", "2026-11-19": "is no longer kept", "2999-01-01": "lies in the future", "last": "neither a day nor a time"} {
		var usage *UsageError
		if _, err := AsOf(t.Context(), Options{State: state, Version: "1.0"}, when); !errors.As(err, &usage) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", when, err)
		}
	}
}
