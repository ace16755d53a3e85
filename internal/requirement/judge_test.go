package requirement

import (
	"strings"
	"testing"
)

var (
	kindSSHD     = Kind{Name: "sshd", What: "the settings of the SSH server", Collected: true}
	kindFirewall = Kind{Name: "firewall", What: "the packet filter", Collected: true}
	kindGate     = Kind{Name: "gate", What: "the records of a gate"}
	kindBox      = Kind{Name: "container", What: "running containers"}
)

// req makes a requirement that checks and people decide and that needs the SSH server.
func req(change ...func(*Requirement)) *Requirement {
	r := &Requirement{ID: "A.5.9.9", Title: "T", Level: Must, Reach: InProduction, HoldsWhen: "H.", Needs: []Kind{kindSSHD},
		DecidedBy: []Decider{{By: ByChecks, What: "w"}, {By: ByAttestation, What: "a person"}}}
	for _, f := range change {
		f(r)
	}
	return r
}

func level(l Level) func(*Requirement)   { return func(r *Requirement) { r.Level = l } }
func reach(x Reach) func(*Requirement)   { return func(r *Requirement) { r.Reach = x } }
func needs(k ...Kind) func(*Requirement) { return func(r *Requirement) { r.Needs = k } }
func part(p Part) func(*Requirement)     { return func(r *Requirement) { r.Parts = append(r.Parts, p) } }
func from(r *Requirement)                { r.From = High }
func raised(r *Requirement)              { r.Level, r.Raised = Should, &Raise{From: High, Level: Must} }
func estateNeeded(r *Requirement)        { r.NeedsEstate = true }
func internet(r *Requirement)            { r.InternetOnly = true }
func boxes(r *Requirement)               { r.AppliesTo, r.Needs = &kindBox, []Kind{kindBox} }
func machineOnly(r *Requirement)         { r.DecidedBy = r.DecidedBy[:1] }
func nothing(r *Requirement) {
	r.DecidedBy = []Decider{{By: ByNothing, What: "it needs probes"}}
	r.Needs = []Kind{kindGate}
}

var host = Scope{Subject: "host:web1", Class: High, Stage: Production}

func app(name, env string, class Class, stage Stage) Scope {
	return Scope{Application: name, Environment: env, Class: class, Stage: stage}
}

func result(verdict string, change ...func(*Evidence)) Evidence {
	e := Evidence{Check: "sshd-" + verdict, Subject: "host:web1", Kind: "sshd", Verdict: verdict, Scope: host}
	if verdict == "fail" {
		e.Open = 1
	}
	for _, f := range change {
		f(&e)
	}
	return e
}

func at(s Scope) func(*Evidence)       { return func(e *Evidence) { e.Scope = s } }
func bound(l Level) func(*Evidence)    { return func(e *Evidence) { e.Level = l } }
func inPart(id string) func(*Evidence) { return func(e *Evidence) { e.Part = id } }
func kind(k string) func(*Evidence)    { return func(e *Evidence) { e.Kind, e.Check = k, k+"-check" } }
func says(d string) func(*Evidence)    { return func(e *Evidence) { e.Detail = d } }
func paired(e *Evidence)               { e.WithProduction = true }
func settled(e *Evidence)              { e.Open, e.Settled = 0, 2 }
func halfSettled(e *Evidence)          { e.Open, e.Settled = 1, 1 }
func uncountedFail(e *Evidence)        { e.Open, e.Settled = 0, 0 }

func evidence(e ...Evidence) Input { return Input{Evidence: e} }

func sight(kind string, state SightState, cause string) Sight {
	return Sight{Subject: "host:web1", Kind: kind, State: state, Cause: cause, Scope: host}
}

func TestJudge(t *testing.T) {
	store := Part{ID: "store", Level: Must, From: High, Text: "x", Needs: []Kind{kindGate}}
	automated := Part{ID: "automated", Level: Should, Text: "x", Needs: []Kind{kindGate}}
	extra := Part{ID: "extra", Level: May, Text: "x", Needs: []Kind{kindGate}}
	std := host
	std.Class = Standard
	inForce := Attestation{By: "sam", Until: "2027-09-01", InForce: true}
	expired := Attestation{By: "sam", Until: "2025-09-01"}
	with := func(in Input, f func(*Input)) Input { f(&in); return in }
	attest := func(a Attestation) func(*Input) { return func(in *Input) { in.Attestations = []Attestation{a} } }
	sights := func(s ...Sight) func(*Input) { return func(in *Input) { in.Sights = s } }

	for name, tc := range map[string]struct {
		req    *Requirement
		in     Input
		want   Status
		reason string // must be part of the reason
	}{
		"nothing at all":             {req(), Input{}, Unknown, "nothing was assessed"},
		"a scope without evidence":   {req(), Input{Scopes: []Scope{host}}, Unknown, "needs the settings of the SSH server, of which nothing was seen"},
		"a pass":                     {req(), evidence(result("pass")), Pass, "the check passes on host:web1"},
		"zero verdict":               {req(), evidence(result("")), Unknown, "is unknown on host:web1"},
		"strange verdict":            {req(), evidence(result("passed")), Unknown, "sshd-passed is unknown"},
		"only not applicable":        {req(), evidence(result("not_applicable")), NotApplicable, "none of the checks applies on host:web1"},
		"pass and not applicable":    {req(), evidence(result("pass"), result("not_applicable")), Pass, "all checks pass that apply"},
		"MUST violated":              {req(), evidence(result("fail"), result("pass")), Fail, "1 of 2 checks fails on host:web1: sshd-fail"},
		"fail without counts":        {req(), evidence(result("fail", uncountedFail)), Fail, ""},
		"fail beside missing need":   {req(needs(kindSSHD, kindFirewall)), with(evidence(result("fail")), sights(sight("firewall", Missing, "denied"))), Fail, "not decided beside it: needs the packet filter, which could not be read on host:web1 (denied)"},
		"need denied":                {req(needs(kindSSHD, kindFirewall)), with(evidence(result("pass")), sights(sight("firewall", Missing, "denied"))), Unknown, "not decided on host:web1: needs the packet filter, which could not be read on host:web1 (denied)"},
		"need not collected":         {req(needs(kindSSHD, kindGate)), evidence(result("pass")), Unknown, "needs the records of a gate, which this version cannot collect"},
		"need seen, not judged":      {req(needs(kindSSHD, kindFirewall)), with(evidence(result("pass")), sights(sight("firewall", Seen, ""))), Unknown, "no check has judged the packet filter for this"},
		"need is not there":          {req(needs(kindSSHD, kindFirewall)), with(evidence(result("pass")), sights(sight("firewall", None, ""))), Pass, ""},
		"need read by a comparison":  {req(needs(kindSSHD, kindFirewall)), evidence(result("pass", func(e *Evidence) { e.Reads = []string{"firewall"} })), Pass, ""},
		"need met by a MAY only":     {req(), evidence(result("pass", bound(May))), Unknown, "of which nothing was seen"},
		"MUST check unknown":         {req(), evidence(result("pass"), result("unknown", says("seen 3 days ago."))), Unknown, "sshd-unknown is unknown on host:web1: seen 3 days ago"},
		"check broke":                {req(), evidence(result("pass"), result("error", says("panic"))), Unknown, "sshd-error is unknown on host:web1: panic"},
		"unknown beats SHOULD":       {req(), evidence(result("unknown"), result("fail", bound(Should))), Unknown, "besides, a SHOULD is violated: sshd-fail"},
		"SHOULD violated":            {req(), evidence(result("pass"), result("fail", bound(Should))), Warn, "1 of 2 checks violates a SHOULD on host:web1: sshd-fail"},
		"SHOULD check unknown":       {req(), evidence(result("pass"), result("unknown", bound(Should))), Warn, "a SHOULD is not decided on host:web1: sshd-unknown is unknown"},
		"SHOULD part without need":   {req(part(automated)), evidence(result("pass")), Warn, "a SHOULD is not decided on host:web1: needs the records of a gate"},
		"SHOULD part violated":       {req(part(automated)), evidence(result("pass"), result("fail", kind("gate"), inPart("automated"))), Warn, "gate-check"},
		"SHOULD part holds":          {req(part(automated)), evidence(result("pass"), result("pass", kind("gate"), inPart("automated"))), Pass, ""},
		"MAY part without need":      {req(part(extra)), evidence(result("pass")), Pass, ""},
		"MAY violated":               {req(), evidence(result("pass"), result("fail", bound(May))), Pass, "for information, a MAY does not hold: sshd-fail"},
		"MAY unknown":                {req(), evidence(result("pass"), result("unknown", bound(May))), Pass, ""},
		"all settled":                {req(), evidence(result("pass"), result("fail", settled)), Justified, "all violations are settled by decisions in force on host:web1: sshd-fail"},
		"settled and unknown":        {req(), evidence(result("unknown"), result("fail", settled)), Unknown, ""},
		"half settled":               {req(), evidence(result("fail", halfSettled)), Fail, ""},
		"settled MUST, open SHOULD":  {req(), evidence(result("fail", settled), result("fail", bound(Should), kind("sshd"))), Warn, ""},
		"bound check gave nothing":   {req(), Input{Evidence: []Evidence{result("pass")}, Sights: []Sight{sight("sshd", Seen, "")}, Checks: []Bound{{Check: "sshd-pass", Kind: "sshd"}, {Check: "sshd-other", Kind: "sshd"}}}, Unknown, "sshd-other gave no result on host:web1"},
		"bound MAY gave nothing":     {req(), Input{Evidence: []Evidence{result("pass")}, Sights: []Sight{sight("sshd", Seen, "")}, Checks: []Bound{{Check: "sshd-other", Kind: "sshd", Level: May}}}, Pass, ""},
		"estate needed":              {req(estateNeeded), evidence(result("pass")), Unknown, "declare the estate to decide this: holdfast discover > estate.yaml"},
		"estate needed, violated":    {req(estateNeeded), evidence(result("fail")), Fail, ""},
		"estate there":               {req(estateNeeded), Input{Estate: true, Evidence: []Evidence{result("pass")}}, Pass, ""},
		"nothing decides":            {req(nothing), Input{Scopes: []Scope{host}}, Unknown, "nothing decides this yet: it needs probes"},
		"SHOULD requirement":         {req(level(Should)), evidence(result("fail")), Warn, ""},
		"SHOULD requirement unknown": {req(level(Should)), evidence(result("pass"), result("unknown")), Unknown, ""},
		"MAY requirement holds":      {req(level(May)), evidence(result("pass")), Pass, ""},
		"MAY requirement violated":   {req(level(May)), evidence(result("fail")), NotApplicable, "optional, and not in use on host:web1: the condition does not hold: sshd-fail"},
		"MAY requirement partly":     {req(level(May)), evidence(result("pass"), result("fail")), Pass, "1 of 2 checks passes"},
		"MAY requirement unseen":     {req(level(May)), Input{Scopes: []Scope{host}}, Unknown, ""},

		"class below":              {req(from), evidence(result("fail", at(std))), NotApplicable, "only for risk class High and above; the class is Standard"},
		"class high":               {req(from), evidence(result("fail")), Fail, ""},
		"class very high":          {req(from), evidence(result("fail", at(Scope{Subject: "host:web1", Class: VeryHigh}))), Fail, ""},
		"class not known":          {req(from), evidence(result("fail", at(Scope{Subject: "host:web1"}))), Fail, ""},
		"raised, below":            {req(raised), evidence(result("fail", at(std))), Warn, ""},
		"raised, high":             {req(raised), evidence(result("fail")), Fail, ""},
		"raised, SHOULD check":     {req(raised), evidence(result("fail", bound(Should))), Warn, ""},
		"part from High, below":    {req(part(store)), evidence(result("pass", at(std)), result("fail", at(std), inPart("store"))), Pass, ""},
		"part from High, unseen":   {req(part(store)), evidence(result("pass")), Unknown, "needs the records of a gate"},
		"part from High, violated": {req(part(store)), evidence(result("pass"), result("fail", inPart("store"))), Fail, ""},
		"internal application":     {req(internet), evidence(result("fail", at(Scope{Subject: "host:web1", Exposure: "internal"}))), NotApplicable, "exposed to the Internet"},
		"exposure not known":       {req(internet), evidence(result("fail")), Fail, ""},
		"no containers":            {req(boxes), Input{Sights: []Sight{sight("container", None, "")}}, NotApplicable, "there is no container"},
		"containers not seen":      {req(boxes), Input{Sights: []Sight{sight("container", Missing, "denied")}}, Unknown, "could not be read on host:web1 (denied)"},
		"containers not looked at": {req(boxes), Input{Scopes: []Scope{host}}, Unknown, ""},
		"one of two looked at": {req(boxes), Input{Sights: []Sight{sight("container", None, ""),
			{Subject: "host:web2", Kind: "sshd", State: Seen, Scope: host}}}, Unknown, ""},

		"attested":                 {req(), with(Input{Scopes: []Scope{host}}, attest(inForce)), Pass, "attested by sam until 2027-09-01"},
		"attested, contradicted":   {req(), with(evidence(result("fail")), attest(inForce)), Fail, ""},
		"attested, SHOULD fails":   {req(), with(evidence(result("fail", bound(Should))), attest(inForce)), Warn, ""},
		"attested, check unknown":  {req(), with(evidence(result("unknown")), attest(inForce)), Pass, "attested by sam"},
		"attested in vain":         {req(machineOnly), with(Input{Scopes: []Scope{host}}, attest(inForce)), Unknown, ""},
		"attestation expired":      {req(), with(Input{Scopes: []Scope{host}}, attest(expired)), Unknown, "the attestation by sam is not in force, it ended on 2025-09-01"},
		"expired, but all is seen": {req(), with(evidence(result("pass")), attest(expired)), Pass, ""},
		"attested elsewhere":       {req(), with(Input{Scopes: []Scope{host}}, attest(Attestation{By: "sam", Subject: "host:web2", InForce: true})), Unknown, ""},
		"attested for a service":   {req(), with(evidence(result("unknown", func(e *Evidence) { e.Subject = "host:web1:443/tcp" })), attest(Attestation{By: "sam", Subject: "host:web1", Until: "2027-01-01", InForce: true})), Pass, "attested by sam for host:web1"},
		"attested for one of two": {req(), with(evidence(result("pass"), result("unknown", func(e *Evidence) { e.Subject = "host:web2" })),
			attest(Attestation{By: "sam", Subject: "host:web1", InForce: true})), Unknown, "on host:web2"},
	} {
		t.Run(name, func(t *testing.T) {
			got := tc.req.Judge(tc.in)
			if got.Status != tc.want || !strings.Contains(got.Reason, tc.reason) {
				t.Errorf("%s: %s\nwant %s: ...%s...", got.Status, got.Reason, tc.want, tc.reason)
			}
		})
	}
}

func TestStages(t *testing.T) {
	prod, pre := app("shop", "prod", Standard, Production), app("shop", "pre", Standard, PreProduction)
	test, dev := app("shop", "test", Standard, Test), app("shop", "dev", Standard, Development)
	none := app("shop", "prod", Standard, "")
	for name, tc := range map[string]struct {
		reach Reach
		fails Evidence
		want  Status
	}{
		"production":                        {InProduction, result("fail", at(prod)), Fail},
		"no stage":                          {InProduction, result("fail", at(none)), Fail},
		"pre-production":                    {InProduction, result("fail", at(pre)), Pass},
		"test":                              {InProduction, result("fail", at(test)), Pass},
		"hardening, production":             {InPreProduction, result("fail", at(prod)), Fail},
		"hardening, pre-production":         {InPreProduction, result("fail", at(pre)), Fail},
		"hardening, test":                   {InPreProduction, result("fail", at(test)), Pass},
		"separation, production":            {InPairs, result("fail", at(prod)), Fail},
		"separation, test with production":  {InPairs, result("fail", at(test), paired), Fail},
		"separation, pre with production":   {InPairs, result("fail", at(pre), paired), Fail},
		"separation, test with development": {InPairs, result("fail", at(dev)), Pass},
	} {
		t.Run(name, func(t *testing.T) {
			r := req(reach(tc.reach))
			j := r.Judge(evidence(result("pass", at(app("wiki", "prod", Standard, Production))), tc.fails))
			if j.Status != tc.want {
				t.Errorf("%s, want %s: %s", j.Status, tc.want, j.Reason)
			}
			for _, s := range j.Scopes {
				if s.Scope.Application == "shop" && s.Status != Fail {
					t.Errorf("the scope itself is %s: %s", s.Status, s.Reason)
				}
			}
			if (j.Failing == 1) != (tc.want == Fail) {
				t.Errorf("failing %d", j.Failing)
			}
			if tc.want == Pass && !strings.Contains(j.Reason, "not counted: "+tc.fails.Scope.Name()+" (fail)") {
				t.Errorf("reason does not show it: %s", j.Reason)
			}
		})
	}
	only := req().Judge(evidence(result("fail", at(test))))
	if only.Status != NotApplicable || only.Failing != 0 {
		t.Errorf("only a test environment: %s, %s", only.Status, only.Reason)
	}
}

func TestOverScopes(t *testing.T) {
	a, b, c := app("shop", "prod", High, Production), app("wiki", "prod", Standard, Production), app("shop", "dr", High, Production)
	j := req().Judge(evidence(
		result("fail", at(a)), result("fail", at(b)), result("pass", at(c)),
		result("pass", at(app("crm", "prod", High, Production))),
		result("unknown", at(app("erp", "prod", High, Production)))))
	want := "the check fails for shop in prod, wiki in prod: sshd-fail; of the other 3: 1 unknown, 2 pass"
	if j.Status != Fail || j.Reason != want || j.Failing != 2 || j.Subjects != 1 || len(j.Checks) != 3 {
		t.Errorf("%+v", j)
	}
	var got []string
	for _, x := range j.Applications() {
		got = append(got, x.Name+" "+string(x.Class)+" "+string(x.Status))
	}
	if s := strings.Join(got, ", "); s != "crm high pass, erp high unknown, shop high fail, wiki standard fail" {
		t.Errorf("applications: %s", s)
	}
	na := req(from).Judge(evidence(result("fail", at(b))))
	if na.Status != NotApplicable {
		t.Errorf("all not applicable: %s", na.Status)
	}
	mixed := req(from).Judge(evidence(result("fail", at(b)), result("pass", at(a))))
	if mixed.Status != Pass {
		t.Errorf("one not applicable, one pass: %s", mixed.Status)
	}
}

func TestEvidenceWithoutScopeIsJudgedBySubject(t *testing.T) {
	j := req().Judge(evidence(result("pass", at(Scope{}), func(e *Evidence) { e.Subject = "host:web1:22/tcp" }),
		result("fail", at(Scope{}))))
	if len(j.Scopes) != 1 || j.Scopes[0].Scope.Name() != "host:web1" || j.Status != Fail {
		t.Errorf("%+v", j)
	}
}

func TestWorst(t *testing.T) {
	order := Statuses()
	for i, a := range order {
		for k, b := range order {
			if got := Worst(a, b); got != order[min(i, k)] {
				t.Errorf("Worst(%s, %s) = %s", a, b, got)
			}
		}
	}
	if Worst() != Unknown || Worst("", Pass) != Unknown {
		t.Error("no status must be unknown")
	}
}

func TestSummaryAndExit(t *testing.T) {
	all := []Judgement{{Status: Pass}, {Status: Warn}, {Status: Justified}, {}, {Status: Unknown}, {Status: NotApplicable}}
	s := Summarise(all)
	if s != (Summary{Pass: 1, Warn: 1, Justified: 1, Unknown: 2, NotApplicable: 1}) {
		t.Errorf("%+v", s)
	}
	if d, n := s.Decided(); d != 3 || n != 5 {
		t.Errorf("decided %d of %d", d, n)
	}
	failing := append(all, Judgement{Status: Fail})
	for _, tc := range []struct {
		all  []Judgement
		on   FailOn
		want bool
	}{
		{all, FailOnMust, false}, {all, "", false}, {all, FailOnShould, true}, {all, FailOnNever, false},
		{failing, FailOnMust, true}, {failing, "", true}, {failing, FailOnNever, false}, {all[:1], FailOnShould, false},
	} {
		if got := ExitFails(tc.all, tc.on); got != tc.want {
			t.Errorf("ExitFails(%d, %q) = %v", len(tc.all), tc.on, got)
		}
	}
}
