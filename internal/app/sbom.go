package app

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"holdfast.example/holdfast/internal/estate"
	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/sbom"
	"holdfast.example/holdfast/internal/store/relational"
	"holdfast.example/holdfast/internal/subject/all"
	"holdfast.example/holdfast/internal/subject/components"
	"holdfast.example/holdfast/internal/subject/linuxhost"
	"holdfast.example/holdfast/internal/subject/packages"
	"holdfast.example/holdfast/internal/vuln"
)

// Inventory is what was last seen of the software of a subject.
type Inventory = sbom.Inventory

// InventoryOf gives the software of a subject as of a time. Without a name it is that of the only subject there is.
func InventoryOf(ctx context.Context, stateFlag, db, version, subject string, at time.Time) (*Inventory, error) {
	state, err := StateDir(stateFlag)
	if err != nil {
		return nil, err
	}
	s, err := openStore(ctx, state, db)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	w := &world{sources: all.Sources()}
	if subject != "" {
		if v, err := inventoryIn(ctx, s, w, version, subject, at); err != nil || v != nil {
			return v, err
		}
	}
	by := map[string]map[string]fact.Observation{} // by subject and kind
	for _, k := range inventoriedKinds {
		obs, err := s.Latest(ctx, k.String(), at, w.decode)
		if err != nil {
			return nil, err
		}
		for _, o := range obs {
			if by[o.Subject] == nil {
				by[o.Subject] = map[string]fact.Observation{}
			}
			by[o.Subject][k.Name] = o
		}
	}
	names := slices.Sorted(maps.Keys(by))
	switch {
	case len(names) == 0:
		return nil, &UsageError{"nothing was assessed yet whose software is known: holdfast assess"}
	case subject == "" && len(names) > 1:
		return nil, &UsageError{"several subjects were assessed; name one of: " + strings.Join(names, ", ")}
	case subject == "":
		subject = names[0]
	case by[subject] == nil:
		text := fmt.Sprintf("%q was not assessed, or nothing is known of its software", subject)
		if near := estate.Nearest(subject, names); near != "" {
			text += fmt.Sprintf("; did you mean %q?", near)
		}
		return nil, &UsageError{text}
	}
	return inventoryOf(subject, version, by[subject]), nil
}

// inventoriedKinds are those that tell of software.
var inventoriedKinds = []fact.Kind{linuxhost.Fact{}.Kind(), packages.Fact{}.Kind(), components.Fact{}.Kind()}

// inventoryIn gives what was seen last of the software of one subject until a time; nil: nothing.
func inventoryIn(ctx context.Context, s *relational.Store, w *world, version, subject string, at time.Time) (*Inventory, error) {
	by := map[string]fact.Observation{}
	for _, k := range inventoriedKinds {
		obs, err := s.LatestOf(ctx, subject, k.String(), w.decode)
		if err != nil {
			return nil, err
		}
		for _, o := range obs {
			if o.Fact != nil && !o.ObservedAt.After(at) {
				by[k.Name] = o
			}
		}
	}
	if len(by) == 0 {
		return nil, nil
	}
	return inventoryOf(subject, version, by), nil
}

func inventoryOf(subject, version string, by map[string]fact.Observation) *Inventory {
	v := &Inventory{Subject: subject, Version: version}
	host, _ := by["linuxhost"].Fact.(linuxhost.Fact)
	if f, ok := by["packages"].Fact.(packages.Fact); ok {
		ecosystem, _ := vuln.OfRelease(host.OS.ID, host.OS.Version)
		kind := map[string]string{"dpkg": "deb", "rpm": "rpm", "apk": "apk"}[f.Manager]
		for _, p := range f.Packages {
			if kind != "" && p.Installed() {
				v.Entries = append(v.Entries, sbom.BinaryEntry(kind, ecosystem, p.Name, p.Version, p.Arch, p.Source, p.SourceVersion))
			}
		}
	}
	if f, ok := by["components"].Fact.(components.Fact); ok {
		for _, p := range f.Packages {
			v.Entries = append(v.Entries, sbom.EntryOf(p))
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(by)) {
		o := by[kind]
		if o.ObservedAt.After(v.At) {
			v.At = o.ObservedAt
		}
		if kind == "linuxhost" {
			continue
		}
		gaps := o.Fact.Missing()
		for _, part := range slices.Sorted(maps.Keys(gaps)) {
			if p := gaps[part]; kind == "components" || part == "database" {
				v.Gaps = append(v.Gaps, kind+"."+part+": "+p.Error())
			}
		}
	}
	slices.SortStableFunc(v.Entries, func(a, b sbom.Entry) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Version, b.Version), cmp.Compare(a.PURL, b.PURL))
	})
	v.Entries = slices.CompactFunc(v.Entries, func(a, b sbom.Entry) bool { return a.Name == b.Name && a.Version == b.Version && a.PURL == b.PURL })
	return v
}

// Forms of a list of components, with what writes them.
var (
	WriteCycloneDX = sbom.CycloneDX
	WriteSPDX      = sbom.SPDX
)
