package report

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// VEX is what is said of vulnerabilities: which are there, which are not and why, and which are gone.
type VEX struct {
	At         time.Time
	Author     string // the organisation
	Version    string // of Holdfast
	Notes      []string
	Statements []Statement
}

// Status is one of OpenVEX.
type Status string

// The statuses.
const (
	NotAffected        Status = "not_affected"
	Affected           Status = "affected"
	Fixed              Status = "fixed"
	UnderInvestigation Status = "under_investigation"
)

// Statement is what is said of one finding.
type Statement struct {
	Finding  string
	ID       string // of the vulnerability
	Aliases  []string
	Severity string
	Subject  string
	Package  string
	Version  string
	Purl     string // empty where the ecosystem has none
	Status   Status
	Impact   string // why it is not affected: the evidence of the decision
	Action   string // what is done about what is affected
	Answer   string // CycloneDX: update, workaround_available, will_not_fix; empty: none
	Notes    string
	Since    time.Time // of the statement
}

// product names the subject: an image by its package URL, since that is how tools ask for it; anything else by a name
// that stands for nothing outside this installation.
func (s Statement) product() string { return ProductOf(s.Subject) }

// ProductOf is the name of a subject in statements.
func ProductOf(subject string) string {
	if image, ok := strings.CutPrefix(subject, "image:"); ok {
		repository, _, _ := strings.Cut(image, "@")
		name := repository[strings.LastIndexByte(repository, '/')+1:]
		name, channel, _ := strings.Cut(name, ":")
		if channel != "" {
			repository = strings.TrimSuffix(repository, ":"+channel)
		}
		return "pkg:oci/" + url.PathEscape(strings.ToLower(name)) + "?repository_url=" + url.QueryEscape(repository)
	}
	return "urn:holdfast:subject:" + url.PathEscape(subject)
}

// component names the package.
func (s Statement) component() string {
	return cmp.Or(s.Purl, "urn:holdfast:package:"+url.PathEscape(s.Package+"@"+s.Version))
}

func (v VEX) digest() string {
	h := sha256.New()
	enc := json.NewEncoder(h)
	_ = enc.Encode(v.At.UTC().Truncate(time.Second))
	_ = enc.Encode(v.Statements)
	return hex.EncodeToString(h.Sum(nil))
}

type openVEX struct {
	Context    string             `json:"@context"`
	ID         string             `json:"@id"`
	Author     string             `json:"author"`
	Timestamp  time.Time          `json:"timestamp"`
	Version    int                `json:"version"`
	Tooling    string             `json:"tooling"`
	Statements []openVEXStatement `json:"statements"`
}

type openVEXStatement struct {
	ID            string `json:"@id"`
	Vulnerability struct {
		Name    string   `json:"name"`
		Aliases []string `json:"aliases,omitempty"`
	} `json:"vulnerability"`
	Timestamp time.Time        `json:"timestamp"`
	Products  []openVEXProduct `json:"products"`
	Status    Status           `json:"status"`
	Notes     string           `json:"status_notes,omitempty"`
	Impact    string           `json:"impact_statement,omitempty"`
	Action    string           `json:"action_statement,omitempty"`
}

type openVEXProduct struct {
	ID            string            `json:"@id"`
	Identifiers   map[string]string `json:"identifiers,omitempty"`
	Subcomponents []openVEXProduct  `json:"subcomponents,omitempty"`
}

// OpenVEX writes the statements as OpenVEX 0.2.0. Source: OpenVEX specification.
func OpenVEX(w io.Writer, v VEX) error {
	out := openVEX{Context: "https://openvex.dev/ns/v0.2.0", ID: "urn:holdfast:vex:" + v.digest(), Author: cmp.Or(v.Author, "unknown"), Timestamp: v.At.UTC().Truncate(time.Second), Version: 1,
		Tooling: strings.Join(append([]string{"Holdfast " + v.Version}, v.Notes...), "; "), Statements: []openVEXStatement{}}
	for _, s := range v.Statements {
		x := openVEXStatement{ID: "urn:holdfast:finding:" + s.Finding, Timestamp: s.Since.UTC().Truncate(time.Second), Status: s.Status, Notes: s.Notes, Impact: s.Impact, Action: s.Action}
		x.Vulnerability.Name, x.Vulnerability.Aliases = s.ID, s.Aliases
		part := openVEXProduct{ID: s.component()}
		if s.Purl != "" {
			part.Identifiers = map[string]string{"purl": s.Purl}
		}
		x.Products = []openVEXProduct{{ID: s.product(), Subcomponents: []openVEXProduct{part}}}
		out.Statements = append(out.Statements, x)
	}
	return writeJSON(w, out)
}

type cdxVEX struct {
	Schema          string             `json:"$schema"`
	Format          string             `json:"bomFormat"`
	SpecVersion     string             `json:"specVersion"`
	Serial          string             `json:"serialNumber"`
	Version         int                `json:"version"`
	Metadata        cdxMetadata        `json:"metadata"`
	Components      []cdxComponent     `json:"components"`
	Vulnerabilities []cdxVulnerability `json:"vulnerabilities"`
}

type cdxMetadata struct {
	Timestamp time.Time `json:"timestamp"`
	Tools     struct {
		Components []cdxComponent `json:"components"`
	} `json:"tools"`
	Supplier   *cdxNamed     `json:"supplier,omitempty"`
	Properties []cdxProperty `json:"properties,omitempty"`
}

type cdxNamed struct {
	Name string `json:"name"`
}

type cdxProperty struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type cdxComponent struct {
	Ref        string         `json:"bom-ref,omitempty"`
	Type       string         `json:"type"`
	Name       string         `json:"name"`
	Version    string         `json:"version,omitempty"`
	Purl       string         `json:"purl,omitempty"`
	Components []cdxComponent `json:"components,omitempty"`
}

type cdxVulnerability struct {
	Ref        string         `json:"bom-ref"`
	ID         string         `json:"id"`
	References []cdxReference `json:"references,omitempty"`
	Ratings    []cdxRating    `json:"ratings,omitempty"`
	Analysis   cdxAnalysis    `json:"analysis"`
	Affects    []cdxAffects   `json:"affects"`
}

type cdxReference struct {
	ID     string   `json:"id"`
	Source cdxNamed `json:"source"`
}

type cdxRating struct {
	Severity string `json:"severity"`
}

type cdxAnalysis struct {
	State    string   `json:"state"`
	Response []string `json:"response,omitempty"`
	Detail   string   `json:"detail,omitempty"`
}

type cdxAffects struct {
	Ref string `json:"ref"`
}

// CycloneDXVEX writes the statements as CycloneDX 1.6: the subjects with the packages in them, and one vulnerability for
// each finding. Source: CycloneDX 1.6, use case VEX.
func CycloneDXVEX(w io.Writer, v VEX) error {
	out := cdxVEX{Schema: "http://cyclonedx.org/schema/bom-1.6.schema.json", Format: "CycloneDX", SpecVersion: "1.6", Version: 1, Components: []cdxComponent{}, Vulnerabilities: []cdxVulnerability{},
		Serial: "urn:uuid:" + uuid.NewSHA1(uuid.NameSpaceURL, []byte("urn:holdfast:vex:"+v.digest())).String()}
	out.Metadata.Timestamp = v.At.UTC().Truncate(time.Second)
	out.Metadata.Tools.Components = []cdxComponent{{Type: "application", Name: "holdfast", Version: v.Version}}
	if v.Author != "" {
		out.Metadata.Supplier = &cdxNamed{v.Author}
	}
	for _, n := range v.Notes {
		out.Metadata.Properties = append(out.Metadata.Properties, cdxProperty{"holdfast:note", n})
	}
	at := map[string]int{}
	for _, s := range v.Statements {
		i, ok := at[s.Subject]
		if !ok {
			i = len(out.Components)
			at[s.Subject] = i
			out.Components = append(out.Components, cdxComponent{Ref: s.product(), Type: "platform", Name: s.Subject})
		}
		ref := s.product() + "#" + s.component()
		inside := &out.Components[i].Components
		if !slices.ContainsFunc(*inside, func(c cdxComponent) bool { return c.Ref == ref }) {
			*inside = append(*inside, cdxComponent{Ref: ref, Type: "library", Name: s.Package, Version: shortened(s.Version), Purl: s.Purl})
		}
		x := cdxVulnerability{Ref: s.Finding, ID: s.ID, Affects: []cdxAffects{{ref}}}
		for _, a := range s.Aliases {
			x.References = append(x.References, cdxReference{a, cdxNamed{strings.SplitN(a, "-", 2)[0]}})
		}
		if s.Severity != "" {
			x.Ratings = []cdxRating{{strings.Replace(s.Severity, "moderate", "medium", 1)}}
		}
		x.Analysis.State = map[Status]string{NotAffected: "false_positive", Affected: "exploitable", Fixed: "resolved", UnderInvestigation: "in_triage"}[s.Status]
		if s.Answer != "" {
			x.Analysis.Response = []string{s.Answer}
		}
		var detail []string
		for _, d := range []string{s.Impact, s.Action, s.Notes} {
			if d != "" {
				detail = append(detail, d)
			}
		}
		x.Analysis.Detail = strings.Join(detail, "; ")
		out.Vulnerabilities = append(out.Vulnerabilities, x)
	}
	return writeJSON(w, out)
}

// longestVersion is what CycloneDX takes as a version, in characters.
const longestVersion = 1024

func shortened(version string) string {
	if r := []rune(version); len(r) > longestVersion {
		return string(r[:longestVersion])
	}
	return version
}

func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}
