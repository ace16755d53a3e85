package environment

import (
	"maps"
	"slices"
	"strings"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
	"holdfast.example/holdfast/internal/fact"
)

// perStage makes a rule for claims that may be shared inside one stage, but not between production
// and another.
func perStage(kind, what, seen string) check.Rule {
	return check.Across(func(all []check.Seen[Claims], e *estate.Estate, _ check.Params) check.Together {
		return staged{kind, "host", what, "also works on", seen}.judge(all, e)
	})
}

// staged says in words what is not to be shared between stages.
type staged struct{ kind, sort, what, does, seen string }

func (r staged) judge(all []check.Seen[Claims], e *estate.Estate) check.Together {
	by := holders(all, r.kind)
	switch {
	case subjects(all) < 2:
		return onlyOne(by, r.sort)
	case e == nil:
		return check.Together{Has: has(by), Otherwise: check.Unseen("declare environments with their stages and systems in an estate: without it the stage of " + article(r.sort) + " is unknown")}
	}
	faults := map[string][]check.Violation{}
	for _, fingerprint := range slices.Sorted(maps.Keys(by)) {
		list := slices.DeleteFunc(by[fingerprint], func(h holder) bool { return h.stage == "" })
		for _, h := range list {
			if other := foreign(list, h); len(other) > 0 {
				faults[h.subject] = append(faults[h.subject], h.violation(named(r.what, h)+" "+r.does+" "+others(append(other, h), h), names(append(other, h))))
			}
		}
	}
	return check.Together{Faults: faults, Otherwise: otherwise(all, r), Has: has(by)}
}

func article(sort string) string {
	if strings.HasPrefix(sort, "e") {
		return "an " + sort
	}
	return "a " + sort
}

// foreign gives those of another stage, of which one or the other is production.
func foreign(list []holder, h holder) []holder {
	var out []holder
	for _, o := range list {
		if o.stage != h.stage && (o.stage == estate.Production || h.stage == estate.Production) {
			out = append(out, o)
		}
	}
	return out
}

// named gives "the key root: erika@laptop".
func named(what string, h holder) string {
	if h.label == "" {
		return what
	}
	return what + " (" + h.label + ")"
}

// otherwise is a pass only when the stage of every host is known.
func otherwise(all []check.Seen[Claims], r staged) check.Result {
	var unknown []string
	stages := map[estate.Stage]bool{}
	for _, s := range all {
		if env := s.Declared.Environment(); env != nil {
			stages[env.Stage] = true
		} else if !slices.Contains(unknown, s.Subject) {
			unknown = append(unknown, s.Subject)
		}
	}
	if len(unknown) > 0 {
		return check.Unseen("declare the environment of " + strings.Join(unknown, ", ") + ": the stage is unknown")
	}
	if !stages[estate.Production] || len(stages) < 2 {
		return check.Inapplicable("all " + r.sort + "s that were assessed belong to one side: production, or not")
	}
	return check.Passed(r.seen)
}

// KeyPerStage demands that a key opens production or another stage, not both.
var KeyPerStage = &check.Check{
	ID:           "environment-authorized-key-per-stage",
	Title:        "No authorised key opens production and another stage",
	Doc:          "Keys lie about on test systems, and test systems fall first. A key that works on both sides carries an intruder over.",
	Remedy:       "Use a key for each stage, or certificates of each stage's own authority; remove the shared key from authorized_keys on one side.",
	Requirements: []string{"A.5.1.4"},
	Needs:        []string{AuthorizedKey},
	Rule:         perStage(AuthorizedKey, "the authorised key", "no authorised key works in another stage"),
	Examples:     stageExamples(AuthorizedKey),
}

// PasswordPerStage demands that a password hash stands in one stage only.
var PasswordPerStage = &check.Check{
	ID:           "environment-password-verifier-per-stage",
	Title:        "No password hash stands in production and another stage",
	Doc:          "Equal hashes mean equal passwords: whoever reads or cracks the one of the test system has the one of production.",
	Remedy:       "Set new passwords on one side (\"passwd NAME\"), and take hashes out of images and provisioning.",
	Requirements: []string{"A.5.1.4"},
	Needs:        []string{Verifier},
	Rule:         perStage(Verifier, "the password", "no password hash stands in another stage"),
	Examples:     stageExamples(Verifier),
}

// CAPerStage demands an SSH user authority for each stage.
var CAPerStage = &check.Check{
	ID:           "environment-ssh-ca-per-stage",
	Title:        "No SSH user authority is trusted in production and another stage",
	Doc:          "A certificate that was issued for the test system opens production when both trust one authority; only the names inside stand between them.",
	Remedy:       "Make an authority for each stage (\"ssh-keygen -t ed25519 -f user_ca_prod\") and name it alone in TrustedUserCAKeys there.",
	Requirements: []string{"A.5.1.4"},
	Needs:        []string{UserCA},
	Rule:         perStage(UserCA, "the user authority", "no user authority is trusted in another stage"),
	Examples:     stageExamples(UserCA),
}

func stageExamples(kind string) []check.Example {
	return []check.Example{
		together(check.Pass, "one for each stage", claims(kind, "a"), claims(kind, "b"), claims(kind, "a")).Given(twoStages),
		check.FailsTogether("in both", []fact.Fact{claims(kind, "a", "b"), claims(kind, "c", "b")}, kind+":b").Given(twoStages),
		together(check.Unknown, "no estate", claims(kind, "a"), claims(kind, "a")),
		together(check.Unknown, "a host that is not declared", claims(kind, "a"), claims(kind, "b")).Given(oneDeclared),
		together(check.Unknown, "unread", claims(kind, "a"), unread(kind)).Given(twoStages),
		check.Skips("one host", claims(kind, "a")),
	}
}
