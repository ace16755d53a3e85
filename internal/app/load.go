package app

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"holdfast.example/holdfast/catalog"
	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
	"holdfast.example/holdfast/internal/host"
	"holdfast.example/holdfast/internal/requirement"
	"holdfast.example/holdfast/internal/subject/all"
	"holdfast.example/holdfast/internal/subject/website"
)

// usedSections are the sections of an estate that this version works with.
var usedSections = []string{"organization", "timezone", "calendar", "closures", "people", "roles", "teams", "environments", "applications",
	"systems", "access", "attestations", "policy", "gates", "checks", "network", "maintenance"}

// Catalogues gives the requirements and the settings of checks.
func Catalogues() (*requirement.Catalogue, check.Catalogue, error) {
	var settings check.Catalogue
	var second error
	var wg sync.WaitGroup
	wg.Go(func() { settings, second = check.LoadCatalogue(catalog.FS) })
	reqs, err := requirement.Load(catalog.FS)
	wg.Wait()
	if err != nil {
		return nil, nil, err
	}
	return reqs, settings, second
}

func load(o Options) (*world, error) {
	reqs, settings, err := Catalogues()
	if err != nil {
		return nil, err
	}
	w := &world{checks: all.Checks(), sources: all.Sources(), settings: settings, reqs: requirements{reqs}, risk: o.RiskClass, path: o.Estate}
	if w.risk == "" {
		w.risk = string(requirement.High)
	}
	if !slices.Contains([]string{"standard", "high", "very_high"}, w.risk) {
		return nil, &UsageError{fmt.Sprintf("--risk-class %q is not one of standard, high, very_high%s", w.risk, nearest(w.risk, []string{"standard", "high", "very_high"}))}
	}
	if w.paths, err = website.LoadPaths(catalog.FS); err != nil {
		return nil, err
	}
	if o.Probe != "" && o.Probe != "intrusive" {
		return nil, &UsageError{fmt.Sprintf("--probe %q: it is empty or intrusive", o.Probe)}
	}
	if o.declared != nil {
		if err := w.declare(o.declared); err != nil {
			return nil, err
		}
	} else if o.Estate != "" {
		e, problems, err := LoadEstate(o.Estate)
		if err != nil {
			return nil, err
		}
		for _, p := range problems {
			if p.Warning {
				w.warnings = append(w.warnings, p.String())
			}
		}
		if e == nil {
			return nil, &EstateError{problems}
		}
		if w.roots, err = authorities(e, o.Estate); err != nil {
			return nil, err
		}
		if err := w.declare(e); err != nil {
			return nil, err
		}
	}
	if err := w.narrow(o.Only); err != nil {
		return nil, err
	}
	w.places = make(map[string]int, len(w.checks))
	for i, c := range w.checks {
		w.places[c.ID] = i
	}
	return w, nil
}

// declare judges by an estate, and by the checks that it brings.
func (w *world) declare(e *estate.Estate) error {
	w.estate, w.unused = e, e.Unused(usedSections)
	own, err := compileChecks(e, w.settings, w.sources)
	if err != nil {
		return err
	}
	w.checks = append(w.checks, own...)
	return nil
}

// narrow keeps the checks that --only names, by their id or by a requirement.
func (w *world) narrow(only []string) error {
	if len(only) == 0 {
		return nil
	}
	var kept []*check.Check
	for _, c := range w.checks {
		if slices.Contains(only, c.ID) || slices.ContainsFunc(c.Requirements, func(r string) bool { return slices.Contains(only, r) }) {
			kept = append(kept, c)
		}
	}
	for _, word := range only {
		if _, ok := w.reqs.cat.Get(word); ok || slices.ContainsFunc(w.checks, func(c *check.Check) bool { return c.ID == word }) {
			continue
		}
		var ids []string
		for _, c := range w.checks {
			ids = append(ids, c.ID)
		}
		for _, r := range w.reqs.cat.All() {
			ids = append(ids, r.ID)
		}
		return &UsageError{fmt.Sprintf("--only %s: there is no such requirement or check%s", word, nearest(word, ids))}
	}
	w.checks, w.only = kept, only
	kinds := map[string]bool{"linuxhost": true}
	for _, c := range kept {
		kinds[c.Rule.Kind.Name] = true
	}
	if kinds["vulnerabilities"] {
		kinds["packages"] = true // what is compared with advisories
	}
	if !kinds["claims"] && !kinds["drift"] {
		w.sources = slices.DeleteFunc(w.sources, func(s host.Source) bool { return !kinds[s.Kind.Name] })
	}
	return nil
}

func nearest(word string, from []string) string {
	if n := estate.Nearest(word, from); n != "" {
		return fmt.Sprintf("; did you mean %q?", n)
	}
	return ""
}

// EstateError is an estate with errors; exit code 2.
type EstateError struct{ Problems []estate.Problem }

func (e *EstateError) Error() string {
	var lines []string
	for _, p := range e.Problems {
		lines = append(lines, p.String())
	}
	return strings.Join(lines, "\n")
}

// maxEstate bounds what is read of an estate folder.
const maxEstate = 64 << 20

// soundEstate reads an estate that has no errors; *EstateError: it has some.
func soundEstate(path string) (*estate.Estate, error) {
	e, problems, err := LoadEstate(path)
	if err == nil && e == nil {
		err = &EstateError{problems}
	}
	return e, err
}

// LoadEstate reads a file, or all .yaml and .yml files of a folder.
func LoadEstate(path string) (*estate.Estate, []estate.Problem, error) {
	st, err := os.Stat(path)
	if err != nil {
		return nil, nil, &UsageError{fmt.Sprintf("read estate %s: %v", path, cause(err))}
	}
	folder := path
	var names []string
	if st.IsDir() {
		err := filepath.WalkDir(path, func(p string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if d.IsDir() && strings.HasPrefix(d.Name(), ".") && p != path {
				return filepath.SkipDir
			}
			if ext := filepath.Ext(p); !d.IsDir() && (ext == ".yaml" || ext == ".yml") {
				names = append(names, p)
			}
			return nil
		})
		if err != nil {
			return nil, nil, &UsageError{fmt.Sprintf("read estate %s: %v", path, cause(err))}
		}
		if len(names) == 0 {
			return nil, nil, &UsageError{fmt.Sprintf("read estate %s: the folder has no .yaml file", path)}
		}
	} else {
		folder, names = filepath.Dir(path), []string{path}
	}
	var files []estate.File
	total := int64(0)
	for _, n := range names {
		st, err := os.Stat(n)
		if err == nil && !st.Mode().IsRegular() {
			return nil, nil, &UsageError{fmt.Sprintf("read estate %s: is not a regular file", n)}
		}
		if err == nil {
			if total += st.Size(); total > maxEstate {
				return nil, nil, &UsageError{fmt.Sprintf("read estate %s: more than 64 MiB in all", path)}
			}
		}
		data, err := os.ReadFile(n)
		if err != nil {
			return nil, nil, &UsageError{fmt.Sprintf("read estate %s: %v", n, cause(err))}
		}
		files = append(files, estate.File{Name: n, Data: data})
	}
	e, problems := estates.parse(folder, files)
	return e, problems, nil
}

func cause(err error) error {
	if pe, ok := err.(*fs.PathError); ok {
		return pe.Err
	}
	return err
}
