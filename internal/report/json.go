package report

import (
	"encoding/json"
	"io"
)

// JSON writes the contract form, indented, without HTML escapes.
func JSON(w io.Writer, a *Assessment) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(a)
}
