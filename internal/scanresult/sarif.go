package scanresult

import (
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"holdfast.example/holdfast/internal/vuln"
)

// sarifLog is SARIF 2.1.0, as far as scanners of packages use it. Source: OASIS SARIF 2.1.0, and what Trivy, Grype and
// osv-scanner write.
type sarifLog struct {
	Version string
	Runs    []struct {
		Tool struct {
			Driver struct {
				Name  string
				Rules []sarifRule
			}
		}
		Invocations []struct{ EndTimeUTC string }
		Properties  struct{ ImageName string }
		Results     []struct {
			RuleID    string
			RuleIndex *int
			Kind      string
			Message   struct{ Text string }
			Locations []struct {
				PhysicalLocation struct{ ArtifactLocation struct{ URI string } }
			}
			Suppressions []struct{ Status string }
			Provenance   struct{ FirstDetectionTimeUTC string }
			Properties   json.RawMessage
		}
	}
}

type sarifRule struct {
	ID                                string
	ShortDescription, FullDescription struct{ Text string }
	Properties                        json.RawMessage
}

// sarifBag is what scanners put into property bags.
type sarifBag struct {
	PURL     string
	PURLs    []string
	Severity json.RawMessage `json:"security-severity"`
}

func sarif(data []byte, b *builder) error {
	var s sarifLog
	b.Format = Formats[4]
	if err := decode(data, b.Format, &s); err != nil {
		return err
	}
	if s.Version != "2.1.0" {
		return fmt.Errorf("it is SARIF %.20q; known is 2.1.0", s.Version)
	}
	for _, run := range s.Runs {
		name := run.Tool.Driver.Name
		if b.Scanner != "" && scannerName(name) != scannerName(b.Scanner) {
			return fmt.Errorf("it holds runs of %s and %s; import the report of each by itself", scannerName(b.Scanner), scannerName(name))
		}
		b.Scanner, b.About = name, cmp.Or(b.About, line(run.Properties.ImageName))
		for _, i := range run.Invocations {
			if t := moment(i.EndTimeUTC); t.After(b.Made) {
				b.Made = t
			}
		}
		rules := map[string]sarifRule{}
		for _, r := range run.Tool.Driver.Rules {
			rules[r.ID] = r
		}
		for _, r := range run.Results {
			if r.Kind != "" && r.Kind != "fail" {
				continue
			}
			if len(r.Suppressions) > 0 && r.Suppressions[0].Status != "rejected" && r.Suppressions[0].Status != "underReview" {
				b.left["result that was suppressed there"]++
				continue
			}
			rule := rules[r.RuleID]
			if i := r.RuleIndex; rule.ID == "" && i != nil && *i >= 0 && *i < len(run.Tool.Driver.Rules) {
				rule = run.Tool.Driver.Rules[*i]
			}
			place := ""
			if len(r.Locations) > 0 {
				place = r.Locations[0].PhysicalLocation.ArtifactLocation.URI
			}
			b.sarifResult(cmp.Or(r.RuleID, rule.ID), rule, r.Message.Text, place, moment(r.Provenance.FirstDetectionTimeUTC), bag(r.Properties), bag(rule.Properties))
		}
	}
	return nil
}

// bag reads a property bag, which may hold anything.
func bag(data json.RawMessage) (out sarifBag) {
	var any map[string]json.RawMessage
	if json.Unmarshal(data, &any) != nil {
		return out
	}
	_ = json.Unmarshal(any["purl"], &out.PURL)
	_ = json.Unmarshal(any["purls"], &out.PURLs)
	out.Severity = any["security-severity"]
	return out
}

var (
	trivyMessage = regexp.MustCompile(`(?s)^Package: (\S+)\s+Installed Version: (\S*)\s+Vulnerability (\S+)(?:\s+Severity: (\S+))?(?:\s+Fixed Version: ([^\n]*))?`)
	osvMessage   = regexp.MustCompile(`^Package '(.+)@([^'@]+)' is vulnerable to '([^']+)'`)
	otherNames   = regexp.MustCompile(`'((?:CVE|GHSA|PYSEC|GO|RUSTSEC)-[^']+)'`)
	flawName     = regexp.MustCompile(`^(CVE-\d{4}-\d{4,}|GHSA(?:-[0-9a-z]{4}){3})`)
)

// sarifResult takes one result: the package from a package URL, else from the words of the scanner.
func (b *builder) sarifResult(id string, rule sarifRule, text, place string, first time.Time, own, shared sarifBag) {
	one := raw{id: id, summary: cmp.Or(rule.ShortDescription.Text, rule.FullDescription.Text), identified: first}
	if m := flawName.FindString(id); m != "" {
		one.id = m // Grype adds the package to the id
	} else if !named(id) {
		one.id = ""
	}
	if m := trivyMessage.FindStringSubmatch(text); m != nil {
		one.pkg, one.id, one.word, one.fixed = vuln.Package{Name: m[1], Version: m[2]}, m[3], m[4], strings.Split(m[5], ",")
	} else if m := osvMessage.FindStringSubmatch(text); m != nil {
		one.pkg, one.id = vuln.Package{Name: m[1], Version: m[2]}, m[3]
		for _, n := range otherNames.FindAllStringSubmatch(text, -1) {
			one.names = append(one.names, n[1])
		}
	}
	purls := clean(append([]string{own.PURL}, own.PURLs...))
	if len(purls) == 0 {
		purls = clean(append([]string{shared.PURL}, shared.PURLs...))
	}
	for _, bag := range []sarifBag{own, shared} {
		if n, err := strconv.ParseFloat(strings.Trim(string(bag.Severity), `"`), 64); err == nil && one.score == 0 {
			one.score = n
		}
	}
	if one.id == "" {
		b.left["result without the name of a flaw"]++
		return
	}
	for _, purl := range purls {
		if p, binary, ok := carried(purl, ""); ok {
			each := one
			each.pkg, each.binary = p, binary
			b.add(each)
			one.pkg.Name = ""
		}
	}
	if len(purls) > 0 && one.pkg.Name == "" {
		return
	}
	if place != "" {
		one.pkg.Places = []string{line(place)}
	}
	b.add(one)
}
