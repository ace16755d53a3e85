package host_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
)

var (
	denied  = &fact.Problem{Cause: fact.Denied, Source: "/etc/shadow", How: "sudo cat /etc/shadow"}
	version = &host.Command{Name: "sshd-version", Argv: []string{"sshd", "-V"}}
)

func file(path, text string) host.File {
	return host.File{Info: host.Info{Path: path, Real: path}, Data: []byte(text)}
}

func absent(path string) *fact.Problem { return &fact.Problem{Cause: fact.NotFound, Source: path} }

func notGathered(what string) *fact.Problem {
	return &fact.Problem{Cause: fact.Failed, Source: what, Text: "was not gathered"}
}

func wantProblem(t *testing.T, got, want *fact.Problem) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

// Asking for what was not gathered is a problem: a forgotten need is never a pass, and no absence.
func TestNotGathered(t *testing.T) {
	for name, ev := range map[string]*host.Evidence{"nothing was asked": host.NewEvidence(), "asked, and never answered": asked()} {
		t.Run(name, func(t *testing.T) {
			f := ev.File("/etc/passwd")
			wantProblem(t, f.Err, notGathered("/etc/passwd"))
			if f.Found() || f.Text() != "" || f.Path != "/etc/passwd" {
				t.Errorf("file %+v", f)
			}
			fs, p := ev.Glob("/etc/*.conf")
			wantProblem(t, p, notGathered("/etc/*.conf"))
			if len(fs) > 0 {
				t.Errorf("glob %v", fs)
			}
			_, p = ev.Stat("/etc/passwd")
			wantProblem(t, p, notGathered("/etc/passwd"))
			is, p := ev.StatGlob("/etc/*.conf")
			wantProblem(t, p, notGathered("/etc/*.conf"))
			if len(is) > 0 {
				t.Errorf("stat %v", is)
			}
			o := ev.Output(version)
			wantProblem(t, o.Err, notGathered("sshd -V"))
			if o.Exit == 0 {
				t.Error("a command that did not run has exit code 0")
			}
			ps, p := ev.Processes()
			wantProblem(t, p, notGathered("processes"))
			if len(ps) > 0 {
				t.Errorf("processes %v", ps)
			}
			wantProblem(t, ev.Special().Err, notGathered("walk of the file systems"))
		})
	}
}

// asked is evidence whose transport gave no answer, such as one that was cut off.
func asked() *host.Evidence {
	ev := host.NewEvidence()
	ev.Claim(host.Join(host.Read("/etc/passwd", "/etc/*.conf"), host.Stat("/etc/passwd", "/etc/*.conf"), host.Run(version), host.Processes(), host.Walk()))
	return ev
}

func TestFile(t *testing.T) {
	ev := host.NewEvidence()
	ev.PutMatches(host.OpRead, "/etc/passwd", []string{"/etc/passwd"}, nil)
	ev.PutFile(file("/etc/passwd", "root:x:0"))
	ev.PutMatches(host.OpRead, "/etc/none", nil, nil)
	ev.PutMatches(host.OpRead, "/etc/closed", nil, denied)
	ev.PutMatches(host.OpRead, "/etc/shadow", []string{"/etc/shadow"}, nil)
	ev.PutFile(host.File{Info: host.Info{Path: "/etc/shadow"}, Data: []byte("half of it"), Err: denied})
	ev.PutMatches(host.OpRead, "/etc/ssh/*.conf", []string{"/etc/ssh/b.conf", "/etc/ssh/a.conf"}, nil)
	ev.PutFile(file("/etc/ssh/a.conf", "a"))
	ev.PutMatches(host.OpRead, "/closed/*", nil, denied)
	ev.PutMatches(host.OpStat, "/statted", nil, nil)
	for _, tc := range []struct {
		rule, path, text string
		err              *fact.Problem
	}{
		{"what was read", "/etc/passwd", "root:x:0", nil},
		{"asked for by its name, and not there", "/etc/none", "", absent("/etc/none")},
		{"why it could not be told is kept", "/etc/closed", "", denied},
		{"of a file that could not be read nothing is kept", "/etc/shadow", "", denied},
		{"read by a pattern", "/etc/ssh/a.conf", "a", nil},
		{"a pattern that was answered would have matched it", "/etc/ssh/c.conf", "", absent("/etc/ssh/c.conf")},
		{"matched and not read is not absent", "/etc/ssh/b.conf", "", notGathered("/etc/ssh/b.conf")},
		{"a pattern does not look at names with a dot", "/etc/ssh/.c.conf", "", notGathered("/etc/ssh/.c.conf")},
		{"a pattern does not match deeper", "/etc/ssh/d/c.conf", "", notGathered("/etc/ssh/d/c.conf")},
		{"a pattern that was not answered tells nothing", "/closed/x", "", notGathered("/closed/x")},
		{"status is no content", "/statted", "", notGathered("/statted")},
	} {
		t.Run(tc.rule, func(t *testing.T) {
			f := ev.File(tc.path)
			wantProblem(t, f.Err, tc.err)
			if f.Text() != tc.text || f.Found() != (tc.err == nil) || f.Path != tc.path {
				t.Errorf("got %q at %s, found %v", f.Text(), f.Path, f.Found())
			}
		})
	}
}

func TestGlob(t *testing.T) {
	ev := host.NewEvidence()
	ev.PutMatches(host.OpRead, "/etc/d/*.conf", []string{"/etc/d/b.conf", "/etc/d/a.conf", "/etc/d/c.conf"}, nil)
	ev.PutFile(file("/etc/d/a.conf", "a"))
	ev.PutFile(file("/etc/d/b.conf", "b"))
	ev.PutFile(host.File{Info: host.Info{Path: "/etc/d/c.conf"}, Err: denied})
	ev.PutFile(file("/etc/d/other", "not asked by the pattern"))
	ev.PutMatches(host.OpRead, "/none/*", nil, nil)
	ev.PutMatches(host.OpRead, "/closed/*", nil, denied)
	ev.PutMatches(host.OpStat, "/statted/*", []string{"/statted/b", "/statted/a"}, nil)
	ev.PutStat(host.Info{Path: "/statted/a", UID: 1})
	ev.PutStat(host.Info{Path: "/statted/b", UID: 2})

	fs, p := ev.Glob("/etc/d/*.conf")
	wantProblem(t, p, nil)
	var got []string
	for _, f := range fs {
		got = append(got, fmt.Sprintf("%s %q %v", f.Path, f.Text(), f.Found()))
	}
	if d := cmp.Diff([]string{`/etc/d/a.conf "a" true`, `/etc/d/b.conf "b" true`, `/etc/d/c.conf "" false`}, got); d != "" {
		t.Errorf("ordered by path, -want +got:\n%s", d)
	}
	if fs, p := ev.Glob("/none/*"); len(fs) != 0 || p != nil {
		t.Errorf("a folder that is missing: %v, %v, want an empty list", fs, p)
	}
	_, p = ev.Glob("/closed/*")
	wantProblem(t, p, denied)
	_, p = ev.Glob("/etc/d/*")
	wantProblem(t, p, notGathered("/etc/d/*"))
	_, p = ev.Glob("/statted/*")
	wantProblem(t, p, notGathered("/statted/*"))

	is, p := ev.StatGlob("/statted/*")
	wantProblem(t, p, nil)
	if len(is) != 2 || is[0].Path != "/statted/a" || is[1].UID != 2 {
		t.Errorf("got %+v, want a and b in order", is)
	}
	_, p = ev.StatGlob("/etc/d/*.conf")
	wantProblem(t, p, notGathered("/etc/d/*.conf"))
}

func TestStat(t *testing.T) {
	ev := host.NewEvidence()
	ev.PutMatches(host.OpStat, "/a", []string{"/a"}, nil)
	ev.PutStat(host.Info{Path: "/a", UID: 7})
	ev.PutMatches(host.OpStat, "/none", nil, nil)
	ev.PutMatches(host.OpStat, "/closed", nil, denied)
	ev.PutMatches(host.OpRead, "/read", nil, nil)
	i, p := ev.Stat("/a")
	wantProblem(t, p, nil)
	if i.UID != 7 {
		t.Errorf("got %+v", i)
	}
	for path, want := range map[string]*fact.Problem{"/none": absent("/none"), "/closed": denied, "/read": notGathered("/read")} {
		i, p := ev.Stat(path)
		wantProblem(t, p, want)
		if i.Path != path {
			t.Errorf("the status is of %q, want %s", i.Path, path)
		}
	}
}

func TestAnswers(t *testing.T) {
	ev := host.NewEvidence()
	ev.PutOutput("sshd-version", host.Output{Stdout: []byte("9.2"), Exit: 1})
	ev.PutProcesses([]host.Process{{PID: 1}}, nil)
	ev.PutSpecial(host.Special{Count: 3})
	if o := ev.Output(version); string(o.Stdout) != "9.2" || o.Exit != 1 || o.Err != nil {
		t.Errorf("output %+v", o)
	}
	if ps, p := ev.Processes(); len(ps) != 1 || p != nil {
		t.Errorf("processes %v, %v", ps, p)
	}
	if s := ev.Special(); s.Count != 3 || s.Err != nil {
		t.Errorf("walk %+v", s)
	}
	ev.PutProcesses(nil, denied)
	_, p := ev.Processes()
	wantProblem(t, p, denied)
}

// A file tree does not run: that is another thing than a command that was forgotten.
func TestRootfs(t *testing.T) {
	ev := host.NewEvidence()
	ev.Rootfs = true
	_, p := ev.Processes()
	for _, p := range []*fact.Problem{p, ev.Output(version).Err} {
		if p == nil || p.Cause != fact.Unsupported {
			t.Errorf("got %v, want %s", p, fact.Unsupported)
		}
	}
	wantProblem(t, ev.File("/etc/passwd").Err, notGathered("/etc/passwd"))
}

// Each need is gathered once, whoever asks for it, and however often.
func TestClaim(t *testing.T) {
	ev := host.NewEvidence()
	first := host.Join(host.Read("/a", "/a", "/b"), host.Stat("/a"), host.Run(version), host.Processes(), host.Walk())
	if got := len(ev.Claim(first)); got != 6 {
		t.Errorf("%d needs are fresh, want 6: /a is asked for twice, reading is not stat", got)
	}
	if got := ev.Claim(host.Join(first, host.Read("/c"))); len(got) != 1 || got[0].Pattern != "/c" {
		t.Errorf("asked again, %v is fresh, want /c", got)
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	total := 0
	for range 8 {
		wg.Go(func() {
			n := len(ev.Claim(host.Read("/1", "/2", "/3")))
			mu.Lock()
			defer mu.Unlock()
			total += n
		})
	}
	wg.Wait()
	if total != 3 {
		t.Errorf("asked at once, %d are fresh, want 3", total)
	}
}

func TestNeeds(t *testing.T) {
	want := []host.Need{
		{Op: host.OpRead, Pattern: "/a"}, {Op: host.OpRead, Pattern: "/b/*"}, {Op: host.OpStat, Pattern: "/c"},
		{Op: host.OpRun, Pattern: "sshd-version", Command: version}, {Op: host.OpProcesses}, {Op: host.OpWalk},
	}
	got := host.Join(host.Read("/a", "/b/*"), host.Stat("/c"), host.Run(version), host.Processes(), host.Walk(), nil)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	for p, want := range map[string]bool{"/etc/passwd": false, "/etc/*.conf": true, "/a?": true, "/[ab]": true, `/a\*`: true, "/a]b{c}~$": false, "": false} {
		if host.IsPattern(p) != want {
			t.Errorf("%q: a pattern: %v, want %v", p, !want, want)
		}
	}
}

func TestRefused(t *testing.T) {
	plain := &host.Command{Name: "a", Argv: []string{"ss", "-tln"}}
	root := &host.Command{Name: "b", Argv: []string{"nft", "list", "ruleset"}, Root: true}
	for name, tc := range map[string]struct {
		c           *host.Command
		stderr, err string
		root        bool
		want        fact.Problem
	}{
		"it needs root, and root is not had": {root, "Operation not permitted (you must be root)\n", "exit status 1", false,
			fact.Problem{Cause: fact.Denied, Source: "nft list ruleset", Text: "Operation not permitted (you must be root)", How: "sudo nft list ruleset"}},
		"it needs root, and fails all the same": {root, "no such table\n", "exit status 1", true,
			fact.Problem{Cause: fact.Failed, Source: "nft list ruleset", Text: "no such table"}},
		"it needs no root: root would not help": {plain, "cannot open netlink\n", "exit status 1", false,
			fact.Problem{Cause: fact.Failed, Source: "ss -tln", Text: "cannot open netlink"}},
		"of many lines the first":  {plain, "\n one\ntwo\n", "exit status 2", true, fact.Problem{Cause: fact.Failed, Source: "ss -tln", Text: "one"}},
		"without a word the error": {plain, " \n", "exit status 3", true, fact.Problem{Cause: fact.Failed, Source: "ss -tln", Text: "exit status 3"}},
	} {
		t.Run(name, func(t *testing.T) {
			wantProblem(t, host.Refused(tc.c, tc.stderr, tc.err, tc.root), &tc.want)
			if words := host.Refused(tc.c, tc.stderr, tc.err, tc.root).Error(); strings.Contains(words, "would show it") != (tc.want.How != "") {
				t.Errorf("%q", words)
			}
		})
	}
}
