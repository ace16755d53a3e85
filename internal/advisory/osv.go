package advisory

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"holdfast.example/holdfast/internal/vuln"
)

// advisory is one record as it was read, before versions are compared: what its ranges say is kept as told, so that
// a better order of versions needs no new download.
type advisory struct {
	vuln.Record
	affected []affected
}

// affected is what a record says of one package.
type affected struct {
	ecosystem, name string
	ranges          [][]vuln.Event
	versions        []string
	rating          string
	scores          []vuln.Score
	imports         []vuln.Import
}

// document is a record of OSV, schema 1.7, as far as it matters here. Fields of others are passed over.
type document struct {
	ID        string         `json:"id"`
	Modified  string         `json:"modified"`
	Published string         `json:"published"`
	Withdrawn string         `json:"withdrawn"`
	Aliases   []string       `json:"aliases"`
	Upstream  []string       `json:"upstream"`
	Related   []string       `json:"related"`
	Summary   string         `json:"summary"`
	Details   string         `json:"details"`
	Severity  []severity     `json:"severity"`
	Specific  jsontext.Value `json:"database_specific"`
	Affected  []struct {
		Package struct {
			Ecosystem string `json:"ecosystem"`
			Name      string `json:"name"`
		} `json:"package"`
		Severity []severity `json:"severity"`
		Ranges   []struct {
			Type   string       `json:"type"`
			Events []vuln.Event `json:"events"`
		} `json:"ranges"`
		Versions  []string       `json:"versions"`
		Ecosystem jsontext.Value `json:"ecosystem_specific"`
		Database  jsontext.Value `json:"database_specific"`
	} `json:"affected"`
}

type severity struct {
	Type  string `json:"type"`
	Score string `json:"score"`
}

// parseOSV reads one record.
func parseOSV(data []byte) (*advisory, error) {
	var d document
	if err := json.Unmarshal(data, &d, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)); err != nil {
		return nil, fmt.Errorf("no record of OSV: %w", err)
	}
	if d.ID == "" {
		return nil, errors.New("no record of OSV: it has no id")
	}
	if len(d.ID) > 512 || strings.ContainsFunc(d.ID, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return nil, errors.New("no record of OSV: its id is longer than 512 bytes or holds control characters")
	}
	a := &advisory{Record: vuln.Record{ID: d.ID, Aliases: d.Aliases, Upstream: d.Upstream, Summary: d.Summary, Scores: scores(d.Severity)}}
	for _, t := range []struct {
		text string
		to   *time.Time
	}{{d.Modified, &a.Modified}, {d.Published, &a.Published}, {d.Withdrawn, &a.Withdrawn}} {
		if t.text == "" {
			continue
		}
		at, err := time.Parse(time.RFC3339, t.text)
		if err != nil && t.to == &a.Withdrawn {
			// Neither guess is right: as withdrawn it would hide a flaw, as in force it would tell of none.
			return nil, fmt.Errorf("%s: withdrawn %q is no time", d.ID, t.text)
		}
		if err != nil {
			continue // one of PyPI was "modified" on 1-01-01; the time only tells which of two is newer
		}
		*t.to = at.UTC().Truncate(time.Second)
	}
	if a.Summary == "" {
		a.Summary = firstLine(d.Details)
	}
	a.Rating = word(d.Specific, "severity")
	idle := len(d.Affected) > 0
	for _, x := range d.Affected {
		if x.Package.Ecosystem == "" || x.Package.Name == "" {
			idle = false
			continue // of a repository alone: nothing that is installed has its name
		}
		one := affected{ecosystem: vuln.Ecosystem(x.Package.Ecosystem), versions: x.Versions, scores: scores(x.Severity)}
		one.name = vuln.Name(one.ecosystem, x.Package.Name)
		for _, r := range x.Ranges {
			if (r.Type == "SEMVER" || r.Type == "ECOSYSTEM") && len(r.Events) > 0 {
				one.ranges = append(one.ranges, r.Events)
			}
		}
		for _, w := range []string{word(x.Ecosystem, "urgency"), word(x.Ecosystem, "severity"), word(x.Database, "severity")} {
			if one.rating == "" {
				one.rating = w
			}
		}
		one.imports = imports(x.Ecosystem)
		if w := word(x.Database, "informational"); w != "unmaintained" && w != "notice" {
			idle = false
		}
		a.affected = append(a.affected, one)
	}
	if idle && a.Rating == "" {
		// RustSec: "informational" advisories tell that nobody maintains a crate, or a fact worth knowing; they are
		// no flaw in themselves, while what has no rating counts as high.
		a.Rating = "info"
	}
	if len(a.affected) > 0 && vuln.IsDistribution(a.affected[0].ecosystem) {
		a.Related = d.Related
	}
	return a, nil
}

func scores(list []severity) (out []vuln.Score) {
	for _, s := range list {
		if s.Score != "" {
			out = append(out, vuln.Score{Type: s.Type, Vector: s.Score})
		}
	}
	return out
}

// word is a text of a part that each database fills as it likes; empty where it is no text or the part no object.
func word(part jsontext.Value, key string) string {
	if !bytes.Contains(part, []byte(key)) {
		return ""
	}
	var m map[string]jsontext.Value
	if json.Unmarshal(part, &m, jsontext.AllowDuplicateNames(true)) != nil {
		return ""
	}
	var s string
	if json.Unmarshal(m[key], &s) != nil || len(s) > 64 {
		return ""
	}
	return s
}

// imports are what Go says of the packages and symbols of a module.
func imports(part jsontext.Value) (out []vuln.Import) {
	if !bytes.Contains(part, []byte(`"imports"`)) {
		return nil
	}
	var m struct {
		Imports []struct {
			Path    string   `json:"path"`
			Symbols []string `json:"symbols"`
		} `json:"imports"`
	}
	if json.Unmarshal(part, &m, jsontext.AllowDuplicateNames(true)) != nil {
		return nil
	}
	for _, i := range m.Imports {
		if i.Path != "" {
			out = append(out, vuln.Import{Path: i.Path, Symbols: i.Symbols})
		}
	}
	return out
}

// firstLine stands for a summary where a record has none: the first line of its text, at most 200 bytes.
func firstLine(s string) string {
	s, _, _ = strings.Cut(strings.TrimSpace(s), "\n")
	if len(s) > 200 {
		s = s[:197]
		if i := strings.LastIndexByte(s, ' '); i > 100 {
			s = s[:i]
		}
		s = strings.ToValidUTF8(s, "") + "..."
	}
	return s
}

// feed is where the record belongs: the one of its ecosystems that a folder of its path is named for, else its first.
func (a *advisory) feed(path string) string {
	var all []string
	for _, x := range a.affected {
		if b := vuln.Base(x.ecosystem); !slices.Contains(all, b) {
			all = append(all, b)
		}
	}
	for _, folder := range slices.Backward(strings.Split(path, "/")) {
		if slices.Contains(all, folder) {
			return folder
		}
	}
	if len(all) == 0 {
		return "other" // it affects nothing that has a name; kept, for its scores and aliases
	}
	return all[0]
}

// merge takes over what another part of the same record affects. Source: AlmaLinux publishes an erratum once for each
// release, in a folder of its own.
func (a *advisory) merge(b *advisory) {
	if b.Modified.After(a.Modified) {
		a.Modified = b.Modified
	}
	for _, l := range []struct {
		to   *[]string
		from []string
	}{{&a.Aliases, b.Aliases}, {&a.Upstream, b.Upstream}, {&a.Related, b.Related}} {
		for _, s := range l.from {
			if !slices.Contains(*l.to, s) {
				*l.to = append(*l.to, s)
			}
		}
	}
	a.affected = append(a.affected, b.affected...)
}
