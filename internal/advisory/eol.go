package advisory

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Product is what endoflife.date tells of one product.
type Product struct {
	Name        string       `json:"product"`
	Label       string       `json:"label"`
	Category    string       `json:"category,omitempty"`
	Identifiers []Identifier `json:"identifiers,omitempty"`
	Cycles      []Cycle      `json:"cycles"`
}

// Identifier names the product elsewhere: one of purl, cpe and repology.
type Identifier map[string]string

// Cycle is a line of releases, with the days on which it ends: empty when not known. A day that came is "true" where
// only that is told.
type Cycle struct {
	Name     string `json:"cycle"`
	Codename string `json:"codename,omitempty"`
	Released string `json:"release_date,omitempty"`
	EOL      Ends   `json:"eol,omitzero"`          // no more security fixes
	Active   Ends   `json:"end_active,omitzero"`   // no more other fixes
	Extended Ends   `json:"end_extended,omitzero"` // no more security fixes for those who pay, or of volunteers
	Gone     Ends   `json:"discontinued,omitzero"`
	Latest   string `json:"latest,omitempty"`
	LatestOn string `json:"latest_date,omitempty"`
	LTS      bool   `json:"lts,omitempty"`
}

// Ends is a day, 2028-08-09, or whether it came where none is told. The zero value: nobody tells.
type Ends struct {
	Day  string
	Came bool
	Told bool
}

// By tells whether it has come on a day.
func (e Ends) By(day time.Time) bool {
	if e.Day == "" {
		return e.Came
	}
	return day.Format(time.DateOnly) >= e.Day
}

// UnmarshalJSON reads a day, true, false or null.
func (e *Ends) UnmarshalJSON(data []byte) error {
	switch string(data) {
	case "true", "false":
		*e = Ends{Came: string(data) == "true", Told: true}
		return nil
	case "null":
		*e = Ends{}
		return nil
	}
	var day string
	if err := json.Unmarshal(data, &day); err != nil {
		return err
	}
	if _, err := time.Parse(time.DateOnly, day); err != nil {
		return fmt.Errorf("%q is no day", day)
	}
	*e = Ends{Day: day, Told: true}
	return nil
}

// MarshalJSON writes what UnmarshalJSON reads.
func (e Ends) MarshalJSON() ([]byte, error) {
	switch {
	case e.Day != "":
		return []byte(`"` + e.Day + `"`), nil
	case e.Told:
		return fmt.Appendf(nil, "%v", e.Came), nil
	}
	return []byte("null"), nil
}

// flag is true, or a day since when.
type flag bool

func (f *flag) UnmarshalJSON(data []byte) error {
	*f = string(data) != "false" && string(data) != "null" && string(data) != `""`
	return nil
}

// eolFile is the list in one file: products with the front matter of endoflife.date.
type eolFile struct {
	Source   string    `json:"source"`
	Date     string    `json:"date,omitempty"`
	License  string    `json:"license"`
	Products []Product `json:"products"`
}

// parseEOL reads the end-of-life dates: as one file of products, as version 1 of the API of endoflife.date gives them
// (products/full, or one product), or as its older form gives one product, whose name is then that of the file.
func parseEOL(data []byte, name string) (list []Product, at time.Time, err error) {
	defer func() {
		if err != nil {
			list, at, err = nil, time.Time{}, fmt.Errorf("read the end-of-life dates: %w", err)
		}
	}()
	text := bytes.TrimLeft(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")), " \t\r\n")
	opts := json.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if bytes.HasPrefix(text, []byte("[")) {
		p, err := eolOld(text, name, opts)
		return []Product{p}, time.Time{}, err
	}
	var d struct {
		Date      string         `json:"date"`
		Generated string         `json:"generated_at"`
		Modified  string         `json:"last_modified"`
		Products  []eolProduct   `json:"products"`
		Result    jsontext.Value `json:"result"`
	}
	if err := json.Unmarshal(text, &d, opts); err != nil {
		return nil, time.Time{}, err
	}
	for _, p := range d.Products {
		list = append(list, p.product())
	}
	if len(d.Result) > 0 {
		if list, err = eolV1(d.Result, opts); err != nil {
			return nil, time.Time{}, err
		}
	}
	for _, t := range []string{d.Date, d.Generated, d.Modified} {
		if at.IsZero() && t != "" {
			if at, err = time.Parse(time.RFC3339, t); err != nil {
				return nil, time.Time{}, fmt.Errorf("%q is no time", t)
			}
			at = at.UTC()
		}
	}
	if len(list) == 0 {
		return nil, time.Time{}, errors.New("there are none")
	}
	for _, p := range list {
		if p.Name == "" || len(p.Name) > 200 {
			return nil, time.Time{}, errors.New("a product has no name, or one of more than 200 bytes")
		}
	}
	return list, at, nil
}

// eolProduct reads a product with flags that may be days.
type eolProduct struct {
	Name        string       `json:"product"`
	Label       string       `json:"label"`
	Category    string       `json:"category"`
	Identifiers []Identifier `json:"identifiers"`
	Cycles      []struct {
		Name     string `json:"cycle"`
		Codename string `json:"codename"`
		Released string `json:"release_date"`
		EOL      Ends   `json:"eol"`
		Active   Ends   `json:"end_active"`
		Extended Ends   `json:"end_extended"`
		Gone     Ends   `json:"discontinued"`
		Latest   string `json:"latest"`
		LatestOn string `json:"latest_date"`
		LTS      flag   `json:"lts"`
	} `json:"cycles"`
}

func (p eolProduct) product() Product {
	out := Product{Name: p.Name, Label: p.Label, Category: p.Category, Identifiers: p.Identifiers}
	for _, c := range p.Cycles {
		out.Cycles = append(out.Cycles, Cycle{c.Name, c.Codename, c.Released, c.EOL, c.Active, c.Extended, c.Gone, c.Latest, c.LatestOn, bool(c.LTS)})
	}
	return out
}

// eolOld reads /api/PRODUCT.json.
func eolOld(data []byte, name string, opts json.Options) (Product, error) {
	var rows []struct {
		Cycle    jsontext.Value `json:"cycle"` // a text, or once a number
		Codename string         `json:"codename"`
		Released string         `json:"releaseDate"`
		EOL      Ends           `json:"eol"`
		Support  Ends           `json:"support"`
		Extended Ends           `json:"extendedSupport"`
		Gone     Ends           `json:"discontinued"`
		Latest   string         `json:"latest"`
		LatestOn string         `json:"latestReleaseDate"`
		LTS      flag           `json:"lts"`
	}
	if err := json.Unmarshal(data, &rows, opts); err != nil {
		return Product{}, err
	}
	if name == "" || len(rows) == 0 {
		return Product{}, errors.New("a list of releases without the name of its product")
	}
	p := Product{Name: name, Label: name}
	for _, r := range rows {
		cycle := strings.Trim(string(r.Cycle), `"`)
		p.Cycles = append(p.Cycles, Cycle{cycle, r.Codename, r.Released, r.EOL, not(r.Support), not(r.Extended), r.Gone, r.Latest, r.LatestOn, bool(r.LTS)})
	}
	return p, nil
}

// not turns "is supported" into "has ended", where no day is told: the older form has both senses.
func not(e Ends) Ends {
	if e.Told && e.Day == "" {
		e.Came = !e.Came
	}
	return e
}
