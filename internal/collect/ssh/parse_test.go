package ssh

import (
	"os/exec"
	"path"
	"strings"
	"testing"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
)

func TestQuote(t *testing.T) {
	for _, s := range []string{"", "a", "it's", "$(id)", "`id`", `a\b`, "a\nb", "-n", "'", "''", `"$HOME"`, "*", "é\xff", " "} {
		for _, shell := range []string{"dash", "bash", "sh"} {
			if _, err := exec.LookPath(shell); err != nil {
				continue
			}
			out, err := exec.Command(shell, "-c", "printf '%s|' "+quote(s)).Output()
			if err != nil || string(out) != s+"|" {
				t.Errorf("%s: %q became %q, %v", shell, s, out, err)
			}
		}
	}
}

func TestGlob(t *testing.T) {
	for pattern, want := range map[string]string{
		"/etc/*.conf":        "/'etc'/*'.conf'",
		"/a b/[x-z]?*$(id)":  "/'a b'/*'$(id)'",
		`/it's/\**`:          `/'it'\''s'/'*'*`,
		"/home/*/.ssh/a[12]": "/'home'/*/'.ssh'/'a'*",
		`/[\]x]y`:            "/*'y'",
	} {
		if got, _, ok := glob(pattern); !ok || got != want {
			t.Errorf("%s: got %s, want %s", pattern, got, want)
		}
	}
	if _, _, ok := glob("/a/[b"); ok {
		t.Error("an open class is no pattern")
	}
	_, way, _ := glob("/home/*/.ssh/*")
	if len(way) != 3 || way[0] != (folder{"/'home'", true}) || way[1] != (folder{"/'home'/*", false}) || way[2] != (folder{"/'home'/*/'.ssh'", true}) {
		t.Errorf("folders on the way: %+v", way)
	}
}

func TestParseProbe(t *testing.T) {
	for out, want := range map[string]sudo{
		"0\n": sudoNone,
		"1000\nUser x may run:\n    (ALL : ALL) NOPASSWD: ALL\nsudo-ok\n":                 sudoAll,
		"1000\nUser x may run:\n    (root) NOPASSWD: /usr/bin/cat /etc/shadow\nsudo-ok\n": sudoSome,
		"1000\nUser x may run:\n    (ALL : ALL) ALL\nsudo-ok\n":                           sudoSome,
	} {
		if _, got, ok := parseProbe([]byte(out)); !ok || got != want {
			t.Errorf("%q: %d %v", out, got, ok)
		}
	}
	if _, _, ok := parseProbe([]byte("Welcome!\n0\n")); ok {
		t.Error("a greeting is no user number")
	}
}

func TestWithoutOwn(t *testing.T) {
	ps := []host.Process{
		{PID: 1, Name: "init"}, {PID: 10, Parent: 1, Name: "sshd", Args: []string{"sshd: /usr/sbin/sshd -D [listener] 1 of 10-100 startups"}},
		{PID: 20, Parent: 10, Name: "sshd", Args: []string{"sshd: me [priv]"}}, {PID: 21, Parent: 20, Name: "sshd", Args: []string{"sshd: me@notty"}},
		{PID: 22, Parent: 21, Name: "sh"}, {PID: 23, Parent: 22, Name: "cat"}, {PID: 24, Parent: 21, Name: "find"},
		{PID: 30, Parent: 10, Name: "sshd", Args: []string{"sshd: other@pts/0"}}, {PID: 31, Parent: 30, Name: "bash"},
	}
	var got []int
	for _, p := range withoutOwn(ps, 22) {
		got = append(got, p.PID)
	}
	if len(got) != 4 || got[0] != 1 || got[1] != 10 || got[2] != 30 || got[3] != 31 {
		t.Errorf("left: %v", got)
	}
}

func TestForeign(t *testing.T) {
	got := foreign("1 0 8:1 / / rw - ext4 /dev/sda1 rw\n2 1 0:5 / /proc rw - proc proc rw\n3 1 0:9 / /mnt/a\\040b rw shared:1 - nfs4 s:/x rw\n")
	if len(got) != 2 || got[0] != "/proc" || got[1] != "/mnt/a b" {
		t.Errorf("%q", got)
	}
}

func TestParseWalkIsNotFooled(t *testing.T) {
	out := "W o 7 7 /a\nW s 666 f 7 7 1 2 3 /d/x\nW o 0 0 /y W\nnot a record\nW r 0\nW c 12\n"
	s, err := parseWalk([]byte(out), "find: '/root': Permission denied\n", "W")
	if err != nil || len(s.Files) != 1 || s.Files[0].Path != "/d/x\nW o 0 0 /y" || s.Count != 12 || len(s.Denied) != 1 || len(s.UIDs) != 1 {
		t.Errorf("%+v, %v", s, err)
	}
	if s, _ := parseWalk([]byte("W r 124\nW c 3\n"), "", "W"); s.Err == nil || s.Err.Cause != fact.TimedOut {
		t.Errorf("%v", s.Err)
	}
	if _, err := parseWalk([]byte("W c 3\n"), "", "W"); err == nil {
		t.Error("a walk without its end is none")
	}
}

func FuzzParseLook(f *testing.F) {
	f.Add([]byte("g0\x00r/etc\x00p/etc/passwd\x00l/etc/os-release\x00x/etc/gone\x00g1\x00!d\x00.\x00"), 2)
	f.Add([]byte("g0\x00t\x00d/root\x00w/x\x00!d\x00.\x00"), 1)
	f.Fuzz(func(t *testing.T, out []byte, n int) {
		n = max(0, min(n, 50))
		all, err := parseLook(out, n)
		if len(all) != n {
			t.Fatalf("%d answers to %d", len(all), n)
		}
		for _, l := range all {
			if !l.done && (len(l.entries) > 0 || l.many || l.why != 0) {
				t.Fatalf("an answer that is not done holds something: %+v, %v", l, err)
			}
		}
	})
}

func FuzzParseFetch(f *testing.F) {
	f.Add([]byte("kyn\x00a\x00b\x00W\x00/a\x00W\x00fynsx\x00data\x00N=W\x00q0\x00"), "")
	f.Add([]byte("i5\x00b 5\x00Name:\tsh\nN=W\x00N=W\x00N=W\x00N=W\x00q\x00/proc/5/exe\x00/bin/sh\x00W\x00"), "cat: /proc/5/environ: Permission denied\n")
	f.Add([]byte("out\nW 0 0\n"), "\nW\n")
	f.Fuzz(func(t *testing.T, out []byte, said string) {
		const word = "W"
		// Long inputs only repeat what short ones show.
		if len(out) > 1<<12 || len(said) > 1<<12 {
			return
		}
		in := tokens{out}
		_, err := parseLinks(&in, word, [][]string{{"/x", "/y"}}, map[string]end{})
		ws := []*want{{path: "/a", max: 10}, {path: "/b", max: 10}, {path: "/c", max: 10}, {path: "/d", max: 10}}
		if err == nil && parseFetch(&in, word, ws) == nil {
			for _, w := range ws {
				if !w.done || int64(len(w.data)) > w.max {
					t.Fatalf("%+v", w)
				}
			}
		}
		if ps, _, err := parseProcesses(out, said, word); err != nil && ps != nil {
			t.Fatal("an error comes with no processes")
		}
		cmd := &host.Command{Name: "x", Argv: []string{"x"}}
		parseCommands(result{stdout: out, stderr: said}, word, []order{{cmd, false}, {cmd, true}}, false)
		parseSudo(result{stdout: out, stderr: said}, word, []*want{{path: "/a", max: 10}})
		_, _ = parseWalk(out, said, word)
		parseProbe(out)
		foreign(string(out))
	})
}

func FuzzGlob(f *testing.F) {
	f.Add("/etc/*/[a-b]\\*.conf", "/etc/x/a*.conf")
	f.Fuzz(func(t *testing.T, pattern, p string) {
		word, _, ok := glob(pattern)
		if ok && strings.Contains(stripQuotes(word), "$") {
			t.Fatalf("%q leaves something to the shell: %s", pattern, word)
		}
		if picks(pattern, p) {
			if m, err := path.Match(strings.Trim(pattern, "/"), strings.Trim(p, "/")); host.IsPattern(pattern) && (err != nil || !m) {
				t.Fatalf("%q picks %q", pattern, p)
			}
		}
	})
}

// stripQuotes removes what is quoted.
func stripQuotes(s string) string {
	var out strings.Builder
	in := false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\'':
			in = !in
		case !in && s[i] == '\\':
			i++
		case !in:
			out.WriteByte(s[i])
		}
	}
	return out.String()
}
