package accounts

import (
	"fmt"
	"slices"
	"strings"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
)

// authorised is one key with every account that accepts it: a fault of a key has one name, however
// many accounts it opens.
type authorised struct {
	Key
	accounts []string
	at       string
}

// allKeys gives each key once, in the order in which they were seen.
func (a Accounts) allKeys() []authorised {
	var out []authorised
	index := map[string]int{}
	for i, f := range a.KeyFiles {
		for j, k := range f.Keys {
			n, seen := index[k.Fingerprint]
			if !seen {
				n = len(out)
				index[k.Fingerprint] = n
				out = append(out, authorised{Key: k, at: pointer("key_files", i, "keys", j)})
			}
			if !slices.Contains(out[n].accounts, f.Account) {
				out[n].accounts = append(out[n].accounts, f.Account)
			}
		}
	}
	return out
}

func (k authorised) fault(wrong string) check.Violation {
	return check.Violation{Key: "authorized_key:" + k.Fingerprint, Detail: k.String() + " " + wrong, At: k.at, Source: k.Source}
}

// String gives "ssh-ed25519 key erika@laptop of root and erika".
func (k authorised) String() string {
	name := k.Comment
	if name == "" {
		name = k.Fingerprint
	}
	return fmt.Sprintf("%s key %s of %s", k.Type, name, strings.Join(k.accounts, " and "))
}

func (k authorised) isCA() bool { return slices.Contains(k.Options, "cert-authority") }

// perKey makes a rule that looks at each authorised key by itself.
func perKey(seen string, fault func(a Accounts, k authorised, p check.Params) string) check.Rule {
	return on(func(a Accounts, _ estate.View, p check.Params) check.Result {
		all := a.allKeys()
		if len(all) == 0 {
			return check.Inapplicable("no account has authorised keys")
		}
		var vs []check.Violation
		for _, k := range all {
			if wrong := fault(a, k, p); wrong != "" {
				vs = append(vs, k.fault(wrong))
			}
		}
		return check.Failed(fmt.Sprintf("%s (%d seen)", seen, len(all)), vs)
	})
}

// WeakKeys demands keys that cannot be computed.
var WeakKeys = &check.Check{
	ID:           "accounts-key-weak",
	Title:        "No authorised key is of a broken kind",
	Doc:          "DSA keys have 1024 bits, and so short an RSA key can be factored by who wants it badly. Servers and clients that still take them are out of date.",
	Remedy:       "\"ssh-keygen -t ed25519\" makes a new key; put it in place of the old line of authorized_keys.",
	Requirements: []string{"A.5.2.1", "A.5.6.4"},
	Needs:        []string{PartPasswd, PartKeys},
	Rule: perKey("no key is DSA or short RSA", func(_ Accounts, k authorised, p check.Params) string {
		switch {
		case strings.HasPrefix(k.Type, "ssh-dss"):
			return "is a DSA key"
		case k.Type == "ssh-rsa" && k.Bits < p.Int("min_rsa"):
			return fmt.Sprintf("has %d bits, want at least %d", k.Bits, p.Int("min_rsa"))
		}
		return ""
	}),
	Examples: []check.Example{
		check.Passes("ed25519", debian()),
		check.Passes("RSA of 2048 bits", debian(keys("root", 0, Key{Type: "ssh-rsa", Bits: 2048, Fingerprint: "SHA256:a"}))),
		check.Fails("RSA of 1024 bits, and DSA", debian(keys("root", 0, ottosKey(), Key{Type: "ssh-dss", Bits: 1024, Fingerprint: "SHA256:dsa"})),
			"authorized_key:SHA256:dsa", "authorized_key:"+ottosKey().Fingerprint),
		check.Skips("no keys", debian(func(a *Accounts) { a.KeyFiles = nil })),
		check.Leaves("unread", unread(PartKeys)),
	},
}

// ShortRSA demands RSA keys that last for the years to come.
var ShortRSA = &check.Check{
	ID:           "accounts-key-rsa-bits",
	Title:        "Authorised RSA keys have 3072 bits or more",
	Doc:          "RSA with 2048 bits counts as 112 bits of strength, which guidelines no longer recommend for new keys.",
	Remedy:       "\"ssh-keygen -t ed25519\" makes a shorter and stronger key.",
	Requirements: []string{"A.5.2.1"},
	Needs:        []string{PartPasswd, PartKeys},
	Rule: perKey("all RSA keys are long enough", func(_ Accounts, k authorised, p check.Params) string {
		if k.Type == "ssh-rsa" && k.Bits >= p.Int("weak") && k.Bits < p.Int("min_rsa") {
			return fmt.Sprintf("has %d bits, want at least %d", k.Bits, p.Int("min_rsa"))
		}
		return ""
	}),
	Examples: []check.Example{
		check.Passes("ed25519", debian()),
		check.Fails("2048", debian(keys("root", 0, Key{Type: "ssh-rsa", Bits: 2048, Fingerprint: "SHA256:a"})), "authorized_key:SHA256:a"),
	},
}

// KeyFileMode demands that only the account and root change who may log in.
var KeyFileMode = &check.Check{
	ID:           "accounts-key-file-mode",
	Title:        "Only the account and root can change its authorised keys",
	Doc:          "Whoever writes authorized_keys or its folder adds a key and is that account. sshd with StrictModes refuses such a file, so that the keys in it do not even work.",
	Remedy:       "\"chmod 700 ~NAME/.ssh; chmod 600 ~NAME/.ssh/authorized_keys; chown -R NAME: ~NAME/.ssh\".",
	Requirements: []string{"A.5.2.1", "A.5.1.6"},
	Needs:        []string{PartPasswd, PartKeys},
	Rule: on(func(a Accounts, _ estate.View, _ check.Params) check.Result {
		if len(a.KeyFiles) == 0 {
			return check.Inapplicable("there is no file of authorised keys")
		}
		var vs []check.Violation
		for i, f := range a.KeyFiles {
			uid := a.uidOf(f.Account)
			for _, p := range []*Place{&f.File, f.Folder} {
				if p == nil || p.Sort == "link" {
					continue
				}
				wrong := ""
				if p.Mode&0o022 != 0 && p.Mode&0o1000 == 0 {
					wrong = "has mode " + octal(p.Mode) + ", so others can write it"
				} else if p.UID != 0 && p.UID != uid {
					wrong = fmt.Sprintf("belongs to account number %d, not to %s", p.UID, f.Account)
				}
				if wrong != "" {
					vs = append(vs, check.Violation{Key: "file:" + p.Path, Detail: p.Path + " " + wrong, At: pointer("key_files", i), Source: p.Path})
				}
			}
		}
		return check.Failed("no file of keys can be changed by others", vs)
	}),
	Examples: []check.Example{
		check.Passes("0600", debian()),
		check.Passes("kept by root", debian(func(a *Accounts) { a.KeyFiles[0].File.UID = 0 })),
		check.Fails("group may write", debian(func(a *Accounts) { a.KeyFiles[0].File.Mode = 0o664 }), "file:/home/erika/.ssh/authorized_keys"),
		check.Fails("another's folder", debian(func(a *Accounts) { a.KeyFiles[0].Folder.UID = 1001 }), "file:/home/erika/.ssh"),
		check.Skips("no keys", debian(func(a *Accounts) { a.KeyFiles = nil })),
	},
}

func (a Accounts) uidOf(name string) int {
	for _, u := range a.Users {
		if u.Name == name {
			return u.UID
		}
	}
	return -1
}

// SharedKey demands that a key opens one account only.
var SharedKey = &check.Check{
	ID:           "accounts-key-shared",
	Title:        "Each authorised key opens one account only",
	Doc:          "A key in two accounts is either shared by two people or lets one change accounts without sudo, past every log of it.",
	Remedy:       "Leave the key in its owner's account and use sudo from there.",
	Requirements: []string{"A.5.6.2"},
	Needs:        []string{PartPasswd, PartKeys},
	Rule: on(func(a Accounts, declared estate.View, _ check.Params) check.Result {
		all := a.allKeys()
		if len(all) == 0 {
			return check.Inapplicable("no account has authorised keys")
		}
		var vs []check.Violation
		for _, k := range all {
			owners := map[string]bool{}
			for _, name := range k.accounts {
				owner := fmt.Sprint("number ", a.uidOf(name)) // two names of one number are another fault
				if person, _ := declared.Estate.PersonByAccount(name); person != nil {
					owner = "person " + person.ID
				}
				owners[owner] = true
			}
			if len(owners) > 1 {
				vs = append(vs, k.fault("opens more than one account"))
			}
		}
		return check.Failed("no key opens two accounts", vs)
	}),
	Examples: []check.Example{
		check.Passes("one each", debian(keys("root", 0, stranger()))),
		check.Passes("two accounts of one person", debian(add("adm-erika", 1001), keys("adm-erika", 1001, laptop()))).Given(staffed),
		check.Fails("root too", debian(keys("root", 0, laptop())), "authorized_key:"+laptop().Fingerprint),
		check.Skips("no keys", debian(func(a *Accounts) { a.KeyFiles = nil })),
	},
}

// RootKeys informs about keys that open root directly.
var RootKeys = &check.Check{
	ID:           "accounts-root-key",
	Title:        "No key opens root directly",
	Doc:          "Root belongs to nobody in person. Who logs in to an account of their own and uses sudo leaves a name in the log.",
	Remedy:       "Move the key to its owner's account, allow sudo there, and remove /root/.ssh/authorized_keys.",
	Requirements: []string{"A.5.6.2"},
	References:   []string{"ANSSI BP-028 R33"},
	Needs:        []string{PartPasswd, PartKeys},
	Rule: on(func(a Accounts, _ estate.View, _ check.Params) check.Result {
		var vs []check.Violation
		for _, k := range a.allKeys() {
			if slices.Contains(k.accounts, "root") && !slices.Contains(k.Options, "command") {
				vs = append(vs, k.fault("opens root directly"))
			}
		}
		return check.Failed("root has no authorised key", vs)
	}),
	Examples: []check.Example{
		check.Passes("none", debian()),
		check.Passes("bound to one command", debian(keys("root", 0, Key{Type: "ssh-ed25519", Fingerprint: "SHA256:b", Options: []string{"command", "restrict"}}))),
		check.Fails("a key", debian(keys("root", 0, laptop())), "authorized_key:"+laptop().Fingerprint),
	},
}
