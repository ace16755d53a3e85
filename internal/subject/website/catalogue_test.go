package website

import (
	"strings"
	"testing"
	"testing/fstest"
)

// TestLoadPaths: what is wrong in the catalogue is named with its entry.
func TestLoadPaths(t *testing.T) {
	for text, says := range map[string]string{
		`- {id: a, path: /a, contains: [b], sort: debug, severity: low, text: t}`:                                                                          "",
		`- {id: a, path: /a, sha256: ` + strings.Repeat("0f", 32) + `, sort: default, severity: low, text: t}`:                                             "",
		`- {id: a, path: "/{random}.a", sort: handler, severity: low, text: t}`:                                                                            "",
		`- {path: /a, contains: [b], sort: debug, severity: low, text: t}`:                                                                                 "is empty or stands twice",
		"- {id: a, path: /a, contains: [b], sort: debug, severity: low, text: t}\n- {id: a, path: /b, contains: [b], sort: debug, severity: low, text: t}": "is empty or stands twice",
		`- {id: a, path: a, contains: [b], sort: debug, severity: low, text: t}`:                                                                           "a: path",
		`- {id: a, path: /a, contains: [b], sort: odd, severity: low, text: t}`:                                                                            "a: sort",
		`- {id: a, path: /a, contains: [b], sort: debug, text: t}`:                                                                                         "a: severity or text",
		`- {id: a, path: /a, contains: [b], sort: debug, severity: low}`:                                                                                   "a: severity or text",
		`- {id: a, path: /a, sort: debug, severity: low, text: t}`:                                                                                         "every page would be one",
		`- {id: a, path: /a, sha256: 0F, sort: debug, severity: low, text: t}`:                                                                             "64 hex digits",
		`- {id: a, path: /a, odd: 1}`: "odd",
	} {
		all, err := LoadPaths(fstest.MapFS{"web/paths.yaml": {Data: []byte(text)}})
		if says == "" && (err != nil || len(all) != 1) || says != "" && (err == nil || !strings.Contains(err.Error(), says)) {
			t.Errorf("%s: %v, want %q", text, err, says)
		}
	}
	if _, err := LoadPaths(fstest.MapFS{}); err == nil {
		t.Error("no catalogue is no error")
	}
}
