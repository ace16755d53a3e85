package secrets

import (
	"fmt"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
	"holdfast.example/holdfast/internal/fact"
)

// perPlace makes a rule over secrets with at least one place of a sort that is at fault.
func perPlace(seen string, fault func(Place) bool, word func(Place) string) check.Rule {
	return check.On(func(f Fact, _ estate.View, _ check.Params) check.Result {
		var vs []check.Violation
		for i, s := range f.Secrets {
			where, more := Place{}, 0
			for _, p := range s.Places {
				switch {
				case !fault(p):
				case where.In == "":
					where = p
				default:
					more++
				}
			}
			if where.In == "" {
				continue
			}
			detail := word(where) + " (rule " + s.Rule + ")"
			if more > 0 {
				detail += fmt.Sprintf(", and at %d more places", more)
			}
			vs = append(vs, check.Violation{Key: "secret:" + s.Rule + ":" + s.Fingerprint, Detail: detail,
				At: fmt.Sprintf("/secrets/%d", i), Source: where.Source()})
		}
		return check.Failed(seen, vs)
	})
}

// Environment finds secrets that processes were started with.
var Environment = &check.Check{
	ID:           "secrets-environment",
	Title:        "No secret stands in the environment of a process",
	Doc:          "The environment is handed down to every child, printed by crash reports and debug pages, and can be read by whoever runs as the same user. A path traversal to /proc/self/environ is enough.",
	Remedy:       "Hand the secret over as a file: LoadCredential=db-password:/etc/credstore/db-password in the unit (systemd), Docker or Kubernetes secrets mounted as files, or a secret store. Then change the secret.",
	Requirements: []string{"A.5.4.4"},
	Needs:        []string{partEnvironment},
	Rule: perPlace("no process was started with a known form of secret",
		func(p Place) bool { return p.Sort == "environment" },
		func(p Place) string { return p.In + " has a secret in the variable " + p.Name }),
	Examples: []check.Example{
		check.Passes("nothing found", Fact{Scanned: true}),
		check.Passes("a secret in a file", found(Place{Sort: "file", In: "/opt/shop/.env", Line: 3})),
		check.Fails("a password for the database", found(Place{Sort: "environment", In: "shop.service", Name: "DB_PASSWORD"}), "secret:password:"+exampleFingerprint),
		check.Leaves("not allowed to look", Fact{Gaps: gaps(partEnvironment)}),
	},
}

// InFiles finds secrets in files that everybody can read.
var InFiles = &check.Check{
	ID:           "secrets-files-readable",
	Title:        "No secret stands in a file that everybody can read",
	Doc:          "Any account, any compromised service and any path traversal in a web application reads such a file. The credential then opens the next system.",
	Remedy:       "sudo chown root:SERVICE FILE && sudo chmod 0640 FILE\nThen change the secret: it has to count as known.",
	Requirements: []string{"A.5.4.4"},
	Needs:        []string{partFiles},
	Rule: perPlace("no file that everybody can read holds a known form of secret",
		func(p Place) bool { return p.Sort == "file" && p.Open },
		func(p Place) string { return "everybody can read a secret in " + p.In }),
	Examples: []check.Example{
		check.Passes("nothing found", Fact{Scanned: true}),
		check.Passes("only its owner can read it", found(Place{Sort: "file", In: "/opt/shop/.env", Line: 3})),
		check.Fails("an open .env", found(Place{Sort: "file", In: "/opt/shop/.env", Line: 3, Open: true}), "secret:password:"+exampleFingerprint),
		check.Leaves("not allowed to look", Fact{Gaps: gaps(partFiles)}),
	},
}

// InUnits finds secrets in units and scheduled jobs.
var InUnits = &check.Check{
	ID:           "secrets-units-jobs",
	Title:        "No secret stands in a unit or a scheduled job",
	Doc:          "\"systemctl show\" prints the settings of a unit to every user, whatever the mode of its file; command lines show in ps. Both end up in backups and repositories.",
	Remedy:       "Use LoadCredential= in the unit, or a file that only the job's user can read; then: sudo systemctl daemon-reload, and change the secret.",
	Requirements: []string{"A.5.4.4"},
	Needs:        []string{partUnits},
	Rule: perPlace("no unit and no open scheduled job holds a known form of secret",
		func(p Place) bool { return (p.Sort == "unit" || p.Sort == "job") && p.Open },
		func(p Place) string { return "everybody can read a secret in the " + p.Sort + " " + p.In }),
	Examples: []check.Example{
		check.Passes("nothing found", Fact{Scanned: true}),
		check.Passes("a job that only root can read", found(Place{Sort: "job", In: "/var/spool/cron/crontabs/root", Line: 3})),
		check.Fails("Environment= in a unit", found(Place{Sort: "unit", In: "/etc/systemd/system/shop.service", Line: 9, Open: true}), "secret:password:"+exampleFingerprint),
	},
}

// Keys finds private keys that everybody can read.
var Keys = &check.Check{
	ID:           "secrets-private-keys-readable",
	Title:        "No private key can be read by everybody",
	Doc:          "Whoever has the key of a server is that server: they decrypt, impersonate and sign, and nobody notices. A copied key cannot be called back.",
	Remedy:       "sudo chmod 0600 FILE   (or 0640 with the group of the service)\nThen make a new key and revoke the certificate: it has to count as known.",
	Requirements: []string{"A.5.4.4", "A.5.2.1"},
	Needs:        []string{partKeys},
	Rule: check.On(func(f Fact, _ estate.View, _ check.Params) check.Result {
		var vs []check.Violation
		for i, k := range f.Keys {
			if k.Open {
				vs = append(vs, check.Violation{Key: "file:" + k.Path, Detail: "everybody can read the private key in " + k.Path,
					At: fmt.Sprintf("/keys/%d", i), Source: k.Path})
			}
		}
		return check.Failed(fmt.Sprintf("%d private keys, none can be read by everybody", len(f.Keys)), vs)
	}),
	Examples: []check.Example{
		check.Passes("only root reads it", Fact{Keys: []PrivateKey{{Path: "/etc/ssl/private/web.key"}}}),
		check.Fails("an open key", Fact{Keys: []PrivateKey{{Path: "/etc/nginx/web.key", Open: true}}}, "file:/etc/nginx/web.key"),
		check.Leaves("not allowed to look", Fact{Gaps: gaps(partKeys)}),
	},
}

const exampleFingerprint = "q0Zx3p1dTq2mY0b7V9cR4A"

func found(p Place) Fact {
	return Fact{Scanned: true, Secrets: []Secret{{Rule: "password", Fingerprint: exampleFingerprint, Places: []Place{p}}}}
}

func gaps(part string) fact.Gaps {
	return fact.Gaps{part: {Cause: fact.Denied, Source: part}}
}
