package check_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
	"holdfast.example/holdfast/internal/fact"
)

// The verdicts of one observation, spec verdicts 1 and 2.
func TestVerdict(t *testing.T) {
	old := func(o fact.Observation, age time.Duration) fact.Observation { o.ObservedAt = now.Add(-age); return o }
	both := seen("a", users("root"))
	both.Problem = &denied
	for _, tc := range []struct {
		rule   string
		obs    fact.Observation
		want   check.Verdict
		detail string // exactly
		keys   []string
	}{
		{"what is in order passes", seen("a", users("root")), check.Pass, "1 users", nil},
		{"a violation fails", seen("a", users("root", "toor")), check.Fail, "", []string{"user:toor"}},
		{"what does not concern it is not applicable, with the reason", seen("a", users()), check.NotApplicable, "no users here", nil},
		{"a gap in a needed part is unknown, with the command that would show it", seen("a", users("root").lacking("users")), check.Unknown,
			`/etc/shadow: permission denied; "sudo cat /etc/shadow" would show it`, nil},
		{"a gap in another part changes nothing", seen("a", users("root").lacking("keys")), check.Pass, "1 users", nil},
		{"a violation stands in spite of the gap, which is named beside it", seen("a", users("toor").lacking("users")), check.Fail,
			`also not seen: /etc/shadow: permission denied; "sudo cat /etc/shadow" would show it`, []string{"user:toor"}},
		{"with a needed part unseen nobody can say that it does not apply", seen("a", users().lacking("users")), check.Unknown,
			`/etc/shadow: permission denied; "sudo cat /etc/shadow" would show it`, nil},
		{"a problem is unknown, with its cause", lost("a", brokenPipe), check.Unknown, "/etc/passwd: failed: input/output error", nil},
		{"an unreachable host is unknown", lost("a", fact.Problem{Cause: fact.Unreachable, Source: "ssh://a"}), check.Unknown, "ssh://a: unreachable", nil},
		{"a host without the thing is unknown to a rule that got no fact", lost("a", fact.Problem{Cause: fact.NotFound, Source: "/x"}), check.Unknown, "/x: not found", nil},
		{"a problem outweighs a fact", both, check.Unknown, denied.Error(), nil},
		{"neither fact nor problem is unknown", fact.Observation{Subject: "a", Kind: box{}.Kind(), ObservedAt: now}, check.Unknown, "no fact was recorded", nil},
		{"a pass that is too old is unknown", old(seen("a", users("root")), 72*time.Hour), check.Unknown, "seen 3 days ago, older than the 2 days that this check allows", nil},
		{"so is what did not apply", old(seen("a", users()), 72*time.Hour), check.Unknown, "seen 3 days ago, older than the 2 days that this check allows", nil},
		{"a fault that was seen stays a fault", old(seen("a", users("toor")), 72*time.Hour), check.Fail, "", []string{"user:toor"}},
		{"the maximum age itself is not too old", old(seen("a", users("root")), 48*time.Hour), check.Pass, "1 users", nil},
		{"a moment more is", old(seen("a", users("root")), 48*time.Hour+time.Nanosecond), check.Unknown, "seen 2 days ago, older than the 2 days that this check allows", nil},
		{"a fact of another type is an error, never a pass", seen("a", crate{}), check.Error, "fact box/1 has type check_test.crate, the rule wants check_test.box", nil},
	} {
		t.Run(tc.rule, func(t *testing.T) {
			o := judgeOne(t, noToor(), tc.obs)
			if o.Verdict != tc.want || o.Detail != tc.detail {
				t.Errorf("got  %s %q\nwant %s %q", o.Verdict, o.Detail, tc.want, tc.detail)
			}
			wantKeys(t, o, tc.keys...)
		})
	}
}

// Partial is set exactly where a needed part was not seen beside a fail: what is not named may be
// wrong too, so nothing may be closed by it.
func TestPartial(t *testing.T) {
	for _, tc := range []struct {
		rule string
		fact box
		want bool
	}{
		{"a fail of which all needed was seen", users("toor").lacking("keys"), false},
		{"a fail of which a needed part was not seen", users("toor").lacking("users"), true},
		{"a pass", users("root"), false},
		{"an unknown is no partial fail", users("root").lacking("users"), false},
	} {
		if o := judgeOne(t, noToor(), seen("a", tc.fact)); o.Partial != tc.want {
			t.Errorf("%s: Partial is %v (%s)", tc.rule, o.Partial, o.Verdict)
		}
	}
}

func TestAllMissingPartsAreNamed(t *testing.T) {
	c := noToor()
	c.Needs = []string{"users", "keys", "other"}
	b := users("root").lacking("users")
	b.Note("keys", &brokenPipe)
	o := judgeOne(t, c, seen("a", b))
	if want := denied.Error() + "; " + brokenPipe.Error(); o.Verdict != check.Unknown || o.Detail != want {
		t.Errorf("got  %s %q\nwant unknown %q", o.Verdict, o.Detail, want)
	}
}

// Of a subject with several addresses the worst one decides, and what is at fault at any of them is named once.
func TestAddressesOfOneSubject(t *testing.T) {
	at := func(place string, o fact.Observation) fact.Observation { o.Place = place; return o }
	good, bad, worse := at("1", seen("a", users("root"))), at("2", seen("a", users("toor"))), at("3", seen("a", users("toor", "toor2")))
	none, gone := at("4", seen("a", users())), at("5", lost("a", denied))
	for _, tc := range []struct {
		rule    string
		obs     []fact.Observation
		want    check.Verdict
		partial bool
		keys    []string
		place   string
	}{
		{"all in order", []fact.Observation{good, good}, check.Pass, false, nil, "1"},
		{"one at fault", []fact.Observation{good, bad}, check.Fail, false, []string{"user:toor"}, "2"},
		{"two at fault alike", []fact.Observation{bad, worse, good}, check.Fail, false, []string{"user:toor"}, "2"},
		{"one concerns it not", []fact.Observation{none, good}, check.Pass, false, nil, "1"},
		{"one is not seen", []fact.Observation{good, gone}, check.Unknown, false, nil, "5"},
		{"one is not seen and one at fault", []fact.Observation{gone, bad}, check.Fail, true, []string{"user:toor"}, "2"},
	} {
		t.Run(tc.rule, func(t *testing.T) {
			out := judge(noToor(), append(tc.obs, seen("b", users("root")))...)
			if len(out) != 2 || out[1].Verdict != check.Pass || out[1].Observation.Subject != "b" {
				t.Fatalf("outcomes %+v", out)
			}
			if o := out[0]; o.Verdict != tc.want || o.Partial != tc.partial || o.Observation.Place != tc.place {
				t.Errorf("%s partial %v of %q, want %s %v %q", o.Verdict, o.Partial, o.Observation.Place, tc.want, tc.partial, tc.place)
			}
			wantKeys(t, out[0], tc.keys...)
			for _, v := range out[0].Violations {
				if v.Source != tc.place {
					t.Errorf("%s is seen at %q, want %q", v.Key, v.Source, tc.place)
				}
			}
		})
	}
}

// An outcome says what it was judged from, in the order in which it came.
func TestOutcomesAnswerObservations(t *testing.T) {
	obs := []fact.Observation{seen("c", users("root")), lost("a", denied), seen("b", users("toor"))}
	out := judge(noToor(), obs...)
	if len(out) != len(obs) {
		t.Fatalf("%d observations gave %d outcomes", len(obs), len(out))
	}
	for i, o := range out {
		if d := cmp.Diff(obs[i], *o.Observation); d != "" {
			t.Errorf("outcome %d: %s", i, d)
		}
		if o.Check.ID != "box-toor" {
			t.Errorf("outcome %d is of check %s", i, o.Check.ID)
		}
	}
	if got := judge(noToor()); len(got) != 0 {
		t.Errorf("nothing seen gave %v", got)
	}
}

// What a rule does wrong is an error of that check on that subject; others go on.
func TestPanicIsIsolated(t *testing.T) {
	c := rule(func(b box, _ estate.View, _ check.Params) check.Result {
		switch b.Users[0] {
		case "panics":
			panic("no such bird")
		case "breaks":
			_ = b.Users[len(b.Users)]
		}
		return check.Passed("fine")
	})
	out := judge(c, seen("a", users("root")), seen("b", users("panics")), seen("c", users("breaks")), seen("d", users()), seen("e", users("root")))
	var got []check.Verdict
	for _, o := range out {
		got = append(got, o.Verdict)
	}
	if want := []check.Verdict{check.Pass, check.Error, check.Error, check.Error, check.Pass}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for _, part := range []string{"box-rule", "no such bird", "report"} {
		if !strings.Contains(out[1].Detail, part) {
			t.Errorf("%q does not say %q", out[1].Detail, part)
		}
	}
	if o := judgeOne(t, noToor(), seen("a", users("root"))); o.Verdict != check.Pass {
		t.Errorf("another check gives %s afterwards", o.Verdict)
	}
	if o := judgeOne(t, &check.Check{ID: "box-none", Rule: check.Rule{Kind: box{}.Kind()}}, seen("a", users())); o.Verdict != check.Error {
		t.Errorf("a check without a rule gives %s", o.Verdict)
	}
}

// A broken rule stays broken although something was not seen: a bug must not hide as a gap.
func TestErrorOutweighsGap(t *testing.T) {
	c := says(check.Result{})
	c.Needs = []string{"users"}
	if o := judgeOne(t, c, seen("a", users().lacking("users"))); o.Verdict != check.Error {
		t.Errorf("got %s", o.Verdict)
	}
	c = rule(func(box, estate.View, check.Params) check.Result { panic("x") })
	c.Needs = []string{"users"}
	if o := judgeOne(t, c, seen("a", users().lacking("users"))); o.Verdict != check.Error {
		t.Errorf("got %s", o.Verdict)
	}
}

// A verdict that contradicts itself is an error: a fail has violations, nothing else has.
func TestResultIsConsistent(t *testing.T) {
	v := []check.Violation{{Key: "user:a", Detail: "a"}}
	for name, tc := range map[string]struct {
		r    check.Result
		want check.Verdict
	}{
		"no verdict":                    {check.Result{}, check.Error},
		"no verdict, with a violation":  {check.Result{Violations: v}, check.Error},
		"a word that is no verdict":     {check.Result{Verdict: "green"}, check.Error},
		"a fail without a violation":    {check.Result{Verdict: check.Fail, Detail: "bad"}, check.Error},
		"a pass with a violation":       {check.Result{Verdict: check.Pass, Violations: v}, check.Error},
		"a violation without a key":     {check.Failed("", []check.Violation{{Detail: "x"}}), check.Error},
		"Failed with violations fails":  {check.Failed("seen", v), check.Fail},
		"Failed without one is a pass":  {check.Failed("seen", nil), check.Pass},
		"Unseen is unknown":             {check.Unseen("x"), check.Unknown},
		"Unclear is unknown":            {check.Unclear(&denied), check.Unknown},
		"Inapplicable does not apply":   {check.Inapplicable("x"), check.NotApplicable},
		"an error of the rule's saying": {check.Result{Verdict: check.Error, Detail: "x"}, check.Error},
	} {
		t.Run(name, func(t *testing.T) {
			o := judgeOne(t, says(tc.r), seen("a", users()))
			if o.Verdict != tc.want {
				t.Errorf("got %s (%s), want %s", o.Verdict, o.Detail, tc.want)
			}
			if o.Verdict != check.Fail && len(o.Violations) > 0 {
				t.Errorf("%s has violations", o.Verdict)
			}
		})
	}
}

// Violations are sorted, one for each key, whatever the order in which the rule found them.
func TestViolationsAreSortedAndUnique(t *testing.T) {
	found := []check.Violation{{Key: "user:c", Detail: "1"}, {Key: "user:a", Detail: "2"}, {Key: "user:c", Detail: "3"}, {Key: "group:z", Detail: "4"}, {Key: "user:a", Detail: "5"}}
	asFound := slices.Clone(found)
	c := says(check.Failed("", found))
	o := judgeOne(t, c, seen("a", users()))
	wantKeys(t, o, "group:z", "user:a", "user:c")
	if o.Violations[1].Detail != "2" || o.Violations[2].Detail != "1" {
		t.Errorf("of two with one key the first is not kept: %+v", o.Violations)
	}
	if d := cmp.Diff(asFound, found); d != "" {
		t.Errorf("judging changed what belongs to the rule:\n%s", d)
	}
	if d := cmp.Diff(o.Result, judgeOne(t, c, seen("a", users())).Result); d != "" {
		t.Errorf("judged again it differs:\n%s", d)
	}
}

// Facts and estate give one answer, in whatever order they come, however often they are judged.
func TestOrderDoesNotMatter(t *testing.T) {
	byName := func(out []check.Outcome) map[string]check.Result {
		m := map[string]check.Result{}
		for _, o := range out {
			m[o.Observation.Subject] = o.Result
		}
		return m
	}
	obs := []fact.Observation{seen("a", users("root", "toor")), seen("b", users("root")), seen("c", users("root").lacking("users")), lost("d", denied),
		seen("e", users()), seen("f", users("x", "toor")), seen("g", users("x"))}
	for name, c := range map[string]*check.Check{"one by one": noToor(), "across": shared()} {
		t.Run(name, func(t *testing.T) {
			want := byName(judge(c, obs...))
			r := rand.New(rand.NewPCG(1, 2))
			for range 50 {
				shuffled := slices.Clone(obs)
				r.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
				if d := cmp.Diff(want, byName(judge(c, shuffled...))); d != "" {
					t.Fatalf("-first +shuffled:\n%s", d)
				}
			}
		})
	}
}

func TestAgo(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0 minutes ago", time.Minute: "1 minute ago", 119 * time.Minute: "119 minutes ago", 2 * time.Hour: "2 hours ago",
		47*time.Hour + 59*time.Minute: "47 hours ago", 48 * time.Hour: "2 days ago", 400 * 24 * time.Hour: "400 days ago",
	} {
		if got := check.Ago(d); got != want {
			t.Errorf("%s: got %q, want %q", d, got, want)
		}
	}
}

// A rule that misses something on its way says so beside its fail; beside all else it says nothing.
func TestBeside(t *testing.T) {
	fail := failing(check.Violation{Key: "user:a", Detail: "a"})
	if r := fail.Beside(denied.Error()); r.Verdict != check.Fail || !r.Partial || r.Detail != "also not seen: "+denied.Error() || len(r.Violations) != 1 {
		t.Errorf("got %+v", r)
	}
	if d := cmp.Diff(fail, fail.Beside("")); d != "" {
		t.Errorf("all was seen: %s", d)
	}
	for _, r := range []check.Result{check.Passed("x"), check.Unseen("x"), check.Inapplicable("x")} {
		if d := cmp.Diff(r, r.Beside("y")); d != "" {
			t.Errorf("%s: %s", r.Verdict, d)
		}
	}
	if o := judgeOne(t, says(fail.Beside("x")), seen("a", users())); !o.Partial {
		t.Error("judged, it is lost")
	}
}
