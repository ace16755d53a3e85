// Command comparevulns lets Holdfast and osv-scanner look for known vulnerabilities in the same packages, with the same
// advisories and without a network, and prints what each took and where they disagree. A disagreement that does not stand
// in the document makes it fail.
//
//	go run ./tools/comparevulns -holdfast ./holdfast [-data DIR] [-explained docs/compare/vulnerabilities.md]
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

func main() {
	log.SetFlags(0)
	holdfast := flag.String("holdfast", "./holdfast", "binary")
	scanner := flag.String("osv-scanner", "", "binary; built where it is not named and not built yet")
	data := flag.String("data", "../shared/data/advisories", "folder of advisories, as osv/ECOSYSTEM/all.zip, and of what is compared, in fixtures/")
	explained := flag.String("explained", "", "document in which each disagreement has to stand")
	flag.Parse()
	if err := compare(*holdfast, *scanner, *data, *explained); err != nil {
		log.Fatal(err)
	}
}

// found are the vulnerabilities that a program names, as "CVE-2024-0567 gnutls28".
type found map[string]bool

// cost is what one run took.
type cost struct {
	time, processor time.Duration
	mib             int64
}

func compare(holdfast, scanner, data, explained string) error {
	if _, err := os.Stat(filepath.Join(data, "osv")); err != nil {
		return fmt.Errorf("the data set is not there: %w; name its folder by -data", err)
	}
	if scanner == "" {
		var err error
		if scanner, err = built(); err != nil {
			return err
		}
	}
	dir, err := os.MkdirTemp("", "comparevulns")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if holdfast, err = filepath.Abs(holdfast); err != nil {
		return err
	}
	if data, err = filepath.Abs(data); err != nil {
		return err
	}
	if err := prepare(holdfast, dir, data); err != nil {
		return err
	}
	var text []byte
	if explained != "" {
		if text, err = os.ReadFile(explained); err != nil {
			return err
		}
	}
	open := 0
	for _, s := range samples {
		n, err := one(holdfast, scanner, dir, data, s, string(text))
		if err != nil {
			return fmt.Errorf("%s: %w", s.fixture, err)
		}
		open += n
	}
	if open > 0 && explained != "" {
		return fmt.Errorf("%d disagreements are not explained in %s", open, explained)
	}
	return nil
}

// one compares on one sample, and tells how many disagreements are not explained.
func one(holdfast, scanner, dir, data string, s sample, explained string) (open int, err error) {
	root := filepath.Join(dir, s.fixture)
	if err := s.unpack(data, root); err != nil {
		return 0, err
	}
	fmt.Printf("\n%s, advisories of %s, no network\n", s.fixture, s.feed)
	row := func(name string, c cost, n int) {
		fmt.Printf("  %8.2f s  %6.2f s of processors  %5d MiB  %5d vulnerabilities  %s\n", c.time.Seconds(), c.processor.Seconds(), c.mib, n, name)
	}
	own, ownCost, err := measured(func() (found, cost, error) { return ofHoldfast(holdfast, dir, "rootfs:"+root) })
	if err != nil {
		return 0, fmt.Errorf("holdfast: %w", err)
	}
	row("Holdfast: "+s.what+", judged and recorded", ownCost, len(own))
	same, sameCost, err := measured(func() (found, cost, error) {
		return ofScanner(scanner, dir, s.reader+filepath.Join(root, s.as))
	})
	if err != nil {
		return 0, fmt.Errorf("osv-scanner: %w", err)
	}
	row("osv-scanner: "+s.what, sameCost, len(same))
	if s.sbom {
		if err := sboms(holdfast, scanner, dir, root+".cdx.json", row); err != nil {
			return 0, err
		}
	}
	fmt.Printf("  Holdfast is %.1f times as fast, and takes the processors %.1f times as short\n", sameCost.time.Seconds()/ownCost.time.Seconds(), sameCost.processor.Seconds()/ownCost.processor.Seconds())
	for _, x := range []struct {
		a, b found
		text string
	}{{own, same, "Holdfast alone"}, {same, own, "osv-scanner alone"}} {
		var only []string
		for k := range x.a {
			if !x.b[k] {
				only = append(only, k)
			}
		}
		slices.Sort(only)
		for _, k := range only {
			mark, id := "", strings.Fields(k)[0]
			if !explains(explained, id) {
				mark, open = "  NOT EXPLAINED", open+1
			}
			fmt.Printf("  %s: %s%s\n", x.text, k, mark)
		}
	}
	return open, nil
}

// sboms prints what both find in an SBOM that Syft wrote. They are not compared: osv-scanner finds nothing.
func sboms(holdfast, scanner, dir, file string, row func(string, cost, int)) error {
	own, c, err := measured(func() (found, cost, error) { return ofHoldfast(holdfast, dir, "sbom:"+file) })
	if err != nil {
		return fmt.Errorf("holdfast, SBOM: %w", err)
	}
	row("Holdfast: SBOM of the same machine, by Syft", c, len(own))
	other, c, err := measured(func() (found, cost, error) { return ofScanner(scanner, dir, file) })
	if err != nil {
		return fmt.Errorf("osv-scanner, SBOM: %w", err)
	}
	row("osv-scanner: SBOM of the same machine, by Syft", c, len(other))
	return nil
}

// measured gives what the last of three runs found, and the median of what they took.
func measured(run func() (found, cost, error)) (out found, median cost, err error) {
	var all []cost
	for range 3 {
		var c cost
		if out, c, err = run(); err != nil {
			return nil, cost{}, err
		}
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b cost) int { return int(a.time - b.time) })
	return out, all[len(all)/2], nil
}

// explains tells whether a text names an id, and not only a longer one that begins with it.
func explains(text, id string) bool {
	for _, word := range strings.FieldsFunc(text, func(r rune) bool {
		return r != '-' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	}) {
		if word == id {
			return true
		}
	}
	return false
}
