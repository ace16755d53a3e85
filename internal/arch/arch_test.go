package arch

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "holdfast.example/holdfast/"

type pkg struct {
	ImportPath string
	Dir        string
	Imports    []string
	GoFiles    []string
}

func (p pkg) name() string { return strings.TrimPrefix(p.ImportPath, module) }

// packages lists the packages of this module by the go command, without tests.
func packages(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Dir,Imports,GoFiles", "./...")
	cmd.Dir = "../.."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []pkg
	dec := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

// core are the packages that judge. Subjects belong to them.
func isCore(name string) bool {
	first := strings.Split(strings.TrimPrefix(name, "internal/"), "/")[0]
	return slices.Contains([]string{"estate", "requirement", "fact", "host", "check", "finding", "run", "usercheck", "subject", "report", "sla", "vuln", "waiver", "sbom", "scanresult", "gosym", "access", "agent", "event", "schedule", "drift", "picture"}, first) &&
		!strings.HasPrefix(name, "internal/check/checktest") && !strings.HasPrefix(name, "internal/host/hosttest")
}

// isAdapter are the packages that touch files and networks. The advisories are one: their feeds come over HTTP and
// their index is mapped from a file; who judges knows them by vuln.Source. The ledger is files, the web answers a network, the
// bus is one, a backup is a file, traces go to a collector, a provider is asked over HTTP, a witness answers.
func isAdapter(name string) bool {
	return strings.HasPrefix(name, "internal/collect/") || strings.HasPrefix(name, "internal/store/") || name == "internal/advisory" || name == "internal/ledger" || name == "internal/web" || strings.HasPrefix(name, "internal/bus/") || name == "internal/backup" || name == "internal/trace" || name == "internal/oidc" || name == "internal/witness"
}

func TestCoreDoesNoIO(t *testing.T) {
	reasons := map[string]string{
		"net":          "judging must be replayable on recorded facts; what needs the network is a collector",
		"net/http":     "judging must be replayable on recorded facts; what needs the network is a collector",
		"os":           "judging must be replayable on recorded facts; what needs files is a collector",
		"os/exec":      "judging runs nothing",
		"database/sql": "the store keeps, the core decides",
		"math/rand":    "two judgements of the same facts must agree",
		"math/rand/v2": "two judgements of the same facts must agree",
		"syscall":      "facts come from collectors",
	}
	for _, p := range packages(t) {
		if !isCore(p.name()) {
			continue
		}
		for _, i := range p.Imports {
			if why, bad := reasons[i]; bad {
				t.Errorf("%s imports %s: %s", p.name(), i, why)
			}
		}
	}
}

func TestCoreReadsNoClock(t *testing.T) {
	for _, p := range packages(t) {
		if !isCore(p.name()) {
			continue
		}
		each(t, p, func(f *ast.File, fset *token.FileSet) {
			ast.Inspect(f, func(n ast.Node) bool {
				if s, ok := n.(*ast.SelectorExpr); ok {
					if x, ok := s.X.(*ast.Ident); ok && x.Name == "time" && (s.Sel.Name == "Now" || s.Sel.Name == "Since" || s.Sel.Name == "Until") {
						t.Errorf("%s: time.%s: time is an argument, so that --now and replays can set it", fset.Position(s.Pos()), s.Sel.Name)
					}
				}
				return true
			})
		})
	}
}

func TestSubjectsStandAlone(t *testing.T) {
	allowed := []string{"internal/check", "internal/fact", "internal/estate", "internal/host", "internal/vuln", "internal/vuln/version"}
	for _, p := range packages(t) {
		name := p.name()
		if !strings.HasPrefix(name, "internal/subject/") || name == "internal/subject/all" {
			continue
		}
		own := strings.Join(strings.Split(name, "/")[:3], "/")
		for _, i := range p.Imports {
			rest, ours := strings.CutPrefix(i, module)
			if ours && !slices.Contains(allowed, rest) && !strings.HasPrefix(rest, own) {
				t.Errorf("%s imports %s: a subject knows check, fact, host, estate and vuln only, so that dropping one is one folder; what spans subjects goes by claims", name, rest)
			}
		}
	}
}

func TestAdaptersStandAlone(t *testing.T) {
	pure := []string{"internal/collect/sshconf"}
	for _, p := range packages(t) {
		for _, i := range p.Imports {
			rest, ours := strings.CutPrefix(i, module)
			if !ours || !isAdapter(rest) || slices.Contains(pure, rest) {
				continue
			}
			if p.name() != "internal/app" && !strings.HasPrefix(p.name(), rest) && !strings.HasPrefix(rest, p.name()) {
				t.Errorf("%s imports %s: only app wires adapters, so that each can be replaced alone", p.name(), rest)
			}
		}
	}
}

func TestHeavyDependenciesHaveOneHome(t *testing.T) {
	homes := map[string][]string{
		"golang.org/x/crypto/ssh":        {"internal/collect/ssh"},
		"modernc.org/sqlite":             {"internal/store/relational"},
		"github.com/jackc/pgx":           {"internal/store/relational"},
		"github.com/pressly/goose":       {"internal/store/relational"},
		"cel.dev/cel-go":                 {"internal/usercheck"},
		"github.com/spf13/cobra":         {"internal/cli"},
		"github.com/pquerna/otp":         {"internal/web"},
		"github.com/danielgtaylor/huma":  {"internal/web"},
		"github.com/rickar/cal":          {"internal/sla"},
		"github.com/google/osv-scalibr":  {"internal/collect/inventory"},
		"go.opentelemetry.io":            {"internal/trace"},
		"golang.org/x/crypto/acme":       {"internal/app"},
		"github.com/nats-io/nats-server": {"internal/bus/hub"},
		"github.com/coreos/go-oidc":      {"internal/oidc"},
		"golang.org/x/oauth2":            {"internal/oidc"},
		"github.com/zitadel/oidc":        {"internal/oidc/oidctest"}, // which tests alone import
		"github.com/nats-io/nats.go":     {"internal/bus/hub", "internal/bus/link"},
	}
	for _, p := range packages(t) {
		for _, i := range p.Imports {
			for dep, where := range homes {
				if (i == dep || strings.HasPrefix(i, dep+"/")) && !slices.Contains(where, p.name()) {
					t.Errorf("%s imports %s: its home is %v, so that its cost and its changes stay in one place", p.name(), i, where)
				}
			}
		}
	}
}

// TestNothingIsSkipped: a green run has run every test. The store skips what is about one of its databases alone.
func TestNothingIsSkipped(t *testing.T) {
	for _, p := range packages(t) {
		if p.name() == "internal/need" || p.name() == "internal/store/relational" {
			continue
		}
		files, err := filepath.Glob(filepath.Join(p.Dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		p.GoFiles = nil
		for _, f := range files {
			p.GoFiles = append(p.GoFiles, filepath.Base(f))
		}
		each(t, p, func(f *ast.File, fset *token.FileSet) {
			ast.Inspect(f, func(n ast.Node) bool {
				if c, ok := n.(*ast.CallExpr); ok {
					if s, ok := c.Fun.(*ast.SelectorExpr); ok && isTest(s.X) && slices.Contains([]string{"Skip", "Skipf", "SkipNow"}, s.Sel.Name) {
						t.Errorf("%s: %s: what a test cannot go without is for internal/need to say, so that it fails where everything is to be there", fset.Position(s.Pos()), s.Sel.Name)
					}
				}
				return true
			})
		})
	}
}

func isTest(x ast.Expr) bool {
	switch x := x.(type) {
	case *ast.Ident:
		return slices.Contains([]string{"t", "b", "tb", "f"}, x.Name)
	case *ast.SelectorExpr:
		return isTest(x.Sel)
	}
	return false
}

func TestNothingRegistersItself(t *testing.T) {
	for _, p := range packages(t) {
		each(t, p, func(f *ast.File, fset *token.FileSet) {
			for _, d := range f.Decls {
				if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
					t.Errorf("%s: func init: lists are explicit or generated, so that one can read what is linked", fset.Position(fn.Pos()))
				}
			}
		})
	}
}

func TestEveryPackageSaysWhatItIsFor(t *testing.T) {
	for _, p := range packages(t) {
		doc := false
		each(t, p, func(f *ast.File, _ *token.FileSet) { doc = doc || f.Doc != nil })
		if !doc && len(p.GoFiles) > 0 {
			t.Errorf("%s has no package comment: a stranger must be able to refuse a wrong addition with it", p.name())
		}
	}
}

func TestMainIsSmall(t *testing.T) {
	for _, p := range packages(t) {
		if p.name() != "cmd/holdfast" {
			continue
		}
		each(t, p, func(f *ast.File, fset *token.FileSet) {
			if n := fset.Position(f.End()).Line; n > 60 {
				t.Errorf("main has %d lines, at most 60: what it does belongs to cli or app", n)
			}
		})
	}
}

// TestSizes reports what calls for a design note; it does not fail.
func TestSizes(t *testing.T) {
	for _, p := range packages(t) {
		total := 0
		each(t, p, func(f *ast.File, fset *token.FileSet) {
			n := fset.Position(f.End()).Line
			total += n
			if n > 400 && !ast.IsGenerated(f) {
				t.Logf("%s has %d lines: over 400 calls for a design note", fset.Position(f.Pos()).Filename, n)
			}
		})
		if total > 3000 {
			t.Logf("%s has %d lines: over 3,000 calls for a design note", p.name(), total)
		}
		own := 0
		for _, i := range p.Imports {
			if strings.HasPrefix(i, module) {
				own++
			}
		}
		if own > 12 && p.name() != "internal/subject/all" {
			t.Logf("%s imports %s own packages: over 12 calls for a design note", p.name(), strconv.Itoa(own))
		}
	}
}

func each(t *testing.T, p pkg, f func(*ast.File, *token.FileSet)) {
	t.Helper()
	for _, name := range p.GoFiles {
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		f(file, fset)
	}
}
