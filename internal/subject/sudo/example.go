package sudo

import "holdfast.example/holdfast/internal/fact"

// example is a host with the sudoers file that Debian installs and these lines behind it.
func example(lines ...string) Sudo {
	s := Sudo{Files: []File{{Path: "/etc/sudoers", Mode: 0o440}}}
	for _, l := range append([]string{
		"Defaults env_reset",
		"Defaults mail_badpass",
		`Defaults secure_path="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"`,
		"Defaults use_pty",
		"root ALL=(ALL:ALL) ALL",
		"%sudo ALL=(ALL:ALL) ALL",
	}, lines...) {
		if wrong := s.line(l, "/etc/sudoers:1"); wrong != "" {
			panic(l + ": " + wrong)
		}
	}
	return s
}

// bare is a host whose sudoers file holds these lines alone.
func bare(lines ...string) Sudo {
	s := example(lines...)
	s.Defaults, s.Rules = s.Defaults[4:], s.Rules[2:]
	return s
}

// with puts status of programs and folders on an example.
func with(s Sudo, programs ...File) Sudo {
	s.Programs = programs
	return s
}

// doas is a host with doas instead of sudo.
func doas(lines ...string) Sudo {
	s := Sudo{Files: []File{{Path: "/etc/doas.conf", Mode: 0o600}}}
	for _, l := range lines {
		d, ok := doasRule(l)
		if !ok {
			panic(l)
		}
		d.Source = "/etc/doas.conf:1"
		s.Doas = append(s.Doas, d)
	}
	return s
}

func none() Sudo { return Sudo{} }

func unread(part string) Sudo {
	s := example()
	s.Note(part, &fact.Problem{Cause: fact.Denied, Source: "/etc/sudoers", How: "sudo cat /etc/sudoers"})
	return s
}

const staffed = `organization: Northwind
people:
  - {id: erika, name: Erika Muster, email: erika@northwind.example, accounts: {standard: erika, admin: adm-erika}}
teams:
  - {name: platform, lead: erika, members: [erika], contact: platform@northwind.example}
environments:
  - {name: prod, stage: production}
applications:
  - {name: shop, team: platform, criticality: high, exposure: internet, environments: [prod]}
systems:
  - {name: web-1, application: shop, environment: prod}
`
