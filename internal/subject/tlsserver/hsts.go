package tlsserver

import (
	"errors"
	"math"
	"strconv"
	"strings"
)

// longHSTS is six months in seconds: the guide has 15,768,000 and takes 15,552,000 (180 days).
const longHSTS = 15_552_000

// maxAge reads Strict-Transport-Security headers as a browser does: only the first counts (RFC 6797
// section 8.1), and a directive that stands twice spoils it (section 6.1).
func maxAge(headers []string) (uint64, error) {
	if len(headers) == 0 {
		return 0, errors.New("no Strict-Transport-Security header is sent")
	}
	invalid := func(why string) (uint64, error) {
		return 0, errors.New("the Strict-Transport-Security header is not valid: " + why)
	}
	seen := map[string]bool{}
	var age uint64
	for d := range strings.SplitSeq(headers[0], ";") {
		name, value, _ := strings.Cut(d, "=")
		name = strings.ToLower(strings.TrimSpace(name))
		switch {
		case name == "":
			continue
		case seen[name]:
			return invalid(name + " stands twice")
		}
		seen[name] = true
		if name != "max-age" {
			continue
		}
		value = strings.TrimSpace(value)
		if n := len(value); n > 1 && value[0] == '"' && value[n-1] == '"' {
			value = value[1 : n-1]
		}
		var err error
		if age, err = strconv.ParseUint(value, 10, 64); errors.Is(err, strconv.ErrRange) {
			age = math.MaxUint64
		} else if err != nil {
			return invalid("max-age is no number")
		}
	}
	if !seen["max-age"] {
		return invalid("max-age is missing")
	}
	return age, nil
}

// hstsReasons is silent on A- where no HTTP answers: there HSTS neither lowers nor lifts, so that A is
// the best grade.
func hstsReasons(f Fact) []Reason {
	if !f.HTTP {
		text := "no HTTP answers over it, so that HSTS neither lowers nor lifts the grade"
		if f.ClientRequired {
			text = "no HTTP answers without a certificate of the client, so that HSTS neither lowers nor lifts the grade"
		}
		if p, ok := f.Missing()[PartHTTP]; ok {
			text = "whether it sends HSTS was not seen: " + p.Error()
		}
		return []Reason{{"hsts", noPlus, text}}
	}
	age, err := maxAge(f.HSTS)
	switch {
	case err != nil:
		return []Reason{{"hsts", "A-", err.Error()}}
	case age == 0:
		return []Reason{{"hsts", "A-", "HSTS is switched off (max-age=0)"}}
	case age < longHSTS:
		return []Reason{{"hsts", noPlus, "HSTS lasts less than 180 days (max-age=" + strconv.FormatUint(age, 10) + ")"}}
	}
	return nil
}
