package firewall

import (
	"slices"
	"strconv"
	"strings"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
)

// Sources holds when each service that is not for the Internet is open to named sources only.
var Sources = &check.Check{
	ID:    "firewall-sources",
	Title: "The packet filter limits who reaches each service",
	Doc: "A service for a few clients should answer only them: a stolen password or a new flaw is then of use " +
		"to few. Services whose audience is the Internet are left out.",
	Remedy:       "ufw allow from 10.9.0.0/24 to any port 22 proto tcp; nftables: ip saddr 10.9.0.0/24 tcp dport 22 accept. Remove the rule without a source.",
	Requirements: []string{"A.5.2.8"},
	Needs:        []string{partRules},
	Rule:         check.On(sources),
	Examples: []check.Example{
		check.Passes("SSH from the administrators' network", closed(Opening{Protocol: "tcp", Ports: []string{"22"}, Sources: []string{"10.9.0.0/24"}},
			Opening{Protocol: "tcp", Ports: []string{"80", "443"}})).Given(estateYAML),
		check.Fails("SSH from everywhere", closed(Opening{Protocol: "tcp", Ports: []string{"22"}}), "service:22/tcp").Given(estateYAML),
		check.Fails("inside a range", closed(Opening{Ports: []string{"20-30"}}), "service:22/tcp").Given(estateYAML),
		check.Fails("no packet filter", Fact{Running: &Ruleset{}}, "service:22/tcp").Given(estateYAML),
		check.Leaves("without an estate", closed()),
	},
}

func sources(f Fact, d estate.View, p check.Params) check.Result {
	r, at := f.effective()
	switch {
	case f.Container:
		return check.Inapplicable(inContainer)
	case d.System == nil:
		return check.Unseen("declare the system with its services and their audience in the estate")
	case at == "":
		return check.Unseen("the rules of the packet filter could not be seen")
	}
	var faults []check.Violation
	n := 0
	for _, s := range d.System.Services {
		if s.Local() || slices.Contains(s.Audience, "internet") {
			continue
		}
		for _, transport := range s.Transports() {
			n++
			if detail := open(r, f.IPv6, s.Port, transport, p.Strings("names")); detail != "" {
				name := strconv.Itoa(s.Port) + "/" + transport
				faults = append(faults, check.Violation{Key: "service:" + name, At: at, Source: f.source(),
					Detail: name + " is for " + strings.Join(s.Audience, ", ") + ", but " + detail})
			}
		}
	}
	return check.Failed(strconv.Itoa(n)+" restricted services, each open to named sources only or closed", faults)
}

// open says how everybody reaches a port, or "" when not everybody does.
func open(r Ruleset, ipv6 bool, port int, transport string, names []string) string {
	for _, v := range []struct {
		name string
		h    Hook
	}{{"ipv4", r.IPv4.Input}, {"ipv6", r.IPv6.Input}} {
		if v.name == "ipv6" && !ipv6 {
			continue
		}
		if v.h.Deny == "" {
			return "the packet filter refuses nothing (" + v.name + ")"
		}
		for _, o := range v.h.Open {
			if len(o.Sources) == 0 && o.Interface == "" && !o.Partly && o.covers(port, transport, names) {
				return "a rule accepts " + o.text() + " from everybody (" + v.name + ")"
			}
		}
	}
	return ""
}

// covers tells whether an opening lets packets to a port in. names lists services as "ssh 22".
func (o Opening) covers(port int, transport string, names []string) bool {
	if o.Protocol != "" && !slices.Contains(strings.Split(o.Protocol, ","), transport) {
		return false
	}
	if len(o.Ports) == 0 {
		return true
	}
	for _, p := range o.Ports {
		low, high, isRange := strings.Cut(p, "-")
		from, err := strconv.Atoi(low)
		if err != nil {
			if slices.Contains(names, p+" "+strconv.Itoa(port)) {
				return true
			}
			continue
		}
		to := from
		if isRange {
			to, err = strconv.Atoi(high)
		}
		if err == nil && from <= port && port <= to {
			return true
		}
	}
	return false
}

// UndeclaredOpening holds when the packet filter lets in only what is declared.
var UndeclaredOpening = &check.Check{
	ID:           "firewall-undeclared-opening",
	Title:        "The packet filter opens no port that is not declared",
	Doc:          "A port that stays open after its service is gone waits for whatever listens there next.",
	Remedy:       "ufw status numbered and ufw delete NUMBER; nft -a list chain inet filter input and nft delete rule inet filter input handle NUMBER; or declare the service.",
	Requirements: []string{"A.5.2.2", "A.5.2.8"},
	Needs:        []string{partRules},
	Rule:         check.On(undeclared),
	Examples: []check.Example{
		check.Passes("declared ports", closed(Opening{Protocol: "tcp", Ports: []string{"22"}, Sources: []string{"10.9.0.0/24"}}, Opening{Protocol: "tcp", Ports: []string{"443"}})).Given(estateYAML),
		check.Passes("a DHCP client", closed(Opening{Protocol: "udp", Ports: []string{"68"}})).Given(estateYAML),
		check.Fails("a port of a service that is gone", closed(Opening{Protocol: "tcp", Ports: []string{"8080"}}), "opening:tcp/8080").Given(estateYAML),
		check.Fails("everything from a network", closed(Opening{Sources: []string{"10.0.0.0/8"}}), "opening:any").Given(estateYAML),
		check.Leaves("without an estate", closed()),
	},
}

func undeclared(f Fact, d estate.View, p check.Params) check.Result {
	r, at := f.effective()
	switch {
	case f.Container:
		return check.Inapplicable(inContainer)
	case d.System == nil:
		return check.Unseen("declare the system with its services in the estate")
	case at == "":
		return check.Unseen("the rules of the packet filter could not be seen")
	case r.IPv4.Input.Deny == "" && r.IPv6.Input.Deny == "":
		return check.Inapplicable("the packet filter refuses nothing; firewall-default-deny says so")
	}
	var faults []check.Violation
	for _, v := range []struct {
		name string
		h    Hook
	}{{"ipv4", r.IPv4.Input}, {"ipv6", r.IPv6.Input}} {
		for i, o := range v.h.Open {
			ports := o.Ports
			if len(ports) == 0 {
				ports = []string{""}
			}
			for _, port := range ports {
				one := Opening{Protocol: o.Protocol, Ports: []string{port}}
				key := "opening:" + strings.Trim(o.Protocol+"/"+port, "/")
				if port == "" {
					key, one.Ports = "opening:"+anything(o.Protocol), nil
				}
				if o.Partly && port == "" || p.Has("clients", o.Protocol+"/"+port) || one.declared(d, p.Strings("names")) {
					continue
				}
				one.Sources, one.Interface = o.Sources, o.Interface
				faults = append(faults, check.Violation{Key: key, At: at + "/" + v.name + "/input/open/" + strconv.Itoa(i), Source: f.source(),
					Detail: "a rule accepts " + one.text() + ", which no declared service needs"})
			}
		}
	}
	return check.Failed("every opening belongs to a declared service", faults)
}

func anything(protocol string) string {
	if protocol == "" {
		return "any"
	}
	return protocol
}

// declared tells whether some declared service for others is what the opening is for. One without
// ports opens far more than any service.
func (o Opening) declared(d estate.View, names []string) bool {
	if len(o.Ports) == 0 {
		return o.Protocol != "" && o.Protocol != "tcp" && o.Protocol != "udp" // tunnels and routing protocols have no ports
	}
	for _, s := range d.System.Services {
		for _, transport := range s.Transports() {
			if !s.Local() && o.covers(s.Port, transport, names) {
				return true
			}
		}
	}
	return false
}

const estateYAML = `organization: Northwind
environments: [{name: prod, stage: production}]
applications: [{name: shop, criticality: high, exposure: internet}]
systems:
  - name: web-1
    environment: prod
    application: shop
    services:
      - {port: 443, protocol: https, audience: internet}
      - {port: 22, protocol: ssh, audience: internal}
      - {port: 9100, protocol: http, audience: local}
`
