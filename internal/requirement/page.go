package requirement

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// standardSource names the source of the requirements.
const standardSource = "TSS-WEB, chapter A.5 (CC BY 4.0, Secodis); worded by Holdfast"

// CheckLine is a check as the page of a requirement lists it.
type CheckLine struct {
	ID    string
	Title string
	Level Level
}

// WritePage writes everything that the catalogue says about a requirement, for a terminal of a
// width; 0 means 80. checks are those bound to it, in the order in which they are to stand.
func (r *Requirement) WritePage(w io.Writer, width int, checks []CheckLine) error {
	p := page{width: width}
	p.line(r.ID + "  " + r.Title)
	p.wrap("", "", r.Section+", for "+r.Reach.text()+": "+r.levelText())
	if r.InternetOnly {
		p.line("Only for applications that are exposed to the Internet.")
	}
	if r.AppliesTo != nil {
		p.line("Only where there is a " + r.AppliesTo.Name + ".")
	}
	p.head("Holds when")
	p.wrap("  ", "  ", r.HoldsWhen)
	for _, part := range r.Parts {
		p.wrap("  "+mark(part.Level, part.From)+": ", "    ", part.Text)
	}
	p.head("Decided by")
	for _, d := range r.DecidedBy {
		by := string(d.By)
		if d.By == ByNothing {
			by = "not yet"
		}
		p.wrap(fmt.Sprintf("  %-12s ", by), strings.Repeat(" ", 15), d.What)
	}
	p.head("Needs to be seen")
	for _, k := range r.Needs {
		p.need(k, "")
	}
	for _, part := range r.Parts {
		for _, k := range part.Needs {
			p.need(k, " (for the "+strings.ToUpper(string(part.Level))+" \""+part.ID+"\")")
		}
	}
	if r.NeedsEstate {
		p.wrap(fmt.Sprintf("  %-12s ", "estate"), strings.Repeat(" ", 15), "a declaration of what belongs there: holdfast discover > estate.yaml")
	}
	p.head(fmt.Sprintf("Checks (%d)", len(checks)))
	if len(checks) == 0 {
		p.line("  none")
	}
	widest := 0
	for _, c := range checks {
		widest = max(widest, len(c.ID))
	}
	for _, c := range checks {
		title := c.Title
		if weaker(Must, c.Level) != Must {
			title += " (" + strings.ToUpper(string(c.Level)) + ")"
		}
		p.wrap(fmt.Sprintf("  %-*s  ", widest, c.ID), strings.Repeat(" ", widest+4), title)
	}
	if c := r.Crosswalk; len(c.ISO27001)+len(c.NIST80053)+len(c.CIS8) > 0 {
		p.head("Corresponds to")
		p.ids("ISO/IEC 27001:2022 Annex A", c.ISO27001)
		p.ids("NIST SP 800-53 r5", c.NIST80053)
		p.ids("CIS Controls v8", c.CIS8)
	}
	p.line("")
	p.wrap("", "", "Source: "+standardSource)
	_, err := io.WriteString(w, p.b.String())
	return err
}

// WriteList writes one line for each requirement, by section, for a terminal of a width; 0 means 80.
func WriteList(w io.Writer, width int, all []*Requirement) error {
	p := page{width: width}
	for i, r := range all {
		if i == 0 || all[i-1].Section != r.Section {
			if i > 0 {
				p.line("")
			}
			p.line(r.Section)
		}
		level := strings.ToUpper(string(r.Level))
		if r.From == High || r.Raised != nil {
			level += "+"
		}
		p.wrap(fmt.Sprintf("  %-9s %-7s ", r.ID, level), strings.Repeat(" ", 20), r.Title+r.shareNote())
	}
	p.line("")
	p.wrap("", "", "+ depends on the risk class: \"holdfast requirement ID\" says how.")
	_, err := io.WriteString(w, p.b.String())
	return err
}

// shareNote marks in the list what nothing but a person decides yet.
func (r *Requirement) shareNote() string {
	switch {
	case !r.decidedByMachine():
		return " (not decided yet)"
	case r.Decides(ByNothing):
		return " (decided in part)"
	}
	return ""
}

func (r *Requirement) levelText() string {
	s := mark(r.Level, r.From)
	if r.Raised != nil {
		s += ", " + strings.ToUpper(string(r.Raised.Level)) + " from risk class " + r.Raised.From.Text() + " on"
	}
	return s
}

// mark gives a level as the standard marks it: "MUST, from risk class High on".
func mark(l Level, from Class) string {
	s := strings.ToUpper(string(l))
	if from != "" {
		s += ", from risk class " + from.Text() + " on"
	}
	return s
}

// page collects lines of a width.
type page struct {
	b     strings.Builder
	width int
}

func (p *page) line(s string) { p.b.WriteString(s + "\n") }

func (p *page) head(s string) { p.line("\n" + s) }

func (p *page) ids(name string, ids []string) {
	if len(ids) > 0 {
		p.wrap("  "+name+": ", "    ", strings.Join(ids, ", "))
	}
}

func (p *page) need(k Kind, note string) {
	what := k.What + note
	if !k.Collected {
		what += " (not collected yet)"
	}
	p.wrap(fmt.Sprintf("  %-12s ", k.Name), strings.Repeat(" ", 15), what)
}

// wrap writes a text after a lead, and further lines after an indent. A word that is wider than the
// page stands alone and is not cut.
func (p *page) wrap(lead, indent, text string) {
	width := p.width
	if width <= 0 {
		width = 80
	}
	line, start := lead, true
	for _, word := range strings.Fields(text) {
		switch {
		case start:
			line += word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width:
			p.line(line)
			line = indent + word
		default:
			line += " " + word
		}
		start = false
	}
	p.line(strings.TrimRight(line, " "))
}
