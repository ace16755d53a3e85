package waiver_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast.example/holdfast/internal/estate"
	"holdfast.example/holdfast/internal/waiver"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func day(n int) time.Time { return noon.AddDate(0, 0, n) }

const northwind = `organization: Northwind
timezone: Europe/Berlin
people:
  - {id: erika, name: E, accounts: {standard: erika, admin: adm-erika}}
  - {id: sam, name: S}
  - {id: sina, name: Si}
  - {id: maria, name: M}
roles: {security: [sam, sina]}
teams: [{name: checkout, lead: erika, members: [erika]}]
environments: [{name: prod, stage: production}]
applications:
  - {name: shop, team: checkout, management: maria, criticality: high, exposure: internet, environments: [prod]}
  - {name: wiki, team: checkout, management: checkout, criticality: low, exposure: internal, environments: [prod]}
`

func read(t *testing.T, text string) *estate.Estate {
	t.Helper()
	e, problems := estate.Parse([]estate.File{{Name: "e.yaml", Data: []byte(text)}}, estate.Options{})
	if e == nil {
		t.Fatal(problems)
	}
	return e
}

func due(n int) *time.Time { d := day(n); return &d }

func about(change func(*waiver.About)) []waiver.About {
	a := waiver.About{ID: "F-1", Must: true, Due: due(7), Applications: []string{"shop"}, Open: true}
	if change != nil {
		change(&a)
	}
	return []waiver.About{a}
}

// TestRequest: what each kind needs, and what it may not.
func TestRequest(t *testing.T) {
	e := read(t, northwind)
	full := waiver.Waiver{Reason: "r", Done: "d", Effect: "e", Reference: "CHG-1", Until: day(30)}
	for name, x := range map[string]struct {
		kind   waiver.Kind
		change func(*waiver.Waiver)
		about  []waiver.About
		wrong  string // empty: may be asked for
	}{
		"mitigation":                   {waiver.Mitigation, nil, nil, ""},
		"mitigation, nothing done":     {waiver.Mitigation, func(w *waiver.Waiver) { w.Done = " " }, nil, "--done"},
		"mitigation, no effect":        {waiver.Mitigation, func(w *waiver.Waiver) { w.Effect = "" }, nil, "--effect"},
		"mitigation, no reference":     {waiver.Mitigation, func(w *waiver.Waiver) { w.Reference = "" }, nil, "--reference"},
		"without an end":               {waiver.Mitigation, func(w *waiver.Waiver) { w.Until = time.Time{} }, nil, "--until"},
		"an end that is past":          {waiver.Mitigation, func(w *waiver.Waiver) { w.Until = day(-1) }, nil, "is past"},
		"extension":                    {waiver.Extension, nil, nil, ""},
		"extension, no reason":         {waiver.Extension, func(w *waiver.Waiver) { w.Reason = "" }, nil, "--reason"},
		"extension, no later":          {waiver.Extension, func(w *waiver.Waiver) { w.Until = day(7) }, nil, "not later than the present one of F-1"},
		"extension of no deadline":     {waiver.Extension, nil, about(func(a *waiver.About) { a.Due = nil }), "no deadline that could be moved"},
		"acceptance":                   {waiver.Acceptance, nil, nil, ""},
		"acceptance of six months":     {waiver.Acceptance, func(w *waiver.Waiver) { w.Until = noon.AddDate(0, 6, 0) }, nil, ""},
		"acceptance of more":           {waiver.Acceptance, func(w *waiver.Waiver) { w.Until = noon.AddDate(0, 6, 1) }, nil, "2027-05-23 at the latest"},
		"false positive":               {waiver.FalsePositive, nil, nil, ""},
		"false positive for two years": {waiver.FalsePositive, func(w *waiver.Waiver) { w.Until = day(700) }, nil, "review after 12 months"},
		"false positive, no evidence":  {waiver.FalsePositive, func(w *waiver.Waiver) { w.Reason = "" }, nil, "the evidence"},
		"deviation of a should":        {waiver.Deviation, nil, about(func(a *waiver.About) { a.Must = false }), ""},
		"deviation of a must":          {waiver.Deviation, nil, nil, "violates a MUST"},
		"deviation, nothing instead":   {waiver.Deviation, func(w *waiver.Waiver) { w.Done = "" }, about(func(a *waiver.About) { a.Must = false }), "done instead"},
		"about what is closed":         {waiver.Mitigation, nil, about(func(a *waiver.About) { a.Open = false }), "F-1 is closed"},
		"about nothing":                {waiver.Mitigation, nil, []waiver.About{}, "about no finding"},
		"no such kind":                 {"mute", nil, nil, "is no kind of decision; one of mitigation, extension"},
	} {
		w, list := full, x.about
		w.Kind = x.kind
		if x.change != nil {
			x.change(&w)
		}
		if list == nil {
			list = about(nil)
		}
		err := waiver.Request(w, list, e, noon)
		if (err == nil) != (x.wrong == "") || err != nil && !strings.Contains(err.Error(), x.wrong) {
			t.Errorf("%s: %v, want %q", name, err, x.wrong)
		}
	}
}

// TestDecide: who may decide on what, never on their own request.
func TestDecide(t *testing.T) {
	e := read(t, northwind)
	both := []waiver.About{{ID: "F-1", Applications: []string{"shop"}}, {ID: "F-2", Applications: []string{"wiki"}}}
	for name, x := range map[string]struct {
		kind           waiver.Kind
		asked, decides string
		about          []waiver.About
		wrong          string
	}{
		"security extends":                       {waiver.Extension, "erika", "sam", nil, ""},
		"security on its own request":            {waiver.Extension, "sam", "sam", nil, "nobody decides on their own request"},
		"another of security":                    {waiver.Extension, "sam", "sina", nil, ""},
		"the team does not extend":               {waiver.Extension, "sam", "erika", nil, "for the role security: sam, sina"},
		"security confirms a mitigation":         {waiver.Mitigation, "erika", "sam", nil, ""},
		"management accepts":                     {waiver.Acceptance, "erika", "maria", nil, ""},
		"security accepts no risk":               {waiver.Acceptance, "erika", "sam", nil, "management of the application: maria"},
		"a risk of two applications":             {waiver.Acceptance, "sam", "maria", both, "accepts no risk of wiki"},
		"management that is a team":              {waiver.Acceptance, "sam", "erika", both[1:], ""},
		"a risk of nobody's":                     {waiver.Acceptance, "sam", "maria", []waiver.About{{ID: "F-1"}}, "belongs to no application"},
		"management finds nothing false":         {waiver.FalsePositive, "erika", "maria", nil, "for the role security"},
		"security settles a deviation":           {waiver.Deviation, "erika", "sina", nil, ""},
		"somebody whom the estate does not know": {waiver.Extension, "erika", "mallory", nil, "for the role security"},
	} {
		list := x.about
		if list == nil {
			list = about(nil)
		}
		alone, err := waiver.Decide(waiver.Waiver{ID: "W-1", Kind: x.kind, RequestedBy: waiver.Actor{Person: x.asked}}, x.decides, list, e)
		if alone || (err == nil) != (x.wrong == "") || err != nil && !strings.Contains(err.Error(), x.wrong) {
			t.Errorf("%s: %v, want %q", name, err, x.wrong)
		}
	}
}

// TestFourEyesOff: one person decides alone where the policy says so, and only where there is one.
func TestFourEyesOff(t *testing.T) {
	one := "organization: N\npeople: [{id: sam, name: S}]\nroles: {security: [sam]}\npolicy: {four_eyes: off}\n"
	w := waiver.Waiver{ID: "W-1", Kind: waiver.Extension, RequestedBy: waiver.Actor{Person: "sam"}}
	if alone, err := waiver.Decide(w, "sam", about(nil), read(t, one)); err != nil || !alone {
		t.Errorf("alone %v, %v", alone, err)
	}
	for name, text := range map[string]string{
		"the policy is on": strings.Replace(one, "off", "on", 1),
		"there are two":    strings.Replace(one, "people: [", "people: [{id: erika, name: E}, ", 1),
	} {
		if _, err := waiver.Decide(w, "sam", about(nil), read(t, text)); err == nil {
			t.Errorf("%s, and one decides alone", name)
		}
	}
}

func TestAsk(t *testing.T) {
	e := read(t, northwind)
	for name, x := range map[string]struct {
		kind   waiver.Kind
		person string
		ok     bool
	}{
		"the team reports its mitigation": {waiver.Mitigation, "erika", true}, "security does": {waiver.Mitigation, "sam", true},
		"another does not": {waiver.Mitigation, "maria", false}, "anybody asks for an extension": {waiver.Extension, "maria", true},
	} {
		if err := waiver.Ask(waiver.Waiver{Kind: x.kind}, x.person, about(nil), e); (err == nil) != x.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// decided is a decision of one kind on F-1 that was approved on one day and holds until another.
func decided(kind waiver.Kind, approved, until int) waiver.Waiver {
	at := day(approved)
	return waiver.Waiver{ID: "W-" + string(kind), Kind: kind, Covers: []waiver.Covered{{Finding: "F-1", Seen: "x"}}, Until: day(until),
		DecidedBy: &waiver.Actor{Person: "sam"}, DecidedAt: &at, Approved: true}
}

func revoked(w waiver.Waiver, on int) waiver.Waiver {
	at := day(on)
	w.RevokedAt, w.RevokedBy = &at, &waiver.Actor{Person: "sam"}
	return w
}

// TestApply: what each decision does to the clock, from before it is taken until after its end.
func TestApply(t *testing.T) {
	asked := decided(waiver.Acceptance, 1, 50)
	asked.DecidedAt = nil
	refused := decided(waiver.Acceptance, 1, 50)
	refused.Approved = false
	other := decided(waiver.Acceptance, 1, 50)
	other.Covers[0].Finding = "F-2"
	for name, x := range map[string]struct {
		all     []waiver.Waiver
		seen    string
		at      int
		settled bool
		due     int // 0: none
		overdue bool
	}{
		"nothing":                                {nil, "x", 1, false, 7, false},
		"nothing, too late":                      {nil, "x", 8, false, 7, true},
		"accepted":                               {[]waiver.Waiver{decided(waiver.Acceptance, 2, 20)}, "x", 10, true, 7, false},
		"accepted, before that":                  {[]waiver.Waiver{decided(waiver.Acceptance, 2, 20)}, "x", 1, false, 7, false},
		"accepted, on the last instant":          {[]waiver.Waiver{decided(waiver.Acceptance, 2, 20)}, "x", 20, true, 7, false},
		"accepted, after its end":                {[]waiver.Waiver{decided(waiver.Acceptance, 2, 20)}, "x", 21, false, 7, true},
		"accepted, then revoked":                 {[]waiver.Waiver{revoked(decided(waiver.Acceptance, 2, 20), 5)}, "x", 10, false, 7, true},
		"accepted, to be revoked":                {[]waiver.Waiver{revoked(decided(waiver.Acceptance, 2, 20), 15)}, "x", 10, true, 7, false},
		"asked for alone":                        {[]waiver.Waiver{asked}, "x", 10, false, 7, true},
		"refused":                                {[]waiver.Waiver{refused}, "x", 10, false, 7, true},
		"of another finding":                     {[]waiver.Waiver{other}, "x", 10, false, 7, true},
		"extended":                               {[]waiver.Waiver{decided(waiver.Extension, 2, 20)}, "x", 10, false, 20, false},
		"extended, after the new date":           {[]waiver.Waiver{decided(waiver.Extension, 2, 20)}, "x", 21, false, 7, true},
		"extended twice":                         {[]waiver.Waiver{decided(waiver.Extension, 2, 20), decided(waiver.Extension, 3, 30)}, "x", 25, false, 30, false},
		"mitigated":                              {[]waiver.Waiver{decided(waiver.Mitigation, 2, 20)}, "x", 10, true, 7, false},
		"mitigated, after its end":               {[]waiver.Waiver{decided(waiver.Mitigation, 2, 20)}, "x", 21, false, 7, true},
		"false positive":                         {[]waiver.Waiver{decided(waiver.FalsePositive, 2, 300)}, "x", 100, true, 7, false},
		"false positive of what looks otherwise": {[]waiver.Waiver{decided(waiver.FalsePositive, 2, 300)}, "y", 100, false, 7, true},
		"accepted, whatever it looks like":       {[]waiver.Waiver{decided(waiver.Acceptance, 2, 300)}, "y", 100, true, 7, false},
		"deviation":                              {[]waiver.Waiver{decided(waiver.Deviation, 2, 300)}, "x", 100, true, 7, false},
	} {
		c := waiver.Apply("F-1", x.seen, due(7), x.all, day(x.at))
		if (c.SettledBy != "") != x.settled || !c.Due.Equal(day(x.due)) || !c.FirstDue.Equal(day(7)) || c.Overdue(day(x.at)) != x.overdue {
			t.Errorf("%s: %+v, due %s, overdue %v", name, c, c.Due, c.Overdue(day(x.at)))
		}
	}
	if c := waiver.Apply("F-1", "x", nil, []waiver.Waiver{decided(waiver.Extension, 1, 20)}, day(2)); c.Due != nil || c.Overdue(day(100)) {
		t.Errorf("without a deadline: %+v", c)
	}
}

// TestOutcome: the three figures, and what is not decided yet.
func TestOutcome(t *testing.T) {
	for name, x := range map[string]struct {
		all    []waiver.Waiver
		closed int // 0: open
		at     int
		want   waiver.Outcome
	}{
		"gone in time":                     {nil, 5, 30, waiver.MetFirst},
		"gone on the instant":              {nil, 7, 30, waiver.MetFirst},
		"gone too late":                    {nil, 8, 30, waiver.Missed},
		"open, not due":                    {nil, 0, 5, waiver.Running},
		"open, overdue":                    {nil, 0, 8, waiver.Missed},
		"gone after an extension":          {[]waiver.Waiver{decided(waiver.Extension, 2, 20)}, 15, 30, waiver.MetExtended},
		"gone in time all the same":        {[]waiver.Waiver{decided(waiver.Extension, 2, 20)}, 5, 30, waiver.MetFirst},
		"gone after the extended date":     {[]waiver.Waiver{decided(waiver.Extension, 2, 20)}, 21, 30, waiver.Missed},
		"open within the extension":        {[]waiver.Waiver{decided(waiver.Extension, 2, 20)}, 0, 15, waiver.Running},
		"extension revoked before":         {[]waiver.Waiver{revoked(decided(waiver.Extension, 2, 20), 10)}, 15, 30, waiver.Missed},
		"mitigated in time":                {[]waiver.Waiver{decided(waiver.Mitigation, 6, 90)}, 0, 30, waiver.MetFirst},
		"mitigated too late":               {[]waiver.Waiver{decided(waiver.Mitigation, 8, 90)}, 0, 30, waiver.Missed},
		"mitigated too late, gone later":   {[]waiver.Waiver{decided(waiver.Mitigation, 8, 90)}, 20, 30, waiver.Missed},
		"mitigated within the extension":   {[]waiver.Waiver{decided(waiver.Extension, 2, 20), decided(waiver.Mitigation, 15, 90)}, 0, 30, waiver.MetExtended},
		"a mitigation that has ended":      {[]waiver.Waiver{decided(waiver.Mitigation, 6, 20)}, 0, 30, waiver.Missed},
		"gone before the mitigation ended": {[]waiver.Waiver{decided(waiver.Mitigation, 6, 20)}, 15, 30, waiver.MetFirst},
		"gone after the mitigation ended":  {[]waiver.Waiver{decided(waiver.Mitigation, 6, 20)}, 25, 30, waiver.Missed},
		"a mitigation that was revoked":    {[]waiver.Waiver{revoked(decided(waiver.Mitigation, 6, 90), 10)}, 0, 30, waiver.Missed},
	} {
		var closed *time.Time
		if x.closed > 0 {
			closed = due(x.closed)
		}
		if got := waiver.OutcomeAt("F-1", due(7), closed, x.all, day(x.at)); got != x.want {
			t.Errorf("%s: %s, want %s", name, got, x.want)
		}
	}
	if got := waiver.OutcomeAt("F-1", nil, nil, nil, noon); got != waiver.NoDeadline {
		t.Errorf("%s", got)
	}
}

// TestChain: any change, gap or swap is named.
func TestChain(t *testing.T) {
	var all []waiver.Entry
	add := func(e waiver.Entry) {
		var last *waiver.Entry
		if len(all) > 0 {
			last = &all[len(all)-1]
		}
		sealed, err := e.Sealed(last)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, sealed)
	}
	w := decided(waiver.Acceptance, 1, 50)
	w.DecidedAt, w.DecidedBy, w.Approved = nil, nil, false
	id, err := waiver.NewID(w)
	if err != nil || len(id) != 12 || !strings.HasPrefix(id, "W-") {
		t.Fatalf("%q %v", id, err)
	}
	w.ID = id
	add(waiver.Entry{At: day(0), Waiver: id, Action: waiver.Asked, Actor: waiver.Actor{Person: "erika"}, Body: &w})
	add(waiver.Entry{At: day(1), Waiver: id, Action: waiver.Approve, Actor: waiver.Actor{Person: "maria"}, Hid: 1})
	add(waiver.Entry{At: day(2), Waiver: id, Action: waiver.Refuse, Actor: waiver.Actor{Person: "sam"}})
	add(waiver.Entry{At: day(3), Waiver: id, Action: waiver.Revoke, Actor: waiver.Actor{Person: "sam"}, Why: "fixed"})
	add(waiver.Entry{At: day(4), Waiver: "W-?", Action: waiver.Approve})
	if err := waiver.Verify(all); err != nil {
		t.Fatal(err)
	}
	folded := waiver.Fold(all)
	if len(folded) != 1 || !folded[0].Approved || folded[0].DecidedBy.Person != "maria" || folded[0].Why != "fixed" || folded[0].At(day(2)) != waiver.InForce || folded[0].At(day(3)) != waiver.Revoked || folded[0].At(day(0)) != waiver.Requested {
		t.Errorf("%+v", folded)
	}
	for name, harm := range map[string]func([]waiver.Entry) []waiver.Entry{
		"changed":   func(a []waiver.Entry) []waiver.Entry { a[1].Actor.Person = "mallory"; return a },
		"re-sealed": func(a []waiver.Entry) []waiver.Entry { a[1].Hid = 7; a[1], _ = a[1].Sealed(&a[0]); return a },
		"taken out": func(a []waiver.Entry) []waiver.Entry { return slices.Delete(a, 1, 2) },
		"swapped":   func(a []waiver.Entry) []waiver.Entry { a[1], a[2] = a[2], a[1]; return a },
		"first cut": func(a []waiver.Entry) []waiver.Entry { return a[1:] },
	} {
		if err := waiver.Verify(harm(slices.Clone(all))); err == nil || !strings.Contains(err.Error(), "decision entry") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
