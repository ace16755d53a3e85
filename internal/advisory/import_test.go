package advisory

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// file is one of an archive: its name and content.
type file struct{ name, text string }

func npm(id, pkg, fixed string) string {
	return fmt.Sprintf(`{"id":%q,"modified":"2026-01-01T00:00:00Z","aliases":["CVE-%s"],"affected":[{"package":{"ecosystem":"npm","name":%q},"ranges":[{"type":"SEMVER","events":[{"fixed":%q},{"introduced":"0"}]}]}]}`, id, id, pkg, fixed)
}

func zipped(t testing.TB, files ...file) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range files {
		e, err := w.Create(f.name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := e.Write([]byte(f.text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func tarred(t testing.TB, headers ...tar.Header) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range headers {
		text := h.PAXRecords["text"]
		h.PAXRecords = nil
		h.Mode = 0o644
		if h.Typeflag == 0 {
			h.Typeflag, h.Size = tar.TypeReg, int64(len(text))
		}
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)[:h.Size]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func tarFile(name, text string) tar.Header {
	return tar.Header{Name: name, PAXRecords: map[string]string{"text": text}}
}

func gzipped(b []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, _ = w.Write(b)
	_ = w.Close()
	return out.Bytes()
}

func zstded(t testing.TB, b []byte) []byte {
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return w.EncodeAll(b, nil)
}

// put writes content to a file and gives its path.
func put(t testing.TB, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// ids are the records of a package.
func ids(ix *Index, ecosystem, name string) (out []string) {
	for _, a := range ix.Find(ecosystem, name) {
		fixed := ""
		for _, i := range a.Intervals {
			fixed += " <" + i.Fixed
		}
		out = append(out, a.Record.ID+fixed)
	}
	slices.Sort(out)
	return out
}

const (
	kevLine  = "cveID,vendorProject,product,vulnerabilityName,dateAdded,shortDescription,requiredAction,dueDate,knownRansomwareCampaignUse,notes,cwes\nCVE-2025-48384,Git,Git,\"Git Link, Following\",2025-08-25,x,y,2025-09-15,Known,,\n"
	epssLine = "#model_version:v2025.03.14,score_date:2026-11-23T12:55:00+0000\ncve,epss,percentile\nCVE-2025-48384,0.25,0.9\n"
)

// TestForms: the same record from everything that it may come in.
func TestForms(t *testing.T) {
	one, two := npm("GHSA-1", "left", "2.0.0"), npm("GHSA-2", "right", "3.0.0")
	tars := tarred(t, tarFile("osv/npm/GHSA-1.json", one), tarFile("osv/npm/GHSA-2.json", two), tarFile("kev.csv", kevLine), tarFile("README", "x"))
	folder := t.TempDir()
	for name, text := range map[string]string{"npm/GHSA-1.json": one, "npm/deep/er/GHSA-2.json": two, "package.json": `{"name":"x"}`, "kev.csv": kevLine} {
		if err := errors.Join(os.MkdirAll(filepath.Dir(filepath.Join(folder, name)), 0o755), os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("/etc/passwd", filepath.Join(folder, "link.json")); err != nil {
		t.Fatal(err)
	}
	for name, path := range map[string]string{
		"zip":          put(t, "npm/all.zip", zipped(t, file{"GHSA-1.json", one}, file{"GHSA-2.json", two}, file{"kev.csv", kevLine})),
		"without name": put(t, "x", zipped(t, file{"GHSA-1.json", one}, file{"GHSA-2.json", two}, file{"kev.csv", kevLine})),
		"tar":          put(t, "a.tar", tars),
		"tar.gz":       put(t, "a.tar.gz", gzipped(tars)),
		"tar.zst":      put(t, "a.tar.zst", zstded(t, tars)),
		"array":        put(t, "a.json", []byte("["+one+","+two+"]")),
		"array.gz":     put(t, "a.json.gz", gzipped([]byte("\n[ "+one+",\n"+two+"]\n"))),
		"folder":       folder,
	} {
		t.Run(name, func(t *testing.T) {
			_, ix := imported(t, path)
			if got := ids(ix, "npm", "left"); !slices.Equal(got, []string{"GHSA-1 <2.0.0"}) {
				t.Errorf("left: %q", got)
			}
			if got := ids(ix, "npm", "right"); !slices.Equal(got, []string{"GHSA-2 <3.0.0"}) {
				t.Errorf("right: %q", got)
			}
			if strings.HasPrefix(name, "array") == ix.Exploited("CVE-2025-48384") {
				t.Errorf("KEV: %v", ix.Exploited("CVE-2025-48384"))
			}
			if err := ix.Verify(); err != nil {
				t.Error(err)
			}
		})
	}
	for name, content := range map[string][]byte{"r.json": []byte(one), "r.json.gz": gzipped([]byte(one)), "r": zstded(t, []byte(one))} {
		_, ix := imported(t, put(t, name, content))
		if got := ids(ix, "npm", "left"); !slices.Equal(got, []string{"GHSA-1 <2.0.0"}) {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// TestRefused: what is made to do harm, or cut off, is named, and what was there stays.
func TestRefused(t *testing.T) {
	one := npm("GHSA-1", "left", "2.0.0")
	var link bytes.Buffer
	z := zip.NewWriter(&link)
	h := &zip.FileHeader{Name: "GHSA-9.json"}
	h.SetMode(os.ModeSymlink | 0o777)
	if w, err := z.CreateHeader(h); err != nil {
		t.Fatal(err)
	} else if _, err := w.Write([]byte("/etc/passwd")); err != nil {
		t.Fatal(err)
	}
	_ = z.Close()
	many := make([]file, 60)
	for i := range many {
		many[i] = file{fmt.Sprint(i, ".json"), npm(fmt.Sprint("GHSA-", i), "p", "1")}
	}
	zeros := strings.Repeat(" ", 3<<20)
	whole := zipped(t, many[:20]...)
	wholeTar := gzipped(tarred(t, tarFile("a.json", one), tarFile("b.json", zeros)))
	for name, x := range map[string]struct {
		content []byte
		want    string
	}{
		"../ in a zip":              {zipped(t, file{"../x.json", one}), "leads out of the archive"},
		"hidden ../ in a zip":       {zipped(t, file{"a/../../x.json", one}), "leads out of the archive"},
		"an absolute name in a zip": {zipped(t, file{"/etc/x.json", one}), "leads out of the archive"},
		"a backslash":               {zipped(t, file{`..\x.json`, one}), "leads out of the archive"},
		"a link in a zip":           {link.Bytes(), "link or a device"},
		"too many files":            {zipped(t, many...), "more than 50"},
		"a zip that is a bomb":      {zipped(t, file{"a.json", one}, file{"b.json", zeros}, file{"c.json", zeros}, file{"d.json", zeros}), "unpacks to more than"},
		"a zip cut off":             {whole[:len(whole)-30], "cut off"},
		"../ in a tar":              {gzipped(tarred(t, tarFile("../x.json", one))), "leads out of the archive"},
		"a link in a tar":           {gzipped(tarred(t, tar.Header{Name: "x.json", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"})), "link or a device"},
		"a hard link in a tar":      {zstded(t, tarred(t, tar.Header{Name: "x.json", Typeflag: tar.TypeLink, Linkname: "/etc/passwd"})), "link or a device"},
		"a device in a tar":         {gzipped(tarred(t, tar.Header{Name: "x.json", Typeflag: tar.TypeChar})), "link or a device"},
		"a tar that is a bomb":      {gzipped(tarred(t, tarFile("a.json", zeros), tarFile("b.json", zeros), tarFile("c.json", zeros))), "unpacks to too much"},
		"a tar.gz cut off":          {wholeTar[:len(wholeTar)-20], "cut off"},
		"a list that is a bomb":     {gzipped([]byte("[" + one + strings.Repeat(" ", 9<<20) + "]")), "larger than an import may be"},
		"an array cut off":          {[]byte("[" + one + "," + one[:40]), "cut off"},
		"a zip in gzip":             {gzipped(whole), "no advisories"},
		"gzip in gzip":              {gzipped(gzipped([]byte(one))), "no advisories"},
		"nothing known":             {[]byte("hello"), "no advisories"},
		"nothing":                   {nil, "no advisories"},
		"only corrupt ones":         {zipped(t, file{"a.json", "{"}), "all 1 records are corrupt"},
		"an SBOM":                   {[]byte(`{"bomFormat":"CycloneDX","specVersion":"1.5"}`), "no advisories"},
		"EPSS without probability":  {[]byte("cve,epss,percentile\nCVE-2025-48384,1.5,0.2\n"), "no probability"},
		"KEV with another count":    {[]byte(`{"catalogVersion":"1","count":2,"vulnerabilities":[{"cveID":"CVE-2025-48384","dateAdded":"2025-01-01"}]}`), "announces 2 entries and has 1"},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := imported(t, put(t, "old.json", []byte(npm("GHSA-0", "old", "1"))))
			before := list(t, s)
			s.limits = limits{record: 4 << 20, total: 8 << 20, entries: 50, list: 8 << 20}
			_, err := s.Import(context.Background(), put(t, "x", x.content), now, Options{})
			if err == nil || !strings.Contains(err.Error(), x.want) {
				t.Fatalf("%v, want %q", err, x.want)
			}
			if after := list(t, s); !slices.Equal(after, before) {
				t.Errorf("files before %q, after %q", before, after)
			}
			if got := ids(index(t, s), "npm", "old"); len(got) != 1 {
				t.Errorf("what was there: %q", got)
			}
		})
	}
}

func list(t *testing.T, s *Store) (out []string) {
	t.Helper()
	files, err := os.ReadDir(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		st, err := f.Info()
		if err != nil {
			t.Fatal(err)
		}
		if f.Name() == lockFile {
			continue
		}
		out = append(out, fmt.Sprint(f.Name(), " ", st.Size()))
	}
	return out
}

// TestCorruptRecord: it is named and left out; the rest of the archive counts.
func TestCorruptRecord(t *testing.T) {
	files := []file{{"GHSA-1.json", npm("GHSA-1", "left", "2.0.0")}, {"big.json", `{"id":"x","details":"` + strings.Repeat("a", 5000) + `"}`}, {"LICENSE", "x"}}
	for i := range 30 {
		files = append(files, file{fmt.Sprintf("bad-%02d.json", i), `{"id": `})
	}
	content := zipped(t, files...)
	content[bytes.Index(content, []byte("big.json"))+40] ^= 0xff // its packed bytes are damaged
	s := At(t.TempDir(), orders)
	s.limits.record = 4096
	r, err := s.Import(context.Background(), put(t, "all.zip", content), now, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if r.Corrupt != 31 || len(r.First) != 20 || r.Passed != 1 || r.Feeds[0].Read != 1 {
		t.Errorf("%+v", r)
	}
	if !strings.Contains(r.First[0], "big.json") || !strings.Contains(r.First[1], "bad-00.json") {
		t.Errorf("named: %q", r.First)
	}
	if got := ids(index(t, s), "npm", "left"); len(got) != 1 {
		t.Errorf("%q", got)
	}
}
