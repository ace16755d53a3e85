package firewall

import (
	"strconv"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
)

// SingleFramework holds when one program alone sets up the rules.
var SingleFramework = &check.Check{
	ID:           "firewall-single-framework",
	Title:        "One framework alone sets up the packet filter",
	Doc:          "Two frameworks overwrite each other: which rules hold depends on which started last, and \"flush ruleset\" of one removes the other's.",
	Remedy:       "systemctl disable --now all but one of ufw, nftables, firewalld and netfilter-persistent (ufw disable for ufw).",
	Requirements: []string{"A.5.2.1"},
	Needs:        []string{partDisk},
	Rule:         check.On(single),
	Examples: []check.Example{
		check.Passes("nftables alone", closed()),
		check.Passes("ufw beside the unused file of nftables", Fact{Frameworks: []Framework{{"nftables", false, "/etc/nftables.conf"}, {"ufw", true, ufwConf}}}),
		check.Fails("ufw and nftables", Fact{Frameworks: []Framework{{"nftables", true, "/etc/systemd/system/sysinit.target.wants/nftables.service"}, {"ufw", true, ufwConf}}},
			"framework:nftables", "framework:ufw"),
		check.Skips("container", Fact{Container: true}),
	},
}

func single(f Fact, _ estate.View, _ check.Params) check.Result {
	if f.Container {
		return check.Inapplicable(inContainer)
	}
	var faults []check.Violation
	for i, w := range f.Frameworks {
		if w.Enabled {
			faults = append(faults, check.Violation{Key: "framework:" + w.Name, At: "/frameworks/" + strconv.Itoa(i), Source: w.Source,
				Detail: w.Name + " is enabled beside another framework" + f.by()})
		}
	}
	if len(faults) < 2 {
		return check.Passed(strconv.Itoa(len(faults)) + " framework enabled" + f.by())
	}
	return check.Failed("", faults)
}

// Persistent holds when the host refuses packets after a restart as it does now.
var Persistent = &check.Check{
	ID:    "firewall-persistent",
	Title: "The rules of the packet filter come back after a restart",
	Doc:   "Rules that were only typed in are gone after the next restart, and nobody notices that the host is open.",
	Remedy: "nft list ruleset > /etc/nftables.conf (put \"flush ruleset\" first) && systemctl enable nftables; " +
		"with iptables: apt install iptables-persistent && netfilter-persistent save.",
	Requirements: []string{"A.5.2.1"},
	Needs:        []string{partRules, partDisk},
	Rule:         check.On(persistent),
	Examples: []check.Example{
		check.Passes("the same on disk", closed()),
		check.Fails("nothing loads rules at boot", Fact{Running: closed().Running}, "firewall:persistence"),
		check.Fails("the file accepts everything", Fact{Running: closed().Running, Frameworks: closed().Frameworks, OnDisk: &Ruleset{IPv4: Family{Input: Hook{Filtered: true}}}}, "firewall:persistence"),
		check.Skips("no rules", Fact{Running: &Ruleset{}}),
		check.Skips("container", Fact{Container: true}),
		check.Skips("a file tree", Fact{OnDisk: closed().OnDisk}),
	},
}

func persistent(f Fact, _ estate.View, _ check.Params) check.Result {
	p, gap := f.Missing()[partDisk]
	switch {
	case f.Container:
		return check.Inapplicable(inContainer)
	case gap:
		return check.Unclear(&p)
	case f.Running == nil && f.OnDisk != nil:
		return check.Inapplicable("a file tree: only what is on disk was seen")
	case f.Running == nil:
		return check.Unseen("the rules in force could not be seen")
	case f.Running.IPv4.Input.Deny == "" && f.Running.IPv6.Input.Deny == "":
		return check.Inapplicable("no rules in force refuse packets; firewall-default-deny says so")
	}
	fault := check.Violation{Key: "firewall:persistence", At: "/on_disk", Source: "/etc"}
	switch {
	case f.by() == "":
		fault.Detail = "rules refuse packets now, but nothing is enabled that loads them at boot"
	case f.OnDisk == nil:
		fault.Detail = "rules refuse packets now, but no file holds rules" + f.by()
	case f.Running.IPv4.Input.Deny != "" && f.OnDisk.IPv4.Input.Deny == "", f.Running.IPv6.Input.Deny != "" && f.OnDisk.IPv6.Input.Deny == "":
		fault.Detail = "rules refuse packets now, but those on disk do not" + f.by()
	default:
		return check.Passed("rules on disk refuse packets as those in force do" + f.by())
	}
	return check.Failed("", []check.Violation{fault})
}

// Loopback holds when loopback addresses are taken from the loopback interface alone.
var Loopback = &check.Check{
	ID:    "firewall-loopback",
	Title: "Loopback traffic is accepted, and loopback addresses from elsewhere are dropped",
	Doc: "Services trust 127.0.0.1. The kernel refuses such packets from the network by default; the rule keeps " +
		"it so when route_localnet is switched on, as container engines do.",
	Remedy:       "nft add rule inet filter input iif lo accept; nft add rule inet filter input iif != lo ip saddr 127.0.0.0/8 drop; nft add rule inet filter input iif != lo ip6 saddr ::1 drop",
	Requirements: []string{"A.5.2.1"},
	Needs:        []string{partRules},
	Rule:         check.On(loopback),
	Examples: []check.Example{
		check.Passes("both rules", closed()),
		check.Fails("neither", Fact{Running: &Ruleset{IPv4: Family{Input: Hook{Filtered: true, Deny: "policy drop"}}}}, "firewall:ipv4/loopback"),
		check.Skips("no packet filter", Fact{Running: &Ruleset{}}),
		check.Skips("container", Fact{Container: true}),
	},
}

func loopback(f Fact, _ estate.View, _ check.Params) check.Result {
	r, at := f.effective()
	switch {
	case f.Container:
		return check.Inapplicable(inContainer)
	case at == "":
		return check.Unseen("the rules of the packet filter could not be seen")
	case !r.IPv4.Input.Filtered && !r.IPv6.Input.Filtered:
		return check.Inapplicable(inactive)
	}
	var faults []check.Violation
	for _, v := range []struct {
		name string
		h    Hook
	}{{"ipv4", r.IPv4.Input}, {"ipv6", r.IPv6.Input}} {
		detail := ""
		switch {
		case v.h.Deny == "": // firewall-default-deny and firewall-ipv6 speak of it
		case !v.h.Loopback:
			detail = v.name + ": the loopback interface is not accepted"
		case !v.h.Spoofed:
			detail = v.name + ": no rule drops loopback addresses that come from elsewhere"
		}
		if detail != "" {
			faults = append(faults, check.Violation{Key: "firewall:" + v.name + "/loopback", At: at + "/" + v.name + "/input", Source: f.source(), Detail: detail})
		}
	}
	return check.Failed("loopback is accepted from the loopback interface alone", faults)
}
