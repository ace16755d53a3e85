package sla

import (
	"fmt"
	"io/fs"

	"github.com/goccy/go-yaml"
)

// Column is a severity that has deadlines: critical, high, moderate. Of others there is no deadline.
type Column string

// The columns, the worst first.
const (
	Critical Column = "critical"
	High     Column = "high"
	Moderate Column = "moderate"
)

// Table holds the terms by row and column.
type Table map[Row]map[Column]Term

// LoadTable reads sla.yaml of the catalogue. All four rows with their three columns have to be there.
func LoadTable(catalogue fs.FS) (Table, error) {
	data, err := fs.ReadFile(catalogue, "sla.yaml")
	if err != nil {
		return nil, err
	}
	var file struct {
		Requirement string `yaml:"requirement"`
		Deadlines   []struct {
			Exposure string `yaml:"exposure"`
			Critical bool   `yaml:"critical_application"`
			Terms    struct {
				Critical term `yaml:"critical"`
				High     term `yaml:"high"`
				Moderate term `yaml:"moderate"`
			} `yaml:",inline"`
		} `yaml:"deadlines"`
	}
	if err := yaml.UnmarshalWithOptions(data, &file, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("catalog/sla.yaml: %w", err)
	}
	out := Table{}
	for _, d := range file.Deadlines {
		if d.Exposure != "internet" && d.Exposure != "internal" {
			return nil, fmt.Errorf("catalog/sla.yaml: exposure %q is not one of internet, internal", d.Exposure)
		}
		out[Row{d.Exposure == "internet", d.Critical}] = map[Column]Term{Critical: Term(d.Terms.Critical), High: Term(d.Terms.High), Moderate: Term(d.Terms.Moderate)}
	}
	if len(out) != 4 {
		return nil, fmt.Errorf("catalog/sla.yaml: %d different rows, want 4", len(out))
	}
	return out, nil
}

// term is a Term as it stands in the catalogue: a mapping, or the word none.
type term Term

func (t *term) UnmarshalYAML(data []byte) error {
	var word string
	if yaml.Unmarshal(data, &word) == nil && word == "none" {
		*t = term{}
		return nil
	}
	var form struct {
		WorkingDay int  `yaml:"end_of_working_day"`
		Days       int  `yaml:"days"`
		Release    bool `yaml:"next_release"`
		Months     int  `yaml:"months"`
	}
	if err := yaml.UnmarshalWithOptions(data, &form, yaml.Strict()); err != nil {
		return err
	}
	*t = term(Term{WorkingDays: form.WorkingDay, Days: form.Days, Release: form.Release, Months: form.Months})
	if Term(*t).None() || form.Release != (form.Months > 0) {
		return fmt.Errorf("%q is no deadline; see catalog/FORMAT.md", data)
	}
	return nil
}
