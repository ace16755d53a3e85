package advisory

import (
	"bytes"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// v1Product is a product in version 1 of the API. Source: endoflife.date/docs/api/v1.
type v1Product struct {
	Name        string `json:"name"`
	Label       string `json:"label"`
	Category    string `json:"category"`
	Identifiers []struct {
		Type string `json:"type"`
		ID   string `json:"id"`
	} `json:"identifiers"`
	Releases []struct {
		Name      string `json:"name"`
		Codename  string `json:"codename"`
		Released  string `json:"releaseDate"`
		LTS       bool   `json:"isLts"`
		EOL       bool   `json:"isEol"`
		EOLFrom   Ends   `json:"eolFrom"`
		EOAS      *bool  `json:"isEoas"`
		EOASFrom  Ends   `json:"eoasFrom"`
		EOES      *bool  `json:"isEoes"`
		EOESFrom  Ends   `json:"eoesFrom"`
		Ended     *bool  `json:"isDiscontinued"`
		EndedFrom Ends   `json:"discontinuedFrom"`
		Latest    *struct {
			Name string `json:"name"`
			Date string `json:"date"`
		} `json:"latest"`
	} `json:"releases"`
}

// eolV1 reads one product, or all of products/full.
func eolV1(data jsontext.Value, opts json.Options) ([]Product, error) {
	var list []v1Product
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("[")) {
		if err := json.Unmarshal(data, &list, opts); err != nil {
			return nil, err
		}
	} else {
		var one v1Product
		if err := json.Unmarshal(data, &one, opts); err != nil {
			return nil, err
		}
		list = append(list, one)
	}
	var out []Product
	for _, p := range list {
		q := Product{Name: p.Name, Label: p.Label, Category: p.Category}
		for _, i := range p.Identifiers {
			q.Identifiers = append(q.Identifiers, Identifier{i.Type: i.ID})
		}
		for _, r := range p.Releases {
			c := Cycle{Name: r.Name, Codename: r.Codename, Released: r.Released, LTS: r.LTS,
				EOL: ends(&r.EOL, r.EOLFrom), Active: ends(r.EOAS, r.EOASFrom), Extended: ends(r.EOES, r.EOESFrom), Gone: ends(r.Ended, r.EndedFrom)}
			if r.Latest != nil {
				c.Latest, c.LatestOn = r.Latest.Name, r.Latest.Date
			}
			q.Cycles = append(q.Cycles, c)
		}
		out = append(out, q)
	}
	return out, nil
}

// ends prefers the day to what was true when the list was made.
func ends(came *bool, from Ends) Ends {
	if from.Day != "" || came == nil {
		return from
	}
	return Ends{Came: *came, Told: true}
}
