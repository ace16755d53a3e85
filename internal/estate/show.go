package estate

import (
	"errors"
	"reflect"

	"holdfast.example/holdfast/internal/estate/grammar"
)

// Show writes the estate as one YAML file, with defaults filled in and in a stable order. It reads
// again as the same estate.
func (e *Estate) Show() ([]byte, error) {
	if e == nil {
		return nil, errors.New("show the estate: there is none")
	}
	w := &grammar.Writer{Plans: grammar.Plans{}}
	w.Struct(reflect.ValueOf(e).Elem(), 0)
	return w.Out, nil
}

// Schema is the JSON Schema (draft 2020-12) of an estate file, for editors. It is looser than Parse:
// names that lead nowhere and values that contradict each other are beyond it, and no section is
// required, since an estate may lie in several files.
func Schema() ([]byte, error) {
	return grammar.Schema(reflect.TypeFor[Estate](), grammar.About{
		ID:          "https://holdfast.example/schema/estate.json",
		Title:       "Holdfast estate",
		Description: "What an organisation declares about its production.",
		Forms: map[string]string{
			"name":        `^[A-Za-z0-9][A-Za-z0-9._-]*$`,
			"requirement": `^[A-Z](\.[1-9][0-9]{0,2}){2,4}$`,
			"calendar":    `^[a-z]{2}(-[a-z0-9]{1,3})?$`,
		},
		Suggestions: map[string][]string{"protocol": protocols},
	})
}
