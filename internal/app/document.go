package app

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/sbom"
	"holdfast.example/holdfast/internal/subject/components"
)

// readDocument reads a list of components.
func readDocument(path string) part {
	out := part{kind: components.Fact{}.Kind()}
	d, err := openDocument(path)
	if err != nil {
		cause := fact.NotParsable
		switch {
		case errors.Is(err, fs.ErrNotExist):
			cause = fact.NotFound
		case errors.Is(err, fs.ErrPermission):
			cause = fact.Denied
		}
		out.problem = &fact.Problem{Cause: cause, Source: "sbom:" + path, Text: err.Error()}
		return out
	}
	out.fact = listed(d)
	return out
}

func openDocument(path string) (*sbom.Document, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if st, err := f.Stat(); err != nil || !st.Mode().IsRegular() {
		return nil, errors.Join(err, errors.New("is not a regular file"))
	}
	return sbom.Read(f)
}

// listed is what a document says, with what of it cannot be compared.
func listed(d *sbom.Document) components.Fact {
	f := components.Fact{Document: d.Format, Title: d.Name, Packages: components.Canonical(d.Packages), Unkept: d.Unkept.Count}
	var why []string
	tell := func(l sbom.Left, one, many string) {
		switch {
		case l.Count == 1:
			why = append(why, one+": "+l.First[0])
		case l.Count > 1:
			why = append(why, fmt.Sprintf("%d "+many+": %s", l.Count, strings.Join(l.First, ", ")))
		}
	}
	tell(d.Unnamed, "one component has no package URL", "components have no package URL")
	tell(d.Unclear, "one has no version, or is of a distribution without its release", "have no version, or are of a distribution without its release")
	if len(d.Packages) == 0 && len(why) == 0 {
		why = append(why, "it names no component of which advisories are kept")
	}
	if len(why) > 0 {
		f.Note(components.PartIdentity, &fact.Problem{Cause: fact.NotParsable, Source: d.Format, Text: strings.Join(why, "; ")})
	}
	return f
}
