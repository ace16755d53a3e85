package inventory

import (
	"context"
	"path"
	"strings"

	"github.com/google/osv-scalibr/extractor"
	"github.com/google/osv-scalibr/extractor/filesystem"
	"github.com/google/osv-scalibr/extractor/filesystem/language/dotnet/depsjson"
	"github.com/google/osv-scalibr/extractor/filesystem/language/dotnet/packageslockjson"
	"github.com/google/osv-scalibr/extractor/filesystem/language/golang/gobinary"
	"github.com/google/osv-scalibr/extractor/filesystem/language/golang/gomod"
	"github.com/google/osv-scalibr/extractor/filesystem/language/java/archive"
	"github.com/google/osv-scalibr/extractor/filesystem/language/javascript/packagejson"
	"github.com/google/osv-scalibr/extractor/filesystem/language/javascript/packagelockjson"
	"github.com/google/osv-scalibr/extractor/filesystem/language/php/composerlock"
	"github.com/google/osv-scalibr/extractor/filesystem/language/python/pipfilelock"
	"github.com/google/osv-scalibr/extractor/filesystem/language/python/poetrylock"
	"github.com/google/osv-scalibr/extractor/filesystem/language/python/requirements"
	"github.com/google/osv-scalibr/extractor/filesystem/language/python/uvlock"
	"github.com/google/osv-scalibr/extractor/filesystem/language/python/wheelegg"
	"github.com/google/osv-scalibr/extractor/filesystem/language/ruby/gemfilelock"
	"github.com/google/osv-scalibr/extractor/filesystem/language/ruby/gemspec"
	"github.com/google/osv-scalibr/extractor/filesystem/language/rust/cargoauditable"
	"github.com/google/osv-scalibr/extractor/filesystem/language/rust/cargolock"

	cpb "github.com/google/osv-scalibr/binary/proto/config_go_proto"
)

// extract reads the components that a file names. It is false for one that is none of its files.
type extract func(ctx context.Context, in *filesystem.ScanInput) ([]*extractor.Package, error)

// extractors are those of one walk. Which file is for whom is told by its name alone, so that a walk asks the file
// system about few of them.
type extractors struct {
	byName map[string]extract // whole names
	ends   map[string]extract // endings
	module extract            // package.json of what is installed
	binary []extract          // of programs
}

// newExtractors makes them. They hold no state of a walk.
func newExtractors(l Limits) (*extractors, error) {
	config := &cpb.PluginConfig{MaxFileSizeBytes: l.FileBytes, PluginSpecific: []*cpb.PluginSpecificConfig{
		{Config: &cpb.PluginSpecificConfig_JavaArchive{JavaArchive: &cpb.JavaArchiveConfig{MaxZipDepth: maxNested, MaxOpenedBytes: l.FileBytes, HashJars: new(bool)}}}, // a digest would need all of a jar, and nothing uses it
	}}
	var failed error
	of := func(make func(*cpb.PluginConfig) (filesystem.Extractor, error)) extract {
		e, err := make(config)
		if err != nil {
			failed = err
			return nil
		}
		return func(ctx context.Context, in *filesystem.ScanInput) ([]*extractor.Package, error) {
			found, err := e.Extract(ctx, in)
			return found.Packages, err
		}
	}
	jar, installed := of(archive.New), of(wheelegg.New)
	x := &extractors{
		byName: map[string]extract{
			"package-lock.json": of(packagelockjson.New), "npm-shrinkwrap.json": of(packagelockjson.New),
			"METADATA": only(installed, ".dist-info"), "PKG-INFO": only(installed, ".egg-info", "EGG-INFO"),
			"requirements.txt": exact(of(requirements.New)), "poetry.lock": of(poetrylock.New), "Pipfile.lock": of(pipfilelock.New), "uv.lock": of(uvlock.New),
			"go.mod":       without(of(gomod.New), "stdlib"), // the line "go" names the oldest that will do, not what builds it
			"Gemfile.lock": of(gemfilelock.New), "Cargo.lock": of(cargolock.New),
			"packages.lock.json": of(packageslockjson.New), "composer.lock": of(composerlock.New), "installed.json": installedByComposer,
		},
		ends:   map[string]extract{".egg-info": installed, ".egg": installed, ".gemspec": of(gemspec.New), ".deps.json": of(depsjson.New)},
		module: of(packagejson.New),
		binary: []extract{of(gobinary.New), of(cargoauditable.New)},
	}
	for _, end := range archives {
		x.ends[end] = jar
	}
	return x, failed
}

// archives are ends of names of files of which a reader needs parts only.
var archives = []string{".jar", ".war", ".ear"}

// maxNested is how deep jars inside jars are opened.
const maxNested = 8

// named gives who reads a file of that path, nil when only a look at it can tell.
func (x *extractors) named(p string) extract {
	base := path.Base(p)
	if e, ok := x.byName[base]; ok {
		return e
	}
	if base == "package.json" && ofModule(p) {
		return x.module
	}
	for end, e := range x.ends {
		if strings.HasSuffix(base, end) {
			return e
		}
	}
	return nil
}

// ofModule tells the package.json of an installed module from that of a project and from those inside modules.
func ofModule(p string) bool {
	folder := path.Dir(path.Dir(p))
	if strings.HasPrefix(path.Base(folder), "@") {
		folder = path.Dir(folder)
	}
	return path.Base(folder) == "node_modules" || strings.HasSuffix(folder, "usr/share/nodejs")
}

// only lets an extractor read files whose folder ends so.
func only(e extract, ends ...string) extract {
	return func(ctx context.Context, in *filesystem.ScanInput) ([]*extractor.Package, error) {
		for _, end := range ends {
			if strings.HasSuffix(path.Dir(in.Path), end) {
				return e(ctx, in)
			}
		}
		return nil, nil
	}
}

// without leaves out one package.
func without(e extract, name string) extract {
	return func(ctx context.Context, in *filesystem.ScanInput) ([]*extractor.Package, error) {
		all, err := e(ctx, in)
		out := all[:0]
		for _, p := range all {
			if p.Name != name {
				out = append(out, p)
			}
		}
		return out, err
	}
}

// exact leaves out what is asked for without an exact version: which one is installed, only an installed one tells.
func exact(e extract) extract {
	return func(ctx context.Context, in *filesystem.ScanInput) ([]*extractor.Package, error) {
		all, err := e(ctx, in)
		out := all[:0]
		for _, p := range all {
			m, ok := p.Metadata.(*requirements.Metadata)
			if !ok || m.VersionComparator == "==" || m.VersionComparator == "===" {
				out = append(out, p)
			}
		}
		return out, err
	}
}
