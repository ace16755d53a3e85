package listeners

import (
	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
)

// LegacyService holds when nothing listens that a server hardly ever needs.
var LegacyService = &check.Check{
	ID:    "listeners-legacy-service",
	Title: "No legacy network service listens",
	Doc: "rpcbind, NFS, TFTP, SNMP, finger, X11 and the like come with packages rather than by intent, " +
		"carry no encryption, and have a long record of flaws. Declare the one that is really needed.",
	Remedy:       "systemctl disable --now rpcbind.socket rpcbind.service (likewise for the others), or declare the service in the estate.",
	Requirements: []string{"A.5.2.2"},
	Needs:        []string{partSockets, partProcesses},
	Rule:         check.On(legacyService),
	Examples: []check.Example{
		check.Passes("web and SSH", facts(web(), sshd())),
		check.Passes("another program on the port of X11", facts(tcp("0.0.0.0", 6000, user("node", "app", 998)))),
		check.Passes("NFS is declared", facts(tcp("0.0.0.0", 2049))).Given(estateYAML),
		check.Fails("rpcbind, held by systemd", facts(tcp("0.0.0.0", 111, root("systemd"), user("rpcbind", "_rpc", 106))), "listener:tcp/0.0.0.0:111"),
		check.Fails("NFS in the kernel, on loopback", facts(tcp("127.0.0.1", 2049)), "listener:tcp/127.0.0.1:2049"),
	},
}

func legacyService(f Fact, d estate.View, p check.Params) check.Result {
	return unwanted(f, p, func(l Listener) bool { _, known := d.Service(l.Port, l.Protocol); return known },
		"no legacy network service listens", "is not declared")
}

// CleartextLogin holds when nothing listens that takes passwords in clear text.
var CleartextLogin = &check.Check{
	ID:    "listeners-cleartext-login",
	Title: "No telnet, rsh, rlogin, rexec or FTP service listens",
	Doc:   "These services carry passwords and sessions in clear text: whoever sees the traffic owns the account. Declaring one does not make it safer.",
	Remedy: "apt purge telnetd rsh-server rsh-redone-server vsftpd proftpd-core (or the package that \"ss -lntp\" names); " +
		"use SSH and SFTP instead.",
	Requirements: []string{"A.5.2.2", "A.5.5.2"},
	Needs:        []string{partSockets, partProcesses},
	Rule: check.On(func(f Fact, _ estate.View, p check.Params) check.Result {
		return unwanted(f, p, func(Listener) bool { return false }, "no log-in in clear text listens", "takes passwords in clear text")
	}),
	Examples: []check.Example{
		check.Passes("SSH only", facts(sshd())),
		check.Passes("a web server on 2323", facts(tcp("0.0.0.0", 2323, nginx()))),
		check.Fails("telnet through inetd", facts(tcp("0.0.0.0", 23, root("inetutils-inetd"))), "listener:tcp/0.0.0.0:23"),
		check.Fails("FTP on another port", facts(tcp("::", 2121, root("vsftpd"))), "listener:tcp/[::]:2121"),
		check.Fails("rsh without a visible process", facts(tcp("0.0.0.0", 514)), "listener:tcp/0.0.0.0:514"),
	},
}

// DebugInterface holds when no debugger and no administration port without log-in is open.
var DebugInterface = &check.Check{
	ID:    "listeners-debug-interface",
	Title: "No debugger or unprotected administration port is reachable",
	Doc: "A debugger port runs any code for whoever connects, and the Docker API without TLS hands out root " +
		"on the host. On loopback every local account has them.",
	Remedy:       "Remove the debug option (--inspect, -agentlib:jdwp, -H tcp://) from the service and restart it; use an SSH forward while debugging.",
	Requirements: []string{"A.5.2.5", "A.5.2.7"},
	Needs:        []string{partSockets, partProcesses},
	Rule: check.On(func(f Fact, _ estate.View, p check.Params) check.Result {
		return unwanted(f, p, func(Listener) bool { return false }, "no debugger and no open administration port listens", "obeys whoever connects")
	}),
	Examples: []check.Example{
		check.Passes("web and SSH", facts(web(), sshd())),
		check.Fails("Docker API without TLS", facts(tcp("::", 2375, root("dockerd"))), "listener:tcp/[::]:2375"),
		check.Fails("Node.js inspector on loopback", facts(tcp("127.0.0.1", 9229, user("node", "app", 998))), "listener:tcp/127.0.0.1:9229"),
	},
}

// unwanted fails for each listener that is one of the parameter "services".
func unwanted(f Fact, p check.Params, exempt func(Listener) bool, none, why string) check.Result {
	list, ports := services(p, "services"), services(p, "by_port")
	var faults []check.Violation
	for i, l := range f.Listeners {
		name, ok := find(list, l, false)
		if !ok {
			name, ok = find(ports, l, true)
		}
		if !ok || exempt(l) {
			continue
		}
		v := check.Violation{Key: l.key(), At: pointer(i), Source: l.seen(),
			Detail: name + " (" + l.who() + ") listens " + l.where() + " on port " + l.port() + " and " + why}
		if l.loopback() {
			v.Severity, v.Why = check.Low, "only the host itself reaches it"
		}
		faults = append(faults, v)
	}
	return check.Failed(none, faults)
}
