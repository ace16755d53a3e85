// Command comparehost puts what Lynis and OpenSCAP say of a host beside what Holdfast says of it:
// times, then each rule on which they disagree. It judges nothing itself and starts nothing; the
// tools are run by tools/compare.sh, and the pairs of rules are data in map.yaml.
package main

import (
	_ "embed"
	"flag"
	"fmt"
	"io"
	"os"
)

//go:embed map.yaml
var mapping []byte

// Most bytes that are read of each file: far above what any of the tools writes.
const (
	maxReport = 16 << 20
	maxXML    = 256 << 20
	maxJSON   = 128 << 20
	maxText   = 4 << 20
)

func main() {
	var in inputs
	flag.StringVar(&in.lynis, "lynis", "", "report file of Lynis")
	flag.StringVar(&in.oscap, "oscap", "", "results of oscap xccdf eval, as XCCDF or ARF")
	flag.StringVar(&in.holdfast, "holdfast", "", "holdfast assess --format json")
	flag.StringVar(&in.times, "times", "", "one line for each tool: seconds, KiB, name, separated by tabs")
	flag.StringVar(&in.explained, "explained", "", "page that explains disagreements by `rule`")
	flag.Parse()
	if err := run(os.Stdout, in); err != nil {
		fmt.Fprintln(os.Stderr, "comparehost:", err)
		os.Exit(2)
	}
}

// inputs are the files to compare; only holdfast is required.
type inputs struct{ lynis, oscap, holdfast, times, explained string }

func run(w io.Writer, in inputs) error {
	m, err := parseMap(mapping)
	if err != nil {
		return err
	}
	ours, err := open(in.holdfast, maxJSON, parseHoldfast)
	if err != nil {
		return err
	}
	times, err := optional(in.times, maxText, parseTimes)
	if err != nil {
		return err
	}
	explained, err := optional(in.explained, maxText, parseExplained)
	if err != nil {
		return err
	}
	printTimes(w, times)
	lynis, err := optional(in.lynis, maxReport, parseLynis)
	if err != nil {
		return err
	}
	if in.lynis != "" {
		printComparison(w, "Lynis", compare(m.Lynis, lynis, ours), explained)
	}
	oscap, err := optional(in.oscap, maxXML, parseOSCAP)
	if err != nil {
		return err
	}
	if in.oscap != "" {
		printComparison(w, "OpenSCAP", compare(m.OpenSCAP, oscap, ours), explained)
	}
	return nil
}

// optional is open, or the zero value when no file is named.
func optional[T any](path string, limit int64, parse func(io.Reader) (T, error)) (T, error) {
	if path == "" {
		var zero T
		return zero, nil
	}
	return open(path, limit, parse)
}

// open parses a file of at most limit bytes. A longer one is refused: cut short, it would read as a
// tool that saw less.
func open[T any](path string, limit int64, parse func(io.Reader) (T, error)) (T, error) {
	var zero T
	f, err := os.Open(path)
	if err != nil {
		return zero, err
	}
	defer f.Close()
	switch st, err := f.Stat(); {
	case err != nil:
		return zero, err
	case st.Size() > limit:
		return zero, fmt.Errorf("read %s: %d bytes, at most %d are read", path, st.Size(), limit)
	}
	v, err := parse(io.LimitReader(f, limit))
	if err != nil {
		return zero, fmt.Errorf("read %s: %w", path, err)
	}
	return v, nil
}
