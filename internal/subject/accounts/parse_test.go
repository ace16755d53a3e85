package accounts

import (
	"bytes"
	"encoding/binary"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"holdfast.example/holdfast/catalog"
	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
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

func find(t *testing.T, a Accounts, name string) User {
	t.Helper()
	i := slices.IndexFunc(a.Users, func(u User) bool { return u.Name == name })
	if i < 0 {
		t.Fatalf("no account %s", name)
	}
	return a.Users[i]
}

func TestDebian(t *testing.T) {
	h := archive(t, "debian")
	h.Infos = map[string]host.Info{"/home/erika": {Mode: os.ModeDir | 0o755, UID: 1000, GID: 1000}, "/root": {Mode: os.ModeDir | 0o700}}
	h.Files["/var/log/lastlog"] = string(lastlog(1000, 1795000000))
	h.Files["/var/log/wtmp"] = string(utmp("erika", 1795200000)) + string(utmp("guest", 1700000000))
	a := hosttest.Observe(Source, h).(Accounts)
	if len(a.Gaps) != 0 {
		t.Errorf("gaps %v", a.Gaps)
	}
	for name, want := range map[string]Password{
		"root":  {State: PasswordLocked, Source: "/etc/shadow:1"},
		"erika": {State: PasswordHashed, Scheme: "yescrypt"},
		"toor":  {State: PasswordHashed, Scheme: "md5"},
		"guest": {State: PasswordEmpty},
	} {
		got := find(t, a, name).Password
		if got.State != want.State || got.Scheme != want.Scheme || want.Source != "" && got.Source != want.Source {
			t.Errorf("password of %s is %+v, want %+v", name, got, want)
		}
	}
	erika, guest := find(t, a, "erika"), find(t, a, "guest")
	if erika.LastLogin != "2026-11-20" || guest.LastLogin != "2023-11-14" {
		t.Errorf("last log-ins %q and %q", erika.LastLogin, guest.LastLogin)
	}
	if *erika.Aging != (Aging{Changed: "2025-11-08", Min: 1, Max: 365, Warn: 7, Inactive: 30}) || guest.Aging.Expires != "2025-01-01" {
		t.Errorf("aging %+v and %+v", erika.Aging, guest.Aging)
	}
	if erika.HomePlace.Mode != 0o755 || guest.HomePlace.Sort != "missing" {
		t.Errorf("homes %+v and %+v", erika.HomePlace, guest.HomePlace)
	}
	// As ssh-keygen -lf prints them.
	want := []string{
		"erika: erika@laptop ssh-ed25519 0 SHA256:tSakUJjSzpfTmDmklTKPutGvYfYsVl/FcNnJtoje+iU ",
		"erika: erika@laptop ssh-rsa 1024 SHA256:w0CvXuXo/yJ6gWaQNqKf41HDVof0Qp4+V/boSIeHzLc from,command,no-pty",
		"erika: erika@laptop ecdsa-sha2-nistp256 0 SHA256:MsbxR23GkIDDFdz9e/WnLbuc6NP/d4DnpBcXhFvRkyM restrict,cert-authority",
		"postgres: erika@laptop ssh-rsa 2048 SHA256:BCnEekSwBaLX+sNk0MmyMHXLmOXmrlfcDl+f9Wg1X4s ",
		"root: erika@laptop ssh-rsa 3072 SHA256:BZN2TyRnoriD2QJ/aL0By/7diS2udFaqcCMeJMEQdf4 ",
		"toor: erika@laptop ssh-rsa 3072 SHA256:BZN2TyRnoriD2QJ/aL0By/7diS2udFaqcCMeJMEQdf4 ",
	}
	var got []string
	for _, f := range a.KeyFiles {
		for _, k := range f.Keys {
			got = append(got, label(f.Account, k)+" "+k.Type+" "+strconv.Itoa(k.Bits)+" "+k.Fingerprint+" "+strings.Join(k.Options, ","))
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("keys\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if f := a.KeyFiles[0]; len(f.Faulty) != 2 || f.Keys[1].From != "10.0.0.0/8,*.example" {
		t.Errorf("key file %+v", f)
	}
	if a.LoginDefs["ENCRYPT_METHOD"].Value != "SHA512" || len(a.Profile) != 2 || a.Profile[0].Value != "600" {
		t.Errorf("settings %v, profile %+v", a.LoginDefs["ENCRYPT_METHOD"], a.Profile)
	}
	if n := len(Source.Claims(a)); n != 8 {
		t.Errorf("%d claims: %v", n, Source.Claims(a))
	}
	verdicts(t, a, map[*check.Check][]string{
		RootAlone: {"user:toor"}, NoEmptyPassword: {"user:guest"}, StrongHash: {"user:toor"}, SystemShell: {"user:postgres"},
		SystemLogIn: {"user:postgres"}, WeakKeys: {"authorized_key:SHA256:w0CvXuXo/yJ6gWaQNqKf41HDVof0Qp4+V/boSIeHzLc"},
		HomeExists: {"user:guest"}, HomeReadable: {"user:erika"}, HomeWritable: nil, EncryptMethod: nil, SharedKey: nil,
		UniqueNumbers: nil, GroupExists: nil, ShadowGroup: nil, EntryForm: nil, Umask: nil, Timeout: nil,
	})
}

func TestAlpineImageIsClean(t *testing.T) {
	a := hosttest.Observe(Source, archive(t, "alpine")).(Accounts)
	for _, c := range []*check.Check{RootAlone, RootGroup, UniqueNumbers, UniqueGroups, UniqueNames, GroupExists, ShadowGroup,
		GroupPasswords, LegacyEntries, EntryForm, NoEmptyPassword, Shadowed, StrongHash, EncryptMethod, MaxDays, InactiveDays,
		SystemLogIn, SystemShell, Umask, Timeout, WeakKeys, KnownKeys, GenericNames, AdminPerson} {
		verdicts(t, a, map[*check.Check][]string{c: nil})
	}
}

// verdicts judges a fact that was parsed: the wanted keys, or none for a pass.
func verdicts(t *testing.T, a Accounts, want map[*check.Check][]string) {
	t.Helper()
	cat, err := check.LoadCatalogue(catalog.FS)
	if err != nil {
		t.Fatal(err)
	}
	for c, keys := range want {
		x := check.Fails(c.ID, a, keys...)
		r := check.Judge(c, cat, x.Facts, nil, check.ExampleNow)[0]
		var got []string
		for _, v := range r.Violations {
			got = append(got, v.Key)
		}
		if !slices.Equal(got, keys) || r.Verdict == check.Error || r.Verdict == check.Unknown {
			t.Errorf("%s: %s %s %v, want %v", c.ID, r.Verdict, r.Detail, got, keys)
		}
	}
}

func TestEmptyLastlogIsAGap(t *testing.T) {
	h := archive(t, "debian")
	h.Files["/var/log/lastlog"] = ""
	if _, ok := hosttest.Observe(Source, h).(Accounts).Gaps[PartLogins]; !ok {
		t.Error("a lastlog without records says nothing, yet there is no gap")
	}
}

// The lines have the form that lastlog2 of util-linux prints; no Debian 12 has it, so they were not
// taken from a host.
func TestLastlog2(t *testing.T) {
	h := archive(t, "debian")
	h.Infos = map[string]host.Info{"/var/lib/lastlog/lastlog2.db": {Mode: 0o644}}
	if a := hosttest.Observe(Source, h).(Accounts); a.Gaps[PartLogins].Source != "lastlog2" {
		t.Errorf("the database is there, the program is not: %v", a.Gaps)
	}
	h.Outputs["lastlog2"] = "Username         Port     From                                       Latest\n" +
		"root                                                               **Never logged in**\n" +
		"erika            pts/0    10.9.0.7                                   Tue Jul 14 23:04:32 -0200 2026\n"
	a := hosttest.Observe(Source, h).(Accounts)
	if _, gap := a.Gaps[PartLogins]; gap || find(t, a, "erika").LastLogin != "2026-07-15" || find(t, a, "root").LastLogin != "" {
		t.Errorf("erika %q, root %q, gaps %v", find(t, a, "erika").LastLogin, find(t, a, "root").LastLogin, a.Gaps)
	}
}

func TestLoginsOfTheLogOfSSH(t *testing.T) {
	h := archive(t, "debian")
	h.Files["/var/log/auth.log"] = "2027-01-02T23:30:00.123456-02:00 web-1 sshd[812]: Accepted publickey for erika from 10.9.0.7 port 50022 ssh2: ED25519 SHA256:x\n" +
		"Jan  5 02:16:14 web-1 sshd[813]: Accepted publickey for erika from 10.9.0.7 port 50022 ssh2\n" +
		"2027-01-09T00:00:00+00:00 web-1 sshd[814]: Failed password for erika from 10.9.0.7 port 50022 ssh2\n" +
		"2027-01-09T00:00:00+00:00 web-1 app[814]: Accepted publickey for erika from 10.9.0.7\n"
	if got := find(t, hosttest.Observe(Source, h).(Accounts), "erika").LastLogin; got != "2027-01-03" {
		t.Errorf("last log-in %q, want 2027-01-03", got)
	}
}

func TestDeniedShadowIsAGap(t *testing.T) {
	h := archive(t, "debian")
	h.Problems = map[string]*fact.Problem{"/etc/shadow": {Cause: fact.Denied, Source: "/etc/shadow"}}
	a := hosttest.Observe(Source, h).(Accounts)
	if _, ok := a.Gaps[PartShadow]; !ok || find(t, a, "erika").Password.State != "" {
		t.Errorf("gaps %v, password %+v", a.Gaps, find(t, a, "erika").Password)
	}
}

func TestPasswordStates(t *testing.T) {
	for field, want := range map[string]string{
		"": PasswordEmpty, "*": PasswordNone, "!": PasswordLocked, "!!": PasswordLocked, "!*": PasswordLocked, "x": PasswordNone, "*LK*": PasswordNone,
		"$6$salt$hash": PasswordHashed, "!$6$salt$hash": PasswordLocked, "ab1234567890.": PasswordHashed, "$6$": PasswordNone,
	} {
		if got := password(field, fact.Key{}).State; got != want {
			t.Errorf("password %q is %s, want %s", field, got, want)
		}
	}
	one, two := password("$6$salt$hash", fact.NewKey([32]byte{1})), password("$6$salt$hash", fact.NewKey([32]byte{2}))
	if one.Verifier == two.Verifier || one.Verifier == "" || one != password("$6$salt$hash", fact.NewKey([32]byte{1})) {
		t.Error("verifiers do not follow the key")
	}
}

func lastlog(uid int, when uint32) []byte {
	b := make([]byte, (uid+1)*lastlogRecord)
	binary.LittleEndian.PutUint32(b[uid*lastlogRecord:], when)
	return b
}

func utmp(name string, when uint32) []byte {
	b := make([]byte, utmpRecord)
	b[0] = userProcess
	copy(b[utmpUser:], name)
	binary.LittleEndian.PutUint32(b[utmpTime:], when)
	return b
}

func FuzzParse(f *testing.F) {
	for _, name := range []string{"debian", "alpine"} {
		h := archive(f, name)
		f.Add(h.Files["/etc/passwd"], h.Files["/etc/shadow"], h.Files["/etc/group"], h.Files["/etc/profile"], lastlog(3, 1795000000), utmp("erika", 1795200000))
	}
	f.Add("root:x:0:0::/root:\n+::::::\nx:$1$a$b:1:1::/../r:\n", "root:!$y$a:1:2:3:4:5:6:\n", "a:x:1:root,\n", "umask 77; TMOUT='1'", lastlog(0, 1), utmp("root", 5))
	f.Fuzz(func(t *testing.T, passwd, shadow, group, profile string, last, wtmp []byte) {
		h := hosttest.Host{Files: map[string]string{"/etc/passwd": passwd, "/etc/shadow": shadow, "/etc/group": group, "/etc/gshadow": group,
			"/etc/profile": profile, "/etc/login.defs": profile, "/etc/ssh/sshd_config": "AuthorizedKeysFile " + profile,
			"/root/.ssh/authorized_keys": profile, "/var/log/lastlog": string(last), "/var/log/wtmp": string(wtmp)}}
		a := hosttest.Observe(Source, h)
		first, err := fact.Canonical(a)
		if err != nil {
			t.Fatal(err)
		}
		back, err := Source.Decode(first)
		if err != nil {
			t.Fatal(err)
		}
		second, err := fact.Canonical(back)
		if err != nil || !bytes.Equal(first, second) {
			t.Fatalf("written and read again it differs:\n%s\n%s", first, second)
		}
		Source.Claims(a)
	})
}

func FuzzAuthorizedKey(f *testing.F) {
	f.Add(`from="10.0.0.0/8",command="echo \"a, b\"" ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPlrSjTJDfQPxUwyfzEF3sQupPOgStcoGLXIfI2Jf1i1 erika@laptop`)
	f.Add("ssh-dss AAAAB3NzaC1kc3M=")
	f.Fuzz(func(t *testing.T, line string) {
		k, ok := authorizedKey(line)
		if !ok {
			if k.Type != "" || k.Options != nil {
				t.Fatal("an error comes with half a key")
			}
			return
		}
		again, ok := authorizedKey(k.Public + " " + k.Comment)
		if !ok || again.Fingerprint != k.Fingerprint || again.Bits != k.Bits {
			t.Fatalf("%+v reads again as %+v", k, again)
		}
	})
}
