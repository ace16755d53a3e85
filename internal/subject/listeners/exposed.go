package listeners

import (
	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
)

// Declared holds when every listener is declared for the system.
var Declared = &check.Check{
	ID:    "listeners-declared",
	Title: "Every listening socket is declared",
	Doc: "What nobody declared nobody patches, watches or needs, and other hosts can attack it. " +
		"A socket on loopback may also belong to a service that is declared to run there.",
	Remedy: "Stop what is not needed (systemctl disable --now UNIT); declare the rest under \"services\" " +
		"of the system in the estate: {port: 443, protocol: https, audience: internet}.",
	Requirements: []string{"A.5.2.2"},
	References:   []string{"CIS Debian 12 2.1.22"},
	Needs:        []string{partSockets, partProcesses},
	Rule:         check.On(declared),
	Examples: []check.Example{
		check.Passes("declared", facts(web(), sshd())).Given(estateYAML),
		check.Passes("a DHCP client", facts(tcp("0.0.0.0", 443, nginx()), Listener{"udp", "0.0.0.0", 68, []Program{root("dhclient")}})).Given(estateYAML),
		check.Passes("the local socket of a service that is declared to run", facts(tcp("127.0.0.1", 8125, user("statsd", "statsd", 990)))).Given(estateYAML),
		check.Fails("not declared", facts(web(), tcp("0.0.0.0", 8080, user("java", "app", 998))), "listener:tcp/0.0.0.0:8080").Given(estateYAML),
		check.Fails("declared for another protocol", facts(Listener{"udp", "::", 443, nil}), "listener:udp/[::]:443").Given(estateYAML),
		check.Fails("not declared, on loopback", facts(tcp("127.0.0.1", 9000, user("php-fpm8.2", "www-data", 33))), "listener:tcp/127.0.0.1:9000").Given(estateYAML),
		check.Leaves("without an estate", facts(web())),
	},
}

func declared(f Fact, d estate.View, p check.Params) check.Result {
	if d.System == nil {
		return check.Unseen("declare the system with its services in the estate; " + count(len(f.Listeners), "listening socket") + " seen")
	}
	var faults []check.Violation
	for i, l := range f.Listeners {
		_, known := d.Service(l.Port, l.Protocol)
		if known || p.Has("clients", l.port()) || l.loopback() && runs(d, l) {
			continue
		}
		v := check.Violation{Key: l.key(), At: pointer(i), Source: l.seen(),
			Detail: l.who() + " listens " + l.where() + " on port " + l.port() + ", which is not declared"}
		if l.loopback() {
			v.Severity, v.Why = check.Low, "only the host itself reaches it"
		}
		faults = append(faults, v)
	}
	return check.Failed(count(len(f.Listeners), "listening socket")+" seen, all declared", faults)
}

func runs(d estate.View, l Listener) bool {
	for _, p := range l.Programs {
		if d.Runs(p.Name) || p.Unit != "" && d.Runs(p.Unit) {
			return true
		}
	}
	return false
}

// BackendExposed holds when no database or cache takes connections of other hosts unless somebody
// declared who may.
var BackendExposed = &check.Check{
	ID:    "listeners-backend-exposed",
	Title: "Databases and caches listen on loopback unless remote clients are declared",
	Doc: "Databases, caches and queues trust their network: many ask for no password, and a wrong grant " +
		"is open to everyone who can connect. Without declared remote clients they belong on loopback or a UNIX socket.",
	Remedy: "PostgreSQL: listen_addresses = 'localhost'. MySQL and MariaDB: bind-address = 127.0.0.1. Redis: bind 127.0.0.1 ::1. " +
		"Docker: publish as 127.0.0.1:5432:5432. Or declare the service with its audience in the estate.",
	Requirements: []string{"A.5.2.7"},
	Needs:        []string{partSockets, partProcesses},
	Rule:         check.On(backendExposed),
	Examples: []check.Example{
		check.Passes("PostgreSQL on loopback", facts(tcp("127.0.0.1", 5432, user("postgres", "postgres", 110)), tcp("::1", 5432, user("postgres", "postgres", 110)))),
		check.Passes("a web server on all addresses", facts(web())),
		check.Passes("remote clients are declared", facts(tcp("10.1.2.3", 6379, user("redis-server", "redis", 111)))).Given(estateYAML),
		check.Fails("PostgreSQL on all addresses", facts(tcp("0.0.0.0", 5432, user("postgres", "postgres", 110))), "listener:tcp/0.0.0.0:5432"),
		check.Fails("Redis on all addresses, beside a declared one", facts(tcp("::", 6380, user("redis-server", "redis", 111))), "listener:tcp/[::]:6380").Given(estateYAML),
		check.Fails("published by Docker", facts(tcp("0.0.0.0", 3306, root("docker-proxy"))), "listener:tcp/0.0.0.0:3306"),
		check.Passes("a proxy to the database that only the host reaches", facts(tcp("127.0.0.53", 3306, root("docker-proxy")))),
	},
}

func backendExposed(f Fact, d estate.View, p check.Params) check.Result {
	list, n := services(p, "backends"), 0
	var faults []check.Violation
	for i, l := range f.Listeners {
		name, ok := find(list, l, true)
		if !ok {
			continue
		}
		n++
		_, known := d.Service(l.Port, l.Protocol) // one that is declared local is listeners-local-service's
		if known || l.loopback() {
			continue
		}
		faults = append(faults, check.Violation{Key: l.key(), At: pointer(i), Source: l.seen(),
			Detail: name + " (" + l.who() + ") listens " + l.where() + ", and no remote client is declared"})
	}
	if n == 0 {
		return check.Passed("no database or cache listens")
	}
	return check.Failed(count(n, "socket")+" of databases and caches, none exposed", faults)
}

// LocalService holds when what is declared local can only be reached from the host itself.
var LocalService = &check.Check{
	ID:    "listeners-local-service",
	Title: "Services declared local listen on loopback",
	Doc: "A service that is declared local is often run without authentication, because nobody else " +
		"should reach it. On any other address everybody in the network can.",
	Remedy:       "Bind the service to 127.0.0.1 and ::1 or to a UNIX socket; or name its clients under \"audience\" in the estate.",
	Requirements: []string{"A.5.2.7"},
	Needs:        []string{partSockets},
	Rule:         check.On(localService),
	Examples: []check.Example{
		check.Passes("on loopback", facts(tcp("127.0.0.1", 9100, user("node_exporter", "prometheus", 995)))).Given(estateYAML),
		check.Passes("a service for others", facts(web(), sshd())).Given(estateYAML),
		check.Fails("on all addresses", facts(tcp("::", 9100, user("node_exporter", "prometheus", 995))), "listener:tcp/[::]:9100").Given(estateYAML),
		check.Leaves("without an estate", facts(web())),
	},
}

func localService(f Fact, d estate.View, _ check.Params) check.Result {
	if d.System == nil {
		return check.Unseen("declare the system with its services in the estate: audience: local")
	}
	var faults []check.Violation
	for i, l := range f.Listeners {
		s, ok := d.Service(l.Port, l.Protocol)
		if !ok || !s.Local() || l.loopback() {
			continue
		}
		faults = append(faults, check.Violation{Key: l.key(), At: pointer(i), Source: l.seen(),
			Detail: l.who() + " on port " + l.port() + " is declared local but listens " + l.where()})
	}
	return check.Failed("no service that is declared local listens beyond loopback", faults)
}
