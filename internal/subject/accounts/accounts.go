// Package accounts reads who may log in to a host: accounts, groups, password states, aging, and
// the keys that SSH accepts for them. It judges what stands in the files of the host; accounts of a
// directory (LDAP, Active Directory) are not visible here. No password hash ever enters the fact:
// only its state, its scheme and a keyed fingerprint.
package accounts

import (
	"path"
	"slices"
	"strings"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
)

// Parts of the fact, as its gaps name them.
const (
	PartPasswd    = "passwd"
	PartShadow    = "shadow"
	PartGroup     = "group"
	PartGshadow   = "gshadow"
	PartLoginDefs = "login_defs"
	PartUseradd   = "useradd"
	PartProfile   = "profile"
	PartHomes     = "homes"
	PartKeys      = "authorized_keys"
	PartLogins    = "logins"
)

// Accounts is what the files of a host say about who may log in.
type Accounts struct {
	fact.Gaps `json:"gaps,omitempty"`
	Users     []User            `json:"users,omitempty"` // in the order of /etc/passwd
	Groups    []Group           `json:"groups,omitempty"`
	KeyFiles  []KeyFile         `json:"key_files,omitempty"` // ordered by account and path
	LoginDefs map[string]Value  `json:"login_defs,omitempty"`
	Useradd   map[string]Value  `json:"useradd,omitempty"`
	Profile   []ProfileSetting  `json:"profile,omitempty"`                // umask and TMOUT of shells
	Faulty    []FaultyEntry     `json:"faulty,omitempty"`                 // lines that no program understands
	NISLines  []string          `json:"nis_lines,omitempty" drift:"line"` // file:line of entries that begin with + or -
	Products  map[string]string `json:"products,omitempty"`               // login_defs, useradd: the file, when it exists
}

// Kind makes Accounts a fact.
func (Accounts) Kind() fact.Kind { return fact.Kind{Name: "accounts", Version: 1} }

// The states of a password.
const (
	PasswordEmpty  = "empty"       // anybody may log in
	PasswordHashed = "hashed"      // a hash stands there
	PasswordLocked = "locked"      // begins with !
	PasswordNone   = "no password" // nothing that a password could match: *
)

// User is one account.
type User struct {
	Name      string   `json:"name" drift:"key"`
	UID       int      `json:"uid"`
	GID       int      `json:"gid"`
	Home      string   `json:"home,omitempty"`
	Shell     string   `json:"shell,omitempty"` // empty means /bin/sh
	Password  Password `json:"password"`
	Aging     *Aging   `json:"aging,omitempty"` // nil without an entry in /etc/shadow
	HomePlace *Place   `json:"home_place,omitempty"`
	LastLogin string   `json:"last_login,omitempty" drift:"-"` // day in UTC: 2026-11-23
	Source    string   `json:"source" drift:"line"`            // /etc/passwd:1
}

// Password is what is known of a password. An empty State means that it could not be seen.
type Password struct {
	State    string `json:"state,omitempty"`
	Scheme   string `json:"scheme,omitempty"`   // yescrypt, sha512, md5, des …
	Verifier string `json:"verifier,omitempty"` // keyed fingerprint of the hash
	InPasswd bool   `json:"in_passwd,omitempty"`
	Source   string `json:"source,omitempty" drift:"line"` // /etc/shadow:1
}

// Aging holds the fields of /etc/shadow in days; -1 stands for an empty field.
type Aging struct {
	Changed  string `json:"changed,omitempty" drift:"-"` // day of the last change
	Min      int    `json:"min"`
	Max      int    `json:"max"`
	Warn     int    `json:"warn"`
	Inactive int    `json:"inactive"`
	Expires  string `json:"expires,omitempty"` // first day on which the account is closed
}

// Place is what stands at a path.
type Place struct {
	Path string `json:"path" drift:"key"` // with links resolved, as far as they were followed
	Sort string `json:"sort"`             // folder, file, link, other, missing
	Mode int    `json:"mode,omitempty"`   // permission bits
	UID  int    `json:"uid,omitempty"`
	GID  int    `json:"gid,omitempty"`
}

// Group is one group.
type Group struct {
	Name     string   `json:"name" drift:"key"`
	GID      int      `json:"gid"`
	Members  []string `json:"members,omitempty"`
	Password bool     `json:"password,omitempty"` // a password lets others join by newgrp
	Source   string   `json:"source" drift:"line"`
}

// KeyFile is one file of authorised keys, as one account uses it.
type KeyFile struct {
	Account string   `json:"account" drift:"key"`
	File    Place    `json:"file"`
	Folder  *Place   `json:"folder,omitempty"`
	Keys    []Key    `json:"keys,omitempty"`
	Faulty  []string `json:"faulty,omitempty" drift:"line"` // file:line of lines that hold no key
}

// Key is one authorised key.
type Key struct {
	Type        string   `json:"type"`                    // ssh-ed25519
	Bits        int      `json:"bits,omitempty"`          // of RSA and DSA
	Fingerprint string   `json:"fingerprint" drift:"key"` // as ssh-keygen -l prints it: SHA256:…
	Public      string   `json:"public"`                  // type and key without comment, to compare with declared keys
	Comment     string   `json:"comment,omitempty"`
	Options     []string `json:"options,omitempty"`   // names only; values may hold secrets
	From        string   `json:"from,omitempty"`      // value of the option from
	Source      string   `json:"source" drift:"line"` // file:line
}

// Value is a setting with the place where it stands.
type Value struct {
	Value  string `json:"value"`
	Source string `json:"source" drift:"line"`
}

// ProfileSetting is a umask or TMOUT that a shell takes at log-in.
type ProfileSetting struct {
	Name   string `json:"name" drift:"key"` // umask or TMOUT
	Value  string `json:"value"`
	Path   string `json:"path" drift:"key"`
	Source string `json:"source" drift:"line"`
}

// FaultyEntry is a line that programs skip.
type FaultyEntry struct {
	Path   string `json:"path" drift:"key"`
	Source string `json:"source" drift:"line"`
	Text   string `json:"text"` // what is wrong; never the line itself
}

const maxLogins = 64 << 20 // lastlog is sparse: its size follows the highest account number

// Source tells how accounts are had from a host.
var Source = host.Define(host.Spec[Accounts]{
	Title: "Accounts, groups and authorised keys",
	Needs: host.Join(
		host.Read("/etc/passwd", "/etc/shadow", "/etc/group", "/etc/gshadow", "/etc/login.defs", "/etc/default/useradd",
			"/etc/profile", "/etc/bash.bashrc", "/etc/bashrc", "/etc/profile.d/*.sh",
			"/etc/ssh/sshd_config", "/etc/ssh/sshd_config.d/*.conf"),
		host.Stat("/var/lib/lastlog/lastlog2.db"),
		host.Run(lastlog2),
		[]host.Need{
			{Op: host.OpRead, Pattern: "/var/log/lastlog", Max: maxLogins},
			{Op: host.OpRead, Pattern: "/var/log/wtmp", Max: maxLogins},
			{Op: host.OpRead, Pattern: "/var/log/auth.log", Max: maxLogins},
			{Op: host.OpRead, Pattern: "/var/log/secure", Max: maxLogins},
		}),
	Follow: follow,
	Parse:  Parse,
	Claims: Claims,
})

// Claims gives what should belong to this host alone, or to one stage: the keys that it accepts and
// the verifiers of its passwords.
func Claims(a Accounts) []fact.Claim {
	var out []fact.Claim
	for _, f := range a.KeyFiles {
		for _, k := range f.Keys {
			out = append(out, fact.Claim{Kind: "authorized_key", Fingerprint: k.Fingerprint, Label: label(f.Account, k), At: f.File.Path})
		}
	}
	for _, u := range a.Users {
		if u.Password.State == PasswordHashed && u.Password.Verifier != "" {
			at, _, _ := strings.Cut(u.Password.Source, ":")
			out = append(out, fact.Claim{Kind: "verifier", Fingerprint: u.Password.Verifier, Label: u.Name, At: at})
		}
	}
	slices.SortFunc(out, fact.Claim.Compare)
	return out
}

func label(account string, k Key) string {
	if k.Comment == "" {
		return account + ": " + k.Type
	}
	return account + ": " + k.Comment
}

// follow asks for homes and key files once the accounts are known.
func follow(ev *host.Evidence) []host.Need {
	var a Accounts
	a.users(ev)
	var stats, reads []string
	patterns := keyPatterns(ev, nil)
	for _, u := range a.Users {
		if !followable(u.Home) {
			continue
		}
		stats = append(stats, u.Home)
		if i, p := ev.Stat(u.Home); p == nil && i.Link != "" && followable(linkTarget(i)) {
			stats = append(stats, linkTarget(i))
		}
		for _, p := range keyPaths(patterns, u) {
			reads = append(reads, p)
			stats = append(stats, path.Dir(p))
		}
	}
	return host.Join(host.Read(reads...), host.Stat(stats...))
}

// followable tells whether a path from a file of the host may be asked for as it stands.
func followable(p string) bool {
	return strings.HasPrefix(p, "/") && !host.IsPattern(p) && path.Clean(p) == p && !strings.ContainsRune(p, 0)
}

func linkTarget(i host.Info) string {
	if strings.HasPrefix(i.Link, "/") {
		return path.Clean(i.Link)
	}
	return path.Join(path.Dir(i.Path), i.Link)
}
