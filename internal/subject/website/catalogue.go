package website

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"holdfast.example/holdfast/internal/check"
)

// LoadPaths reads web/paths.yaml of the catalogue. Errors name the entry.
func LoadPaths(fsys fs.FS) ([]Path, error) {
	const name = "web/paths.yaml"
	data, err := fs.ReadFile(fsys, name)
	if err != nil {
		return nil, fmt.Errorf("read catalogue %s: %w", name, err)
	}
	var all []Path
	if err := yaml.UnmarshalWithOptions(data, &all, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("read catalogue %s: %w", name, err)
	}
	seen := map[string]bool{}
	for _, p := range all {
		switch {
		case p.ID == "" || seen[p.ID]:
			return nil, fmt.Errorf("read catalogue %s: id %q is empty or stands twice", name, p.ID)
		case !strings.HasPrefix(p.Path, "/"):
			return nil, fmt.Errorf("read catalogue %s: %s: path %q does not begin with /", name, p.ID, p.Path)
		case !slices.Contains(Sorts, p.Sort):
			return nil, fmt.Errorf("read catalogue %s: %s: sort %q is none of %s", name, p.ID, p.Sort, strings.Join(Sorts, ", "))
		case p.Severity.Rank() > check.Low.Rank() || p.Text == "":
			return nil, fmt.Errorf("read catalogue %s: %s: severity or text is missing", name, p.ID)
		case p.SHA256 != "" && (len(p.SHA256) != 64 || strings.Trim(p.SHA256, "0123456789abcdef") != ""):
			return nil, fmt.Errorf("read catalogue %s: %s: sha256 %q is not 64 hex digits in lower case", name, p.ID, p.SHA256)
		case len(p.Contains) == 0 && p.SHA256 == "" && p.Sort != "handler":
			return nil, fmt.Errorf("read catalogue %s: %s: without contains every page would be one", name, p.ID)
		}
		seen[p.ID] = true
	}
	return all, nil
}
