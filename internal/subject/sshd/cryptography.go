package sshd

import (
	"fmt"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
)

// Ciphers of the daemon hold none that is broken.
var Ciphers = option(check.Check{
	ID:           "sshd-ciphers",
	Title:        "SSH offers no weak ciphers",
	Doc:          "CBC modes leak plain text under attack (CVE-2008-5161), RC4 and 3DES are broken (RFC 8758, CVE-2016-2183).",
	Remedy:       "echo 'Ciphers -3des-cbc,aes128-cbc,aes192-cbc,aes256-cbc,arcfour*' > /etc/ssh/sshd_config.d/10-ciphers.conf && systemctl reload ssh",
	Requirements: []string{"A.5.2.1", "A.5.2.12"},
	References:   []string{"CIS Debian 12 5.1.6", "RFC 8758"},
	Examples: []check.Example{
		check.Passes("OpenSSH's defaults", with()),
		check.Fails("CBC", with("ciphers", "aes256-ctr,aes128-cbc"), "option:ciphers"),
	},
}, without("ciphers", "weak"))

// MACs hold none over MD5, none cut short.
var MACs = option(check.Check{
	ID:           "sshd-macs",
	Title:        "SSH offers no weak message authentication",
	Doc:          "MD5, truncated and 64-bit codes can be forged with effort; the client picks, so what is offered counts.",
	Remedy:       "echo 'MACs hmac-sha2-512-etm@openssh.com,hmac-sha2-256-etm@openssh.com,umac-128-etm@openssh.com' > /etc/ssh/sshd_config.d/10-macs.conf && systemctl reload ssh",
	Requirements: []string{"A.5.2.1", "A.5.2.12"},
	References:   []string{"CIS Debian 12 5.1.15"},
	Examples: []check.Example{
		check.Passes("SHA-2", with("macs", "hmac-sha2-512-etm@openssh.com,hmac-sha2-256")),
		check.Fails("MD5", with("macs", "hmac-md5,hmac-sha2-256"), "option:macs"),
		check.Fails("OpenSSH's defaults hold 64-bit codes", with(), "option:macs"),
	},
}, without("macs", "weak"))

// KeyExchange holds none over SHA-1.
var KeyExchange = option(check.Check{
	ID:           "sshd-key-exchange",
	Title:        "SSH offers no weak key exchange",
	Doc:          "1024-bit groups are within reach of rich attackers, and SHA-1 signatures are no longer safe (RFC 9142).",
	Remedy:       "echo 'KexAlgorithms -diffie-hellman-group1-sha1,diffie-hellman-group14-sha1,diffie-hellman-group-exchange-sha1' > /etc/ssh/sshd_config.d/10-kex.conf && systemctl reload ssh",
	Requirements: []string{"A.5.2.1", "A.5.2.12"},
	References:   []string{"CIS Debian 12 5.1.12", "RFC 9142"},
	Examples: []check.Example{
		check.Passes("OpenSSH's defaults", with()),
		check.Fails("group 1", with("kexalgorithms", "curve25519-sha256,diffie-hellman-group1-sha1"), "option:kexalgorithms"),
	},
}, without("kexalgorithms", "weak"))

// HostKeys are of a strength that lasts.
var HostKeys = &check.Check{
	ID:           "sshd-host-key-strength",
	Title:        "The host's SSH keys are strong",
	Doc:          "Who can compute the host's key can stand between it and everybody who logs in. DSA is 1024 bits by definition.",
	Remedy:       "rm /etc/ssh/ssh_host_dsa_key* && ssh-keygen -t ed25519 -f /etc/ssh/ssh_host_ed25519_key -N ''\n# RSA: ssh-keygen -t rsa -b 3072 -f /etc/ssh/ssh_host_rsa_key -N ''; then tell the clients",
	Requirements: []string{"A.5.2.1", "A.5.2.12"},
	Needs:        []string{"installed", "host_keys"},
	Rule: check.On(func(f Config, _ estate.View, p check.Params) check.Result {
		if !f.Installed {
			return check.Inapplicable("no SSH daemon is installed")
		}
		if len(f.HostKeys) == 0 {
			return check.Inapplicable("there is no host key yet: ssh-keygen -A makes them")
		}
		var vs []check.Violation
		for i, k := range f.HostKeys {
			if k.Type == "ssh-dss" || k.Type == "ssh-rsa" && k.Bits < p.Int("rsa_bits") {
				vs = append(vs, check.Violation{Key: "file:" + k.Path, At: fmt.Sprintf("/host_keys/%d", i), Source: k.Path,
					Detail: fmt.Sprintf("%s key of %d bits, want Ed25519, ECDSA, or RSA of at least %d", k.Type, k.Bits, p.Int("rsa_bits"))})
			}
		}
		return check.Failed(fmt.Sprintf("%d host keys", len(f.HostKeys)), vs)
	}),
	Examples: []check.Example{
		check.Passes("Ed25519 and RSA 3072", withKeys(HostKey{Type: "ssh-ed25519", Bits: 256, Path: "/etc/ssh/ssh_host_ed25519_key.pub"}, HostKey{Type: "ssh-rsa", Bits: 3072, Path: "/etc/ssh/ssh_host_rsa_key.pub"})),
		check.Fails("RSA 2048", withKeys(HostKey{Type: "ssh-rsa", Bits: 2048, Path: "/etc/ssh/ssh_host_rsa_key.pub"}), "file:/etc/ssh/ssh_host_rsa_key.pub"),
		check.Fails("DSA", withKeys(HostKey{Type: "ssh-dss", Bits: 1024, Path: "/etc/ssh/ssh_host_dsa_key.pub"}), "file:/etc/ssh/ssh_host_dsa_key.pub"),
	},
}

func withKeys(keys ...HostKey) Config {
	c := with()
	c.HostKeys = keys
	return c
}

// UserCA: administration comes through the access gate, whose authority signs each log-in.
var UserCA = &check.Check{
	ID:           "sshd-user-ca",
	Title:        "The host trusts the access gate's certificate authority",
	Doc:          "With an access gate declared, log-ins come with short-lived certificates that it signs; a host that trusts no authority is reached by keys that nobody can take back.",
	Remedy:       "install -m 644 gate-ca.pub /etc/ssh/gate-ca.pub\necho 'TrustedUserCAKeys /etc/ssh/gate-ca.pub' > /etc/ssh/sshd_config.d/10-ca.conf && systemctl reload ssh",
	Requirements: []string{"A.5.6.3", "A.5.6.7"},
	Needs:        []string{"installed", "config", "user_cas"},
	Rule: check.On(func(f Config, d estate.View, _ check.Params) check.Result {
		env := d.Environment()
		switch {
		case !f.Installed:
			return check.Inapplicable("no SSH daemon is installed")
		case env == nil:
			return check.Unseen("which access gate leads here is not declared; declare environments with their gates")
		case env.Gates.Access == "":
			return check.Unseen("the environment " + env.Name + " declares no access gate; declare gates: {access: NAME}")
		case len(f.UserCAs) == 0:
			return check.Failed("", []check.Violation{{Key: "option:trustedusercakeys", At: "/options/trustedusercakeys", Source: mainFile,
				Detail: "no user certificate authority is trusted, though the access gate " + env.Gates.Access + " is declared"}})
		}
		return check.Passed(fmt.Sprintf("%d trusted: %s", len(f.UserCAs), f.UserCAs[0].Fingerprint))
	}),
	Examples: []check.Example{
		check.Passes("the gate's", withCA()).Given(exampleEstate),
		check.Fails("none", with(), "option:trustedusercakeys").Given(exampleEstate),
		check.Leaves("no estate", with()),
	},
}

func withCA() Config {
	c := with()
	c.UserCAs = []HostKey{{Type: "ssh-ed25519", Bits: 256, Fingerprint: "SHA256:x", Path: "/etc/ssh/gate-ca.pub"}}
	return c
}

const exampleEstate = `
organization: Northwind
teams: [{name: ops, lead: sam, members: [sam]}]
people: [{id: sam, name: Sam Sicher}]
gates: [{name: gate-prod, kind: access, stage: production, host: gate.example, listen: ":22", accept: [10.9.0.0/24]}]
environments: [{name: prod, stage: production, gates: {access: gate-prod}}]
applications: [{name: shop, team: ops, management: sam, criticality: high, exposure: internal, environments: [prod]}]
systems: [{name: web-1, application: shop, environment: prod, target: "ssh://holdfast@web-1.example"}]
`
