package link

import (
	"errors"
	"os"
	"path/filepath"
)

// keep writes a file that its owner alone reads. The old one or the new one is there at every moment, also after a loss of
// power: the content is on disk before the name is, and the name before keep returns.
func keep(path string, data []byte) error {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, keepPrefix+"*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(data)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// keepPrefix is how files begin that are being written.
const keepPrefix = ".keep-"
