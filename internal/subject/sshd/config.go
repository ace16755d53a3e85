// Package sshd understands the OpenSSH daemon of a host: its effective configuration, the Match
// blocks that change it, its host keys and the authorities that it trusts. It judges the daemon's
// own settings; which people's keys a host accepts is the subject accounts.
package sshd

import (
	"strings"

	"holdfast.example/holdfast/internal/fact"
)

// Config is what one SSH daemon does. The zero Config has no daemon.
type Config struct {
	fact.Gaps `json:"gaps,omitempty"`
	Installed bool              `json:"installed"`
	Effective bool              `json:"effective,omitempty"`               // from sshd -T; else from the files and OpenSSH's defaults
	Options   map[string]Option `json:"options,omitempty"`                 // by keyword in lower case
	Root      map[string]Option `json:"root,omitempty"`                    // what differs for root, by sshd -T -C user=root
	Matches   []Match           `json:"matches,omitempty" drift:"ordered"` // in order of the files
	HostKeys  []HostKey         `json:"host_keys,omitempty"`
	UserCAs   []HostKey         `json:"user_cas,omitempty"` // TrustedUserCAKeys
	Files     []string          `json:"files,omitempty"`    // that were read
}

// Kind names the fact.
func (Config) Kind() fact.Kind { return fact.Kind{Name: "sshd", Version: 1} }

// Option is the effective values of one keyword, and where they come from.
type Option struct {
	Values []string `json:"values"`
	Source string   `json:"source" drift:"line"` // /etc/ssh/sshd_config:12, or "default"
}

// Match is one Match block.
type Match struct {
	Criteria string            `json:"criteria" drift:"key"` // as written, white space folded: user backup
	Source   string            `json:"source" drift:"line"`
	Options  map[string]Option `json:"options"`
}

// HostKey is a public key on disk.
type HostKey struct {
	Type        string `json:"type"` // ssh-ed25519
	Bits        int    `json:"bits"` // 0 when the type does not tell
	Fingerprint string `json:"fingerprint"`
	Path        string `json:"path" drift:"key"`
}

// Value gives the first value of an option in lower case, empty when unset.
func (c Config) Value(keyword string) string {
	if o, ok := c.Options[keyword]; ok && len(o.Values) > 0 {
		return strings.ToLower(o.Values[0])
	}
	return ""
}

// multiple are the keywords that add up; of all others the first value wins.
var multiple = map[string]bool{
	"port": true, "listenaddress": true, "hostkey": true, "hostcertificate": true, "acceptenv": true,
	"allowusers": true, "allowgroups": true, "denyusers": true, "denygroups": true, "subsystem": true,
	"setenv": true, "permitopen": true, "permitlisten": true, "persourcepenalties": true,
}

// defaults are those of OpenSSH 9.2 (sshd_config(5)); they stand in where the daemon itself could
// not be asked.
var defaults = map[string]string{
	"port": "22", "permitrootlogin": "prohibit-password", "passwordauthentication": "yes",
	"pubkeyauthentication": "yes", "kbdinteractiveauthentication": "yes", "permitemptypasswords": "no",
	"x11forwarding": "no", "allowtcpforwarding": "yes", "allowagentforwarding": "yes",
	"allowstreamlocalforwarding": "yes", "gatewayports": "no", "permittunnel": "no",
	"permituserenvironment": "no", "ignorerhosts": "yes", "hostbasedauthentication": "no",
	"strictmodes": "yes", "maxauthtries": "6", "logingracetime": "120", "maxstartups": "10:30:100",
	"maxsessions": "10", "clientaliveinterval": "0", "clientalivecountmax": "3", "loglevel": "info",
	"banner": "none", "usepam": "no", "compression": "yes", "gssapiauthentication": "no",
	"kerberosauthentication": "no", "printlastlog": "yes", "tcpkeepalive": "yes", "usedns": "no",
	"authorizedkeysfile": ".ssh/authorized_keys", "authorizedkeyscommand": "none",
	"authorizedkeyscommanduser": "none", "trustedusercakeys": "none", "authenticationmethods": "any",
	"permituserrc": "yes", "requiredrsasize": "1024", "exposeauthinfo": "no", "disableforwarding": "no",
	"fingerprinthash": "sha256", "rekeylimit": "default none", "authorizedprincipalsfile": "none",
	"ciphers":       "chacha20-poly1305@openssh.com,aes128-ctr,aes192-ctr,aes256-ctr,aes128-gcm@openssh.com,aes256-gcm@openssh.com",
	"macs":          "umac-64-etm@openssh.com,umac-128-etm@openssh.com,hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com,hmac-sha1-etm@openssh.com,umac-64@openssh.com,umac-128@openssh.com,hmac-sha2-256,hmac-sha2-512,hmac-sha1",
	"kexalgorithms": "sntrup761x25519-sha512@openssh.com,curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,ecdh-sha2-nistp384,ecdh-sha2-nistp521,diffie-hellman-group-exchange-sha256,diffie-hellman-group16-sha512,diffie-hellman-group18-sha512,diffie-hellman-group14-sha256",
}
