// Command image writes a container image as an OCI layout in one tar file: the program, whom to trust on the web, and one user
// who is not root. It needs no container engine and takes nothing from the machine it runs on, so that the same programs and the
// same time make the same bytes.
package main

import (
	"archive/tar"
	"bytes"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"golang.org/x/crypto/x509roots/fallback/bundle"
)

func main() {
	var o options
	flag.StringVar(&o.version, "version", "", "version of the program")
	flag.StringVar(&o.revision, "revision", "", "commit that it is built from")
	epoch := flag.Int64("epoch", 0, "time of everything in the image, in seconds: that of the commit")
	flag.StringVar(&o.out, "out", "dist/holdfast-image.tar", "file to write")
	flag.Parse()
	o.at, o.programs = time.Unix(*epoch, 0).UTC(), flag.Args()
	digest, err := run(o)
	if err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
	fmt.Println(digest, o.out)
}

type options struct {
	version, revision, out string
	at                     time.Time
	programs               []string // ARCH=FILE
}

// user is who the program runs as, as images without a distribution have it.
const user = 65532

// run writes the image and gives the digest of its index.
func run(o options) (v1.Hash, error) {
	if len(o.programs) == 0 || o.version == "" || o.revision == "" || o.at.Unix() == 0 {
		return v1.Hash{}, errors.New("want -version, -revision, -epoch and programs as ARCH=FILE")
	}
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, p := range o.programs {
		arch, file, ok := strings.Cut(p, "=")
		if !ok {
			return v1.Hash{}, fmt.Errorf("%q: want ARCH=FILE", p)
		}
		image, err := build(o, arch, file)
		if err != nil {
			return v1.Hash{}, fmt.Errorf("the image of %s: %w", arch, err)
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{MediaType: types.OCIManifestSchema1, Platform: &v1.Platform{OS: "linux", Architecture: arch}}})
	}
	digest, err := index.Digest()
	if err != nil {
		return digest, err
	}
	work, err := os.MkdirTemp("", "image-*")
	if err != nil {
		return digest, err
	}
	defer os.RemoveAll(work)
	all, err := layout.Write(work, empty.Index)
	if err != nil {
		return digest, err
	}
	name := strings.ReplaceAll(o.version, "~", "-") // a tag holds no tilde
	if err := all.AppendIndex(index, layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": name, "io.containerd.image.name": "holdfast:" + name})); err != nil {
		return digest, err
	}
	return digest, pack(work, o.out, o.at)
}

// build makes the image of one architecture.
func build(o options, arch, program string) (v1.Image, error) {
	files, err := layer(o.at, program)
	if err != nil {
		return nil, err
	}
	l, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(files)), nil }, tarball.WithMediaType(types.OCILayer))
	if err != nil {
		return nil, err
	}
	image, err := mutate.Append(mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON),
		mutate.Addendum{Layer: l, MediaType: types.OCILayer, History: v1.History{Created: v1.Time{Time: o.at}, CreatedBy: "tools/image", Comment: "holdfast " + o.version}})
	if err != nil {
		return nil, err
	}
	config, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.Architecture, config.OS, config.Created, config.Author = arch, "linux", v1.Time{Time: o.at}, "Holdfast"
	config.Config = v1.Config{
		User: fmt.Sprintf("%d:%d", user, user), WorkingDir: "/var/lib/holdfast", StopSignal: "SIGTERM",
		Env:        []string{"PATH=/usr/bin", "HOME=/var/lib/holdfast", "HOLDFAST_STATE=/var/lib/holdfast"},
		Entrypoint: []string{"/usr/bin/holdfast"},
		// Beyond loopback nothing is served without TLS, and nobody reaches the loopback of a container. This one answers on
		// https://localhost:8470 with a certificate that it makes; it does not look at its own empty file system.
		Cmd:          []string{"serve", "--listen", ":8470", "--tls-self", "--name", "localhost", "--scan=false"},
		ExposedPorts: map[string]struct{}{"8470/tcp": {}, "8471/tcp": {}}, Volumes: map[string]struct{}{"/var/lib/holdfast": {}},
		Labels: map[string]string{
			"org.opencontainers.image.title": "Holdfast", "org.opencontainers.image.description": "Secure operation of systems in production", "org.opencontainers.image.licenses": "Apache-2.0",
			"org.opencontainers.image.version": o.version, "org.opencontainers.image.revision": o.revision, "org.opencontainers.image.source": "https://holdfast.example",
			"org.opencontainers.image.created": o.at.Format(time.RFC3339),
		},
	}
	return mutate.ConfigFile(image, config)
}

// layer is the file system.
func layer(at time.Time, program string) ([]byte, error) {
	code, err := os.ReadFile(program)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	add := func(name string, mode int64, owner int, content []byte) {
		h := &tar.Header{Name: name, Mode: mode, Uid: owner, Gid: owner, ModTime: at, Typeflag: tar.TypeReg, Size: int64(len(content)), Format: tar.FormatPAX}
		if strings.HasSuffix(name, "/") {
			h.Typeflag = tar.TypeDir
		}
		err = errors.Join(err, w.WriteHeader(h))
		_, wrong := w.Write(content)
		err = errors.Join(err, wrong)
	}
	add("etc/", 0o755, 0, nil)
	add("etc/group", 0o644, 0, fmt.Appendf(nil, "root:x:0:\nholdfast:x:%d:\n", user))
	add("etc/passwd", 0o644, 0, fmt.Appendf(nil, "root:x:0:0:root:/:/sbin/nologin\nholdfast:x:%d:%d:Holdfast:/var/lib/holdfast:/sbin/nologin\n", user, user))
	add("etc/ssl/", 0o755, 0, nil)
	add("etc/ssl/certs/", 0o755, 0, nil)
	add("etc/ssl/certs/ca-certificates.crt", 0o644, 0, roots())
	add("tmp/", 0o1777, 0, nil)
	add("usr/", 0o755, 0, nil)
	add("usr/bin/", 0o755, 0, nil)
	add("usr/bin/holdfast", 0o755, 0, code)
	add("var/", 0o755, 0, nil)
	add("var/lib/", 0o755, 0, nil)
	add("var/lib/holdfast/", 0o700, user, nil)
	return out.Bytes(), errors.Join(err, w.Close())
}

// roots are whom to trust on the web: Mozilla's list of the module that go.mod names, not that of the machine which builds. Those
// that Mozilla trusts within limits are left out: a file cannot say them.
func roots() []byte {
	var out []byte
	for r := range bundle.Roots() {
		if r.Constraint == nil {
			out = append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: r.Certificate})...)
		}
	}
	return out
}

// pack puts a folder into one tar file, its files in the order of their names.
func pack(dir, out string, at time.Time) (err error) {
	if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(out), ".image-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	w := tar.NewWriter(f)
	err = fs.WalkDir(os.DirFS(dir), ".", func(path string, e fs.DirEntry, err error) error {
		if err != nil || path == "." {
			return err
		}
		h := &tar.Header{Name: path, Mode: 0o644, ModTime: at, Typeflag: tar.TypeReg, Format: tar.FormatPAX}
		if e.IsDir() {
			h.Name, h.Mode, h.Typeflag = path+"/", 0o755, tar.TypeDir
			return w.WriteHeader(h)
		}
		content, err := os.ReadFile(filepath.Join(dir, path))
		if err != nil {
			return err
		}
		h.Size = int64(len(content))
		if err := w.WriteHeader(h); err != nil {
			return err
		}
		_, err = w.Write(content)
		return err
	})
	if err = errors.Join(err, w.Close(), f.Chmod(0o644), f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", out, err)
	}
	return os.Rename(f.Name(), out)
}
