package tlsserver

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Grade is what an endpoint is worth by the SSL Labs Server Rating Guide 2009r of 16 May 2025, as far
// as its fact has the evidence.
type Grade struct {
	Letter  string   // A+ to F, T (not trusted), M (wrong name); empty when too little was seen
	Score   int      // 0 to 100; 0 where the certificate ends the scoring
	Reasons []Reason // worst first, also those that do not decide
}

// Reason is one thing that lowers a grade, or keeps it from being higher, or is worth a note beside it.
type Reason struct {
	Rule   string // short and stable: tls10
	Effect string // one of effects
	Text   string // in plain words
}

// effects are the words of Reason.Effect, worst first. The worst alone makes the letter. T stands before
// M: a wrong name can be seen past, a certificate that nobody vouches for cannot.
var effects = []string{noGrade, "T", "M", "F", "cap E", "cap D", "cap C", "cap B", "A-", noPlus, note}

const (
	noGrade = "no grade"
	noPlus  = "no A+"
	note    = "note" // lowers nothing
)

// Letters are the grades, best first.
var Letters = []string{"A+", "A", "A-", "B", "C", "D", "E", "F", "M", "T"}

// Rate grades what was seen as of now.
func Rate(f Fact, now time.Time) Grade {
	var g Grade
	w := exchanges(f)
	g.Reasons = slices.Concat(certificateReasons(f, now), protocolReasons(f), suiteReasons(f), keyReasons(f, w), probeReasons(f), warnings(f), chainReasons(f))
	ended := slices.ContainsFunc(g.Reasons, func(r Reason) bool { return r.Effect == "T" || r.Effect == "M" || r.Rule == ruleMD5 })
	missing := ungradable(f, g.Reasons)
	if len(missing) == 0 && !ended {
		s := score(f, w)
		g.Score = s.total()
		if l := letter(g.Score); l != "A" {
			effect := "cap " + l
			if l == "F" {
				effect = l
			}
			g.Reasons = append(g.Reasons, Reason{"score", effect, fmt.Sprintf("the score is %d of 100: %s", g.Score, s)})
		}
	}
	g.Reasons = append(g.Reasons, missing...)
	slices.SortFunc(g.Reasons, func(a, b Reason) int {
		return cmp.Or(cmp.Compare(slices.Index(effects, a.Effect), slices.Index(effects, b.Effect)), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Text, b.Text))
	})
	g.Letter = "A+"
	if len(g.Reasons) > 0 {
		g.Letter = made(g.Reasons[0].Effect)
	}
	return g
}

// made is the letter that an effect leaves.
func made(effect string) string {
	switch effect {
	case noGrade:
		return ""
	case noPlus:
		return "A"
	case note:
		return "A+"
	case "T", "M", "F", "A-":
		return effect
	}
	return effect[len("cap "):]
}

// ungradable says what was not seen and may hide a worse grade. A server that shows no certificate, as
// one does with anonymous suites alone, fails all the same.
func ungradable(f Fact, found []Reason) []Reason {
	var out []Reason
	missing := func(rule, text string) { out = append(out, Reason{rule, noGrade, text}) }
	gaps := f.Missing()
	for _, v := range Versions {
		if p, ok := gaps[v]; ok {
			missing("protocols", v+" could not be probed: "+p.Error())
		}
	}
	failed := slices.ContainsFunc(found, func(r Reason) bool { return r.Effect == "F" || r.Effect == "T" })
	suites := 0
	for _, p := range f.Protocols {
		suites += len(p.Suites)
	}
	switch {
	case len(f.Protocols) == 0:
		missing("protocols", "no protocol was agreed upon")
	case failed:
	case len(f.Chain) == 0:
		missing("chain", "no certificate was seen")
	case f.Trust == "":
		text := "whether the certificate is trusted was not seen"
		if p, ok := gaps[PartTrust]; ok {
			text = p.Text
		}
		missing("chain", text)
	case certificateBits(f.Chain[0]) == 0:
		missing("chain", "the size of the certificate's key is not known: "+f.Chain[0].Key)
	case suites == 0:
		missing("suites", "no cipher suite was seen")
	}
	return out
}
