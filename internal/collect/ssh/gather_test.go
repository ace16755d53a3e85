package ssh_test

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"holdfast.example/holdfast/internal/collect/local"
	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
)

type transport interface {
	Gather(context.Context, []host.Need, *host.Evidence) error
}

func gather(t testing.TB, tr transport, needs []host.Need) *host.Evidence {
	t.Helper()
	ev := host.NewEvidence()
	if err := tr.Gather(t.Context(), ev.Claim(needs), ev); err != nil {
		t.Fatal(err)
	}
	return ev
}

// tree makes what a hostile or a careless host may hold.
func tree(t *testing.T) string {
	dir := t.TempDir()
	for _, d := range []string{"d", "d/sub", "e", ".hidden", "closed", "many"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range map[string]string{
		"d/a.conf": "one\n", "d/b.conf": "", "d/.c.conf": "hidden\n", "d/sub/x.conf": "x", "e/a.conf": "no newline",
		"d/it's.conf": "quote\n", "d/two words.conf": "space\n", "d/$(id).conf": "dollar\n", "d/`id`.conf": "tick\n",
		"d/line\nbreak.conf": "newline\n", "d/back\\slash.conf": "b\n", "d/-n.conf": "dash\n", "d/é.conf": "utf8\n", "d/\xff.conf": "latin\n",
		"d/zero.conf": "a\x00b\x00\x00N=\x00", "d/[x].conf": "bracket", "d/*.conf": "star", "big": strings.Repeat("x", 5000),
		"closed/f": "f", "exact": strings.Repeat("y", 4096), ".hidden/a.conf": "h",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 700 {
		if err := os.WriteFile(filepath.Join(dir, "many", strings.Repeat("n", 40)+string(rune('a'+i%26))+strings.Repeat("m", i/26)), []byte{byte(i)}, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for link, target := range map[string]string{
		"link": "d/a.conf", "dangling": "nowhere", "loop": "loop", "dirlink": "d", "abs": filepath.Join(dir, "e/a.conf"),
		"d/up.conf": "../e/a.conf", "d/gone.conf": "nowhere\nelse", "deep": "nodir/nofile", "proc": "/proc/version",
	} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "d/sub/fifo"), 0o644); err != nil {
		t.Fatal(err)
	}
	must(t, os.Chmod(filepath.Join(dir, "d/a.conf"), 0o644|os.ModeSetuid|os.ModeSetgid))
	must(t, os.Chmod(filepath.Join(dir, "e"), 0o777|os.ModeSticky))
	must(t, os.Chown(filepath.Join(dir, "d/b.conf"), 1234, 4321))
	return dir
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func in(dir string, names ...string) []string {
	for i, n := range names {
		names[i] = filepath.Join(dir, n)
	}
	return names
}

// TestSameAsLocal: what is seen over SSH is what is seen on the machine itself.
func TestSameAsLocal(t *testing.T) {
	dir := tree(t)
	reads := in(dir, "d/*.conf", "*/a.conf", "d/*/x.conf", "d/[a-b].conf", "d/[^a].conf", "d/?.conf", "d/.*", "d/it's.conf",
		"d/two words.conf", "d/$(id).conf", "d/`id`.conf", "link", "dangling", "loop", "dirlink/a.conf", "dirlink/*.conf", "abs",
		"d/sub/fifo", "d", "nothing", "nothing/at/all", "link/below", "no*", "nodir/*", "deep", "proc", "many/*", "d/[", "d/\\*.conf", "d/sub/fi*")
	reads = append(reads, "/etc/passwd", "/etc/*.conf", "/proc/sys/kernel/ostype", "/proc/sys/net/ipv4/tcp_*", "/proc/version", "/proc/cmdline",
		"/etc/ssl/certs/*", "/etc/os-release")
	stats := in(dir, "*", "d/*", ".*", "link", "dangling", "loop", "nothing", "d/sub/*", "dirlink/a.conf", "e", "deep")
	stats = append(stats, "/etc/*", "/dev/*", "/", "/bin", "/usr/bin/[a-f]*", "/etc/", "/proc/version", "/tmp")
	needs := host.Join(host.Read(reads...), host.Stat(stats...))
	needs = append(needs, host.Need{Op: host.OpRead, Pattern: filepath.Join(dir, "exact"), Max: 4096},
		host.Need{Op: host.OpRead, Pattern: filepath.Join(dir, "bi[g]"), Max: 4999})

	remote := gather(t, dial(t, newServer(t).options(t)), needs)
	here := gather(t, local.Machine(), needs)
	// The root of each mount may change its size and the table of mounts its content meanwhile.
	// What /proc/self leads to is another process's.
	self := cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".Real" }, cmp.Transformer("self", func(s string) string {
		return regexp.MustCompile(`^(/proc/)[0-9]+/|^/dev/(null|std.*)$`).ReplaceAllString(s, "$1")
	}))
	opt := []cmp.Option{cmpopts.EquateEmpty(), self, cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".Size" }, cmp.Ignore())}
	for _, n := range needs {
		switch n.Op {
		case host.OpRead:
			want, wantErr := here.Glob(n.Pattern)
			got, gotErr := remote.Glob(n.Pattern)
			if d := cmp.Diff(want, got, opt...) + cmp.Diff(wantErr, gotErr); d != "" {
				t.Errorf("read %q: -local +ssh\n%s", n.Pattern, d)
			}
		case host.OpStat:
			want, wantErr := here.StatGlob(n.Pattern)
			got, gotErr := remote.StatGlob(n.Pattern)
			if d := cmp.Diff(want, got, opt...) + cmp.Diff(wantErr, gotErr); d != "" {
				t.Errorf("stat %q: -local +ssh\n%s", n.Pattern, d)
			}
		}
	}
	if f := remote.File(filepath.Join(dir, "exact")); len(f.Data) != 4096 {
		t.Errorf("a file of exactly the limit: %v", f.Err)
	}
	if f := remote.File(filepath.Join(dir, "nothing")); f.Err == nil || f.Err.Cause != fact.NotFound {
		t.Errorf("missing file: %v", f.Err)
	}
}

func TestRefusedPatterns(t *testing.T) {
	tr := dial(t, newServer(t).options(t))
	needs := host.Read("relative", "/a\nb", "/a\x00b", "/proc/kmsg", "/etc/hostname")
	ev := gather(t, tr, needs)
	for _, n := range needs[:4] {
		if f := ev.File(n.Pattern); f.Err == nil || f.Err.Cause == fact.NotFound {
			t.Errorf("%q: %v, want a problem that is not \"not found\"", n.Pattern, f.Err)
		}
	}
	if f := ev.File("/etc/hostname"); f.Err != nil {
		t.Errorf("the others are answered: %v", f.Err)
	}
}

func TestCommands(t *testing.T) {
	echo := &host.Command{Name: "echo", Argv: []string{"printf", `%s|`, "it's", "$(id)", "a b", ""}}
	fails := &host.Command{Name: "fails", Argv: []string{"ls", "/nonexistent-folder"}}
	exits := &host.Command{Name: "exits", Argv: []string{"false"}, Exits: []int{1}}
	missing := &host.Command{Name: "missing", Argv: []string{"no-such-command"}}
	env := &host.Command{Name: "env", Argv: []string{"env"}}
	lots := &host.Command{Name: "lots", Argv: []string{"head", "-c", "80000000", "/dev/zero"}}
	after := &host.Command{Name: "after", Argv: []string{"cat", "/etc/hostname"}}
	needs := host.Run(echo, fails, exits, missing, env, lots, after)
	remote := gather(t, dial(t, newServer(t).options(t)), needs)
	here := gather(t, local.Machine(), needs)
	for _, c := range []*host.Command{echo, fails, exits, missing, after} {
		want, got := here.Output(c), remote.Output(c)
		if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
			t.Errorf("%s: -local +ssh\n%s", c.Name, d)
		}
	}
	if o := remote.Output(lots); o.Err == nil || o.Err.Cause != fact.TooLarge {
		t.Errorf("a command that prints too much: %v", o.Err)
	}
	if got := string(remote.Output(env).Stdout); strings.Contains(got, "SSH_") || !strings.Contains(got, "LC_ALL=C") {
		t.Errorf("environment of a command: %q", got)
	}
}

func TestProcesses(t *testing.T) {
	sshd := newServer(t)
	tr := dial(t, sshd.options(t))
	remote, err := gather(t, tr, host.Processes()).Processes()
	if err != nil {
		t.Fatal(err)
	}
	here, _ := gather(t, local.Machine(), host.Processes()).Processes()
	byPID := map[int]host.Process{}
	for _, p := range remote {
		byPID[p.PID] = p
	}
	parents := map[int]int{}
	for _, p := range slices.Concat(here, remote) {
		parents[p.PID] = p.Parent
	}
	for _, p := range remote { // other tests may have sessions of their own at this moment
		for pid, n := p.Parent, 0; pid > 1 && n < 20; pid, n = parents[pid], n+1 {
			if pid == sshd.cmd.Process.Pid {
				t.Errorf("process of the session or of the collector: %d %q", p.PID, p.Args)
			}
		}
	}
	same := 0
	for _, want := range here {
		got, ok := byPID[want.PID]
		if !ok || want.Parent == 2 {
			continue
		}
		same++
		slices.Sort(want.Sockets)
		slices.Sort(got.Sockets)
		if d := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmpopts.IgnoreFields(host.Process{}, "Sockets")); d != "" && want.PID < os.Getpid() {
			t.Errorf("%d: -local +ssh\n%s", want.PID, d)
		}
	}
	if same == 0 {
		t.Error("no process is seen by both")
	}
	me, ok := byPID[os.Getpid()]
	if !ok || len(me.Sockets) == 0 || me.Exe == "" || me.NetNS == "" || len(me.Environ) == 0 || !slices.Contains(me.Mapped, host.Mapping{Path: me.Exe}) {
		t.Errorf("the test itself: %+v", me)
	}
}

func TestWalk(t *testing.T) {
	dir := tree(t)
	must(t, os.WriteFile(filepath.Join(dir, "open\nworld"), nil, 0o600))
	must(t, os.Chmod(filepath.Join(dir, "open\nworld"), 0o666))
	must(t, os.Mkdir(filepath.Join(dir, "shared folder"), 0o700))
	must(t, os.Chmod(filepath.Join(dir, "shared folder"), 0o777))
	tr := dial(t, newServer(t).options(t))
	got := gather(t, tr, host.Walk()).Special()
	if got.Err != nil {
		t.Fatal(got.Err)
	}
	want := gather(t, local.Machine(), host.Walk()).Special()
	ours := func(is []host.Info) (out []host.Info) {
		for _, i := range is {
			if strings.HasPrefix(i.Path, dir) || strings.HasPrefix(i.Path, "/usr/") {
				out = append(out, i)
			}
		}
		return out
	}
	if d := cmp.Diff(ours(want.Files), ours(got.Files)); d != "" {
		t.Errorf("-local +ssh\n%s", d)
	}
	for id := range want.UIDs {
		if got.UIDs[id] == "" {
			t.Errorf("owner %d (%s) was not seen", id, want.UIDs[id])
		}
	}
	for id := range got.GIDs {
		if want.GIDs[id] == "" {
			t.Errorf("group %d (%s) is not there", id, got.GIDs[id])
		}
	}
	if got.Count < want.Count*9/10 || got.Count > want.Count*11/10 {
		t.Errorf("visited %d, want about %d", got.Count, want.Count)
	}
}

func BenchmarkGather(b *testing.B) {
	tr := dial(b, newServer(b).options(b))
	needs := host.Join(host.Read("/etc/*", "/etc/*.d/*", "/proc/sys/net/ipv4/*"), host.Stat("/etc/*", "/etc/*/*"), host.Processes(),
		host.Run(&host.Command{Name: "uname", Argv: []string{"uname", "-a"}}))
	b.ReportAllocs()
	for b.Loop() {
		gather(b, tr, needs)
	}
}

func BenchmarkDial(b *testing.B) {
	o := newServer(b).options(b)
	for b.Loop() {
		dial(b, o).Close()
	}
}
