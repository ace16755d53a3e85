package advisory

import "testing"

func TestCycleOfVersion(t *testing.T) {
	p := Product{Cycles: []Cycle{{Name: "10"}, {Name: "2"}, {Name: "2.12"}, {Name: "2.3"}, {Name: "1"}, {Name: ""}}}
	for version, want := range map[string]string{
		"2.12.4": "2.12", "2.12": "2.12", "2.17.1": "2", "2.30": "2", "2.3-rc1": "2.3", "v1.2.3": "1", "1": "1", "10.0": "10", "12.0": "", "100": "", "": "", "latest": "",
	} {
		if c, ok := p.Cycle(version); c.Name != want || ok != (want != "") {
			t.Errorf("%q is of %q, want %q", version, c.Name, want)
		}
	}
}
