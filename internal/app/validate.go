package app

import (
	"fmt"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
	"holdfast.example/holdfast/internal/host"
	"holdfast.example/holdfast/internal/subject/all"
	"holdfast.example/holdfast/internal/usercheck"
)

// Validated is what came of checking an estate without errors.
type Validated struct {
	Warnings []string
	Unused   []string // declared, not yet used
	Counts   string   // 2 environments, 3 applications, 20 systems, 1 own check
}

// Validate checks an estate: its text, its references, and the examples of its own checks.
func Validate(path string) (Validated, error) {
	e, problems, err := LoadEstate(path)
	if err != nil {
		return Validated{}, err
	}
	if e == nil {
		return Validated{}, &EstateError{problems}
	}
	_, settings, err := Catalogues()
	if err != nil {
		return Validated{}, err
	}
	if _, err := compileChecks(e, settings, all.Sources()); err != nil {
		return Validated{}, err
	}
	v := Validated{Unused: e.Unused(usedSections)}
	for _, p := range problems {
		v.Warnings = append(v.Warnings, p.String())
	}
	v.Counts = fmt.Sprintf("%s, %s, %s, %s", some(len(e.Environments), "environment"), some(len(e.Applications), "application"),
		some(len(e.Systems), "system"), some(len(e.Checks), "own check"))
	return v, nil
}

func some(n int, s string) string {
	if n == 1 {
		return "1 " + s
	}
	return fmt.Sprintf("%d %ss", n, s)
}

// compileChecks makes checks of the estate's own ones, adds their settings to the catalogue, and
// runs their examples: a check that does not do what its examples say is an error of the estate.
func compileChecks(e *estate.Estate, settings check.Catalogue, sources []host.Source) ([]*check.Check, error) {
	if e == nil || len(e.Checks) == 0 {
		return nil, nil
	}
	own, set, problems := usercheck.Compile(e.Checks, sources)
	if len(problems) > 0 {
		return nil, &EstateError{problems}
	}
	for id, s := range set {
		settings[id] = s
	}
	return own, nil
}
