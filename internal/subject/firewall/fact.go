// Package firewall judges the packet filter of a host: whether one is active, what it does with
// packets that no rule names, and what it lets in. It reads rules; it sends no packets, and knows
// nothing of filters elsewhere in the network.
package firewall

import (
	"strings"

	"holdfast.example/holdfast/internal/fact"
)

// Fact is the packet filter of a host, without counters, handles and the contents of sets: those
// change by themselves.
type Fact struct {
	Container  bool        `json:"container,omitempty"` // an application container without rules of its own: its host filters
	IPv6       bool        `json:"ipv6,omitempty"`      // an IPv6 address beside loopback exists
	Forwards   bool        `json:"forwards,omitempty"`  // the kernel forwards packets
	Frameworks []Framework `json:"frameworks,omitempty"`
	Running    *Ruleset    `json:"running,omitempty"` // nil when it could not be seen
	OnDisk     *Ruleset    `json:"on_disk,omitempty"` // what is loaded at boot; nil when nothing is
	fact.Gaps  `json:"gaps,omitempty"`
}

// Parts of the fact that may be missing.
const (
	partRules  = "rules"  // the rules in force; in a file tree those that would be loaded
	partDisk   = "disk"   // what is loaded at boot
	partKernel = "kernel" // IPv6 addresses and forwarding
)

// Kind is firewall/1.
func (Fact) Kind() fact.Kind { return fact.Kind{Name: "firewall", Version: 1} }

// Framework is a way to set up the packet filter.
type Framework struct {
	Name    string `json:"name" drift:"key"` // nftables, iptables, ufw, firewalld
	Enabled bool   `json:"enabled"`
	Source  string `json:"source" drift:"line"` // the file or link that says so
}

// Ruleset is what happens to packets, for each version of IP.
type Ruleset struct {
	IPv4 Family `json:"ipv4"`
	IPv6 Family `json:"ipv6"`
}

// Family is one version of IP.
type Family struct {
	Input   Hook `json:"input"`
	Forward Hook `json:"forward"`
}

// Hook is where packets meet rules: on their way to this host, or through it.
type Hook struct {
	Filtered bool      `json:"filtered,omitempty"` // a chain is attached
	Deny     string    `json:"deny,omitempty"`     // what refuses everything else: policy drop, last rule; empty: nothing does
	Loopback bool      `json:"loopback,omitempty"` // the loopback interface is accepted
	Spoofed  bool      `json:"spoofed,omitempty"`  // loopback addresses from elsewhere are dropped
	Open     []Opening `json:"open,omitempty"`     // what is let in; input only
}

// Opening is a rule that accepts new connections.
type Opening struct {
	Protocol  string   `json:"protocol,omitempty"`  // tcp, udp; empty: any
	Ports     []string `json:"ports,omitempty"`     // 22, 6000-6010, ssh; empty: all
	Sources   []string `json:"sources,omitempty"`   // addresses, networks, @set; empty: everybody
	Interface string   `json:"interface,omitempty"` // empty: all
	Partly    bool     `json:"partly,omitempty"`    // further conditions narrow it
	Chain     string   `json:"chain,omitempty"`
}

// text words an opening: tcp 80,443 from 10.0.0.0/8.
func (o Opening) text() string {
	s := "any protocol"
	if o.Protocol != "" {
		s = o.Protocol
	}
	if len(o.Ports) > 0 {
		s += " " + strings.Join(o.Ports, ",")
	}
	if len(o.Sources) > 0 {
		s += " from " + strings.Join(o.Sources, ", ")
	}
	if o.Interface != "" {
		s += " on " + o.Interface
	}
	return s
}

// effective gives the rules to judge: those in force, else those of the disk.
func (f Fact) effective() (Ruleset, string) {
	switch {
	case f.Running != nil:
		return *f.Running, "/running"
	case f.OnDisk != nil:
		return *f.OnDisk, "/on_disk"
	}
	return Ruleset{}, ""
}
