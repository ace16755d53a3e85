package all

import (
	"bytes"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"holdfast.example/holdfast/internal/drift"
	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
)

// TestShapes names what a new field or fact type must be thought through for: which kinds are never compared with a baseline, which
// have nothing volatile, and whose elements are told apart by all that they hold.
func TestShapes(t *testing.T) {
	shapes, err := Shapes()
	if err != nil {
		t.Fatal(err)
	}
	var never, steady, keyless []string
	for _, s := range slices.Concat(Sources(), Probes()) {
		shape, ok := shapes[s.Kind.String()]
		if !ok {
			never = append(never, s.Kind.Name)
			continue
		}
		if len(shape.Volatile()) == 0 {
			steady = append(steady, s.Kind.Name)
		}
		for _, list := range shape.Keyless() {
			keyless = append(keyless, s.Kind.Name+"."+list)
		}
	}
	for _, l := range []struct {
		what      string
		got, want []string
	}{
		{"never compared", never, []string{"running"}},
		{"nothing is volatile", steady, []string{"firewall", "pam", "sshd", "sudo"}},
		{"told apart by all that they hold", keyless, []string{
			"firewall.on_disk.ipv4.forward.open", "firewall.on_disk.ipv4.input.open", "firewall.on_disk.ipv6.forward.open", "firewall.on_disk.ipv6.input.open",
			"firewall.running.ipv4.forward.open", "firewall.running.ipv4.input.open", "firewall.running.ipv6.forward.open", "firewall.running.ipv6.input.open",
			"logging.audit.rules", "sudo.doas", "sudo.rules", "sudo.rules[].commands"}},
	} {
		slices.Sort(l.got)
		if d := cmp.Diff(l.want, l.got); d != "" {
			t.Errorf("%s: if that is right, write it here; else mark the field with a drift tag: -want +got:\n%s", l.what, d)
		}
	}
}

// A fact without evidence does not differ from itself, and its steady form is a fact of its kind.
func TestSteadyFacts(t *testing.T) {
	shapes, err := Shapes()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range Sources() {
		if shapes[s.Kind.String()] == nil {
			continue
		}
		data, err := fact.Canonical(s.Parse(host.NewEvidence(), fact.Key{}))
		if err != nil {
			t.Fatal(err)
		}
		steady, err := drift.Steady(data, shapes[s.Kind.String()])
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(steady, []byte(`"gaps"`)) {
			t.Errorf("%s: what was not seen is compared: %s", s.Kind, steady)
		}
		if _, err := s.Decode(steady); err != nil {
			t.Errorf("%s: %v", s.Kind, err)
		}
	}
}
