package scanresult

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"holdfast.example/holdfast/internal/vuln"
)

// VEX is what somebody says of vulnerabilities in products: OpenVEX, or the vulnerabilities of a CycloneDX document.
type VEX struct {
	Author string
	Made   time.Time // zero when it does not say
	Said   []Said    // of what is not affected, in the order of the document
	Others int       // statements of another kind, which settle nothing
}

// Said is one statement that a product is not affected.
type Said struct {
	ID      string
	Aliases []string
	Why     string // justification and impact, in the words of the author
	// Package is the product, as a package. Within is the product of which it is a part, empty when the package itself is
	// meant, wherever it is: what holds within one product says nothing of another.
	Package vuln.Package
	Within  string
	Binary  bool
}

// ParseVEX reads OpenVEX or CycloneDX. With an error nothing is said.
func ParseVEX(data []byte) (VEX, error) {
	if len(data) > maxReport {
		return VEX{}, fmt.Errorf("it is larger than %d MiB", maxReport>>20)
	}
	var top map[string]json.RawMessage
	if err := json.Unmarshal(data, &top); err != nil {
		return VEX{}, fmt.Errorf("it is no JSON: %w", err)
	}
	_, open := top["statements"]
	_, cdx := top["bomFormat"]
	switch {
	case cdx:
		return cdxVEX(data)
	case open:
		return openVEX(data)
	}
	return VEX{}, errors.New("the form of these statements is not known; those that are: OpenVEX, CycloneDX JSON with vulnerabilities")
}

type openVEXDocument struct {
	Author     string
	Timestamp  string
	Statements []struct {
		Vulnerability json.RawMessage
		Products      []json.RawMessage
		Status        string
		Justification string
		Impact        string `json:"impact_statement"`
	}
}

type openVEXProduct struct {
	ID            string `json:"@id"`
	Identifiers   struct{ PURL string }
	Subcomponents []struct {
		ID          string `json:"@id"`
		Identifiers struct{ PURL string }
	}
}

func openVEX(data []byte) (VEX, error) {
	var d openVEXDocument
	if err := decode(data, "OpenVEX", &d); err != nil {
		return VEX{}, err
	}
	out := VEX{Author: cmp.Or(line(d.Author), "somebody"), Made: moment(d.Timestamp)}
	for _, s := range d.Statements {
		id, aliases := openVEXName(s.Vulnerability)
		if s.Status != "not_affected" || id == "" {
			out.Others++
			continue
		}
		for _, raw := range s.Products {
			var p openVEXProduct
			if json.Unmarshal(raw, &p) != nil {
				_ = json.Unmarshal(raw, &p.ID) // a bare text until 0.0.2
			}
			product := cmp.Or(p.Identifiers.PURL, p.ID)
			say := func(purl, within string) {
				if pkg, binary, ok := carried(purl, ""); ok {
					out.Said = append(out.Said, Said{ID: id, Aliases: aliases, Why: because(s.Justification, s.Impact), Package: pkg, Binary: binary, Within: within})
				} else {
					out.Others++
				}
			}
			for _, c := range p.Subcomponents {
				say(cmp.Or(c.Identifiers.PURL, c.ID), product)
			}
			if len(p.Subcomponents) == 0 {
				say(product, "")
			}
		}
	}
	return out, nil
}

// openVEXName reads the name of a vulnerability: an object since 0.2.0, a text before.
func openVEXName(data json.RawMessage) (string, []string) {
	var v struct {
		ID      string `json:"@id"`
		Name    string
		Aliases []string
	}
	var text string
	if json.Unmarshal(data, &text) == nil {
		return line(text), nil
	}
	if json.Unmarshal(data, &v) != nil {
		return "", nil
	}
	id := line(v.Name)
	if id == "" {
		id = line(v.ID[strings.LastIndexByte(v.ID, '/')+1:])
	}
	return id, clean(v.Aliases)
}

func cdxVEX(data []byte) (VEX, error) {
	var c struct {
		cdxReport
		Metadata struct {
			Timestamp              string
			Supplier, Manufacturer struct{ Name string }
			Component              cdxComponent
		}
		Vulnerabilities []struct {
			ID         string
			References []struct{ ID string }
			Analysis   struct{ State, Justification, Detail string }
			Affects    []struct{ Ref string }
		}
	}
	if err := decode(data, "CycloneDX", &c); err != nil {
		return VEX{}, err
	}
	out := VEX{Author: cmp.Or(line(c.Metadata.Supplier.Name), line(c.Metadata.Manufacturer.Name), line(c.Metadata.Component.Name), "somebody"), Made: moment(c.Metadata.Timestamp)}
	type part struct {
		cdxComponent
		within string
	}
	parts := map[string]part{}
	var walk func(list []cdxComponent, within string, depth int)
	walk = func(list []cdxComponent, within string, depth int) {
		for _, x := range list {
			parts[x.Ref] = part{x, within}
			if depth < maxNesting {
				walk(x.Components, cmp.Or(x.PURL, x.Ref, x.Name), depth+1)
			}
		}
	}
	whole := c.Metadata.Component
	walk([]cdxComponent{whole}, "", 0)
	walk(c.Components, cmp.Or(whole.PURL, whole.Ref, whole.Name), 0)
	for _, v := range c.Vulnerabilities {
		if !slices.Contains([]string{"not_affected", "false_positive"}, v.Analysis.State) || line(v.ID) == "" {
			out.Others++
			continue
		}
		var aliases []string
		for _, r := range v.References {
			aliases = append(aliases, r.ID)
		}
		for _, a := range v.Affects {
			ref := a.Ref
			if _, in, ok := strings.Cut(ref, "#"); ok && strings.HasPrefix(ref, "urn:cdx:") {
				ref = in
			}
			x, listed := parts[ref]
			if !listed {
				x.PURL = ref
			}
			if pkg, binary, ok := carried(x.PURL, ""); ok {
				out.Said = append(out.Said, Said{ID: line(v.ID), Aliases: clean(aliases), Why: because(v.Analysis.Justification, v.Analysis.Detail), Package: pkg, Binary: binary, Within: x.within})
			} else {
				out.Others++
			}
		}
	}
	return out, nil
}

// because joins the reason from the list of the format and the words of the author.
func because(justification, words string) string {
	return cmp.Or(strings.Join(clean([]string{strings.ReplaceAll(justification, "_", " "), words}), ": "), "no reason is given")
}
