package main

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
)

const rulePrefix = "xccdf_org.ssgproject.content_rule_"

// parseOSCAP reads the rule-result elements of an XCCDF or ARF file one by one; the rest of the file,
// megabytes of content, is passed over. Rules that the profile does not select are left out.
func parseOSCAP(r io.Reader) (peer, error) {
	p := peer{rules: map[string]string{}}
	dec := xml.NewDecoder(r)
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return peer{}, err
		}
		start, ok := token.(xml.StartElement)
		if !ok || start.Name.Local != "rule-result" {
			continue
		}
		var rr struct {
			Rule   string `xml:"idref,attr"`
			Result string `xml:"result"`
		}
		if err := dec.DecodeElement(&rr, &start); err != nil {
			return peer{}, err
		}
		rule := strings.TrimPrefix(rr.Rule, rulePrefix)
		switch rr.Result {
		case "notselected":
		case "pass", "fixed":
			p.rules[rule] = pass
		case "fail":
			p.rules[rule] = fail
		default: // notapplicable, notchecked, informational, unknown, error
			p.rules[rule] = none
		}
	}
	if len(p.rules) == 0 {
		return peer{}, errors.New("no rule-result with a selected rule: was a profile given?")
	}
	return p, nil
}
