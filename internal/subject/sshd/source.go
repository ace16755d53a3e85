package sshd

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"slices"
	"strings"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
)

// Effective asks the daemon for its configuration outside Match blocks, EffectiveRoot for what
// holds for root from a documentation address (RFC 5737), so that Match blocks for root count.
var (
	Effective = &host.Command{Name: "sshd-effective", Argv: []string{"sshd", "-T"}, Root: true,
		Why: "the SSH daemon's effective configuration"}
	EffectiveRoot = &host.Command{Name: "sshd-effective-root", Root: true,
		Argv: []string{"sshd", "-T", "-C", "user=root,host=host.invalid,addr=192.0.2.1,laddr=192.0.2.2,lport=22"},
		Why:  "the SSH daemon's effective configuration for root"}
)

// Source tells how Config is had.
var Source = host.Define(host.Spec[Config]{
	Title: "SSH daemon",
	Needs: host.Join(
		host.Read(mainFile, "/etc/ssh/sshd_config.d/*.conf", "/etc/ssh/ssh_host_*_key.pub"),
		host.Stat("/usr/sbin/sshd"),
		host.Run(Effective, EffectiveRoot),
	),
	Follow: follow,
	Parse:  parse,
	Claims: claims,
})

// follow asks for includes, and for the files that the configuration names.
func follow(ev *host.Evidence) []host.Need {
	r := readFiles(ev)
	needs := r.wanted
	for _, p := range caFiles(r) {
		needs = append(needs, host.Read(p)...)
	}
	return needs
}

func caFiles(r *reader) []string {
	var out []string
	all := []map[string]Option{r.options}
	for _, m := range r.matches {
		all = append(all, m.Options)
	}
	for _, options := range all {
		for _, p := range options["trustedusercakeys"].Values {
			if strings.HasPrefix(p, "/") && !host.IsPattern(p) && !slices.Contains(out, p) {
				out = append(out, p)
			}
		}
	}
	return out
}

func parse(ev *host.Evidence, _ fact.Key) Config {
	c := Config{}
	_, absent := ev.Stat("/usr/sbin/sshd")
	c.Note("installed", absent)
	c.Installed = absent == nil || ev.File(mainFile).Found()
	if !c.Installed {
		if absent.Cause != fact.NotFound {
			c.Note("config", absent)
			c.Note("host_keys", absent)
		}
		return c
	}
	r := readFiles(ev)
	c.Files, c.Matches = r.files, r.matches
	c.keys(ev, r)
	out := ev.Output(Effective)
	if out.Err == nil && len(out.Stdout) > 0 {
		c.Effective = true
		c.Options = effective(string(out.Stdout))
		for k, o := range c.Options {
			o.Source = "default"
			if f, ok := r.options[k]; ok {
				o.Source = f.Source
			}
			c.Options[k] = o
		}
		if root := ev.Output(EffectiveRoot); root.Err == nil {
			c.root(effective(string(root.Stdout)))
		}
		return c
	}
	for part, p := range r.gaps {
		c.Note(part, &p)
	}
	c.Options = r.options
	for k, v := range defaults {
		if _, ok := c.Options[k]; !ok {
			c.Options[k] = Option{Values: []string{v}, Source: "default"}
		}
	}
	c.resolveLists()
	return c
}

// root keeps what sshd says differently for root.
func (c *Config) root(options map[string]Option) {
	for k, o := range options {
		if !slices.Equal(o.Values, c.Options[k].Values) {
			if c.Root == nil {
				c.Root = map[string]Option{}
			}
			o.Source = "sshd -T -C user=root"
			c.Root[k] = o
		}
	}
}

// resolveLists applies +, - and ^ of algorithm lists to OpenSSH's defaults.
func (c *Config) resolveLists() {
	for _, k := range []string{"ciphers", "macs", "kexalgorithms"} {
		o := c.Options[k]
		if len(o.Values) == 0 || o.Values[0] == "" {
			continue
		}
		v := o.Values[0]
		switch v[0] {
		case '+', '^':
			o.Values = []string{defaults[k] + "," + v[1:]}
		case '-':
			gone := strings.Split(v[1:], ",")
			kept := slices.DeleteFunc(strings.Split(defaults[k], ","), func(a string) bool { return slices.Contains(gone, a) })
			o.Values = []string{strings.Join(kept, ",")}
		}
		c.Options[k] = o
	}
}

func (c *Config) keys(ev *host.Evidence, r *reader) {
	files, problem := ev.Glob("/etc/ssh/ssh_host_*_key.pub")
	c.Note("host_keys", problem)
	for _, f := range files {
		c.Note("host_keys", f.Err)
		c.HostKeys = append(c.HostKeys, publicKeys(f)...)
	}
	for _, p := range caFiles(r) {
		f := ev.File(p)
		c.Note("user_cas", f.Err)
		c.UserCAs = append(c.UserCAs, publicKeys(f)...)
	}
}

func publicKeys(f host.File) []HostKey {
	var out []HostKey
	for line := range strings.Lines(f.Text()) {
		words := strings.Fields(line)
		if len(words) < 2 || strings.HasPrefix(words[0], "#") {
			continue
		}
		blob, err := base64.StdEncoding.DecodeString(words[1])
		if err != nil || len(blob) == 0 {
			continue
		}
		sum := sha256.Sum256(blob)
		out = append(out, HostKey{Type: words[0], Bits: bits(words[0], blob), Path: f.Path,
			Fingerprint: "SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:])})
	}
	return out
}

// bits gives the length of a key from its wire form (RFC 4253 section 6.6, RFC 5656).
func bits(kind string, blob []byte) int {
	switch kind {
	case "ssh-ed25519":
		return 256
	case "ecdsa-sha2-nistp256":
		return 256
	case "ecdsa-sha2-nistp384":
		return 384
	case "ecdsa-sha2-nistp521":
		return 521
	case "ssh-rsa", "ssh-dss":
		skip := 2 // name, e
		if kind == "ssh-dss" {
			skip = 1 // name
		}
		for i := 0; ; i++ {
			if len(blob) < 4 {
				return 0
			}
			n := int(binary.BigEndian.Uint32(blob))
			if n < 0 || n > len(blob)-4 {
				return 0
			}
			field := blob[4 : 4+n]
			if i == skip {
				for len(field) > 0 && field[0] == 0 {
					field = field[1:]
				}
				return len(field) * 8
			}
			blob = blob[4+n:]
		}
	}
	return 0
}

func claims(c Config) []fact.Claim {
	var out []fact.Claim
	for _, k := range c.HostKeys {
		out = append(out, fact.Claim{Kind: "host_key", Fingerprint: k.Fingerprint, Label: k.Type, At: k.Path})
	}
	for _, k := range c.UserCAs {
		out = append(out, fact.Claim{Kind: "user_ca", Fingerprint: k.Fingerprint, Label: k.Type, At: k.Path})
	}
	return out
}
