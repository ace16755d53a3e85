package sbom

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"

	"holdfast.example/holdfast/internal/vuln"
)

// Inventory is what is written: the components of one subject, in order.
type Inventory struct {
	Subject string
	At      time.Time // when it was seen
	Version string    // of Holdfast
	Entries []Entry
	Gaps    []string // what could not be seen, in words
}

// Entry is one component.
type Entry struct {
	Name, Version, PURL string
	Places              []string
}

// EntryOf gives the entry of a package; that of a distribution stands for its source.
func EntryOf(p vuln.Package) Entry {
	e := Entry{Name: p.Name, Version: p.Version, PURL: p.PURL(), Places: p.Places}
	if distro := distroOf(p.Ecosystem); distro != "" && e.PURL != "" {
		joint := "?"
		if strings.Contains(e.PURL, "?") {
			joint = "&"
		}
		e.PURL += joint + "distro=" + distro
	}
	return e
}

// BinaryEntry gives the entry of an installed package of a distribution, with the source that it was built from.
// Kind is the type of its package URL: deb, rpm or apk.
func BinaryEntry(kind, ecosystem, name, version, arch, source, sourceVersion string) Entry {
	id, _, _ := strings.Cut(distroOf(ecosystem), "-")
	e := Entry{Name: name, Version: version}
	q := url.Values{}
	if kind == "rpm" {
		if epoch, rest, ok := strings.Cut(version, ":"); ok {
			version = rest
			if epoch != "0" {
				q.Set("epoch", epoch)
			}
		}
	}
	if arch != "" {
		q.Set("arch", arch)
	}
	if distro := distroOf(ecosystem); distro != "" {
		q.Set("distro", distro)
	}
	if source != "" && source != name || sourceVersion != "" && sourceVersion != version {
		if source == "" {
			source = name
		}
		if sourceVersion != "" && sourceVersion != version {
			source += "@" + sourceVersion
		}
		q.Set("upstream", source)
	}
	e.PURL = "pkg:" + kind + "/"
	if id != "" {
		e.PURL += namespaceOf(id) + "/"
	}
	e.PURL += escape(name) + "@" + escape(version)
	if len(q) > 0 {
		e.PURL += "?" + strings.ReplaceAll(q.Encode(), "+", "%20")
	}
	return e
}

func escape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

// distroOf gives the qualifier "distro" of an ecosystem with a release: debian-12.
func distroOf(ecosystem string) string {
	_, release, _ := strings.Cut(ecosystem, ":")
	release = strings.TrimPrefix(release, "v")
	for _, id := range []string{"debian", "ubuntu", "alpine", "almalinux", "rocky", "rhel", "wolfi", "chainguard", "mageia", "azurelinux", "openEuler", "photon"} {
		if name, ok := vuln.OfRelease(id, ""); ok && vuln.Base(name) == vuln.Base(ecosystem) {
			if release == "" {
				return strings.ToLower(id)
			}
			return strings.ToLower(id) + "-" + release
		}
	}
	return ""
}

func namespaceOf(id string) string {
	if id == "rhel" {
		return "redhat"
	}
	return id
}

// The parts of CycloneDX 1.6 that are written.
type (
	cdxDocument struct {
		Format     string      `json:"bomFormat"`
		Spec       string      `json:"specVersion"`
		Serial     string      `json:"serialNumber"`
		Version    int         `json:"version"`
		Metadata   cdxMetadata `json:"metadata"`
		Components []cdxEntry  `json:"components"`
	}
	cdxMetadata struct {
		Timestamp string   `json:"timestamp"`
		Tools     cdxTools `json:"tools"`
		Component cdxEntry `json:"component"`
		// Properties tell what could not be seen: a list that hides its gaps would look whole.
		Properties []cdxProperty `json:"properties,omitempty"`
	}
	cdxTools struct {
		Components []cdxEntry `json:"components"`
	}
	cdxEntry struct {
		Type     string       `json:"type"`
		Ref      string       `json:"bom-ref,omitempty"`
		Name     string       `json:"name"`
		Version  string       `json:"version,omitempty"`
		PURL     string       `json:"purl,omitempty"`
		Evidence *cdxEvidence `json:"evidence,omitempty"`
	}
	cdxEvidence struct {
		Occurrences []cdxOccurrence `json:"occurrences"`
	}
	cdxOccurrence struct {
		Location string `json:"location"`
	}
	cdxProperty struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
)

// serial is the same for the same content.
func (v Inventory) serial() string {
	var b strings.Builder
	fmt.Fprintln(&b, v.Subject, v.At.UTC().Format(time.RFC3339))
	for _, e := range v.Entries {
		fmt.Fprintln(&b, e.Name, e.Version, e.PURL)
	}
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte(b.String())).String()
}

// CycloneDX writes the inventory as CycloneDX 1.6 in JSON.
func CycloneDX(w io.Writer, v Inventory) error {
	d := cdxDocument{Format: "CycloneDX", Spec: "1.6", Serial: "urn:uuid:" + v.serial(), Version: 1, Components: make([]cdxEntry, 0, len(v.Entries))}
	d.Metadata = cdxMetadata{Timestamp: v.At.UTC().Format(time.RFC3339), Component: cdxEntry{Type: "device", Ref: "subject", Name: v.Subject},
		Tools: cdxTools{[]cdxEntry{{Type: "application", Name: "holdfast", Version: v.Version}}}}
	for _, g := range v.Gaps {
		d.Metadata.Properties = append(d.Metadata.Properties, cdxProperty{"holdfast:gap", g})
	}
	for i, e := range v.Entries {
		c := cdxEntry{Type: "library", Ref: fmt.Sprintf("c%d", i+1), Name: e.Name, Version: e.Version, PURL: e.PURL}
		if len(e.Places) > 0 {
			c.Evidence = &cdxEvidence{}
			for _, p := range e.Places {
				c.Evidence.Occurrences = append(c.Evidence.Occurrences, cdxOccurrence{p})
			}
		}
		d.Components = append(d.Components, c)
	}
	return write(w, d)
}

// The parts of SPDX 2.3 that are written.
type (
	spdxDocument struct {
		Version   string        `json:"spdxVersion"`
		Licence   string        `json:"dataLicense"`
		ID        string        `json:"SPDXID"`
		Name      string        `json:"name"`
		Namespace string        `json:"documentNamespace"`
		Comment   string        `json:"comment,omitempty"`
		Creation  spdxCreation  `json:"creationInfo"`
		Packages  []spdxEntry   `json:"packages"`
		Relations []spdxRelated `json:"relationships"`
	}
	spdxCreation struct {
		Created  string   `json:"created"`
		Creators []string `json:"creators"`
	}
	spdxEntry struct {
		ID       string    `json:"SPDXID"`
		Name     string    `json:"name"`
		Version  string    `json:"versionInfo,omitempty"`
		Download string    `json:"downloadLocation"`
		Analyzed bool      `json:"filesAnalyzed"`
		Source   string    `json:"sourceInfo,omitempty"`
		Purpose  string    `json:"primaryPackagePurpose,omitempty"`
		Refs     []spdxRef `json:"externalRefs,omitempty"`
	}
	spdxRef struct {
		Category string `json:"referenceCategory"`
		Type     string `json:"referenceType"`
		Locator  string `json:"referenceLocator"`
	}
	spdxRelated struct {
		From string `json:"spdxElementId"`
		Type string `json:"relationshipType"`
		To   string `json:"relatedSpdxElement"`
	}
)

// SPDX writes the inventory as SPDX 2.3 in JSON.
func SPDX(w io.Writer, v Inventory) error {
	d := spdxDocument{Version: "SPDX-2.3", Licence: "CC0-1.0", ID: "SPDXRef-DOCUMENT", Name: v.Subject, Namespace: "urn:uuid:" + v.serial(), Comment: strings.Join(v.Gaps, "\n"),
		Creation: spdxCreation{v.At.UTC().Format(time.RFC3339), []string{"Tool: holdfast-" + v.Version}}}
	root := spdxEntry{ID: "SPDXRef-Subject", Name: v.Subject, Download: "NOASSERTION", Purpose: "DEVICE"}
	d.Packages = append(d.Packages, root)
	d.Relations = append(d.Relations, spdxRelated{d.ID, "DESCRIBES", root.ID})
	for i, e := range v.Entries {
		p := spdxEntry{ID: fmt.Sprintf("SPDXRef-Package-%d", i+1), Name: e.Name, Version: e.Version, Download: "NOASSERTION"}
		if len(e.Places) > 0 {
			p.Source = "found in: " + strings.Join(e.Places, ", ")
		}
		if e.PURL != "" {
			p.Refs = []spdxRef{{"PACKAGE-MANAGER", "purl", e.PURL}}
		}
		d.Packages = append(d.Packages, p)
		d.Relations = append(d.Relations, spdxRelated{root.ID, "CONTAINS", p.ID})
	}
	return write(w, d)
}

func write(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
