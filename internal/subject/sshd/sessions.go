package sshd

import "holdfast.example/holdfast/internal/check"

// Forwarding: a shell is not a way into the network behind the host.
var Forwarding = option(check.Check{
	ID:           "sshd-forwarding",
	Title:        "SSH does not forward connections",
	Doc:          "Forwarding turns one log-in into a way around the packet filter, and a forwarded agent lends the person's keys to root of this host.",
	Remedy:       "echo 'DisableForwarding yes' > /etc/ssh/sshd_config.d/10-forwarding.conf && systemctl reload ssh\n# where one account needs it: a Match block for that account",
	Requirements: []string{"A.5.2.1", "A.5.2.2"},
	References:   []string{"CIS Debian 12 5.1.8"},
	Examples: []check.Example{
		check.Passes("all off", with("allowtcpforwarding", "no", "allowagentforwarding", "no", "gatewayports", "no", "permittunnel", "no")),
		check.Fails("OpenSSH's defaults", with(), "option:allowtcpforwarding", "option:allowagentforwarding"),
	},
}, is("allowtcpforwarding", "no", "local"), is("allowagentforwarding", "no"))

// GatewayPorts and tunnels open the host to others in a person's name.
var GatewayPorts = option(check.Check{
	ID:           "sshd-gateway",
	Title:        "SSH clients cannot open ports or network devices to others",
	Doc:          "GatewayPorts and PermitTunnel let anyone with a log-in join networks that were kept apart.",
	Remedy:       "printf 'GatewayPorts no\\nPermitTunnel no\\n' > /etc/ssh/sshd_config.d/10-gateway.conf && systemctl reload ssh",
	Requirements: []string{"A.5.2.1", "A.5.2.2"},
	Examples: []check.Example{
		check.Passes("both off", with("gatewayports", "no", "permittunnel", "no")),
		check.Fails("ports", with("gatewayports", "clientspecified"), "option:gatewayports"),
		check.Fails("tunnel", with("permittunnel", "point-to-point"), "option:permittunnel"),
	},
}, is("gatewayports", "no"), is("permittunnel", "no"))

// X11Forwarding is off: a server has no display, and the client's is exposed to the host.
var X11Forwarding = option(check.Check{
	ID:           "sshd-x11-forwarding",
	Title:        "SSH does not forward X11",
	Doc:          "X11 forwarding lets root of this host read the keyboard and screen of whoever logs in.",
	Remedy:       "echo 'X11Forwarding no' > /etc/ssh/sshd_config.d/10-x11.conf && systemctl reload ssh",
	Requirements: []string{"A.5.2.1", "A.5.2.2"},
	References:   []string{"CIS Debian 12 5.1.8"},
	Examples: []check.Example{
		check.Passes("off", with("x11forwarding", "no")),
		check.Fails("on, as Debian ships it", with("x11forwarding", "yes"), "option:x11forwarding"),
	},
}, is("x11forwarding", "no"))

// UserEnvironment: a file in a home cannot change what a session runs.
var UserEnvironment = option(check.Check{
	ID:           "sshd-user-environment",
	Title:        "Files of a person cannot change the environment of a session",
	Doc:          "PermitUserEnvironment lets ~/.ssh/environment set LD_PRELOAD and so get around forced commands.",
	Remedy:       "echo 'PermitUserEnvironment no' > /etc/ssh/sshd_config.d/10-environment.conf && systemctl reload ssh",
	Requirements: []string{"A.5.2.1"},
	References:   []string{"CIS Debian 12 5.1.21"},
	Examples: []check.Example{
		check.Passes("off", with("permituserenvironment", "no")),
		check.Fails("on", with("permituserenvironment", "yes"), "option:permituserenvironment"),
		check.Fails("a list that holds anything", with("permituserenvironment", "LANG,LC_*"), "option:permituserenvironment"),
	},
}, is("permituserenvironment", "no"))

// StrictModes: files that others can write are not believed.
var StrictModes = option(check.Check{
	ID:           "sshd-strict-modes",
	Title:        "SSH does not trust key files that others can write",
	Doc:          "Without StrictModes whoever can write to a home can add a key to its account.",
	Remedy:       "echo 'StrictModes yes' > /etc/ssh/sshd_config.d/10-strict.conf && systemctl reload ssh",
	Requirements: []string{"A.5.2.1", "A.5.2.12"},
	Examples: []check.Example{
		check.Passes("on", with("strictmodes", "yes")),
		check.Fails("off", with("strictmodes", "no"), "option:strictmodes"),
	},
}, is("strictmodes", "yes"))

// LogLevel: log-ins are recorded with the key that was used.
var LogLevel = option(check.Check{
	ID:           "sshd-log-level",
	Title:        "SSH records log-ins",
	Doc:          "Below INFO nobody can say afterwards who logged in with which key; DEBUG writes private things into the log.",
	Remedy:       "echo 'LogLevel VERBOSE' > /etc/ssh/sshd_config.d/10-log.conf && systemctl reload ssh",
	Requirements: []string{"A.5.2.1", "A.5.2.12"},
	References:   []string{"CIS Debian 12 5.1.14"},
	Examples: []check.Example{
		check.Passes("INFO", with("loglevel", "INFO")),
		check.Fails("QUIET", with("loglevel", "QUIET"), "option:loglevel"),
		check.Fails("DEBUG", with("loglevel", "DEBUG3"), "option:loglevel"),
	},
}, is("loglevel", "info", "verbose"))

// PAM: account and session rules of the host hold for SSH too.
var PAM = option(check.Check{
	ID:           "sshd-pam",
	Title:        "Account rules of the host hold for SSH",
	Doc:          "Without UsePAM a locked or expired account can still log in with its key, and limits and session records are skipped.",
	Remedy:       "echo 'UsePAM yes' > /etc/ssh/sshd_config.d/10-pam.conf && systemctl reload ssh",
	Requirements: []string{"A.5.2.1", "A.5.6.7"},
	References:   []string{"CIS Debian 12 5.1.22"},
	Examples: []check.Example{
		check.Passes("on", with("usepam", "yes")),
		check.Fails("off", with("usepam", "no"), "option:usepam"),
	},
}, is("usepam", "yes"))

// Banner says who may enter, where the law asks for it.
var Banner = option(check.Check{
	ID:           "sshd-banner",
	Title:        "SSH shows a notice before log-in",
	Doc:          "In some jurisdictions access by strangers can only be pursued when a notice said that it is not allowed.",
	Remedy:       "echo 'Authorised use only. Use is recorded.' > /etc/issue.net\necho 'Banner /etc/issue.net' > /etc/ssh/sshd_config.d/10-banner.conf && systemctl reload ssh",
	Requirements: []string{"A.5.2.1"},
	References:   []string{"CIS Debian 12 5.1.5"},
	Examples: []check.Example{
		check.Passes("a file", with("banner", "/etc/issue.net")),
		check.Fails("none", with("banner", "none"), "option:banner"),
	},
}, rule{"banner", "a file with a notice", func(v string, _ check.Params) bool { return v != "none" && v != "" }})

// GSSAPI is off unless the realm uses it.
var GSSAPI = option(check.Check{
	ID:           "sshd-gssapi",
	Title:        "GSSAPI and Kerberos log-ins are off where they are not used",
	Doc:          "They add code in front of the log-in that most hosts never need.",
	Remedy:       "printf 'GSSAPIAuthentication no\\nKerberosAuthentication no\\n' > /etc/ssh/sshd_config.d/10-gssapi.conf && systemctl reload ssh",
	Requirements: []string{"A.5.2.2"},
	References:   []string{"CIS Debian 12 5.1.9"},
	Examples: []check.Example{
		check.Passes("off", with()),
		check.Fails("GSSAPI", with("gssapiauthentication", "yes"), "option:gssapiauthentication"),
		check.Fails("Kerberos passwords", with("kerberosauthentication", "yes"), "option:kerberosauthentication"),
	},
}, is("gssapiauthentication", "no"), is("kerberosauthentication", "no"))

// KeyCommand does not run as root.
var KeyCommand = option(check.Check{
	ID:           "sshd-key-command-user",
	Title:        "Programs that look up keys do not run as root",
	Doc:          "AuthorizedKeysCommand is given names that strangers choose; a fault in it would be root.",
	Remedy:       "echo 'AuthorizedKeysCommandUser nobody' > /etc/ssh/sshd_config.d/10-command.conf && systemctl reload ssh",
	Requirements: []string{"A.5.2.6", "A.5.2.12"},
	Examples: []check.Example{
		check.Passes("an account of its own", with("authorizedkeyscommanduser", "keys")),
		check.Fails("root", with("authorizedkeyscommanduser", "root"), "option:authorizedkeyscommanduser"),
	},
}, rule{"authorizedkeyscommanduser", "an account of its own", func(v string, _ check.Params) bool { return v != "root" }})
