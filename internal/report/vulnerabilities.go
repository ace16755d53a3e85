package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Vulnerable gives the vulnerabilities in the order of work: what is open before what is settled, the earliest deadline,
// then what is known to be exploited, likely to be, and severe.
func Vulnerable(a *Assessment) []Vulnerability {
	out := slices.Clone(a.Vulnerabilities)
	slices.SortStableFunc(out, func(x, y Vulnerability) int {
		return cmp.Or(yes(x.Status != "open")-yes(y.Status != "open"), yes(x.Due == nil)-yes(y.Due == nil), compareTimes(x, y), yes(y.KEV)-yes(x.KEV),
			cmp.Compare(chance(y), chance(x)), cmp.Compare(rank(x.Severity), rank(y.Severity)), cmp.Compare(x.Subject, y.Subject), cmp.Compare(x.ID, y.ID), cmp.Compare(x.Package, y.Package))
	})
	return out
}

func yes(b bool) int {
	if b {
		return 1
	}
	return 0
}

func compareTimes(x, y Vulnerability) int {
	if x.Due == nil || y.Due == nil {
		return 0
	}
	return x.Due.Compare(*y.Due)
}

func chance(v Vulnerability) float64 {
	if v.EPSS == nil {
		return 0
	}
	return *v.EPSS
}

func rank(severity string) int {
	return slices.Index([]string{"critical", "high", "moderate", "low", "info"}, severity)
}

// Chance words the probability of exploitation; empty when nobody tells.
func (v Vulnerability) Chance() string {
	if v.EPSS == nil {
		return ""
	}
	return fmt.Sprintf("EPSS %.1f %%", 100**v.EPSS)
}

// firstVulnerabilities is how many vulnerabilities a page shows before one has to ask for more.
const firstVulnerabilities = 50

// vulnerableCount counts them for one line.
type vulnerableCount struct{ Open, Settled, Unimportant, Exploited, Overdue, Unfixed int }

func countVulnerable(all []Vulnerability) (c vulnerableCount) {
	for _, v := range all {
		switch v.Status {
		case "open":
			c.Open++
			c.Exploited += yes(v.KEV)
			c.Overdue += yes(v.Overdue)
			c.Unfixed += yes(len(v.FixedIn) == 0)
		case "unimportant":
			c.Unimportant++
		default:
			c.Settled++
		}
	}
	return c
}

func (c vulnerableCount) String() string {
	parts := []string{fmt.Sprintf("%d open", c.Open)}
	for _, p := range []struct {
		n    int
		text string
	}{{c.Overdue, "overdue"}, {c.Exploited, "known to be exploited"}, {c.Unfixed, "without a known fix"}, {c.Settled, "settled by decisions"}, {c.Unimportant, "of no importance"}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.text))
		}
	}
	return strings.Join(parts, ", ")
}

// VulnerableCount counts the vulnerabilities of the page.
func (p page) VulnerableCount() string { return countVulnerable(p.Vulnerabilities).String() }

// FirstVulnerable are those that the page shows at once.
func (p page) FirstVulnerable() []Vulnerability {
	all := Vulnerable(p.Assessment)
	return all[:min(len(all), firstVulnerabilities)]
}

// MoreVulnerable are the others.
func (p page) MoreVulnerable() []Vulnerability {
	all := Vulnerable(p.Assessment)
	return all[min(len(all), firstVulnerabilities):]
}
