package environment

import (
	"strings"
	"testing"

	"holdfast.example/holdfast/catalog"
	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/check/checktest"
	"holdfast.example/holdfast/internal/estate"
	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
)

func TestChecks(t *testing.T) {
	checktest.Run(t, host.Source{}, []*check.Check{MachineIDOnce, HostKeyOnce, KeyPerStage, PasswordPerStage, CAPerStage, CertificateKeyPerStage})
}

// A finding names the other side on each of the two.
func TestEachSideNamesTheOther(t *testing.T) {
	cat, err := check.LoadCatalogue(catalog.FS)
	if err != nil {
		t.Fatal(err)
	}
	e, problems := estate.Parse([]estate.File{{Name: "estate.yaml", Data: []byte(twoStages)}}, estate.Options{})
	if e == nil {
		t.Fatal(problems)
	}
	x := check.FailsTogether("", []fact.Fact{claims(AuthorizedKey, "a"), claims(AuthorizedKey, "a")})
	for i, o := range check.Judge(KeyPerStage, cat, x.Facts, e, check.ExampleNow) {
		want := []string{"the authorised key (root: erika@laptop) also works on test/web-1 (test)",
			"the authorised key (root: erika@laptop) also works on prod/web-1 (production)"}[i]
		if len(o.Violations) != 1 || o.Violations[0].Detail != want {
			t.Errorf("%s: %+v, want %q", o.Observation.Subject, o.Violations, want)
		}
	}
}

// One host that is seen twice is no pair.
func TestOneSubjectSeenTwice(t *testing.T) {
	cat, err := check.LoadCatalogue(catalog.FS)
	if err != nil {
		t.Fatal(err)
	}
	x := check.FailsTogether("", []fact.Fact{claims(MachineID, "a"), claims(MachineID, "a")})
	x.Facts[1].Subject = x.Facts[0].Subject
	for _, o := range check.Judge(MachineIDOnce, cat, x.Facts, nil, check.ExampleNow) {
		if o.Verdict != check.NotApplicable || !strings.Contains(o.Detail, "only one host") {
			t.Errorf("%s %s", o.Verdict, o.Detail)
		}
	}
}
