package main

import (
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// sample is a recorded system on which both look.
type sample struct {
	fixture string // in fixtures/, without its extension
	feed    string // of the advisories
	what    string
	as      string // where the file lies in the root
	reader  string // how osv-scanner is told what it is
	sbom    bool   // an SBOM of Syft is there, too
}

var samples = []sample{
	{"debian12-outdated", "Debian", "dpkg database", "var/lib/dpkg/status", "dpkg-status:", true},
	{"debian12-patched", "Debian", "dpkg database", "var/lib/dpkg/status", "dpkg-status:", true},
	{"nodegoat.package-lock.json", "npm", "lock file of npm", "srv/app/package-lock.json", "", false},
	{"dependencytrack-frontend.package-lock.json", "npm", "lock file of npm", "srv/app/package-lock.json", "", false},
	{"trivy.go.mod", "Go", "go.mod", "srv/app/go.mod", "", false},
}

// feeds are all that the samples need.
var feeds = []string{"Debian", "npm", "Go"}

// unpack makes a root with the file of the sample, and lays its SBOM beside.
func (s sample) unpack(data, root string) error {
	file := s.fixture
	if s.feed == "Debian" {
		file += ".dpkg-status"
	}
	text, err := unzipped(filepath.Join(data, "fixtures", file+".gz"))
	if err != nil {
		return err
	}
	files := map[string][]byte{
		filepath.Join(root, s.as):             text,
		filepath.Join(root, "etc/os-release"): []byte("ID=debian\nVERSION_ID=\"12\"\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n"),
	}
	if s.sbom {
		if files[root+".cdx.json"], err = unzipped(filepath.Join(data, "fixtures", s.fixture+".cdx.json.gz")); err != nil {
			return err
		}
	}
	for file, text := range files {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func unzipped(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return io.ReadAll(z)
}
