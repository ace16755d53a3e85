package report_test

import (
	"math"
	"os"
	"regexp"
	"strconv"
	"testing"
)

// Every colour of text reaches 4.5:1 (WCAG 2.2, 1.4.3) on both grounds, in light and in dark, and
// as a ground for text in the colour of the page; lines that carry meaning reach it too.
func TestContrast(t *testing.T) {
	style, err := os.ReadFile("html/style.css")
	if err != nil {
		t.Fatal(err)
	}
	schemes := regexp.MustCompile(`(?s):root \{(.*?)\}`).FindAllSubmatch(style, 2)
	if len(schemes) != 2 {
		t.Fatalf("%d colour schemes, want light and dark", len(schemes))
	}
	for i, scheme := range schemes {
		colours := map[string]string{}
		for _, m := range regexp.MustCompile(`--([a-z]+): #([0-9a-f]{6});`).FindAllSubmatch(scheme[1], -1) {
			colours[string(m[1])] = string(m[2])
		}
		for name, c := range colours {
			if name == "ground" || name == "raised" || name == "line" {
				continue
			}
			for _, ground := range []string{"ground", "raised"} {
				if r := contrast(t, c, colours[ground]); r < 4.5 {
					t.Errorf("%s: %s on %s has %.2f:1", []string{"light", "dark"}[i], name, ground, r)
				}
			}
		}
		if colours["unknown"] == colours["pass"] {
			t.Error("unknown has the colour of a pass")
		}
	}
}

func contrast(t *testing.T, x, y string) float64 {
	a, b := luminance(t, x), luminance(t, y)
	return (max(a, b) + 0.05) / (min(a, b) + 0.05)
}

// luminance is relative luminance by WCAG 2.2.
func luminance(t *testing.T, hex string) float64 {
	n, err := strconv.ParseUint(hex, 16, 32)
	if err != nil {
		t.Fatalf("colour %q: %v", hex, err)
	}
	part := func(shift int) float64 {
		c := float64(n>>shift&255) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*part(16) + 0.7152*part(8) + 0.0722*part(0)
}
