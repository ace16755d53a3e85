package accounts

import (
	"slices"

	"holdfast.example/holdfast/internal/fact"
)

// change makes a variant of the example host.
type change func(*Accounts)

// debian is a clean host: root without a password, a service account, and one person with a
// password and a key.
func debian(changes ...change) Accounts {
	a := Accounts{
		Users: []User{
			{Name: "root", Home: "/root", Shell: "/bin/bash", Password: Password{State: PasswordLocked, Source: "/etc/shadow:1"}, Aging: aged(),
				HomePlace: &Place{Path: "/root", Sort: "folder", Mode: 0o700}, Source: "/etc/passwd:1"},
			{Name: "daemon", UID: 1, GID: 1, Home: "/usr/sbin", Shell: "/usr/sbin/nologin", Password: Password{State: PasswordNone, Source: "/etc/shadow:2"},
				HomePlace: &Place{Path: "/usr/sbin", Sort: "folder", Mode: 0o755}, Source: "/etc/passwd:2"},
			{Name: "erika", UID: 1000, GID: 1000, Home: "/home/erika", Shell: "/bin/bash", Aging: aged(), LastLogin: "2026-11-20",
				Password:  Password{State: PasswordHashed, Scheme: "yescrypt", Verifier: "aGFzaC1vZi1lcmlrYQ", Source: "/etc/shadow:3"},
				HomePlace: &Place{Path: "/home/erika", Sort: "folder", Mode: 0o700, UID: 1000, GID: 1000}, Source: "/etc/passwd:3"},
		},
		Groups: []Group{
			{Name: "root", Source: "/etc/group:1"}, {Name: "daemon", GID: 1, Source: "/etc/group:2"},
			{Name: "sudo", GID: 27, Source: "/etc/group:3"}, {Name: "shadow", GID: 42, Source: "/etc/group:4"},
			{Name: "erika", GID: 1000, Source: "/etc/group:5"},
		},
		KeyFiles:  []KeyFile{keyFile("erika", "/home/erika", 1000, laptop())},
		LoginDefs: map[string]Value{},
		Useradd:   map[string]Value{"INACTIVE": {"30", "/etc/default/useradd:30"}},
		Profile: []ProfileSetting{{"umask", "027", "/etc/profile.d/umask.sh", "/etc/profile.d/umask.sh:1"},
			{"TMOUT", "900", "/etc/profile.d/tmout.sh", "/etc/profile.d/tmout.sh:1"}},
		Products: map[string]string{PartLoginDefs: "/etc/login.defs", PartUseradd: "/etc/default/useradd"},
	}
	for name, value := range map[string]string{"PASS_MAX_DAYS": "365", "PASS_MIN_DAYS": "1", "PASS_WARN_AGE": "7",
		"ENCRYPT_METHOD": "YESCRYPT", "UMASK": "027", "UID_MIN": "1000"} {
		a.LoginDefs[name] = Value{value, "/etc/login.defs:100"}
	}
	for _, c := range changes {
		c(&a)
	}
	return a
}

func aged() *Aging {
	return &Aging{Changed: "2026-10-01", Min: 1, Max: 365, Warn: 7, Inactive: 30}
}

// laptop is the key that the example estate declares for erika.
func laptop() Key {
	return Key{Type: "ssh-ed25519", Fingerprint: "SHA256:AMjUpHBpp/aQD3F4yB4S9VaXtJ+hiGqfMHt7L40KoS8", Comment: "erika@laptop",
		Public: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKU0FeZaKt8JHg9E7kYEWeQZfQWennIGPzPFCjGrA2p4", Source: "/home/erika/.ssh/authorized_keys:1"}
}

// stranger is a key of nobody in the example estate.
func stranger() Key {
	return Key{Type: "ssh-ed25519", Fingerprint: "SHA256:tSakUJjSzpfTmDmklTKPutGvYfYsVl/FcNnJtoje+iU", Comment: "build@ci",
		Public: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPlrSjTJDfQPxUwyfzEF3sQupPOgStcoGLXIfI2Jf1i1", Source: "/root/.ssh/authorized_keys:1"}
}

func keyFile(account, home string, uid int, keys ...Key) KeyFile {
	return KeyFile{Account: account, Keys: keys,
		File:   Place{Path: home + "/.ssh/authorized_keys", Sort: "file", Mode: 0o600, UID: uid, GID: uid},
		Folder: &Place{Path: home + "/.ssh", Sort: "folder", Mode: 0o700, UID: uid, GID: uid}}
}

// user changes one account of the example host.
func user(name string, edit func(*User)) change {
	return func(a *Accounts) {
		for i := range a.Users {
			if a.Users[i].Name == name {
				edit(&a.Users[i])
			}
		}
	}
}

// add puts another account on the example host: with a shell, a group of its own and no way in.
func add(name string, uid int, edit ...func(*User)) change {
	return func(a *Accounts) {
		u := User{Name: name, UID: uid, GID: uid, Home: "/home/" + name, Shell: "/bin/bash", Password: Password{State: PasswordLocked, Source: "/etc/shadow:9"},
			HomePlace: &Place{Path: "/home/" + name, Sort: "folder", Mode: 0o700, UID: uid, GID: uid}, Aging: aged(), Source: "/etc/passwd:9"}
		for _, e := range edit {
			e(&u)
		}
		a.Users = append(a.Users, u)
		if !slices.ContainsFunc(a.Groups, func(g Group) bool { return g.GID == u.GID }) && u.GID == uid {
			a.Groups = append(a.Groups, Group{Name: name, GID: uid, Source: "/etc/group:9"})
		}
	}
}

// keys authorises keys for an account that has its home under /home, or for root.
func keys(account string, uid int, list ...Key) change {
	home := "/home/" + account
	if account == "root" {
		home = "/root"
	}
	return func(a *Accounts) { a.KeyFiles = append(a.KeyFiles, keyFile(account, home, uid, list...)) }
}

func member(group string, names ...string) change {
	return func(a *Accounts) {
		for i := range a.Groups {
			if g := &a.Groups[i]; g.Name == group {
				g.Members = append(g.Members, names...)
			}
		}
	}
}

func defs(name, value string) change {
	return func(a *Accounts) { a.LoginDefs[name] = Value{value, "/etc/login.defs:100"} }
}

func hashed(u *User) {
	u.Password = Password{State: PasswordHashed, Scheme: "yescrypt", Verifier: "aGFzaC1vZi0" + u.Name, Source: "/etc/shadow:9"}
}

// empty is what an image without accounts gives.
func empty() Accounts { return Accounts{} }

// unread is a host whose parts could not be read.
func unread(parts ...string) Accounts {
	a := debian()
	for _, part := range parts {
		a.Note(part, &fact.Problem{Cause: fact.Denied, Source: part})
	}
	return a
}

// staffed is an estate with erika as administrator of the example host, and otto, who has left.
const staffed = `organization: Northwind
people:
  - id: erika
    name: Erika Muster
    email: erika@northwind.example
    accounts: {standard: erika, admin: adm-erika}
    keys: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKU0FeZaKt8JHg9E7kYEWeQZfQWennIGPzPFCjGrA2p4 erika@laptop"]
  - id: otto
    name: Otto Fort
    email: otto@northwind.example
    accounts: {standard: otto, admin: adm-otto}
    keys: ["ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQCo2RuJ/Zzgs/cj9Oi+1Z/vCM1k6qybce6MtEwVP45g0Xw99pRZUBmwpewEzcZ+6Yib5ZzZ3zGc2tU9vKaq5pF8ycSHpH2JdT6RwXrb7qWQrwpvXsZL38+aDdHDCrWdjJqXVsTMkCdbq0IUlccFZiU0C5yxo471se+oKFosODB1Fw== otto@desk"]
    until: 2026-10-31
teams:
  - {name: platform, lead: erika, members: [erika], contact: platform@northwind.example}
environments:
  - {name: prod, stage: production}
applications:
  - {name: shop, team: platform, criticality: high, exposure: internet, environments: [prod]}
systems:
  - {name: web-1, application: shop, environment: prod}
`

// ottosKey is the key of the leaver.
func ottosKey() Key {
	return Key{Type: "ssh-rsa", Bits: 1024, Fingerprint: "SHA256:w0CvXuXo/yJ6gWaQNqKf41HDVof0Qp4+V/boSIeHzLc", Comment: "otto@desk",
		Public: "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQCo2RuJ/Zzgs/cj9Oi+1Z/vCM1k6qybce6MtEwVP45g0Xw99pRZUBmwpewEzcZ+6Yib5ZzZ3zGc2tU9vKaq5pF8ycSHpH2JdT6RwXrb7qWQrwpvXsZL38+aDdHDCrWdjJqXVsTMkCdbq0IUlccFZiU0C5yxo471se+oKFosODB1Fw==",
		Source: "/root/.ssh/authorized_keys:1"}
}
