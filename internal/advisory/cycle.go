package advisory

import "strings"

// Cycle gives the line of releases that a version belongs to: 4.2.16 to 4.2, and to 4 where the product has no 4.2.
func (p Product) Cycle(version string) (Cycle, bool) {
	version = strings.TrimPrefix(version, "v")
	best, found := Cycle{}, false
	for _, c := range p.Cycles {
		rest, ok := strings.CutPrefix(version, c.Name)
		if !ok || c.Name == "" || rest != "" && !strings.ContainsAny(rest[:1], ".-+") {
			continue
		}
		if !found || len(c.Name) > len(best.Name) {
			best, found = c, true
		}
	}
	return best, found
}
