package scanresult

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"holdfast.example/holdfast/internal/sbom"
	"holdfast.example/holdfast/internal/vuln"
)

// raw is a result as a scanner words it.
type raw struct {
	id         string
	names      []string // further names of the flaw, and the CVEs that an advisory stands for
	pkg        vuln.Package
	binary     bool
	fixed      []string
	scores     []vuln.Score // CVSS vectors
	score      float64      // a number without a vector; 0: none
	word       string       // HIGH
	vendor     bool         // the word is that of who distributes the package
	summary    string
	identified time.Time
}

// builder gathers results, each vulnerability of each package once.
type builder struct {
	Report
	at   map[string]int
	left map[string]int
}

// add takes a result. A result that names no flaw or no package is left out.
func (b *builder) add(r raw) {
	r.id = strings.TrimSpace(r.id)
	switch {
	case r.id == "" && !slices.ContainsFunc(r.names, vuln.IsCVE):
		b.left["result without the name of a flaw"]++
		return
	case strings.TrimSpace(r.pkg.Name) == "":
		b.left["result that names no package"]++
		return
	}
	severity, rated := r.rate()
	if severity == vuln.Info {
		b.left["result of no importance"]++
		return
	}
	for _, names := range flaws(append([]string{r.id}, r.names...)) {
		out := Reported{ID: names[0], Aliases: names[1:], Package: r.pkg, Binary: r.binary, Fixed: clean(r.fixed), Severity: severity, Rated: rated, Summary: line(r.summary), Identified: r.identified}
		key := out.ID + "\x00" + vuln.Base(r.pkg.Ecosystem) + "\x00" + vuln.Name(r.pkg.Ecosystem, r.pkg.Name)
		i, again := b.at[key]
		if !again {
			b.at[key] = len(b.Results)
			b.Results = append(b.Results, out)
			continue
		}
		b.Results[i].join(out)
	}
}

// join adds what another result says of the same vulnerability in the same package.
func (r *Reported) join(o Reported) {
	r.Aliases, r.Fixed = union(r.Aliases, o.Aliases), union(r.Fixed, o.Fixed)
	r.Package.Installed, r.Package.Places = union(r.Package.Installed, o.Package.Installed), union(r.Package.Places, o.Package.Places)
	if o.Severity.Rank() < r.Severity.Rank() {
		r.Severity, r.Rated = o.Severity, o.Rated
	}
	if !o.Identified.IsZero() && (r.Identified.IsZero() || o.Identified.Before(r.Identified)) {
		r.Identified = o.Identified
	}
	r.Summary = cmp.Or(r.Summary, o.Summary)
}

func (b *builder) report() Report {
	b.Scanner = scannerName(b.Scanner)
	for _, what := range slices.Sorted(maps.Keys(b.left)) {
		n := b.left[what]
		if n != 1 {
			what = strings.Replace(what, "result ", "results ", 1)
			if !strings.HasPrefix(what, "results ") {
				what += "s"
			}
		}
		b.Left = append(b.Left, fmt.Sprintf("%d %s", n, what))
	}
	slices.SortStableFunc(b.Results, func(x, y Reported) int {
		return cmp.Or(cmp.Compare(x.ID, y.ID), cmp.Compare(x.Package.Ecosystem, y.Package.Ecosystem), cmp.Compare(x.Package.Name, y.Package.Name))
	})
	return b.Report
}

// scannerName brings the name of a tool into one form: its first word in lower case.
func scannerName(s string) string {
	if words := strings.Fields(strings.ToLower(line(s))); len(words) > 0 {
		return words[0]
	}
	return ""
}

// flaws gives the vulnerabilities that names stand for, each with its name first: a CVE at the beginning is the one that is
// meant; else each CVE is one; what has none goes by its GHSA, else by its first name. Names that are no CVE are aliases.
func flaws(names []string) (out [][]string) {
	var cves, others []string
	for _, n := range clean(names) {
		if vuln.IsCVE(n) {
			cves = append(cves, n)
		} else {
			others = append(others, n)
		}
	}
	slices.Sort(others)
	if vuln.IsCVE(names[0]) {
		cves = cves[:1]
	}
	for _, c := range cves {
		out = append(out, append([]string{c}, others...))
	}
	if len(out) > 0 {
		return out
	}
	id := strings.TrimSpace(names[0])
	if i := slices.IndexFunc(others, func(n string) bool { return strings.HasPrefix(n, "GHSA-") }); i >= 0 {
		id = others[i]
	}
	return [][]string{append([]string{id}, slices.DeleteFunc(others, func(n string) bool { return n == id })...)}
}

// rate gives the severity in the order of the advisories: who distributes the package, CVSS, a number, a word.
func (r raw) rate() (vuln.Severity, string) {
	word, worded := vuln.OfWord(r.word)
	if r.vendor && worded {
		return word, vuln.Base(r.pkg.Ecosystem) + ": " + line(r.word)
	}
	if got := vuln.Rate([]vuln.Affected{{Record: &vuln.Record{}, Scores: r.scores}}, nil); !got.Unrated {
		return got.Severity, got.By
	}
	switch {
	case r.score > 0 && r.score <= 10:
		return vuln.OfScore(r.score), "score " + strconv.FormatFloat(r.score, 'f', 1, 64)
	case worded:
		return word, line(r.word)
	}
	return vuln.High, "unrated, treated as high"
}

// carried gives the package behind a package URL, under the name by which advisories speak of it. OS is the distribution
// of the whole, debian-12, where the URL names none. Binary tells that a source was not told.
func carried(purl, os string) (p vuln.Package, binary, ok bool) {
	u, err := sbom.ParsePURL(strings.TrimSpace(purl))
	if err != nil {
		return p, false, false
	}
	p, known := u.Package(os)
	if !known {
		// Nobody keeps advisories of the type, but somebody found something.
		p = vuln.Package{Ecosystem: u.Type, Name: strings.TrimPrefix(u.Namespace+"/"+u.Name, "/"), Version: u.Version}
	}
	if p.Ecosystem == "" {
		p.Ecosystem = u.Type
		if ecosystem, ok := vuln.OfRelease(u.Namespace, ""); ok {
			p.Ecosystem = ecosystem
		}
	}
	p.Purl = strings.TrimSpace(purl)
	told := u.Qualifiers["upstream"] != "" || u.Qualifiers["arch"] == "source" || u.Qualifiers["arch"] == "src"
	return p, !told && (u.Type == "deb" || u.Type == "apk"), true
}

// clean gives texts without blanks, each once, in their order.
func clean(list []string) (out []string) {
	for _, s := range list {
		if s = line(s); s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

func union(a, b []string) []string { return clean(slices.Concat(a, b)) }

// maxLine is the length at which a text of a report is cut.
const maxLine = 500

// line makes one line of a text, not too long.
func line(s string) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "?")), " ")
	if len(s) > maxLine {
		s = strings.ToValidUTF8(s[:maxLine], "") + "…"
	}
	return s
}
