package advisory

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Exploit is an entry of CISA's catalogue of known exploited vulnerabilities.
type Exploit struct {
	CVE        string    `json:"cve"`
	Name       string    `json:"name"`
	Added      time.Time `json:"added"`
	Due        time.Time `json:"due,omitzero"`         // for the agencies that CISA directs
	Ransomware bool      `json:"ransomware,omitempty"` // known to be used in campaigns
}

// kev is the whole catalogue. Its CSV tells no date: released is then the newest day of an entry.
type kev struct {
	released time.Time
	entries  []Exploit
}

// parseKEV reads CISA's CSV or JSON. Source: known_exploited_vulnerabilities_schema.json of CISA. Columns are found by
// their names; others may come and go.
func parseKEV(data []byte) (*kev, error) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	var k *kev
	var err error
	if text := bytes.TrimLeft(data, " \t\r\n"); bytes.HasPrefix(text, []byte("{")) {
		k, err = kevJSON(text)
	} else {
		k, err = kevCSV(data)
	}
	if err != nil {
		return nil, fmt.Errorf("read the catalogue of known exploited vulnerabilities: %w", err)
	}
	if len(k.entries) == 0 {
		return nil, errors.New("read the catalogue of known exploited vulnerabilities: it is empty")
	}
	for _, e := range k.entries {
		if e.Added.After(k.released) {
			k.released = e.Added
		}
	}
	return k, nil
}

type kevRow struct {
	CVE        string `json:"cveID"`
	Name       string `json:"vulnerabilityName"`
	Added      string `json:"dateAdded"`
	Due        string `json:"dueDate"`
	Ransomware string `json:"knownRansomwareCampaignUse"`
}

func (r kevRow) exploit() (Exploit, error) {
	if !isCVE(r.CVE) {
		return Exploit{}, fmt.Errorf("%q is no CVE", r.CVE)
	}
	added, err := time.Parse(time.DateOnly, r.Added)
	if err != nil {
		return Exploit{}, fmt.Errorf("%s: dateAdded %q is no day", r.CVE, r.Added)
	}
	due, err := time.Parse(time.DateOnly, r.Due)
	if err != nil && r.Due != "" {
		return Exploit{}, fmt.Errorf("%s: dueDate %q is no day", r.CVE, r.Due)
	}
	return Exploit{CVE: r.CVE, Name: r.Name, Added: added, Due: due, Ransomware: r.Ransomware == "Known"}, nil
}

func kevJSON(data []byte) (*kev, error) {
	var d struct {
		Released string   `json:"dateReleased"`
		Count    *int     `json:"count"`
		Rows     []kevRow `json:"vulnerabilities"`
	}
	if err := json.Unmarshal(data, &d, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)); err != nil {
		return nil, err
	}
	if d.Count != nil && *d.Count != len(d.Rows) {
		return nil, fmt.Errorf("it announces %d entries and has %d", *d.Count, len(d.Rows))
	}
	k := &kev{}
	if d.Released != "" {
		at, err := time.Parse(time.RFC3339, d.Released)
		if err != nil {
			return nil, fmt.Errorf("dateReleased %q is no time", d.Released)
		}
		k.released = at.UTC()
	}
	for _, r := range d.Rows {
		e, err := r.exploit()
		if err != nil {
			return nil, err
		}
		k.entries = append(k.entries, e)
	}
	return k, nil
}

func kevCSV(data []byte) (*kev, error) {
	r := csv.NewReader(bytes.NewReader(data))
	r.ReuseRecord = true
	head, err := r.Read()
	if err != nil {
		return nil, err
	}
	column := map[string]int{}
	for n, name := range head {
		column[strings.Clone(name)] = n + 1
	}
	if column["cveID"] == 0 || column["dateAdded"] == 0 {
		return nil, errors.New("the columns cveID and dateAdded are missing")
	}
	k := &kev{}
	for {
		row, err := r.Read()
		if err == io.EOF {
			return k, nil
		}
		if err != nil {
			return nil, err
		}
		cell := func(name string) string {
			if n := column[name]; n > 0 && n <= len(row) {
				return strings.Clone(row[n-1])
			}
			return ""
		}
		e, err := kevRow{cell("cveID"), cell("vulnerabilityName"), cell("dateAdded"), cell("dueDate"), cell("knownRansomwareCampaignUse")}.exploit()
		if err != nil {
			line, _ := r.FieldPos(0)
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		k.entries = append(k.entries, e)
	}
}

// isCVE tells whether s has the form of a CVE: CVE-, the year, and four digits or more.
func isCVE(s string) bool {
	rest, ok := strings.CutPrefix(s, "CVE-")
	year, number, ok2 := strings.Cut(rest, "-")
	digits := func(s string) bool { return !strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' }) }
	return ok && ok2 && len(year) == 4 && len(number) >= 4 && len(number) <= 19 && digits(year) && digits(number)
}
