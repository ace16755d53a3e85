package vuln

// Linked tells whether a Go package, or of it a function or method (Parse, Tokenizer.Next), is linked into a program. It
// may be true of what is not there, and never false of what is.
type Linked func(path, symbol string) bool

// unused says why the flaw that records tell of cannot be met in a program, empty when it can or nobody knows. A record that
// names no packages is one that copies another: those that do decide.
func unused(records []Affected, linked Linked) string {
	if linked == nil {
		return ""
	}
	told, path := false, ""
	for _, a := range records {
		for _, i := range a.Imports {
			told = true
			if !linked(i.Path, "") {
				continue
			}
			if path = i.Path; len(i.Symbols) == 0 {
				return ""
			}
			for _, s := range i.Symbols {
				if linked(i.Path, s) {
					return ""
				}
			}
		}
	}
	switch {
	case !told:
		return ""
	case path != "":
		return "not linked: none of the flawed functions of " + path + " is in the program"
	}
	return "not linked: no flawed package of it is in the program"
}
