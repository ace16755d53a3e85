package firewall

import (
	"strings"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
)

const (
	inContainer = "an application container: the packet filter is its host's"
	inactive    = "no packet filter is active; firewall-active says so"
)

// Active holds when packets to the host meet rules at all.
var Active = &check.Check{
	ID:    "firewall-active",
	Title: "A packet filter is active for incoming packets",
	Doc: "Without a packet filter every service that listens, also by mistake or after an update, is open " +
		"to everyone who can reach the host.",
	Remedy:       "apt install ufw && ufw allow from ADMIN_NETWORK to any port 22 proto tcp && ufw enable; or write /etc/nftables.conf and systemctl enable --now nftables.",
	Requirements: []string{"A.5.2.1", "A.5.2.8"},
	Needs:        []string{partRules},
	Rule:         check.On(active),
	Examples: []check.Example{
		check.Passes("default deny", closed()),
		check.Passes("rules over an accepting policy", Fact{Running: &Ruleset{IPv4: Family{Input: Hook{Filtered: true}}}}),
		check.Fails("nothing", Fact{Running: &Ruleset{}}, "firewall:input"),
		check.Skips("container", Fact{Container: true}),
	},
}

func active(f Fact, _ estate.View, _ check.Params) check.Result {
	r, at := f.effective()
	switch {
	case f.Container:
		return check.Inapplicable(inContainer)
	case at == "":
		return check.Unseen("the rules of the packet filter could not be seen")
	case r.IPv4.Input.Filtered || r.IPv6.Input.Filtered:
		return check.Passed("incoming packets meet rules" + f.by())
	}
	return check.Failed("", []check.Violation{{Key: "firewall:input", At: at + "/ipv4/input", Source: f.source(),
		Detail: "no rule is attached to incoming packets" + f.by()}})
}

// by names the frameworks that are enabled.
func (f Fact) by() string {
	var names []string
	for _, w := range f.Frameworks {
		if w.Enabled {
			names = append(names, w.Name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return " (" + strings.Join(names, ", ") + ")"
}

func (f Fact) source() string {
	if f.Running != nil {
		return nftList.String()
	}
	for _, w := range f.Frameworks {
		if w.Enabled {
			return w.Source
		}
	}
	return "/etc"
}

// DefaultDeny holds when packets over IPv4 that no rule names are refused.
var DefaultDeny = &check.Check{
	ID:           "firewall-default-deny",
	Title:        "Incoming packets over IPv4 are refused unless a rule accepts them",
	Doc:          "A list of what is forbidden is never complete; what is allowed can be listed, reviewed and declared.",
	Remedy:       "ufw default deny incoming; nftables: \"policy drop;\" in the chain of hook input; iptables -P INPUT DROP. First accept your own SSH connection.",
	Requirements: []string{"A.5.2.1", "A.5.2.8"},
	Needs:        []string{partRules},
	Rule: check.On(func(f Fact, _ estate.View, _ check.Params) check.Result {
		return refuses(f, "ipv4", "input", func(r Ruleset) Hook { return r.IPv4.Input })
	}),
	Examples: []check.Example{
		check.Passes("default deny", closed()),
		check.Passes("the last rule refuses", Fact{Running: &Ruleset{IPv4: Family{Input: Hook{Filtered: true, Deny: "last rule"}}}}),
		check.Fails("accepting policy", Fact{Running: &Ruleset{IPv4: Family{Input: Hook{Filtered: true}}}}, "firewall:ipv4/input"),
		check.Fails("IPv6 only", Fact{IPv6: true, Running: &Ruleset{IPv6: Family{Input: deny}}}, "firewall:ipv4/input"),
		check.Skips("container", Fact{Container: true}),
		check.Skips("no packet filter", Fact{Running: &Ruleset{}}),
	},
}

// IPv6 holds when the same is true of IPv6, wherever the host speaks it.
var IPv6 = &check.Check{
	ID:    "firewall-ipv6",
	Title: "Incoming packets over IPv6 are refused unless a rule accepts them",
	Doc: "Rules of iptables and tables of family ip see IPv4 only. A host with any IPv6 address, also a " +
		"link-local one, is open beside them.",
	Remedy:       "Use a table of family inet in nftables; IPV6=yes in /etc/default/ufw and ufw reload; or ip6tables -P INPUT DROP with rules of its own.",
	Requirements: []string{"A.5.2.1", "A.5.2.8"},
	Needs:        []string{partRules, partKernel},
	Rule: check.On(func(f Fact, _ estate.View, _ check.Params) check.Result {
		if _, gap := f.Missing()[partKernel]; !f.IPv6 && !gap && !f.Container {
			return check.Inapplicable("the host has no IPv6 address")
		}
		if !f.IPv6 && !f.Container {
			return check.Unseen("whether the host has IPv6 addresses")
		}
		return refuses(f, "ipv6", "input", func(r Ruleset) Hook { return r.IPv6.Input })
	}),
	Examples: []check.Example{
		check.Passes("default deny", closed()),
		check.Fails("IPv4 only", Fact{IPv6: true, Running: &Ruleset{IPv4: Family{Input: deny}}}, "firewall:ipv6/input"),
		check.Skips("no IPv6", Fact{Running: &Ruleset{IPv4: Family{Input: deny}}}),
		check.Skips("container", Fact{Container: true}),
	},
}

// Forward holds when a host that forwards packets forwards only what a rule names.
var Forward = &check.Check{
	ID:           "firewall-forward",
	Title:        "Packets are forwarded only when a rule accepts them",
	Doc:          "A host that forwards everything joins its networks: whoever reaches one side reaches the other, past the borders between zones.",
	Remedy:       "nftables: \"policy drop;\" in the chain of hook forward; iptables -P FORWARD DROP; ufw default deny routed. A host that is no router: sysctl -w net.ipv4.ip_forward=0.",
	Requirements: []string{"A.5.2.1"},
	Needs:        []string{partRules, partKernel},
	Rule: check.On(func(f Fact, _ estate.View, _ check.Params) check.Result {
		_, gap := f.Missing()[partKernel]
		switch {
		case f.Container:
			return check.Inapplicable(inContainer)
		case !f.Forwards && gap:
			return check.Unseen("whether the host forwards packets")
		case !f.Forwards:
			return check.Inapplicable("the kernel forwards no packets")
		}
		r := refuses(f, "ipv4", "forward", func(r Ruleset) Hook { return r.IPv4.Forward })
		if v6 := refuses(f, "ipv6", "forward", func(r Ruleset) Hook { return r.IPv6.Forward }); f.IPv6 && v6.Verdict == check.Fail {
			return check.Failed("", append(r.Violations, v6.Violations...))
		}
		return r
	}),
	Examples: []check.Example{
		check.Passes("default deny", Fact{Forwards: true, IPv6: true, Running: &Ruleset{IPv4: Family{deny, deny}, IPv6: Family{deny, deny}}}),
		check.Fails("forwards everything", Fact{Forwards: true, IPv6: true, Running: &Ruleset{IPv4: Family{Input: deny}, IPv6: Family{deny, deny}}}, "firewall:ipv4/forward"),
		check.Skips("does not forward", closed()),
	},
}

// refuses judges one hook of one version of IP.
func refuses(f Fact, version, name string, of func(Ruleset) Hook) check.Result {
	r, at := f.effective()
	switch {
	case f.Container:
		return check.Inapplicable(inContainer)
	case at == "":
		return check.Unseen("the rules of the packet filter could not be seen")
	case !r.IPv4.Input.Filtered && !r.IPv6.Input.Filtered && name == "input":
		return check.Inapplicable(inactive)
	}
	h := of(r)
	if h.Deny != "" {
		return check.Passed(version + " " + name + ": everything else is refused by " + h.Deny)
	}
	detail := version + " " + name + ": what no rule names is accepted"
	if !h.Filtered {
		detail = version + " " + name + ": no rules are attached"
	}
	return check.Failed("", []check.Violation{{Key: "firewall:" + version + "/" + name, At: at + "/" + version + "/" + name, Source: f.source(), Detail: detail}})
}

var deny = Hook{Filtered: true, Deny: "policy drop", Loopback: true, Spoofed: true}

// closed is an example of a host that is set up well.
func closed(open ...Opening) Fact {
	h := deny
	h.Open = open
	return Fact{IPv6: true, Frameworks: []Framework{{"nftables", true, "/etc/systemd/system/sysinit.target.wants/nftables.service"}},
		Running: &Ruleset{IPv4: Family{Input: h}, IPv6: Family{Input: h}}, OnDisk: &Ruleset{IPv4: Family{Input: h}, IPv6: Family{Input: h}}}
}
