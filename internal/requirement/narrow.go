package requirement

import (
	"slices"
	"sort"
)

// Narrowed is what a judgement comes to over some of its scopes alone, those that keep wants: an application's, or those
// that somebody may see. Of others it tells nothing.
func (r *Requirement) Narrowed(j Judgement, keep func(Scope) bool) Judgement {
	out := Judgement{ID: j.ID, Title: j.Title, Level: r.Level, Checks: j.Checks}
	var subjects []string
	for _, s := range j.Scopes {
		if !keep(s.Scope) {
			continue
		}
		out.Scopes = append(out.Scopes, s)
		if !s.Counts {
			continue
		}
		out.Failing += s.Failing
		subjects = append(subjects, s.subjects...)
		if s.Level.rank() < out.Level.rank() {
			out.Level = s.Level
		}
	}
	sort.Strings(subjects)
	out.Subjects = len(slices.Compact(subjects))
	out.Status, out.Reason = overall(r, out.Scopes)
	return out
}
