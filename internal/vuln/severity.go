package vuln

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	cvss2 "github.com/pandatix/go-cvss/20"
	cvss30 "github.com/pandatix/go-cvss/30"
	cvss31 "github.com/pandatix/go-cvss/31"
	cvss4 "github.com/pandatix/go-cvss/40"
)

// Severity is how bad a vulnerability is: critical, high, moderate, low, info.
type Severity string

// The severities, the worst first.
const (
	Critical Severity = "critical"
	High     Severity = "high"
	Moderate Severity = "moderate"
	Low      Severity = "low"
	Info     Severity = "info"
)

// Rank orders severities: 0 is the worst.
func (s Severity) Rank() int {
	switch s {
	case Critical:
		return 0
	case High:
		return 1
	case Moderate:
		return 2
	case Low:
		return 3
	}
	return 4
}

// Rating is a severity with where it comes from.
type Rating struct {
	Severity Severity
	Vector   string  // CVSS; empty when a word decided, or nothing
	Score    float64 // of the vector
	By       string  // in words: CVSS 3.1 9.8, or AlmaLinux: Important, or unrated
	Unrated  bool    // nothing tells: treated as high
}

// Rate gives the severity of what some records say of one package. The distributor's word about its own package goes
// first, then the best version of CVSS with its highest score, then any word. Source: spec/deadlines, section "which
// column".
//
// More are scores that others give the same flaw; they count where no record here has one.
func Rate(all []Affected, more []Score) Rating {
	var vendor, word *Rating
	type scored struct {
		version int
		Rating
	}
	var best *scored
	consider := func(list []Score) {
		for _, sc := range list {
			version, name, n, ok := sc.score()
			if !ok {
				continue
			}
			r := scored{version, Rating{Severity: ofScore(n), Vector: sc.Vector, Score: n, By: name + " " + strconv.FormatFloat(n, 'f', 1, 64)}}
			if best == nil || cmp.Or(cmp.Compare(r.version, best.version), cmp.Compare(r.Score, best.Score)) > 0 {
				best = &r
			}
		}
	}
	for _, a := range all {
		if r, ok := vendorWord(a); ok && (vendor == nil || r.Severity.Rank() < vendor.Severity.Rank()) {
			vendor = &r
		}
		if s, ok := ofWord(a.Record.Rating); ok && (word == nil || s.Rank() < word.Severity.Rank()) {
			word = &Rating{Severity: s, By: a.Record.ID + ": " + a.Record.Rating}
		}
		consider(a.Scores)
		consider(a.Record.Scores)
	}
	if best == nil {
		consider(more)
	}
	switch {
	case vendor != nil:
		if best != nil { // shown beside the word that decides
			vendor.Vector, vendor.Score = best.Vector, best.Score
		}
		return *vendor
	case best != nil:
		return best.Rating
	case word != nil:
		return *word
	}
	return Rating{Severity: High, By: "unrated, treated as high", Unrated: true}
}

// vendorWord is what a distribution says of its own package.
func vendorWord(a Affected) (Rating, bool) {
	id := a.Record.ID
	switch {
	case strings.HasPrefix(id, "DEBIAN-") || strings.HasPrefix(id, "DSA-") || strings.HasPrefix(id, "DLA-"):
		// Debian's urgency is no rating, except that what is unimportant is so.
		if a.Rating == "unimportant" {
			return Rating{Severity: Info, By: "Debian: unimportant"}, true
		}
		return Rating{}, false
	case strings.HasPrefix(id, "ALSA-"), strings.HasPrefix(id, "RHSA-"), strings.HasPrefix(id, "RLSA-"):
		first, _, _ := strings.Cut(a.Record.Summary, ":")
		for _, w := range []string{a.Rating, a.Record.Rating, first} {
			if s, ok := ofWord(w); ok {
				return Rating{Severity: s, By: id + ": " + w}, true
			}
		}
		return Rating{}, false
	}
	for _, list := range [][]Score{a.Scores, a.Record.Scores} {
		for _, sc := range list {
			if s, ok := ofWord(sc.Vector); ok && sc.Type == "Ubuntu" {
				return Rating{Severity: s, By: "Ubuntu: " + sc.Vector}, true
			}
		}
	}
	return Rating{}, false
}

// ofWord reads the words that vendors rate with.
func ofWord(w string) (Severity, bool) {
	switch strings.ToLower(strings.TrimSpace(w)) {
	case "critical":
		return Critical, true
	case "important", "high":
		return High, true
	case "moderate", "medium":
		return Moderate, true
	case "low", "minor":
		return Low, true
	case "negligible", "unimportant", "none", "info":
		return Info, true
	}
	return "", false
}

// ofScore gives the severity of a CVSS score.
func ofScore(n float64) Severity {
	switch {
	case n >= 9:
		return Critical
	case n >= 7:
		return High
	case n >= 4:
		return Moderate
	case n > 0:
		return Low
	}
	return Info
}

// score reads a vector; version orders the versions of CVSS.
func (s Score) score() (version int, name string, n float64, ok bool) {
	v := s.Vector
	defer func() {
		if recover() != nil { // a vector that the library stumbles over is none
			ok = false
		}
	}()
	switch {
	case strings.HasPrefix(v, "CVSS:4.0/"):
		if c, err := cvss4.ParseVector(v); err == nil {
			return 4, "CVSS 4.0", c.Score(), true
		}
	case strings.HasPrefix(v, "CVSS:3.1/"):
		if c, err := cvss31.ParseVector(v); err == nil {
			return 3, "CVSS 3.1", c.BaseScore(), true
		}
	case strings.HasPrefix(v, "CVSS:3.0/"):
		if c, err := cvss30.ParseVector(v); err == nil {
			return 2, "CVSS 3.0", c.BaseScore(), true
		}
	case s.Type == "CVSS_V2":
		if c, err := cvss2.ParseVector(strings.Trim(v, "()")); err == nil {
			return 1, "CVSS 2.0", c.BaseScore(), true
		}
	}
	return 0, "", 0, false
}

func (r Rating) String() string { return fmt.Sprintf("%s (%s)", r.Severity, r.By) }
