package inventory

import (
	"context"
	"io"
	"path"

	"github.com/go-json-experiment/json"
	"github.com/google/osv-scalibr/extractor"
	"github.com/google/osv-scalibr/extractor/filesystem"
)

// installedByComposer reads vendor/composer/installed.json: what is installed, where composer.lock says what should
// be. Composer 1 wrote the list alone, Composer 2 writes it into an object.
func installedByComposer(_ context.Context, in *filesystem.ScanInput) ([]*extractor.Package, error) {
	if path.Base(path.Dir(in.Path)) != "composer" {
		return nil, nil
	}
	type entry struct {
		Name    string `json:"name"`
		Version string `json:"version"`
	}
	text, err := io.ReadAll(io.LimitReader(in.Reader, 64<<20))
	if err != nil {
		return nil, err
	}
	var list []entry
	if json.Unmarshal(text, &list) != nil {
		var whole struct {
			Packages []entry `json:"packages"`
		}
		if err := json.Unmarshal(text, &whole); err != nil {
			return nil, err
		}
		list = whole.Packages
	}
	var out []*extractor.Package
	for _, e := range list {
		out = append(out, &extractor.Package{Name: e.Name, Version: e.Version, PURLType: "composer", Location: extractor.LocationFromPath(in.Path)})
	}
	return out, nil
}
