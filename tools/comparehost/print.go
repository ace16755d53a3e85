package main

import (
	"bufio"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

// cost is what one tool took.
type cost struct {
	name    string
	seconds float64
	kib     int64 // of its largest process
}

// parseTimes reads lines of seconds, KiB and name, separated by tabs.
func parseTimes(r io.Reader) ([]cost, error) {
	var out []cost
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		f := strings.Split(lines.Text(), "\t")
		if len(f) != 3 {
			return nil, fmt.Errorf("times: %q is not seconds, KiB and name", lines.Text())
		}
		seconds, err := strconv.ParseFloat(f[0], 64)
		if err != nil {
			return nil, fmt.Errorf("times: %w", err)
		}
		kib, err := strconv.ParseInt(f[1], 10, 64)
		if err != nil {
			return nil, fmt.Errorf("times: %w", err)
		}
		out = append(out, cost{f[2], seconds, kib})
	}
	return out, lines.Err()
}

var quoted = regexp.MustCompile("`([^`\n]+)`")

// parseExplained reads which rules a page names, in backquotes; see matches for a star at the end.
func parseExplained(r io.Reader) ([]string, error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, m := range quoted.FindAllSubmatch(text, -1) {
		out = append(out, string(m[1]))
	}
	return out, nil
}

func printTimes(w io.Writer, times []cost) {
	if len(times) == 0 {
		return
	}
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "seconds\tlargest process\t\t")
	for _, c := range times {
		fmt.Fprintf(t, "%.2f\t%.0f MiB\t\t%s\n", c.seconds, float64(c.kib)/1024, c.name)
	}
	t.Flush()
}

// printComparison writes the disagreements first. A star marks those that the page does not explain.
func printComparison(w io.Writer, tool string, o outcome, explained []string) {
	fmt.Fprintf(w, "\n%s and Holdfast: %d agree, %d disagree, %d not judged by %s\n",
		tool, o.agreed, len(o.disagreed), o.silent, tool)
	open := 0
	for _, r := range o.disagreed {
		mark := " "
		if !slices.ContainsFunc(explained, func(e string) bool { return matches(e, r.rule) }) {
			mark = "*"
			open++
		}
		fmt.Fprintf(w, "%s %s: %s %s, Holdfast %s\n", mark, r.rule, tool, r.theirs, strings.ReplaceAll(r.ours, "_", " "))
		if r.text != "" {
			fmt.Fprintf(w, "      %s\n", r.text)
		}
	}
	if open > 0 {
		fmt.Fprintf(w, "%d marked * are not explained yet in docs/compare/host.md\n", open)
	}
	fmt.Fprintf(w, "\nNo counterpart in Holdfast: %d faults seen by %s; %d more rules found nothing\n",
		len(o.alone), tool, o.unpaired)
	for _, r := range o.alone {
		fmt.Fprintf(w, "  %s\n", strings.TrimSuffix(r.rule+": "+r.text, ": "))
	}
}
