package scanresult

import (
	"cmp"
	"encoding/json"
	"errors"
	"strings"

	"holdfast.example/holdfast/internal/vuln"
)

// cdxReport is CycloneDX 1.4 to 1.7 with vulnerabilities. Source: CycloneDX specification, "vulnerabilities".
type cdxReport struct {
	SpecVersion string
	Metadata    struct {
		Timestamp string
		Tools     json.RawMessage
		Component cdxComponent
	}
	Components      []cdxComponent
	Vulnerabilities *[]struct {
		ID         string
		References []struct{ ID string }
		Ratings    []struct {
			Score                    float64
			Severity, Method, Vector string
		}
		Description, Detail string
		Analysis            struct{ State string }
		Affects             []struct {
			Ref      string
			Versions []struct{ Version, Status string }
		}
	}
}

type cdxComponent struct {
	Ref        string `json:"bom-ref"`
	Type       string
	Name       string
	Version    string
	PURL       string
	Components []cdxComponent
	Properties []struct{ Name, Value string }
}

// maxNesting is how deep components lie in each other at most.
const maxNesting = 64

func cycloneDX(data []byte, b *builder) error {
	var c cdxReport
	b.Format, b.Scanner = Formats[5], "cyclonedx"
	if err := decode(data, b.Format, &c); err != nil {
		return err
	}
	if c.Vulnerabilities == nil {
		return errors.New("it lists components and no vulnerabilities; what is known of them: holdfast assess sbom:FILE")
	}
	b.Scanner = cmp.Or(cdxTool(c.Metadata.Tools), b.Scanner)
	b.About, b.Made = line(c.Metadata.Component.Name), moment(c.Metadata.Timestamp)
	all := map[string]cdxComponent{}
	os := ""
	var walk func(list []cdxComponent, depth int)
	walk = func(list []cdxComponent, depth int) {
		for _, x := range list {
			all[x.Ref] = x
			if x.Type == "operating-system" {
				os = strings.ToLower(x.Name + "-" + x.Version)
			}
			if depth < maxNesting {
				walk(x.Components, depth+1)
			}
		}
	}
	walk(append([]cdxComponent{c.Metadata.Component}, c.Components...), 0)
	for _, v := range *c.Vulnerabilities {
		switch v.Analysis.State {
		case "not_affected", "false_positive", "resolved", "resolved_with_pedigree":
			b.left["result that is settled there"]++ // a statement of who wrote it; read it as VEX
			continue
		}
		one := raw{id: v.ID, summary: cmp.Or(v.Description, v.Detail)}
		for _, r := range v.References {
			one.names = append(one.names, r.ID)
		}
		for _, r := range v.Ratings {
			one.scores = append(one.scores, vectors(r.Vector)...)
			one.score = max(one.score, r.Score)
			if s, ok := vuln.OfWord(r.Severity); ok {
				if worst, had := vuln.OfWord(one.word); !had || s.Rank() < worst.Rank() {
					one.word = r.Severity
				}
			}
		}
		if len(v.Affects) == 0 {
			b.left["result that names no package"]++
		}
		for _, a := range v.Affects {
			each := one
			ref := a.Ref
			if _, in, ok := strings.Cut(ref, "#"); ok && strings.HasPrefix(ref, "urn:cdx:") {
				ref = in // a link into this document or another one
			}
			x, listed := all[ref]
			if !listed && strings.HasPrefix(ref, "pkg:") {
				x.PURL = ref
			}
			var ok bool
			if each.pkg, each.binary, ok = carried(x.PURL, os); !ok {
				each.pkg = vuln.Package{Name: x.Name, Version: x.Version}
			}
			for _, p := range x.Properties { // where Trivy tells the source
				if p.Name == "aquasecurity:trivy:SrcName" && p.Value != "" && each.binary {
					each.pkg.Name, each.binary = p.Value, false
				}
			}
			for _, w := range a.Versions {
				if w.Status == "affected" || w.Status == "" {
					each.pkg.Version = cmp.Or(each.pkg.Version, w.Version)
				}
			}
			b.add(each)
		}
	}
	return nil
}

// cdxTool names the tool that wrote the document: a list until 1.4, components and services since 1.5.
func cdxTool(data json.RawMessage) string {
	var list []struct{ Name string }
	if json.Unmarshal(data, &list) == nil && len(list) > 0 {
		return list[0].Name
	}
	var tools struct{ Components, Services []struct{ Name string } }
	if json.Unmarshal(data, &tools) == nil {
		for _, t := range append(tools.Components, tools.Services...) {
			return t.Name
		}
	}
	return ""
}
