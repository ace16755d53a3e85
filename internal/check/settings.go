package check

import (
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"time"

	"github.com/goccy/go-yaml"
)

// Severity is how bad a failure is in itself, by what an attacker gains.
type Severity string

// The severities.
const (
	Critical Severity = "critical"
	High     Severity = "high"
	Moderate Severity = "moderate"
	Low      Severity = "low"
	Info     Severity = "info"
)

// Rank orders severities, the worst first: critical is 0. An unknown word ranks last.
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

// Level is how binding a check is for a requirement.
type Level string

// The levels.
const (
	Must   Level = "must"
	Should Level = "should"
	May    Level = "may"
)

// Settings is the catalogue data of one check. The zero Settings is never used: DefaultSettings
// fills what the catalogue leaves out.
type Settings struct {
	Severity Severity          `yaml:"severity"`
	Level    Level             `yaml:"level"`    // for every requirement that Levels does not name
	Levels   map[string]Level  `yaml:"levels"`   // requirement id to level
	Parts    map[string]string `yaml:"parts"`    // requirement id to the part of it that the check decides
	Params   map[string]any    `yaml:"params"`   // read by the rule
	Interval time.Duration     `yaml:"interval"` // how often to look; default 24 hours
	MaxAge   time.Duration     `yaml:"max_age"`  // an older fact is unknown; default twice the interval
}

// DefaultSettings is what a check has that the catalogue does not mention.
var DefaultSettings = Settings{Severity: Moderate, Level: Must, Interval: 24 * time.Hour, MaxAge: 48 * time.Hour}

// LevelFor gives the level at which the check binds a requirement.
func (s Settings) LevelFor(requirement string) Level {
	if l, ok := s.Levels[requirement]; ok {
		return l
	}
	return s.Level
}

// Catalogue maps check ids to their settings.
type Catalogue map[string]Settings

// For gives the settings of a check.
func (c Catalogue) For(id string) Settings {
	s, ok := c[id]
	if !ok {
		return DefaultSettings
	}
	return s
}

// Params gives the parameters of a check, for judging at now.
func (c Catalogue) Params(id string, now time.Time) Params {
	return Params{Now: now, check: id, values: c.For(id).Params}
}

// LoadCatalogue reads all files checks/*.yaml. Errors name the file, and the line or the check.
func LoadCatalogue(fsys fs.FS) (Catalogue, error) {
	files, err := fs.Glob(fsys, "checks/*.yaml")
	if err != nil {
		return nil, err
	}
	all := Catalogue{}
	for _, name := range files {
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, fmt.Errorf("read catalogue %s: %w", name, err)
		}
		var entries map[string]Settings
		if err := yaml.UnmarshalWithOptions(data, &entries, yaml.Strict()); err != nil {
			return nil, fmt.Errorf("read catalogue %s: %w", path.Base(name), err)
		}
		for id, s := range entries {
			s.Params = plain(s.Params)
			if _, twice := all[id]; twice {
				return nil, fmt.Errorf("read catalogue %s: check %q stands in two files", path.Base(name), id)
			}
			s = s.withDefaults()
			if err := s.valid(); err != nil {
				return nil, fmt.Errorf("read catalogue %s: check %q: %w", path.Base(name), id, err)
			}
			all[id] = s
		}
	}
	return all, nil
}

// valid refuses words that mean nothing: a check of an unknown level would bind nobody.
func (s Settings) valid() error {
	if s.Severity.Rank() == Info.Rank() && s.Severity != Info {
		return fmt.Errorf("%q is no severity", s.Severity)
	}
	for _, l := range append(slices.Sorted(maps.Values(s.Levels)), s.Level) {
		if l != Must && l != Should && l != May {
			return fmt.Errorf("%q is no level", l)
		}
	}
	if s.Interval < 0 || s.MaxAge < 0 {
		return fmt.Errorf("interval %s and max_age %s must not be negative", s.Interval, s.MaxAge)
	}
	return nil
}

func (s Settings) withDefaults() Settings {
	if s.Severity == "" {
		s.Severity = DefaultSettings.Severity
	}
	if s.Level == "" {
		s.Level = DefaultSettings.Level
	}
	if s.Interval == 0 {
		s.Interval = DefaultSettings.Interval
	}
	if s.MaxAge == 0 {
		s.MaxAge = 2 * s.Interval
	}
	return s
}

// plain makes lists of texts once of what YAML gives, and not at each judging.
func plain(params map[string]any) map[string]any {
	for name, v := range params {
		if list, ok := v.([]any); ok {
			texts := make([]string, len(list))
			for i, v := range list {
				texts[i] = fmt.Sprint(v)
			}
			params[name] = texts
		}
	}
	return params
}
