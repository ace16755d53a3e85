package estate

import (
	"fmt"
	"strings"
	"testing"
)

// large writes an estate with many systems, as an inventory export would.
func large(systems int) []byte {
	var b strings.Builder
	b.WriteString("organization: Northwind\ntimezone: Europe/Berlin\nenvironments:\n")
	for _, env := range []string{"prod", "test"} {
		fmt.Fprintf(&b, "  - {name: %s, stage: production, zones: [{name: web, exposure: internet}]}\n", env)
	}
	b.WriteString("gates:\n  - {name: gate, kind: access}\npeople:\n  - {id: erika}\nteams:\n  - {name: checkout, lead: erika}\napplications:\n")
	for i := range systems / 50 {
		fmt.Fprintf(&b, "  - {name: app-%d, team: checkout, criticality: high, exposure: internal, environments: [prod, test]}\n", i)
	}
	b.WriteString("systems:\n")
	for i := range systems {
		fmt.Fprintf(&b, `  - name: web-%d
    application: app-%d
    environment: %s    # from the inventory
    zone: web
    target: ssh://holdfast@web-%d.prod.example
    services:
      - {port: 443, protocol: https, audience: internet, kind: web-ui, methods: [GET, HEAD]}
      - {port: 22, protocol: ssh, audience: [gate]}
    runs: [nginx, shop.service]
    labels: {rack: b%d}
`, i, i%(systems/50), [2]string{"prod", "test"}[i%2], i, i)
	}
	return []byte(b.String())
}

func BenchmarkParse5000(b *testing.B) {
	data := large(5000)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if e, problems := Parse([]File{{"e.yaml", data}}, Options{}); e == nil {
			b.Fatal(problems[0])
		}
	}
}

// BenchmarkParse5000Broken has every system name a zone that is not there.
func BenchmarkParse5000Broken(b *testing.B) {
	data := []byte(strings.ReplaceAll(string(large(5000)), "zone: web", "zone: wbe"))
	b.ReportAllocs()
	for b.Loop() {
		if _, problems := Parse([]File{{"e.yaml", data}}, Options{}); len(problems) != 5000 {
			b.Fatal(len(problems))
		}
	}
}

func BenchmarkView(b *testing.B) {
	e := parse(b, File{"e.yaml", large(5000)})
	b.ReportAllocs()
	for b.Loop() {
		v := e.View("prod/web-4998:443/tcp")
		if _, ok := v.Service(443, "tcp"); !ok || v.RiskClass() != HighRisk {
			b.Fatal("not found")
		}
	}
}
