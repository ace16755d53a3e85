// Command vulndb writes the Go vulnerability database as a folder that govulncheck -db reads, from a
// zip file of OSV records (one GO-….json each): govulncheck then needs no network.
//
//	vulndb all.zip FOLDER
package main

import (
	"archive/zip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// maxRecord bounds one record; the largest of 2026 has 200 KB.
const maxRecord = 8 << 20

type record struct {
	ID       string    `json:"id"`
	Modified time.Time `json:"modified"`
	Affected []struct {
		Package struct {
			Name      string `json:"name"`
			Ecosystem string `json:"ecosystem"`
		} `json:"package"`
		Ranges []struct {
			Events []struct {
				Fixed string `json:"fixed"`
			} `json:"events"`
		} `json:"ranges"`
	} `json:"affected"`
}

type module struct {
	Path  string  `json:"path"`
	Vulns []entry `json:"vulns"`
}

type entry struct {
	ID       string    `json:"id"`
	Modified time.Time `json:"modified"`
	Fixed    string    `json:"fixed,omitempty"`
}

func main() {
	log.SetFlags(0)
	if len(os.Args) != 3 {
		log.Fatal("usage: vulndb all.zip FOLDER")
	}
	n, err := convert(os.Args[1], os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d records\n", n)
}

func convert(from, to string) (int, error) {
	z, err := zip.OpenReader(from)
	if err != nil {
		return 0, err
	}
	defer z.Close()
	if err := os.MkdirAll(filepath.Join(to, "ID"), 0o755); err != nil {
		return 0, err
	}
	if err := os.MkdirAll(filepath.Join(to, "index"), 0o755); err != nil {
		return 0, err
	}
	modules := map[string]*module{}
	var newest time.Time
	n := 0
	for _, f := range z.File {
		name := filepath.Base(f.Name)
		if !strings.HasPrefix(name, "GO-") || !strings.HasSuffix(name, ".json") {
			continue
		}
		r, data, err := read(f)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", f.Name, err)
		}
		if r.ID+".json" != name {
			return 0, fmt.Errorf("%s holds the record %q", f.Name, r.ID)
		}
		if r.Modified.After(newest) {
			newest = r.Modified
		}
		if err := os.WriteFile(filepath.Join(to, "ID", name), data, 0o644); err != nil {
			return 0, err
		}
		r.index(modules)
		n++
	}
	list := []*module{}
	for _, path := range slices.Sorted(maps.Keys(modules)) {
		list = append(list, modules[path])
	}
	return n, errors.Join(write(filepath.Join(to, "index", "modules.json"), list),
		write(filepath.Join(to, "index", "db.json"), map[string]time.Time{"modified": newest}))
}

func read(f *zip.File) (record, []byte, error) {
	var r record
	in, err := f.Open()
	if err != nil {
		return r, nil, err
	}
	defer in.Close()
	data, err := io.ReadAll(io.LimitReader(in, maxRecord))
	if err == nil {
		err = json.Unmarshal(data, &r)
	}
	return r, data, err
}

func (r record) index(modules map[string]*module) {
	seen := map[string]bool{}
	for _, a := range r.Affected {
		if a.Package.Ecosystem != "Go" || seen[a.Package.Name] {
			continue
		}
		seen[a.Package.Name] = true
		m := modules[a.Package.Name]
		if m == nil {
			m = &module{Path: a.Package.Name}
			modules[a.Package.Name] = m
		}
		fixed := ""
		for _, x := range a.Ranges {
			for _, e := range x.Events {
				if e.Fixed != "" {
					fixed = e.Fixed
				}
			}
		}
		m.Vulns = append(m.Vulns, entry{r.ID, r.Modified, fixed})
	}
}

func write(path string, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o644)
}
