package sbom

import (
	"cmp"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// spdxPackage is what is read of a package. Source: SPDX 2.3, clause 7.
type spdxPackage struct {
	SPDXID  string `json:"SPDXID"`
	Name    string `json:"name"`
	Version string `json:"versionInfo"`
	Source  string `json:"sourceInfo"`
	Purpose string `json:"primaryPackagePurpose"`
	Refs    []struct {
		Type    string `json:"referenceType"`
		Locator string `json:"referenceLocator"`
	} `json:"externalRefs"`
}

// spdx reads one package of SPDX 2.
func (r *reader) spdx(d *jsontext.Decoder) error {
	var p spdxPackage
	if err := json.UnmarshalDecode(d, &p); err != nil {
		return err
	}
	c := component{name: p.Name, version: p.Version, kind: purpose(p.Purpose)}
	if strings.HasPrefix(p.SPDXID, "SPDXRef-DocumentRoot-") {
		c.kind = "file" // Syft's package for the folder or image that was looked at
	}
	for _, ref := range p.Refs {
		if ref.Type == "purl" {
			c.purl = ref.Locator
			break
		}
	}
	// "acquired package info from installed node module manifest file: /app/node_modules/ms/package.json": Syft.
	if _, list, ok := strings.Cut(p.Source, ": /"); ok {
		c.places = append(c.places, strings.Split("/"+list, ", ")...)
	}
	if c.kind == "operating-system" && r.os == "" {
		r.os = strings.ToLower(p.Name) + "-" + p.Version
	}
	return r.add(c)
}

// purpose brings the purpose of a package of SPDX into the words of CycloneDX.
func purpose(s string) string {
	return strings.ToLower(strings.ReplaceAll(s, "_", "-"))
}

// spdxElement is what is read of an element of SPDX 3. Source: SPDX 3.0.1, Software/Package and Core/ExternalIdentifier.
type spdxElement struct {
	SpecVersion string `json:"specVersion"`
	Name        string `json:"name"`
	Version     string `json:"software_packageVersion"`
	PURL        string `json:"software_packageUrl"`
	Purpose     string `json:"software_primaryPurpose"`
	Identifiers []struct {
		Type       string `json:"externalIdentifierType"`
		Identifier string `json:"identifier"`
	} `json:"externalIdentifier"`
}

// element reads one element of the graph of SPDX 3.
func (r *reader) element(d *jsontext.Decoder) error {
	if d.PeekKind() != '{' {
		return d.SkipValue()
	}
	raw, err := d.ReadValue()
	if err != nil {
		return err
	}
	var sort struct {
		Type   string `json:"type"`
		AtType string `json:"@type"`
	}
	loose := []json.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}
	if err := json.Unmarshal(raw, &sort, loose...); err != nil {
		return err
	}
	kind := cmp.Or(sort.Type, sort.AtType)
	var e spdxElement
	switch kind { // one of another type may use the same names for other things
	case "CreationInfo", "SpdxDocument", "software_Package":
		if err := json.Unmarshal(raw, &e, loose...); err != nil {
			return err
		}
	}
	switch kind {
	case "CreationInfo":
		r.format = "SPDX " + e.SpecVersion
	case "SpdxDocument":
		r.name = e.Name
	case "software_Package":
		c := component{name: e.Name, version: e.Version, purl: e.PURL, kind: purpose(e.Purpose)}
		if c.kind == "operatingsystem" {
			c.kind = "operating-system"
			if r.os == "" {
				r.os = strings.ToLower(e.Name) + "-" + e.Version
			}
		}
		for _, i := range e.Identifiers {
			if c.purl == "" && strings.EqualFold(i.Type, "packageUrl") {
				c.purl = i.Identifier
			}
		}
		return r.add(c)
	}
	return nil
}
