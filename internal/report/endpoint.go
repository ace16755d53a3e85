package report

import (
	"fmt"
	"strings"
	"time"
)

// endpoint writes the card of one endpoint: the grade, what decides it, and with -v every suite.
func (t *text) endpoint(e Endpoint, now time.Time) {
	t.line("")
	grade := "grade " + e.Grade
	if e.Grade == "" {
		grade = "no grade"
	}
	s := fmt.Sprintf("%s  %s, score %d of 100 (SSL Labs method)", t.bold(e.Address), t.bold(grade), e.Score)
	if e.IP != "" && e.IP != e.Address {
		s += ", at " + e.IP
	}
	t.wrap("", "  ", s)
	reasons := e.Reasons
	if !t.o.Verbose && len(reasons) > 4 {
		reasons = reasons[:4]
	}
	for _, r := range reasons {
		t.wrap("  ", "      ", r)
	}
	if more := len(e.Reasons) - len(reasons); more > 0 {
		t.line(fmt.Sprintf("  and %s; -v shows all", plural(more, "more reason")))
	}
	if len(e.Protocols) > 0 {
		t.wrap("  protocols    ", "               ", strings.Join(e.Protocols, ", ")+"; "+plural(len(e.Suites), "suite"))
	}
	if c := e.Certificate; c != nil {
		t.wrap("  certificate  ", "               ", fmt.Sprintf("%s, %s, signed %s, %s", strings.Join(c.Names, ", "), c.Key, c.Signature, c.Trust))
		days := int(c.NotAfter.Sub(now).Hours() / 24)
		until := fmt.Sprintf("until %s (%s left)", c.NotAfter.Format("2006-01-02"), plural(days, "day"))
		if c.NotAfter.Before(now) {
			until = "until " + c.NotAfter.Format("2006-01-02") + ", which is over"
		}
		t.wrap("               ", "               ", until+", issued by "+c.Issuer)
	}
	t.probes(e)
	if !t.o.Verbose {
		return
	}
	last := ""
	for _, s := range e.Suites {
		if s.Protocol != last {
			last = s.Protocol
			t.line("  " + last)
		}
		t.line(strings.TrimRight(fmt.Sprintf("    %-50s %s", s.Name, s.Exchange), " "))
	}
}

// probes writes what came of the known attacks: what works, what is not known, and with -v each.
func (t *text) probes(e Endpoint) {
	by := map[string][]string{}
	for _, p := range e.Probes {
		name := p.Name
		if p.State == "inconclusive" && p.Text != "" {
			name += " (" + p.Text + ")"
		}
		by[p.State] = append(by[p.State], name)
	}
	var parts []string
	for _, s := range []struct{ state, word string }{{"vulnerable", "vulnerable to "}, {"inconclusive", "not known: "}, {"safe", "safe from "}} {
		switch list := by[s.state]; {
		case len(list) == 0:
		case s.state == "safe" && !t.o.Verbose:
			parts = append(parts, fmt.Sprintf("safe from %d", len(list)))
		default:
			parts = append(parts, s.word+strings.Join(list, ", "))
		}
	}
	if len(e.Unprobed) > 0 {
		parts = append(parts, "not probed without --probe intrusive: "+strings.Join(e.Unprobed, ", "))
	}
	if len(parts) > 0 {
		t.wrap("  attacks      ", "               ", strings.Join(parts, "; "))
	}
	if e.Profile != "" && len(e.Protocols) > 0 {
		t.wrap("  profile      ", "               ", "Mozilla 6.0: "+e.Profile)
	}
	if o := e.Observatory; o != nil {
		t.wrap("  observatory  ", "               ", o.Says())
	}
}
