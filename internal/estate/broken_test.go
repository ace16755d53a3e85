package estate

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "rewrite the expected problems in testdata/broken")

// TestBroken reads every archive in testdata/broken. A case is some files of one estate and, in a
// file called problems, the exact lines that Parse must tell. The comment on top is the case's reason. Words
// in braces stand for bytes that an archive cannot hold.
func TestBroken(t *testing.T) {
	archives, err := filepath.Glob("testdata/broken/*.txtar")
	if err != nil || len(archives) < 40 {
		t.Fatalf("%d broken estates (%v), want at least 40", len(archives), err)
	}
	bytesFor := strings.NewReplacer("{NOT-UTF-8}", "\xe4", "{CR}", "\r", "{BOM}", "\ufeff", "{NUL}", "\x00", "{TAB}", "\t",
		"{DEEP}", strings.Repeat("[", 60))
	for _, name := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			var files []File
			var want string
			for _, f := range archive.Files {
				if f.Name == "problems" {
					want = string(f.Data)
				} else {
					files = append(files, File{f.Name, []byte(bytesFor.Replace(string(f.Data)))})
				}
			}
			e, problems := Parse(files, Options{Exists: func(path string) bool { return path != "missing.pdf" }})
			var got strings.Builder
			failed := false
			for _, p := range problems {
				fmt.Fprintf(&got, "%s [%s]\n", p, p.Path)
				failed = failed || !p.Warning
			}
			if failed != (e == nil) {
				t.Errorf("an error is told: %v; an estate is returned: %v", failed, e != nil)
			}
			if *update {
				archive.Files = archive.Files[:len(files)]
				archive.Files = append(archive.Files, txtar.File{Name: "problems", Data: []byte(got.String())})
				if err := os.WriteFile(name, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(want, got.String()); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSecretsAreNeverRepeated(t *testing.T) {
	for _, text := range []string{
		"backends: [{name: a, kind: redis, environment: b, credential: {password: hunter2}}]",
		"backends: [{name: a, kind: redis, environment: b, target: 'redis://:hunter2@a.example'}]",
		"backends: [{name: a, kind: redis, environment: b, target: 'redis://u:hunter2@a.example:x'}]",
		"systems: [{name: a, environment: b, target: 'admin.x:hunter2@a.example'}]",
		"systems: [{name: a, environment: b, target: 'https:/u:hun/ter2@a.example'}]",
		"systems: [{name: a, environment: b, target: 'engine:ssh://u:hunter2@a.example'}]",
		"egress: [{application: a, environment: b, allow: ['u:hunter2@a.example:443']}]",
		"egress: [{application: a, environment: b, allow: ['https://u:hunter2@a.example:443']}]",
		"ingress: [{host: 'u:hunter2@a', application: a, environment: b, upstream: ['https://u:hunter2@a%zz']}]",
		"alerts: {channels: [{name: a, kind: webhook, url: 'https://a.example/hunter2', sign: hunter2, token: [hunter2]}]}",
		"siem: {sinks: [{name: a, kind: syslog, address: 'u:hunter2@a.example', query: {url: 'https://u:hunter2@a.example'}}]}",
		"people: [{id: a, keys: ['-----BEGIN PRIVATE KEY----- hunter2']}]",
		"credential: {password: hunter2",
		"credential: {password: *hunter2}",
		"credential: {password: \"hunter2}",
		"password: a: hunter2",
	} {
		_, problems := Parse([]File{{"e.yaml", []byte("organization: a\n" + text)}}, Options{})
		if len(problems) == 0 {
			t.Errorf("nothing wrong with %s", text)
		}
		for _, p := range problems {
			if strings.Contains(p.String()+p.Path, "hunter2") || strings.Contains(p.String(), "ter2") {
				t.Errorf("repeated: %s", p)
			}
		}
	}
}
