package requirement

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// world makes a requirement and an input at random. Each subject that shows a kind has a result of
// every bound check of that kind, as in a real assessment.
func world(r *rand.Rand) (*Requirement, Input) {
	pick := func(words ...string) string { return words[r.IntN(len(words))] }
	q := req(level(Level(pick("must", "must", "should", "may"))), reach(Reach(pick("production", "preproduction", "pairs"))))
	if r.IntN(2) == 0 {
		q.Needs = []Kind{kindSSHD, kindFirewall}
	}
	if r.IntN(3) == 0 {
		q.Parts = []Part{{ID: "p", Level: Level(pick("must", "should", "may")), From: Class(pick("", "high")), Needs: []Kind{kindGate}}}
	}
	if r.IntN(4) == 0 {
		raised(q)
	}
	q.NeedsEstate = r.IntN(5) == 0
	if r.IntN(5) == 0 {
		q.From = High
	}
	if r.IntN(3) == 0 {
		q.DecidedBy = q.DecidedBy[:1]
	}
	in := Input{Estate: r.IntN(2) == 0}
	kinds := []string{"sshd", "firewall", "gate"}
	for i := range 1 + r.IntN(5) {
		in.Checks = append(in.Checks, Bound{Check: "check-" + string(rune('a'+i)), Kind: kinds[r.IntN(3)],
			Level: Level(pick("must", "must", "should", "may")), Part: pick("", "", "p")})
	}
	for i := range 1 + r.IntN(3) {
		s := Scope{Application: pick("shop", "wiki"), Environment: "prod", Class: Class(pick("standard", "high", "very_high", "")),
			Stage: Stage(pick("production", "production", "pre-production", "test"))}
		s.Environment = string(s.Stage)
		s.Class = map[string]Class{"shop": High, "wiki": Standard}[s.Application]
		subject := "web-" + string(rune('1'+i))
		for _, k := range kinds {
			state := SightState(pick("seen", "seen", "seen", "none", ""))
			in.Sights = append(in.Sights, Sight{Subject: subject, Kind: k, State: state, Cause: "denied", Scope: s})
			for _, b := range in.Checks {
				if b.Kind == k && state == Seen {
					e := Evidence{Check: b.Check, Subject: subject, Kind: k, Level: b.Level, Part: b.Part, Scope: s,
						Verdict: pick("pass", "pass", "pass", "fail", "not_applicable", "unknown", "error"), WithProduction: r.IntN(2) == 0}
					if e.Verdict == "fail" {
						e.Open, e.Settled = r.IntN(2), r.IntN(2)
					}
					in.Evidence = append(in.Evidence, e)
				}
			}
		}
	}
	if r.IntN(4) == 0 {
		in.Attestations = []Attestation{{Application: pick("", "shop"), Subject: pick("", "web-1"), By: "sam", Until: "2027-01-01", InForce: r.IntN(2) == 0}}
	}
	return q, in
}

func each(t *testing.T, f func(t *testing.T, r *rand.Rand, q *Requirement, in Input)) {
	t.Helper()
	for seed := range uint64(4000) {
		r := rand.New(rand.NewPCG(seed, 1))
		q, in := world(r)
		f(t, r, q, in)
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func TestOrderOfInputChangesNothing(t *testing.T) {
	each(t, func(t *testing.T, r *rand.Rand, q *Requirement, in Input) {
		before := q.Judge(in)
		shuffled := Input{Estate: in.Estate, Evidence: slices.Clone(in.Evidence), Sights: slices.Clone(in.Sights),
			Checks: slices.Clone(in.Checks), Attestations: slices.Clone(in.Attestations)}
		r.Shuffle(len(in.Evidence), func(a, b int) {
			shuffled.Evidence[a], shuffled.Evidence[b] = shuffled.Evidence[b], shuffled.Evidence[a]
		})
		r.Shuffle(len(in.Sights), func(a, b int) {
			shuffled.Sights[a], shuffled.Sights[b] = shuffled.Sights[b], shuffled.Sights[a]
		})
		slices.Reverse(shuffled.Checks)
		if d := cmp.Diff(before, q.Judge(shuffled), cmpopts.IgnoreUnexported(ScopeJudgement{})); d != "" {
			t.Errorf("-in order +shuffled\n%s", d)
		}
	})
}

func TestInputIsLeftAlone(t *testing.T) {
	each(t, func(t *testing.T, r *rand.Rand, q *Requirement, in Input) {
		evidence, sights := slices.Clone(in.Evidence), slices.Clone(in.Sights)
		q.Judge(in)
		if !cmp.Equal(evidence, in.Evidence) || !cmp.Equal(sights, in.Sights) {
			t.Error("Judge changed its input")
		}
	})
}

// A violation never makes anything better: neither one that was unknown before, nor one more.
func TestAddingAFailNeverImproves(t *testing.T) {
	each(t, func(t *testing.T, r *rand.Rand, q *Requirement, in Input) {
		if len(in.Evidence) == 0 {
			return
		}
		before := q.Judge(in)
		worse := in
		worse.Evidence = slices.Clone(in.Evidence)
		e := worse.Evidence[r.IntN(len(in.Evidence))]
		e.Verdict, e.Open, e.Settled = "fail", 1, 0
		e.Check = "one-more"
		worse.Evidence = append(worse.Evidence, e)
		after := q.Judge(worse)
		if before.Status != Pass && after.Status == Pass {
			t.Errorf("%s (%s) became a pass (%s) by %+v", before.Status, before.Reason, after.Reason, e)
		}
		// A fail decides what was not decided before: unknown may become warn, but nothing else improves.
		if after.Status.rank() > before.Status.rank() && before.Status != Unknown && before.Status != NotApplicable {
			t.Errorf("%s (%s) became %s (%s) by %+v", before.Status, before.Reason, after.Status, after.Reason, e)
		}
		if weaker(q.LevelFor(e.Scope.Class), e.Level) == Must && q.part(e.Part) == nil && q.From == "" {
			for _, s := range after.Scopes {
				if s.Scope.same(e.Scope) && s.Counts && s.Status != Fail && (e.WithProduction || s.Scope.Stage == Production) {
					t.Errorf("a violated MUST leaves the scope at %s (%s)", s.Status, s.Reason)
				}
			}
		}
	})
}

// What is lost may be one result, one fact with its results, or the reading of one kind.
func TestRemovingEvidenceNeverMakesAPass(t *testing.T) {
	each(t, func(t *testing.T, r *rand.Rand, q *Requirement, in Input) {
		if len(in.Evidence) == 0 {
			return
		}
		before := q.Judge(in)
		if before.Status == Pass || len(in.Attestations) > 0 {
			return
		}
		victim := in.Evidence[r.IntN(len(in.Evidence))]
		if victim.Verdict == "fail" {
			return // a fault that is gone may well make a pass; how it can be lost comes below
		}
		less := in
		less.Evidence = slices.DeleteFunc(slices.Clone(in.Evidence), func(e Evidence) bool { return e.Check == victim.Check && e.Subject == victim.Subject })
		if after := q.Judge(less); after.Status == Pass && q.Reach != InPairs {
			t.Errorf("%s (%s) became a pass (%s) without %+v", before.Status, before.Reason, after.Reason, victim)
		}
	})
}

func TestALostFactNeverMakesAPass(t *testing.T) {
	each(t, func(t *testing.T, r *rand.Rand, q *Requirement, in Input) {
		before := q.Judge(in)
		if before.Status == Pass || len(in.Attestations) > 0 || q.Level == May {
			return
		}
		gone := in.Sights[r.IntN(len(in.Sights))]
		if !slices.ContainsFunc(q.Needs, func(k Kind) bool { return k.Name == gone.Kind }) {
			return
		}
		less := in
		less.Sights = slices.Clone(in.Sights)
		for i, s := range less.Sights {
			if s.Kind == gone.Kind && s.Subject == gone.Subject {
				less.Sights[i].State = Missing
			}
		}
		less.Evidence = slices.DeleteFunc(slices.Clone(in.Evidence), func(e Evidence) bool { return e.Kind == gone.Kind && e.Subject == gone.Subject })
		if after := q.Judge(less); after.Status == Pass && countsAnyway(q, gone.Scope) {
			t.Errorf("%s (%s) became a pass (%s) without %s of %s", before.Status, before.Reason, after.Reason, gone.Kind, gone.Subject)
		}
	})
}

// countsAnyway tells whether a scope counts whatever evidence it has.
func countsAnyway(q *Requirement, s Scope) bool {
	return (s.Stage == Production || s.Stage == PreProduction && q.Reach == InPreProduction) && (q.From == "" || s.Class != Standard)
}
