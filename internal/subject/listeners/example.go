package listeners

// What the examples of the checks are made of.

func facts(ls ...Listener) Fact { return Fact{Listeners: ls} }

func tcp(address string, port int, ps ...Program) Listener { return Listener{"tcp", address, port, ps} }

func user(name, account string, uid int) Program {
	return Program{Name: name, Exe: "/usr/bin/" + name, User: account, UID: uid, Unit: account + ".service"}
}

func root(name string) Program {
	return Program{Name: name, Exe: "/usr/sbin/" + name, User: "root", Caps: []string{"all"}, Unit: name + ".service"}
}

func nginx() Program {
	p := user("nginx", "www-data", 33)
	p.Unit = "nginx.service"
	return p
}

func web() Listener {
	parent := root("nginx")
	parent.RootParent = true
	return tcp("0.0.0.0", 443, parent, nginx())
}

func sshd() Listener { return tcp("::", 22, root("sshd")) }

func with(p Program, caps ...string) Program {
	p.Caps = caps
	return p
}

func contained(p Program) Program {
	p.Unit, p.Container = "", "docker"
	return p
}

func named(p Program, unit string) Program {
	p.Unit = unit
	return p
}

func sandboxed(p Program) Program {
	p.NoNewPrivs, p.Seccomp = true, true
	return p
}

func replaced(p Program) Program {
	p.Deleted, p.Unit = true, p.Name+".service"
	return p
}

const estateYAML = `organization: Northwind
environments: [{name: prod, stage: production}]
applications: [{name: shop, criticality: high, exposure: internet}]
systems:
  - name: web-1
    environment: prod
    application: shop
    runs: [nginx, statsd]
    services:
      - {port: 443, protocol: https, audience: internet}
      - {port: 22, protocol: ssh, audience: internal}
      - {port: 2049, protocol: tcp, audience: internal}
      - {port: 6379, protocol: redis, audience: internal}
      - {port: 9100, protocol: http, audience: local}
`
