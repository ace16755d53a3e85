package main

import (
	"bufio"
	"errors"
	"io"
	"strings"
)

// parseLynis reads the report file of Lynis: lines of key=value, fields separated by "|". A test that
// ran and gave no warning, suggestion or detail counts as passed: the report has no other word for it.
func parseLynis(r io.Reader) (peer, error) {
	p := peer{rules: map[string]string{}, items: map[string][]item{}, silence: true}
	detailed := map[string]bool{} // tests with a line for each fault, beside a suggestion that sums up
	var said []finding
	finished := false
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20) // tests_executed is one line of some kilobytes
	for lines.Scan() {
		key, value, _ := strings.Cut(lines.Text(), "=")
		fields := strings.Split(value, "|")
		switch key {
		case "tests_executed":
			for _, id := range fields {
				if id != "" && p.rules[id] == "" {
					p.rules[id] = pass
				}
			}
		case "tests_skipped":
			for _, id := range fields {
				if id != "" {
					p.rules[id] = none
				}
			}
		case "warning[]", "suggestion[]":
			said = append(said, finding{fields[0], item{text: words(fields[1:])}})
		case "details[]":
			detailed[fields[0]] = true
			if len(fields) > 2 {
				said = append(said, finding{fields[0], detail(fields[2])})
			}
		case "finish":
			finished = value == "true"
		}
	}
	if err := lines.Err(); err != nil {
		return peer{}, err
	}
	if !finished || len(p.rules) == 0 {
		return peer{}, errors.New("no finished report of Lynis: finish=true or tests_executed is missing")
	}
	for _, f := range said {
		p.rules[f.rule] = fail
		if !detailed[f.rule] || f.item.name != "" {
			p.items[f.rule] = append(p.items[f.rule], f.item)
		}
	}
	return p, nil
}

type finding struct {
	rule string
	item item
}

// words joins the fields that say something; Lynis writes "-" for an empty one.
func words(fields []string) string {
	var out []string
	for _, f := range fields {
		if f != "" && f != "-" {
			out = append(out, f)
		}
	}
	return strings.Join(out, ": ")
}

// detail reads "desc:TEXT;field:NAME;prefval:WANT;value:SEEN;".
func detail(s string) item {
	part := map[string]string{}
	for f := range strings.SplitSeq(s, ";") {
		k, v, _ := strings.Cut(f, ":")
		part[k] = v
	}
	return item{name: part["field"], text: "is " + part["value"] + ", want " + part["prefval"]}
}
