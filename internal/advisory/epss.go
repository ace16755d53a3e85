package advisory

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// epss are the scores of one day.
type epss struct {
	model   string
	scored  time.Time // zero when not told: files before 2022 have no comment
	entries []probability
}

// probability that a flaw is exploited within 30 days, and the share of all flaws that are at most as likely.
type probability struct {
	cve              string
	epss, percentile float32
}

// parseEPSS reads the list of scores as FIRST publishes it: a comment with the model and the day, a header, a line for
// each CVE. Written from that description (first.org/epss/data_stats): no real file could be had to test it with.
//
//	#model_version:v2025.03.14,score_date:2026-11-23T12:55:00Z
//	cve,epss,percentile
//	CVE-1999-0001,0.01299,0.79176
//
// It has 300,000 lines of three plain cells; hence no csv.Reader.
func parseEPSS(data []byte) (*epss, error) {
	fail := func(line int, format string, args ...any) error {
		return fmt.Errorf("read the EPSS scores: line %d: %s", line, fmt.Sprintf(format, args...))
	}
	e := &epss{entries: make([]probability, 0, bytes.Count(data, []byte("\n")))}
	text := strings.TrimPrefix(string(data), "\xef\xbb\xbf")
	column := map[string]int{}
	for line := 1; text != ""; line++ {
		var row string
		row, text, _ = strings.Cut(text, "\n")
		row = strings.TrimSuffix(row, "\r")
		switch {
		case row == "":
			continue
		case strings.HasPrefix(row, "#"):
			for part := range strings.SplitSeq(row[1:], ",") {
				key, value, _ := strings.Cut(part, ":")
				switch strings.TrimSpace(key) {
				case "model_version":
					e.model = value
				case "score_date":
					at, err := scoreDate(value)
					if err != nil {
						return nil, fail(line, "score_date %q is no time", value)
					}
					e.scored = at
				}
			}
			continue
		case len(column) == 0:
			for n, name := range strings.Split(row, ",") {
				column[strings.TrimSpace(name)] = n + 1
			}
			if column["cve"] == 0 || column["epss"] == 0 {
				return nil, fail(line, "the columns cve and epss are missing")
			}
			continue
		}
		var p probability
		n := 0
		for cell := range strings.SplitSeq(row, ",") {
			n++
			switch n {
			case column["cve"]:
				p.cve = cell
			case column["epss"], column["percentile"]:
				f, err := strconv.ParseFloat(cell, 32)
				if err != nil || !(f >= 0 && f <= 1) {
					return nil, fail(line, "%q is no probability", cell)
				}
				if n == column["epss"] {
					p.epss = float32(f)
				} else {
					p.percentile = float32(f)
				}
			}
		}
		if !isCVE(p.cve) || n < column["epss"] {
			return nil, fail(line, "%.80q is no CVE with its score", row)
		}
		e.entries = append(e.entries, p)
	}
	if len(e.entries) == 0 {
		return nil, errors.New("read the EPSS scores: there are none")
	}
	return e, nil
}

func scoreDate(s string) (time.Time, error) {
	s = strings.TrimSpace(s)
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05-0700", time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, errors.New("no time")
}
