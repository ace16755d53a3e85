package vuln

// OfWord reads a word that somebody rates with: important, medium, negligible; false for one that rates nothing.
func OfWord(w string) (Severity, bool) { return ofWord(w) }

// OfScore gives the severity of a CVSS score, 0 to 10.
func OfScore(n float64) Severity { return ofScore(n) }
