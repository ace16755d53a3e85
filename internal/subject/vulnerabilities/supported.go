package vulnerabilities

import (
	"fmt"
	"strings"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
	"holdfast.example/holdfast/internal/fact"
)

// Ended is a product whose line of releases is past its end of life. Source: endoflife.date, by the package URLs that it
// names.
type Ended struct {
	Product  string   `json:"product"` // as endoflife.date names it
	Label    string   `json:"label"`
	Cycle    string   `json:"cycle"`
	Day      string   `json:"day,omitempty"`      // of the end, 2024-04-01; empty: it came, nobody tells when
	Extended string   `json:"extended,omitempty"` // day until which it is supported for those who pay
	Newest   string   `json:"newest,omitempty"`   // newest line of releases
	Versions []string `json:"versions"`
	Places   []string `json:"places,omitempty"`
}

// Key names the violation: the product and its line of releases.
func (e Ended) Key() string { return "product:" + e.Product + " " + e.Cycle }

// Line says in one line what has ended, and what is there instead.
func (e Ended) Line() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", e.Label, strings.Join(e.Versions[:min(len(e.Versions), 4)], ", "))
	if n := len(e.Places); n > 0 {
		b.WriteString(" at " + e.Places[0])
		if n > 1 {
			fmt.Fprintf(&b, " and %d more", n-1)
		}
	}
	fmt.Fprintf(&b, ": support of %s ended", e.Cycle)
	if e.Day != "" {
		b.WriteString(" on " + e.Day)
	}
	if e.Extended != "" {
		b.WriteString(", for those who pay on " + e.Extended)
	}
	if e.Newest != "" {
		b.WriteString("; the newest is " + e.Newest)
	}
	return b.String()
}

// Supported demands that no component is of a line of releases whose end has come. Packages of the distribution are
// supported by the distribution while its own release is, whatever the product's makers say; linuxhost-supported judges that.
var Supported = &check.Check{
	ID:    "components-supported",
	Title: "No component is past its end of life",
	Doc:   "Nobody mends what is past its end, and often nobody even tells that it is flawed: that no vulnerability is known of it says little. Only products that endoflife.date names by package URL are judged.",
	Remedy: "move the application to a line of releases that is supported, the newest where nothing speaks against it, and build it anew\n" +
		"support that is paid for: holdfast waiver add acceptance F-… --help",
	Requirements: []string{"A.5.9.1"},
	References:   []string{"endoflife.date"},
	Needs:        []string{PartComponents, PartEnds},
	Rule: check.On(func(f Fact, _ estate.View, _ check.Params) check.Result {
		var vs []check.Violation
		for i, e := range f.Ended {
			v := check.Violation{Key: e.Key(), Detail: e.Line(), At: fmt.Sprintf("/ended/%d", i)}
			if len(e.Places) > 0 {
				v.Source = e.Places[0]
			}
			vs = append(vs, v)
		}
		return check.Failed(fmt.Sprintf("%d components of products whose end of life is told", f.Dated), vs)
	}),
	Examples: []check.Example{
		check.Passes("all supported", Fact{Packages: 3, Dated: 2}),
		check.Passes("nothing whose end is told", Fact{Packages: 3}),
		check.Fails("past its end", Fact{Dated: 1, Ended: []Ended{{Product: "django", Label: "Django", Cycle: "3.2", Day: "2024-04-01", Newest: "6.1", Versions: []string{"3.2.25"}, Places: []string{"/srv/shop/requirements.txt"}}}}, "product:django 3.2"),
		check.Fails("nobody tells when", Fact{Dated: 1, Ended: []Ended{{Product: "jquery", Label: "jQuery", Cycle: "1", Versions: []string{"1.12.4"}}}}, "product:jquery 1"),
		check.Leaves("no dates", unseen(PartEnds)),
		check.Leaves("components not read", unseen(PartComponents)),
	},
}

// NoEnds notes why nobody can tell what is past its end.
func (f *Fact) NoEnds(why string) {
	f.Note(PartEnds, &fact.Problem{Cause: fact.Failed, Source: "end-of-life dates", Text: why})
}
