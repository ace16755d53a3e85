package ledger

import (
	"archive/zip"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"

	"github.com/transparency-dev/tessera/api/layout"
)

// Export writes the files that Verify needs as a zip: checkpoint, entries, tiles and the public key. The signing key and
// what Tessera keeps for itself stay.
func Export(files fs.FS, w io.Writer, now time.Time) (Checkpoint, error) {
	head, err := Head(files)
	if err != nil {
		return head, err
	}
	z := zip.NewWriter(w)
	add := func(name string, data []byte) error {
		f, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: now.UTC()})
		if err == nil {
			_, err = f.Write(data)
		}
		return err
	}
	// The checkpoint as it was read: entries may be added meanwhile.
	if err := add(layout.CheckpointPath, []byte(head.Text)); err != nil {
		return head, err
	}
	err = fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir():
			if name != "." && name != "tile" && !strings.HasPrefix(name, "tile/") {
				return fs.SkipDir
			}
			return nil
		case name != publicFile && name != chainFile && !strings.HasPrefix(name, "tile/"):
			return nil
		}
		data, err := read(files, name, 256*(MaxEntry+2))
		if err != nil {
			return err
		}
		return add(name, data)
	})
	if err != nil {
		return head, fmt.Errorf("copy the ledger: %w", err)
	}
	return head, z.Close()
}
