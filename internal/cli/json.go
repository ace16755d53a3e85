package cli

import (
	"encoding/json"
	"io"
)

// writeJSON writes what scripts read: indented, and with addresses as they are.
func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}
