package pam

import (
	"bytes"
	"os"
	"slices"
	"testing"

	"holdfast.example/holdfast/catalog"
	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host/hosttest"
)

func archive(t testing.TB, name string) hosttest.Host {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name + ".txtar")
	if err != nil {
		t.Fatal(err)
	}
	return hosttest.Txtar(data)
}

func verdicts(t *testing.T, f PAM, want map[*check.Check][]string) {
	t.Helper()
	cat, err := check.LoadCatalogue(catalog.FS)
	if err != nil {
		t.Fatal(err)
	}
	for c, keys := range want {
		r := check.Judge(c, cat, check.Fails("", f).Facts, nil, check.ExampleNow)[0]
		var got []string
		for _, v := range r.Violations {
			got = append(got, v.Key)
		}
		if !slices.Equal(got, keys) || r.Verdict == check.Unknown || r.Verdict == check.Error {
			t.Errorf("%s: %s %s %v, want %v", c.ID, r.Verdict, r.Detail, got, keys)
		}
	}
}

func TestDebian(t *testing.T) {
	f := hosttest.Observe(Source, archive(t, "debian")).(PAM)
	if len(f.Gaps) != 0 || len(f.Services) != 19 || f.Passwords == nil || !*f.Passwords {
		t.Errorf("%d services, gaps %v", len(f.Services), f.Gaps)
	}
	var modules []string
	for _, r := range f.stack("su", "auth") {
		modules = append(modules, r.Control+" "+r.Module+" "+r.Source)
	}
	want := []string{"sufficient pam_rootok.so /etc/pam.d/su:6", "[success=1 default=ignore] pam_unix.so /etc/pam.d/common-auth:17",
		"requisite pam_deny.so /etc/pam.d/common-auth:19", "required pam_permit.so /etc/pam.d/common-auth:23", "optional pam_cap.so /etc/pam.d/common-auth:25"}
	if !slices.Equal(modules, want) {
		t.Errorf("stack of su %q, want %q", modules, want)
	}
	verdicts(t, f, map[*check.Check][]string{
		EmptyPasswords: {"file:/etc/pam.d/common-auth"}, PasswordLength: {"file:/etc/pam.d/common-password"}, Lockout: {"file:/etc/pam.d/common-auth"},
		SuGroup: {"service:su"}, SecondFactor: {"service:sshd"}, HashScheme: nil, OpenDoor: nil, Rhosts: nil, ExecPassword: nil, ModulePath: nil, FileMode: nil,
	})
}

func TestRedHat(t *testing.T) {
	f := hosttest.Observe(Source, archive(t, "redhat")).(PAM)
	if len(f.Gaps) != 0 || *f.Passwords || f.Quality["minlen"].Value != "16" || f.Quality["minclass"].Value != "4" {
		t.Errorf("gaps %v, quality %v", f.Gaps, f.Quality)
	}
	if n := len(f.stack("sshd", "auth")); n != 5 {
		t.Errorf("the stack of sshd has %d rules", n)
	}
	verdicts(t, f, map[*check.Check][]string{ // accounts of the directory have passwords
		EmptyPasswords: {"file:/etc/pam.d/password-auth", "file:/etc/pam.d/system-auth"}, PasswordLength: nil, PasswordClasses: nil, Lockout: nil, LockoutTime: nil,
		PasswordHistory: {"file:/etc/pam.d/system-auth"}, HashScheme: nil, OpenDoor: nil, ModulePath: nil,
	})
}

func TestOneFileForAll(t *testing.T) {
	f := hosttest.Observe(Source, hosttest.Host{Files: map[string]string{"/etc/pam.conf": "sshd auth required pam_unix.so nullok \\\n  try_first_pass # x\nOTHER auth required pam_deny.so\n"}}).(PAM)
	if len(f.Services) != 2 || f.Services[0].Name != "other" || len(f.stack("sshd", "auth")) != 1 || !f.stack("sshd", "auth")[0].has("try_first_pass") {
		t.Errorf("%+v", f)
	}
}

func TestLoopEnds(t *testing.T) {
	h := hosttest.Host{Files: map[string]string{"/etc/pam.d/a": "@include b\nauth required pam_unix.so\n", "/etc/pam.d/b": "@include a\nauth include /srv/c\nauth what\n", "/srv/c": "auth substack /srv/c\nauth required pam_deny.so"}}
	f := hosttest.Observe(Source, h).(PAM)
	if n := len(f.stack("a", "auth")); n != 2 {
		t.Errorf("%d rules, want 2", n)
	}
	if _, ok := f.Gaps[PartServices]; !ok {
		t.Error("a line without a module is no gap")
	}
}

func TestNoPAM(t *testing.T) {
	f := hosttest.Observe(Source, hosttest.Host{Files: map[string]string{"/etc/shadow": "root:*::0:::::\n"}}).(PAM)
	if len(f.Services) != 0 || len(f.Gaps) != 0 {
		t.Errorf("%+v", f)
	}
}

func FuzzParse(f *testing.F) {
	for _, name := range []string{"debian", "redhat"} {
		h := archive(f, name)
		f.Add(h.Files["/etc/pam.d/su"], h.Files["/etc/pam.d/system-auth"]+h.Files["/etc/pam.d/common-auth"], h.Files["/etc/security/pwquality.conf"])
	}
	f.Add("-auth [success=1 default=ignore] pam_unix.so [a b=\\]c] \\\n", "@include su\nauth include su", "minlen=1")
	f.Fuzz(func(t *testing.T, su, common, quality string) {
		h := hosttest.Host{Files: map[string]string{"/etc/pam.d/su": su, "/etc/pam.d/common-auth": common, "/etc/security/pwquality.conf": quality, "/etc/login.defs": quality}}
		p := hosttest.Observe(Source, h).(PAM)
		first, err := fact.Canonical(p)
		if err != nil {
			t.Fatal(err)
		}
		back, err := Source.Decode(first)
		if err != nil {
			t.Fatal(err)
		}
		if second, err := fact.Canonical(back); err != nil || !bytes.Equal(first, second) {
			t.Fatalf("written and read again it differs:\n%s\n%s", first, second)
		}
		p.stack("su", "auth")
	})
}
