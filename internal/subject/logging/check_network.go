package logging

import (
	"fmt"
	"strconv"
	"strings"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
)

// Remote demands a copy of the log on another host.
var Remote = &check.Check{
	ID:           "logging-remote",
	Title:        "Messages are sent to another host",
	Doc:          "Who is root here can edit what is logged here. Only the copy that has already left tells the truth about a break-in.",
	Remedy:       "rsyslog, in /etc/rsyslog.d/60-forward.conf:\n*.* action(type=\"omfwd\" target=\"log.example.org\" port=\"6514\" protocol=\"tcp\" StreamDriver=\"gtls\" StreamDriverMode=\"1\" StreamDriverAuthMode=\"x509/name\" queue.type=\"linkedList\" queue.filename=\"fwd\" action.resumeRetryCount=\"-1\")\nor: sudo apt-get install systemd-journal-remote, set URL= in /etc/systemd/journal-upload.conf, sudo systemctl enable --now systemd-journal-upload",
	Requirements: []string{"A.5.8.3"},
	References:   []string{"CIS Debian 12 6.1.3.6"},
	Needs:        []string{partSyslog, partAgents, partPrograms},
	Rule: rule(func(f Fact, _ estate.View, _ check.Params) check.Result {
		var idle []string
		for _, t := range f.Targets {
			if !f.active(t) {
				idle = append(idle, t.Via)
				continue
			}
			to := t.Host
			if to == "" {
				to = "where its configuration says"
			}
			return check.Passed(t.Via + " sends to " + to)
		}
		for _, part := range []string{partProcesses, partSyslog, partAgents} {
			if p, ok := f.Missing()[part]; ok && !(part == partProcesses && f.Static) {
				return check.Unseen("whether messages are sent elsewhere could not be seen: " + p.Error())
			}
		}
		detail := "no syslog server, journal or agent sends messages to another host"
		if len(idle) > 0 {
			detail = strings.Join(idle, ", ") + " is set up to send messages and does not run"
		}
		return one("target:remote", detail, "/targets", rsyslogConf)
	}),
	Examples: []check.Example{
		check.Passes("rsyslog", sending(Target{Via: "rsyslog", Host: "log.example.org:6514", TLS: true, Source: "/etc/rsyslog.d/60.conf:1"})),
		check.Passes("an agent", func() Fact {
			f := sending(Target{Via: "vector", Opaque: true, Source: "/etc/vector/vector.yaml"})
			f.Running = append(f.Running, "vector")
			return f
		}()),
		check.Fails("everything stays here", sample(), "target:remote"),
		check.Fails("an agent that does not run", sending(Target{Via: "filebeat", Opaque: true, Source: "/etc/filebeat/filebeat.yml"}), "target:remote"),
		check.Skips("a container", Fact{Container: true}),
	},
}

// active tells whether the program that should send runs, on a file tree whether it is there.
func (f Fact) active(t Target) bool {
	name := t.Via
	switch name {
	case "rsyslog":
		name = "rsyslogd"
	case "journal-upload":
		return true
	}
	return f.Static || f.runs(name)
}

// RemoteTLS demands that messages travel encrypted.
var RemoteTLS = &check.Check{
	ID:           "logging-remote-tls",
	Title:        "Messages travel over TLS",
	Doc:          "Plain syslog can be read, forged and dropped by anybody on the path. Logs hold names, addresses and now and then a password typed in the wrong field.",
	Remedy:       "rsyslog: protocol=\"tcp\" StreamDriver=\"gtls\" StreamDriverMode=\"1\" StreamDriverAuthMode=\"x509/name\" in the action (package rsyslog-gnutls); for RELP tls=\"on\".\nsyslog-ng: transport(\"tls\") with tls(peer-verify(required-trusted)).",
	Requirements: []string{"A.5.8.3", "A.5.5.2"},
	Needs:        []string{partSyslog, partAgents},
	Rule: rule(func(f Fact, _ estate.View, _ check.Params) check.Result {
		if len(f.Targets) == 0 {
			return check.Inapplicable("no messages are sent to another host")
		}
		var vs []check.Violation
		opaque, judged := []string(nil), 0
		for i, t := range f.Targets {
			switch {
			case t.Opaque:
				opaque = append(opaque, t.Via+" ("+t.Source+")")
			case loopback(t.Host):
			case !t.TLS:
				vs = append(vs, check.Violation{Key: "target:" + t.Host, Detail: t.Via + " sends messages to " + t.Host + " without TLS",
					At: fmt.Sprintf("/targets/%d", i), Source: t.Source})
			default:
				judged++
			}
		}
		if len(vs) == 0 && len(opaque) > 0 && judged == 0 {
			return check.Unseen("whether these use TLS is not read from their configuration: " + strings.Join(opaque, ", "))
		}
		if len(vs) == 0 && judged == 0 {
			return check.Inapplicable("no messages leave the host")
		}
		return check.Failed(fmt.Sprintf("%d targets, all over TLS", judged), vs)
	}),
	Examples: []check.Example{
		check.Passes("TLS", sending(Target{Via: "rsyslog", Host: "log.example.org:6514", TLS: true, Source: "x:1"})),
		check.Fails("plain", sending(Target{Via: "rsyslog", Host: "10.0.0.5:514", Source: "/etc/rsyslog.d/60.conf:1"}), "target:10.0.0.5:514"),
		check.Skips("loopback", sending(Target{Via: "rsyslog", Host: "127.0.0.1:514", Source: "x:1"})),
		check.Leaves("an agent", sending(Target{Via: "vector", Opaque: true, Source: "/etc/vector/vector.yaml"})),
		check.Skips("nothing is sent", sample()),
	},
}

func loopback(host string) bool {
	host = strings.TrimPrefix(host, "[")
	return strings.HasPrefix(host, "127.") || strings.HasPrefix(host, "::1") || strings.HasPrefix(host, "localhost") || strings.HasPrefix(host, "/")
}

// NoInput demands that a host that is no log server takes no messages from the network.
var NoInput = &check.Check{
	ID:           "logging-remote-input",
	Title:        "No messages are taken from the network",
	Doc:          "An open syslog port lets anybody who can reach it forge entries and fill the disk. A log server is declared as such.",
	Remedy:       "Remove the input (imtcp, imudp, imrelp) from the file named here, then: sudo systemctl restart rsyslog\nIf this is the log server, declare the service in the estate.",
	Requirements: []string{"A.5.2.2", "A.5.2.7"},
	References:   []string{"CIS Debian 12 6.1.3.7"},
	Needs:        []string{partSyslog},
	Rule: rule(func(f Fact, declared estate.View, _ check.Params) check.Result {
		var vs []check.Violation
		for i, in := range f.Inputs {
			port, transport := in.Port, "tcp"
			if port == "" {
				port = "514"
			}
			if in.Module == "imudp" || in.Module == "imdtls" {
				transport = "udp"
			}
			if n, err := strconv.Atoi(port); err == nil {
				if _, ok := declared.Service(n, transport); ok {
					continue
				}
			}
			vs = append(vs, check.Violation{Key: "input:" + in.Module + ":" + port, Detail: in.Module + " takes messages from the network on port " + port,
				At: fmt.Sprintf("/inputs/%d", i), Source: in.Source})
		}
		return check.Failed("no undeclared input from the network", vs)
	}),
	Examples: []check.Example{
		check.Passes("none", sample()),
		check.Fails("imtcp", func() Fact {
			f := sample()
			f.Inputs = []Input{{"imtcp", "514", "/etc/rsyslog.conf:20"}}
			return f
		}(), "input:imtcp:514"),
		check.Skips("a container", Fact{Container: true}),
	},
}
