package environment

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
	"holdfast.example/holdfast/internal/fact"
)

func pointer(i int) string { return fmt.Sprintf("/list/%d", i) }

// once makes a rule for claims that belong to one subject alone, whatever its stage.
func once(kind, what, seen string) check.Rule {
	return check.Across(func(all []check.Seen[Claims], _ *estate.Estate, _ check.Params) check.Together {
		by := holders(all, kind)
		if subjects(all) < 2 {
			return onlyOne(by, "host")
		}
		faults := map[string][]check.Violation{}
		for _, fingerprint := range slices.Sorted(maps.Keys(by)) {
			if list := by[fingerprint]; len(list) > 1 {
				crosses, with := crossesProduction(list), names(list)
				for _, h := range list {
					v := h.violation(what+" is that of "+others(list, h), with)
					if crosses && h.stage != "" {
						v.Severity, v.Why = check.High, "production shares it with another stage"
					}
					faults[h.subject] = append(faults[h.subject], v)
				}
			}
		}
		return check.Together{Faults: faults, Otherwise: check.Passed(seen), Has: has(by)}
	})
}

// crossesProduction tells whether holders of a known stage are of production and of another one.
func crossesProduction(list []holder) bool {
	production, other := false, false
	for _, h := range list {
		production = production || h.stage == estate.Production
		other = other || h.stage != "" && h.stage != estate.Production
	}
	return production && other
}

func (h holder) key() string { return h.claim.Kind + ":" + h.claim.Fingerprint }

func (h holder) violation(detail string, with []string) check.Violation {
	return check.Violation{Key: h.key(), Detail: detail, At: h.at, Source: h.claim.At, With: with}
}

// maxWith bounds how many others a finding remembers.
const maxWith = 50

func names(list []holder) []string {
	var out []string
	for _, h := range list[:min(len(list), maxWith)] {
		out = append(out, h.subject)
	}
	return out
}

// has gives the keys of each subject.
func has(by map[string][]holder) map[string][]string {
	out := map[string][]string{}
	for _, list := range by {
		for _, h := range list {
			out[h.subject] = append(out[h.subject], h.key())
		}
	}
	return out
}

// others names everybody but h, with the stage where it is known and differs; of many the first
// few, for the line is read by people and each of them has a finding of its own.
func others(list []holder, h holder) string {
	const most = 5
	var out []string
	for i, o := range list {
		if o.subject == h.subject {
			continue
		}
		if len(out) == most {
			return strings.Join(out, ", ") + fmt.Sprintf(" and about %d more", len(list)-i)
		}
		name := o.subject
		if o.stage != "" && o.stage != h.stage {
			name += " (" + string(o.stage) + ")"
		}
		out = append(out, name)
	}
	return strings.Join(out, ", ")
}

// MachineIDOnce demands that each host has a machine id of its own.
var MachineIDOnce = &check.Check{
	ID:           "environment-machine-id-once",
	Title:        "Each host has a machine id of its own",
	Doc:          "Two hosts with one machine id are one machine that carries two declared systems, or clones of one image: they share log identities and DHCP leases, and often host keys as well.",
	Remedy:       "On a clone: \"rm -f /etc/machine-id /var/lib/dbus/machine-id && systemd-machine-id-setup\", then reboot; empty /etc/machine-id in the image. On one machine: move the other stage to a host of its own.",
	Requirements: []string{"A.5.1.1"},
	Needs:        []string{MachineID},
	Rule:         once(MachineID, "the machine id", "no other host has this machine id"),
	Examples: []check.Example{
		together(check.Pass, "their own", claims(MachineID, "a"), claims(MachineID, "b")),
		check.FailsTogether("production and test", []fact.Fact{claims(MachineID, "a"), claims(MachineID, "a")}, "machine_id:a").Given(twoStages),
		check.FailsTogether("a clone in one stage", []fact.Fact{claims(MachineID, "a"), claims(MachineID, "b"), claims(MachineID, "a")}, "machine_id:a").Given(twoStages),
		check.FailsTogether("without an estate", []fact.Fact{claims(MachineID, "a"), claims(MachineID, "a")}, "machine_id:a"),
		check.Skips("one host", claims(MachineID, "a")),
		together(check.Unknown, "unread", claims(MachineID, "a"), unread(MachineID)),
	},
}

// HostKeyOnce demands that each host has SSH host keys of its own.
var HostKeyOnce = &check.Check{
	ID:           "environment-host-key-once",
	Title:        "Each host has SSH host keys of its own",
	Doc:          "Who holds the host key of one host can pass for every other host with that key and read what people type there. Keys that came with an image are known to all who have the image.",
	Remedy:       "\"rm /etc/ssh/ssh_host_*key* && ssh-keygen -A && systemctl restart ssh\" on all but one of them, or on all when the image held the keys.",
	Requirements: []string{"A.5.1.1", "A.5.1.4"},
	Needs:        []string{HostKey},
	Rule:         once(HostKey, "the host key", "no other host has one of these host keys"),
	Examples: []check.Example{
		together(check.Pass, "their own", claims(HostKey, "a"), claims(HostKey, "b")),
		check.FailsTogether("a clone", []fact.Fact{claims(HostKey, "a", "b"), claims(HostKey, "b", "c")}, "host_key:b"),
		check.Skips("one host", claims(HostKey, "a")),
		together(check.Unknown, "unread", claims(HostKey, "a"), unread(HostKey)),
	},
}
