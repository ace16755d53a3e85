package main

import (
	"fmt"

	"github.com/goccy/go-yaml"
)

// pairs is map.yaml.
type pairs struct {
	Lynis    []pair `yaml:"lynis"`
	OpenSCAP []pair `yaml:"openscap"`
}

// pair says which checks of Holdfast ask the question that a rule of another tool asks.
type pair struct {
	Rule string `yaml:"rule"`
	// Item picks one fault of a rule that names several: the name of a setting, or words of the text.
	Item string `yaml:"item"`
	// Key picks the violations of the checks that are meant, see matches.
	Key    string   `yaml:"key"`
	Checks []string `yaml:"checks"`
	// Note says why there is no counterpart; it stands for Checks.
	Note string `yaml:"note"`
}

// name is how a pair is printed and how docs/compare/host.md calls it.
func (p pair) name() string {
	if p.Item == "" {
		return p.Rule
	}
	return p.Rule + " " + p.Item
}

func parseMap(text []byte) (pairs, error) {
	var m pairs
	if err := yaml.UnmarshalWithOptions(text, &m, yaml.Strict()); err != nil {
		return pairs{}, fmt.Errorf("read map.yaml: %w", err)
	}
	for _, list := range [][]pair{m.Lynis, m.OpenSCAP} {
		seen := map[string]bool{}
		for _, p := range list {
			switch {
			case p.Rule == "":
				return pairs{}, fmt.Errorf("read map.yaml: an entry names no rule")
			case seen[p.name()]:
				return pairs{}, fmt.Errorf("read map.yaml: %s stands twice", p.name())
			case (len(p.Checks) == 0) == (p.Note == ""):
				return pairs{}, fmt.Errorf("read map.yaml: %s needs either checks or a note", p.name())
			}
			seen[p.name()] = true
		}
	}
	return m, nil
}
