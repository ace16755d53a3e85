package main

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
)

// result is what Holdfast says by one check.
type result struct {
	Check      string      `json:"check"`
	Verdict    string      `json:"verdict"`
	Detail     string      `json:"detail"`
	Violations []violation `json:"violations"`
}

type violation struct {
	Key    string `json:"key"`
	Detail string `json:"detail"`
}

// parseHoldfast reads an assessment of one host.
func parseHoldfast(r io.Reader) (map[string]result, error) {
	var doc struct {
		Schema  string     `json:"schema"`
		Hosts   []struct{} `json:"hosts"`
		Results []result   `json:"results"`
	}
	if err := json.NewDecoder(r).Decode(&doc); err != nil {
		return nil, err
	}
	if doc.Schema != "holdfast.assessment/v1" || len(doc.Hosts) != 1 {
		return nil, errors.New("not an assessment of one host by holdfast assess --format json")
	}
	out := make(map[string]result, len(doc.Results))
	for _, r := range doc.Results {
		out[r.Check] = r
	}
	return out, nil
}

// verdict is that of several checks together: the worst one, seen through key. A check that fails for
// other keys only passes for this one. The text tells which check decided, and why.
func verdict(checks []string, key string, ours map[string]result) (string, string) {
	rank := map[string]int{"": 0, "not_applicable": 1, "unknown": 2, "error": 2, pass: 3, fail: 4}
	worst, text := "", "no result"
	for _, id := range checks {
		r, ok := ours[id]
		if !ok {
			continue
		}
		v, why := r.Verdict, r.Detail
		if v == fail {
			v, why = pass, "no violation "+key
			for _, one := range r.Violations {
				if matches(key, one.Key) {
					v, why = fail, one.Detail
					break
				}
			}
		}
		if rank[v] > rank[worst] {
			worst, text = v, id+": "+why
		}
	}
	if worst == "" {
		worst = "no result"
	}
	return worst, text
}

// matches compares a key of map.yaml with that of a violation: "" is any, a star at the end any rest.
func matches(pattern, key string) bool {
	if start, ok := strings.CutSuffix(pattern, "*"); ok || pattern == "" {
		return strings.HasPrefix(key, start)
	}
	return key == pattern
}
