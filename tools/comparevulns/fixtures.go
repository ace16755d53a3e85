package main

import (
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// unpack makes a root of the recorded dpkg database of a machine, and lays its SBOM beside.
func unpack(data, machine, root string) error {
	status, err := unzipped(filepath.Join(data, "fixtures", machine+".dpkg-status.gz"))
	if err != nil {
		return err
	}
	sbom, err := unzipped(filepath.Join(data, "fixtures", machine+".cdx.json.gz"))
	if err != nil {
		return err
	}
	for file, text := range map[string][]byte{
		filepath.Join(root, "var/lib/dpkg/status"): status,
		filepath.Join(root, "etc/os-release"):      []byte("ID=debian\nVERSION_ID=\"12\"\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n"),
		root + ".cdx.json":                         sbom,
	} {
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
