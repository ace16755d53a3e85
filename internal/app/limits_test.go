package app

import (
	"testing"

	"holdfast.example/holdfast/internal/estate"
)

// TestLimits: the ports of a host share one limit, other hosts and this machine do not.
func TestLimits(t *testing.T) {
	var l limits
	one, two := l.of("shop.example", 20), l.of("shop.example", 20)
	if one != two {
		t.Error("two ports of a host have a limit each")
	}
	if l.of("shop.example", 20) == l.of("www.example", 20) {
		t.Error("two hosts share a limit")
	}
	if one, two = l.of("localhost", 0), l.of("localhost", 0); one == two {
		t.Error("sites on this machine wait for each other")
	}
	for _, c := range []struct {
		places []string
		want   float64
	}{{[]string{"127.0.0.1:443", "[::1]:443"}, 0}, {[]string{"192.0.2.1:443"}, 20}, {[]string{"127.0.0.1:443", "192.0.2.1:443"}, 20}, {[]string{""}, 20}} {
		var places []place
		for _, a := range c.places {
			places = append(places, place{address: a})
		}
		if got := rate(places); got != c.want {
			t.Errorf("%v: %v a second, want %v", c.places, got, c.want)
		}
	}
}

const northwind = `organization: Northwind
people: [{id: erika, name: Erika Muster, email: erika@northwind.example}]
roles: {security: [erika]}
teams: [{name: checkout, lead: erika, members: [erika], contact: checkout@northwind.example}]
environments: [{name: prod, stage: production}]
applications: [{name: shop, team: checkout, management: erika, criticality: high, exposure: internet, environments: [prod]}]
systems:
  - {name: web-1, application: shop, environment: prod, probe_methods: write, services: [{port: 443, protocol: https, audience: internet, url: "https://shop.example"}]}
  - {name: web-2, application: shop, environment: prod, services: [{port: 443, protocol: https, audience: internet, url: "https://www.example"}]}
`

// TestAsked: whom to ask is in the name under which requests are made, and methods that write are tried only where
// the estate says so.
func TestAsked(t *testing.T) {
	e, problems := estate.Parse([]estate.File{{Name: "estate.yaml", Data: []byte(northwind)}}, estate.Options{})
	if e == nil {
		t.Fatal(problems)
	}
	w := &world{estate: e}
	for _, c := range []struct {
		text, contact string
		agent         string
		write         bool
	}{
		{"https://shop.example", "", "Holdfast/1.2 (security assessment; erika@northwind.example)", true},
		{"https://shop.example/", "ops@northwind.example", "Holdfast/1.2 (security assessment; ops@northwind.example)", true},
		{"https://www.example", "", "Holdfast/1.2 (security assessment; erika@northwind.example)", false},
		{"https://other.example", "", "Holdfast/1.2 (security assessment; erika@northwind.example)", false},
	} {
		got, err := w.parse(c.text, Options{Version: "1.2", Contact: c.contact})
		if err != nil {
			t.Fatal(err)
		}
		if got.endpoint.agent != c.agent || got.endpoint.write != c.write {
			t.Errorf("%s: %q, write %v", c.text, got.endpoint.agent, got.endpoint.write)
		}
		r := got.endpoint.request("192.0.2.1:443", 0, nil)
		if r.Write != c.write || r.UserAgent != c.agent || r.Plain != "192.0.2.1:80" {
			t.Errorf("%s: asked as %+v", c.text, r)
		}
	}
	bare, err := (&world{}).parse("https://shop.example", Options{Version: "1.2"})
	if err != nil || bare.endpoint.agent != "Holdfast/1.2 (security assessment)" || bare.endpoint.write {
		t.Errorf("without an estate: %+v %v", bare.endpoint, err)
	}
}
