package requirement

import (
	"fmt"
	"slices"
	"strings"
)

// missing gives what keeps the requirement from being decided at its own level (hard), and what
// keeps only a SHOULD part of it from being decided (soft). Both are texts for people.
func (v *view) missing() (hard, soft []string) {
	add := func(level Level, text string) {
		switch {
		case level.rank() <= v.level.rank():
			hard = append(hard, text)
		case level == Should:
			soft = append(soft, text)
		}
	}
	if v.req.NeedsEstate && !v.estate {
		hard = append(hard, "declare the estate to decide this: holdfast discover > estate.yaml")
	}
	for _, k := range v.req.Needs {
		for _, text := range v.need(k, "") {
			add(v.level, text)
		}
	}
	for _, p := range v.req.Parts {
		if !v.partApplies(p.ID) {
			continue
		}
		for _, k := range p.Needs {
			if weaker(v.level, p.Level) == v.level && slices.Contains(v.req.Needs, k) {
				continue // said above
			}
			for _, text := range v.need(k, p.ID) {
				add(v.levelOf("", p.ID), text)
			}
		}
	}
	for _, e := range v.evidence {
		if !e.decided() && !v.attested(e.Subject) {
			add(v.levelOf(e.Level, e.Part), fmt.Sprintf("%s is unknown on %s%s", e.Check, e.Subject, because(e.Detail)))
		}
	}
	for _, b := range v.bound {
		if v.paired {
			break // what does not compare with production was dropped on purpose
		}
		for _, s := range v.sights {
			if s.Kind == b.Kind && s.State == Seen && v.partApplies(b.Part) && !v.hasResult(b.Check, s.Subject) && !v.attested(s.Subject) {
				add(v.levelOf(b.Level, b.Part), fmt.Sprintf("%s gave no result on %s", b.Check, s.Subject))
			}
		}
	}
	return slices.Compact(hard), slices.Compact(soft)
}

// need gives what is missing of one kind of evidence, for the requirement or for a part of it.
func (v *view) need(k Kind, part string) []string {
	if v.allAttested() {
		return nil
	}
	var out []string
	places := map[string][]string{} // cause to subjects
	var causes []string
	seen, none := false, false
	at := v.levelOf("", part)
	for _, s := range v.sights {
		switch {
		case s.Kind != k.Name:
		case s.State == Seen:
			seen = true
		case s.State == None:
			none = true
		case !v.attested(s.Subject):
			if places[s.Cause] == nil {
				causes = append(causes, s.Cause)
			}
			places[s.Cause] = append(places[s.Cause], s.Subject)
		}
	}
	for _, cause := range causes {
		why := ""
		if cause != "" {
			why = " (" + cause + ")"
		}
		out = append(out, fmt.Sprintf("needs %s, which could not be read on %s%s", k.What, some(slices.Compact(places[cause]), ", ", "", ""), why))
	}
	if len(out) > 0 {
		return out
	}
	if !seen && none && v.hasNone(k.Name) {
		return nil
	}
	for _, e := range v.evidence {
		if !e.judges(k.Name) || part != "" && e.Part != "" && e.Part != part {
			continue
		}
		l := v.levelOf(e.Level, e.Part)
		if e.decided() && (l != May || v.level == May) || !e.decided() && l.rank() <= at.rank() {
			return nil // decided, or unknown for a reason that is named as such
		}
	}
	switch {
	case seen:
		return []string{fmt.Sprintf("no check has judged %s for this", k.What)}
	case !k.Collected:
		return []string{fmt.Sprintf("needs %s, which this version cannot collect", k.What)}
	}
	return []string{fmt.Sprintf("needs %s, of which nothing was seen", k.What)}
}

func (v *view) hasResult(check, subject string) bool {
	if v.results == nil {
		v.results = make(map[[2]string]bool, len(v.evidence))
		for _, e := range v.evidence {
			v.results[[2]string{e.Check, e.Subject}] = true
		}
	}
	return v.results[[2]string{check, subject}]
}

// because puts a detail behind a colon, without a full stop.
func because(detail string) string {
	detail = strings.TrimSuffix(strings.TrimSpace(detail), ".")
	if detail == "" {
		return ""
	}
	return ": " + detail
}
