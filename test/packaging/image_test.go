package packaging

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"holdfast.example/holdfast/internal/need"
)

// descriptor names something in an image by its digest.
type descriptor struct {
	MediaType, Digest string
	Size              int64
	Platform          struct{ OS, Architecture string }
	Annotations       map[string]string
}

// archive gives the files of a tar.
func archive(t *testing.T, r io.Reader) (headers []*tar.Header, files map[string][]byte) {
	t.Helper()
	files = map[string][]byte{}
	for tr := tar.NewReader(r); ; {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return headers, files
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(tr)
		if err != nil {
			t.Fatal(err)
		}
		headers, files[h.Name] = append(headers, h), content
	}
}

// blob gives what a descriptor names, when it is what it says.
func blob(t *testing.T, files map[string][]byte, d descriptor) []byte {
	t.Helper()
	name, ok := strings.CutPrefix(d.Digest, "sha256:")
	content := files["blobs/sha256/"+name]
	if sum := sha256.Sum256(content); !ok || hex.EncodeToString(sum[:]) != name || int64(len(content)) != d.Size {
		t.Fatalf("%s: %d bytes with another digest, want %d", d.Digest, len(content), d.Size)
	}
	return content
}

func read[T any](t *testing.T, content []byte) (out T) {
	t.Helper()
	if err := json.Unmarshal(content, &out); err != nil {
		t.Fatalf("%v: %s", err, content)
	}
	return out
}

type imageConfig struct {
	Architecture, OS string
	Created          time.Time
	Config           struct {
		User, WorkingDir, StopSignal string
		Entrypoint, Cmd, Env         []string
		Labels                       map[string]string
		Volumes                      map[string]struct{}
	}
	RootFS struct {
		DiffIDs []string `json:"diff_ids"`
	}
}

// TestImage: the same commit makes the same image in two folders; its digests hold from the index to the last file; who runs in
// it is not root, and the program runs there with nothing else, as it is said to.
func TestImage(t *testing.T) {
	need.Program(t, "git")
	need.Root(t)
	work := t.TempDir()
	var first []byte
	var layout string
	for _, n := range []string{"one", "another/deeper"} {
		src := filepath.Join(work, n)
		run(t, ".", "git", "clone", "-q", "../..", src)
		run(t, src, "sh", "tools/image.sh")
		layout = filepath.Join(src, "dist/holdfast-image.tar")
		content, err := os.ReadFile(layout)
		if err != nil {
			t.Fatal(err)
		}
		if first != nil && !bytes.Equal(first, content) {
			t.Error("two builds of the same commit differ")
		}
		first = content
	}
	list, err := os.ReadFile(strings.TrimSuffix(layout, ".tar") + ".cdx.json")
	if err != nil || !bytes.Contains(list, []byte(`"pkg:golang/github.com/spf13/cobra@`)) {
		t.Errorf("what is in it is not told: %v", err)
	}

	_, files := archive(t, bytes.NewReader(first))
	if got := strings.TrimSpace(string(files["oci-layout"])); !strings.Contains(got, `"imageLayoutVersion"`) {
		t.Error(got)
	}
	outer := read[struct{ Manifests []descriptor }](t, files["index.json"])
	if len(outer.Manifests) != 1 || outer.Manifests[0].Annotations["org.opencontainers.image.ref.name"] == "" {
		t.Fatalf("%+v", outer)
	}
	index := read[struct{ Manifests []descriptor }](t, blob(t, files, outer.Manifests[0]))
	named := []string{"oci-layout", "index.json", "blobs/", "blobs/sha256/", "blobs/sha256/" + strings.TrimPrefix(outer.Manifests[0].Digest, "sha256:")}
	commit := strings.TrimSpace(run(t, ".", "git", "rev-parse", "HEAD"))
	var platforms []string
	for _, m := range index.Manifests {
		platforms = append(platforms, m.Platform.OS+"/"+m.Platform.Architecture)
		manifest := read[struct {
			Config descriptor
			Layers []descriptor
		}](t, blob(t, files, m))
		config := read[imageConfig](t, blob(t, files, manifest.Config))
		c := config.Config
		if config.Architecture != m.Platform.Architecture || c.User != "65532:65532" || c.StopSignal != "SIGTERM" || c.Labels["org.opencontainers.image.revision"] != commit || c.Labels["org.opencontainers.image.version"] == "" || config.Created.Unix() <= 0 || len(c.Volumes) != 1 {
			t.Errorf("%+v", config)
		}
		if len(manifest.Layers) != 1 || len(config.RootFS.DiffIDs) != 1 {
			t.Fatalf("%+v", manifest)
		}
		packed, err := gzip.NewReader(bytes.NewReader(blob(t, files, manifest.Layers[0])))
		if err != nil {
			t.Fatal(err)
		}
		plain, err := io.ReadAll(packed)
		if err != nil {
			t.Fatal(err)
		}
		if sum := sha256.Sum256(plain); "sha256:"+hex.EncodeToString(sum[:]) != config.RootFS.DiffIDs[0] {
			t.Error("the layer is not what the configuration says")
		}
		for _, d := range []descriptor{m, manifest.Config, manifest.Layers[0]} {
			named = append(named, "blobs/sha256/"+strings.TrimPrefix(d.Digest, "sha256:"))
		}
		headers, inside := archive(t, bytes.NewReader(plain))
		machine := map[string]string{"amd64": "\x3e\x00", "arm64": "\xb7\x00"}[config.Architecture]
		if program := inside["usr/bin/holdfast"]; len(program) < 20 || string(program[18:20]) != machine {
			t.Error("the program is not for", config.Architecture)
		}
		trusted(t, inside["etc/ssl/certs/ca-certificates.crt"])
		if config.Architecture == runtime.GOARCH {
			inhabit(t, headers, inside, config)
		}
	}
	if !slices.Equal(platforms, []string{"linux/amd64", "linux/arm64"}) {
		t.Error(platforms)
	}
	for name := range files {
		if !slices.Contains(named, name) {
			t.Error("nobody names", name)
		}
	}
}

// trusted reads whom to trust on the web.
func trusted(t *testing.T, text []byte) {
	t.Helper()
	n, known := 0, false
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		n++
		known = known || c.Subject.CommonName == "ISRG Root X1"
	}
	if n < 100 || !known {
		t.Error(n, "authorities, Let's Encrypt's among them:", known)
	}
}

// inhabit unpacks the file system and runs its program in it, as the user that the image says.
func inhabit(t *testing.T, headers []*tar.Header, inside map[string][]byte, config imageConfig) {
	t.Helper()
	root := t.TempDir()
	if err := os.Chmod(root, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, h := range headers {
		path := filepath.Join(root, h.Name)
		var err error
		if h.Typeflag == tar.TypeDir {
			err = os.Mkdir(path, 0o700)
		} else {
			err = os.WriteFile(path, inside[h.Name], 0o600)
		}
		if err = errors.Join(err, os.Chown(path, h.Uid, h.Gid), os.Chmod(path, h.FileInfo().Mode())); err != nil {
			t.Fatal(err)
		}
		if h.Uid == 0 && h.Name != "tmp/" && h.Mode&0o022 != 0 || h.Uid != 0 && h.Name != "var/lib/holdfast/" {
			t.Error(h.Name, "can be changed by who runs there")
		}
	}
	enter := func(args ...string) *exec.Cmd {
		return &exec.Cmd{Path: config.Config.Entrypoint[0], Args: append(slices.Clone(config.Config.Entrypoint), args...), Dir: config.Config.WorkingDir, Env: config.Config.Env, SysProcAttr: &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: 65532, Gid: 65532}}}
	}
	for args, want := range map[string]string{"version": config.Config.Labels["org.opencontainers.image.version"], "assess --help": "--fail-on"} {
		out, err := enter(strings.Fields(args)...).CombinedOutput()
		if err != nil || !strings.Contains(string(out), want) {
			t.Errorf("%s: %v: %s", args, err, out)
		}
	}
	// What it does when nobody says anything, on a free port; it ends when it is told to.
	args := slices.Clone(config.Config.Cmd)
	at := slices.Index(args, ":8470")
	if at < 1 || args[at-1] != "--listen" {
		t.Fatal(args)
	}
	args[at] = ":0"
	cmd := enter(append(args, "--agents", "")...)
	var wrong bytes.Buffer
	cmd.Stderr = &wrong
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || !regexp.MustCompile(`^Serving on https://localhost:\d+/\n$`).MatchString(line) {
		t.Errorf("%q %v %s", line, err, wrong.String())
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err, wrong.String())
	}
}
