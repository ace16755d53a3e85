package kernel

import (
	"slices"
	"strings"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
	"holdfast.example/holdfast/internal/fact"
)

const v4, v6 = "net.ipv4.conf.", "net.ipv6.conf."

// Redirects judges ICMP redirects that come in.
var Redirects = parameter(check.Check{
	ID:    "kernel-accept-redirects",
	Title: "The host takes no routes from ICMP redirects",
	Doc:   "Any machine on the same network can send a redirect and pull the host's traffic to itself.",
	Remedy: persist(v4+"all.accept_redirects = 0", v4+"default.accept_redirects = 0",
		v6+"all.accept_redirects = 0", v6+"default.accept_redirects = 0"),
	Requirements: []string{"A.5.2.1"},
	References:   []string{"CIS Debian 12 3.3.5", "ANSSI BP-028 R12"},
	Examples: []check.Example{
		check.Passes("off", run(v4+"all.accept_redirects", "0", v4+"default.accept_redirects", "0", v6+"all.accept_redirects", "0", v6+"default.accept_redirects", "0")),
		check.Passes("off, without IPv6", run(v4+"all.accept_redirects", "0", v4+"default.accept_redirects", "0")),
		check.Fails("on for IPv6", run(v4+"all.accept_redirects", "0", v4+"default.accept_redirects", "0", v6+"all.accept_redirects", "1", v6+"default.accept_redirects", "1"),
			"sysctl:"+v6+"all.accept_redirects", "sysctl:"+v6+"default.accept_redirects"),
	},
})

// SecureRedirects judges ICMP redirects from gateways.
var SecureRedirects = parameter(check.Check{
	ID:           "kernel-secure-redirects",
	Title:        "The host takes no routes from redirects of gateways",
	Doc:          "The sender of a redirect can be forged, so that one from a known gateway is no safer than any other.",
	Remedy:       persist(v4+"all.secure_redirects = 0", v4+"default.secure_redirects = 0"),
	Requirements: []string{"A.5.2.1"},
	References:   []string{"CIS Debian 12 3.3.6", "ANSSI BP-028 R12"},
	Examples: []check.Example{
		check.Passes("off", run(v4+"all.secure_redirects", "0", v4+"default.secure_redirects", "0")),
		check.Fails("on", run(v4+"all.secure_redirects", "1", v4+"default.secure_redirects", "0"), "sysctl:"+v4+"all.secure_redirects"),
	},
})

// SendRedirects judges ICMP redirects that go out.
var SendRedirects = parameter(check.Check{
	ID:           "kernel-send-redirects",
	Title:        "The host sends no ICMP redirects",
	Doc:          "Only routers send redirects. A host that does tells others about its network, and helps who has captured it to divert their traffic.",
	Remedy:       persist(v4+"all.send_redirects = 0", v4+"default.send_redirects = 0"),
	Requirements: []string{"A.5.2.1"},
	References:   []string{"CIS Debian 12 3.3.2", "ANSSI BP-028 R12"},
	Examples: []check.Example{
		check.Passes("off", run(v4+"all.send_redirects", "0", v4+"default.send_redirects", "0")),
		check.Fails("on", run(v4+"all.send_redirects", "1", v4+"default.send_redirects", "1"), "sysctl:"+v4+"all.send_redirects", "sysctl:"+v4+"default.send_redirects"),
	},
})

// SourceRoutes judges packets that bring their own route.
var SourceRoutes = parameter(check.Check{
	ID:    "kernel-source-routes",
	Title: "Packets that name their own route are dropped",
	Doc:   "With a route of his own an attacker reaches networks that the routers would keep him out of, and gets the answers.",
	Remedy: persist(v4+"all.accept_source_route = 0", v4+"default.accept_source_route = 0",
		v6+"all.accept_source_route = 0", v6+"default.accept_source_route = 0"),
	Requirements: []string{"A.5.2.1"},
	References:   []string{"CIS Debian 12 3.3.8", "ANSSI BP-028 R12"},
	Examples: []check.Example{
		check.Passes("off", run(v4+"all.accept_source_route", "0", v4+"default.accept_source_route", "0")),
		check.Fails("on for new interfaces", run(v4+"all.accept_source_route", "0", v4+"default.accept_source_route", "1"), "sysctl:"+v4+"default.accept_source_route"),
	},
})

// Martians judges the logging of impossible senders.
var Martians = parameter(check.Check{
	ID:           "kernel-log-martians",
	Title:        "Packets with impossible addresses are logged",
	Doc:          "Such packets are the mark of forged senders or of a wrong route; a log line is the only trace.",
	Remedy:       persist(v4+"all.log_martians = 1", v4+"default.log_martians = 1"),
	Requirements: []string{"A.5.2.1"},
	References:   []string{"CIS Debian 12 3.3.9"},
	Examples: []check.Example{
		check.Passes("on", run(v4+"all.log_martians", "1", v4+"default.log_martians", "1")),
		check.Fails("off", run(v4+"all.log_martians", "0", v4+"default.log_martians", "0"), "sysctl:"+v4+"all.log_martians", "sysctl:"+v4+"default.log_martians"),
	},
})

// ReversePath judges the check of senders. The kernel takes the greater of "all" and of the
// interface, so that one of both is enough.
var ReversePath = &check.Check{
	ID:           "kernel-reverse-path",
	Title:        "The sender of a packet is checked against the routes",
	Doc:          "Without the check the host answers packets whose sender is forged, also ones that claim to come from inside.",
	Remedy:       persist(v4+"all.rp_filter = 1", v4+"default.rp_filter = 1"),
	Requirements: []string{"A.5.2.1"},
	References:   []string{"CIS Debian 12 3.3.7", "ANSSI BP-028 R12"},
	Rule: check.On(func(f Fact, _ estate.View, p check.Params) check.Result {
		r := f.judge(p.Strings("want"))
		switch {
		case r.Verdict != check.Fail || len(r.Violations) == len(p.Strings("want")):
			return r
		case r.Partial: // the other one may be on
			return check.Unseen(r.Detail)
		}
		return check.Passed("one of all and default is on, and the greater one counts")
	}),
	Examples: []check.Example{
		check.Passes("strict", run(v4+"all.rp_filter", "1", v4+"default.rp_filter", "1")),
		check.Passes("systemd's own: loose for each interface", run(v4+"all.rp_filter", "0", v4+"default.rp_filter", "2")),
		check.Leaves("one is off, the other was not seen", oneUnread(v4+"default.rp_filter", v4+"all.rp_filter", "0")),
		check.Fails("off", run(v4+"all.rp_filter", "0", v4+"default.rp_filter", "0"), "sysctl:"+v4+"all.rp_filter", "sysctl:"+v4+"default.rp_filter"),
	},
}

// Broadcasts judges answers to pings of a whole network.
var Broadcasts = parameter(check.Check{
	ID:           "kernel-icmp-broadcasts",
	Title:        "Pings to a whole network get no answer",
	Doc:          "One forged ping makes every host on the network send to the victim.",
	Remedy:       persist("net.ipv4.icmp_echo_ignore_broadcasts = 1"),
	Requirements: []string{"A.5.2.1"},
	References:   []string{"CIS Debian 12 3.3.4"},
	Examples: []check.Example{
		check.Passes("ignored", run("net.ipv4.icmp_echo_ignore_broadcasts", "1")),
		check.Fails("answered", run("net.ipv4.icmp_echo_ignore_broadcasts", "0"), "sysctl:net.ipv4.icmp_echo_ignore_broadcasts"),
	},
})

// BogusErrors judges false error messages.
var BogusErrors = parameter(check.Check{
	ID:           "kernel-icmp-bogus",
	Title:        "False ICMP errors are ignored",
	Doc:          "Answers to broadcasts that break RFC 1122 fill the log and hide what matters.",
	Remedy:       persist("net.ipv4.icmp_ignore_bogus_error_responses = 1"),
	Requirements: []string{"A.5.2.1"},
	References:   []string{"CIS Debian 12 3.3.3", "ANSSI BP-028 R12"},
	Examples: []check.Example{
		check.Passes("ignored", run("net.ipv4.icmp_ignore_bogus_error_responses", "1")),
		check.Fails("logged", run("net.ipv4.icmp_ignore_bogus_error_responses", "0"), "sysctl:net.ipv4.icmp_ignore_bogus_error_responses"),
	},
})

// SynCookies judges the guard against floods of connections.
var SynCookies = parameter(check.Check{
	ID:           "kernel-syn-cookies",
	Title:        "A flood of connection attempts does not block the host",
	Doc:          "Without SYN cookies a few thousand forged packets a second fill the queue, and nobody can connect.",
	Remedy:       persist("net.ipv4.tcp_syncookies = 1"),
	Requirements: []string{"A.5.2.1"},
	References:   []string{"CIS Debian 12 3.3.10", "ANSSI BP-028 R12"},
	Examples: []check.Example{
		check.Passes("on", run("net.ipv4.tcp_syncookies", "1")),
		check.Fails("off", run("net.ipv4.tcp_syncookies", "0"), "sysctl:net.ipv4.tcp_syncookies"),
	},
})

// TimeWait judges RFC 1337.
var TimeWait = parameter(check.Check{
	ID:           "kernel-rfc1337",
	Title:        "Late packets do not end closed connections early",
	Doc:          "RFC 1337 describes how a late or forged reset ends the waiting time of a closed connection, so that old data can enter a new one.",
	Remedy:       persist("net.ipv4.tcp_rfc1337 = 1"),
	Requirements: []string{"A.5.2.1"},
	References:   []string{"ANSSI BP-028 R12"},
	Examples: []check.Example{
		check.Passes("on", run("net.ipv4.tcp_rfc1337", "1")),
		check.Fails("off", run("net.ipv4.tcp_rfc1337", "0"), "sysctl:net.ipv4.tcp_rfc1337"),
	},
})

// RouterAdvertisements judges who configures IPv6.
var RouterAdvertisements = parameter(check.Check{
	ID:           "kernel-router-advertisements",
	Title:        "The host takes no routes from IPv6 router advertisements",
	Doc:          "Any machine on the same network can announce itself as router and get the host's IPv6 traffic. Servers have fixed addresses and routes.",
	Remedy:       persist(v6+"all.accept_ra = 0", v6+"default.accept_ra = 0") + "\n\nGive fixed IPv6 addresses and routes first where the host has them by advertisements.",
	Requirements: []string{"A.5.2.1"},
	References:   []string{"CIS Debian 12 3.3.11"},
	Examples: []check.Example{
		check.Passes("off", run(v6+"all.accept_ra", "0", v6+"default.accept_ra", "0")),
		check.Fails("on", run(v6+"all.accept_ra", "1", v6+"default.accept_ra", "1"), "sysctl:"+v6+"all.accept_ra", "sysctl:"+v6+"default.accept_ra"),
		check.Skips("no IPv6", run()),
	},
})

// Forwarding judges whether the host is a router.
var Forwarding = &check.Check{
	ID:           "kernel-forwarding",
	Title:        "The host forwards packets only where it has to",
	Doc:          "A host in two networks that forwards joins them past the firewall between them.",
	Remedy:       persist("net.ipv4.ip_forward = 0", "net.ipv6.conf.all.forwarding = 0") + "\n\nOn a router, declare what forwards under runs: of the system.",
	Requirements: []string{"A.5.2.1"},
	References:   []string{"CIS Debian 12 3.3.1", "ANSSI BP-028 R12"},
	Needs:        []string{partKernel},
	Rule: check.On(func(f Fact, declared estate.View, p check.Params) check.Result {
		if why := f.elsewhere(); why != "" {
			return check.Inapplicable(why)
		}
		for _, name := range p.Strings("routers") {
			if declared.Runs(name) {
				return check.Inapplicable("the system is declared to run " + name + ", which forwards packets")
			}
		}
		if len(f.Forwarders) > 0 {
			return check.Inapplicable("it forwards for " + strings.Join(f.Forwarders, ", "))
		}
		return f.judge(p.Strings("want"))
	}),
	Examples: []check.Example{
		check.Passes("off", run("net.ipv4.ip_forward", "0", "net.ipv6.conf.all.forwarding", "0")),
		check.Fails("on", run("net.ipv4.ip_forward", "1"), "sysctl:net.ipv4.ip_forward"),
		check.Skips("a declared router", run("net.ipv4.ip_forward", "1")).Given(router),
		check.Skips("a container engine", Fact{Forwarders: []string{"docker"}, Running: map[string]string{"net.ipv4.ip_forward": "1"}}),
	},
}

// Kept compares what runs with what the next start will set.
var Kept = &check.Check{
	ID:           "kernel-settings-kept",
	Title:        "Kernel parameters are the same after a restart",
	Doc:          "A parameter that was changed by hand is lost at the next start, and a file that was never loaded has no effect yet. Both look hardened and are not.",
	Remedy:       "Load what the files say:\n\n    sysctl --system\n\nor write the value that is meant into /etc/sysctl.d/60-hardening.conf.",
	Requirements: []string{"A.5.2.1"},
	Needs:        []string{partSysctl},
	Rule: check.On(func(f Fact, _ estate.View, _ check.Params) check.Result {
		if why := f.elsewhere(); why != "" {
			return check.Inapplicable(why)
		}
		if f.Tree {
			return check.Inapplicable("a file tree does not run")
		}
		var vs []check.Violation
		missing, compared := "", 0
		for _, key := range watched {
			s, set := f.next(key)
			if !set {
				continue
			}
			compared++
			now, known := f.Running[key]
			if gap, unseen := f.Gaps["sysctl "+key]; unseen {
				missing = gap.Error()
			}
			if known && now != s.Value && !slices.Contains([]string{"kernel.core_pattern"}, key) {
				vs = append(vs, check.Violation{Key: "sysctl:" + key, At: "/running/" + key, Source: s.Source,
					Detail: key + " is " + now + " now, the next start sets it to " + s.Value})
			}
		}
		switch {
		case len(vs) > 0:
			return check.Failed("", vs).Beside(missing)
		case missing != "":
			return check.Unseen(missing)
		case compared == 0:
			return check.Passed("no file sets a parameter that matters here")
		}
		return check.Passed("all parameters have the values that the files set")
	}),
	Examples: []check.Example{
		check.Passes("agrees", kept("1", "kernel.kptr_restrict", "1")),
		check.Passes("nothing set", run("kernel.kptr_restrict", "1")),
		check.Passes("a pattern with an exception", Fact{Running: map[string]string{v4 + "all.rp_filter": "0", v4 + "default.rp_filter": "2"},
			Settings: []Setting{{v4 + "*.rp_filter", "2", true, "/usr/lib/sysctl.d/50-default.conf:20"}, {v4 + "all.rp_filter", "", false, "/usr/lib/sysctl.d/50-default.conf:21"}}}),
		check.Fails("changed by hand", kept("0", "kernel.kptr_restrict", "1"), "sysctl:kernel.kptr_restrict"),
		check.Skips("a tree", disk("kernel.kptr_restrict", "1")),
	},
}

// oneUnread is a running kernel with one parameter that could not be read.
func oneUnread(unread string, pairs ...string) Fact {
	f := run(pairs...)
	f.Note("sysctl "+unread, &fact.Problem{Cause: fact.Denied, Source: procPath(unread)})
	return f
}

func kept(onDisk, key, now string) Fact {
	f := run(key, now)
	f.Settings = []Setting{{key, onDisk, true, "/etc/sysctl.d/50-local.conf:1"}}
	return f
}

// router is an estate in which web-1 forwards and needs sctp.
const router = `organization: Northwind
people:
  - {id: erika, name: Erika Muster, email: erika@northwind.example}
teams:
  - {name: platform, lead: erika, members: [erika], contact: platform@northwind.example}
environments:
  - {name: prod, stage: production}
applications:
  - {name: shop, team: platform, criticality: high, exposure: internet, environments: [prod]}
systems:
  - {name: web-1, application: shop, environment: prod, runs: [router, sctp]}
`
