package sudo

import (
	"bytes"
	"fmt"
	"os"
	"slices"
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

func TestDebian(t *testing.T) {
	h := archive(t, "debian")
	h.Infos = map[string]host.Info{}
	for p := range h.Files {
		h.Infos[p] = host.Info{Mode: 0o440}
	}
	s := hosttest.Observe(Source, h).(Sudo)
	if len(s.Gaps) != 0 || len(s.Files) != 3 || len(s.Rules) != 3 || len(s.Defaults) != 4 {
		t.Fatalf("%+v", s)
	}
	cat, err := check.LoadCatalogue(catalog.FS)
	if err != nil {
		t.Fatal(err)
	}
	for c, want := range map[*check.Check][]string{PasswordForAll: {"user:debian"}, LogFile: {"setting:logfile"}, Authenticates: nil, Timeout: nil,
		OwnPassword: nil, UsePTY: nil, Logs: nil, Environment: nil, SecurePath: nil, Everyone: nil, Negation: nil, Wildcards: nil, Escapes: nil,
		Writable: nil, FileMode: nil, FileReadable: nil} {
		r := check.Judge(c, cat, check.Fails("", s).Facts, nil, check.ExampleNow)[0]
		var got []string
		for _, v := range r.Violations {
			got = append(got, v.Key)
		}
		if !slices.Equal(got, want) || r.Verdict == check.Unknown || r.Verdict == check.Error {
			t.Errorf("%s: %s %s %v, want %v", c.ID, r.Verdict, r.Detail, got, want)
		}
	}
}

func TestGrammar(t *testing.T) {
	s := hosttest.Observe(Source, archive(t, "grammar")).(Sudo)
	if len(s.Gaps) != 0 {
		t.Errorf("gaps %v", s.Gaps)
	}
	var got []string
	for _, d := range s.Defaults {
		got = append(got, fmt.Sprintf("%s|%s|%v|%s|%s", d.Scope, d.Name, d.Off, d.Op, d.Value))
	}
	want := []string{
		"|syslog|false|=|auth", "|runcwd|false|=|~", ">root|set_logname|true||", ":FULLTIMERS|lecture|true||", ":FULLTIMERS|runchroot|false|=|*",
		":millert,dowdy|authenticate|true||", "@SERVERS|log_year|false||", "@SERVERS|logfile|false|=|/var/log/sudo.log", "!/usr/bin/more|noexec|false||",
		"|env_keep|false|+=|COLORS DISPLAY", "|env_keep|false|-=|HOME", "|passprompt|false|=|a, b # c: d",
	}
	if !slices.Equal(got, want) {
		t.Errorf("settings\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	got = nil
	for _, r := range s.Rules {
		line := strings.Join(r.Users, ",") + " on " + strings.Join(r.Hosts, ",") + ":"
		for _, c := range r.Commands {
			line += fmt.Sprintf(" [%s %v %v %s]", c.RunAs, c.Tags, c.Negated, c.Command)
		}
		got = append(got, line)
	}
	want = []string{
		"root on ALL: [ALL [] false ALL]", "%wheel on ALL: [ALL [] false ALL]", "FULLTIMERS on ALL: [ [NOPASSWD] false ALL]", "bostley,jwfox on ALL: [ [] false ALL]",
		"jack on CUNETS: [ [] false ALL]",
		"operator on ALL: [ [] false DUMPS] [ [] false /usr/bin/lpc] [ [] false sudoedit /etc/printcap] [ [] false /usr/oper/bin/]",
		"joe on ALL: [ [] false /usr/bin/su operator]",
		"pete on HPPA: [ [] false /usr/bin/passwd [A-Za-z]*] [ [] true /usr/bin/passwd *root*]",
		"bob on SPARC: [OP [] false ALL]", "bob on SGI: [OP [] false ALL]", "fred on ALL: [DB [NOPASSWD] false ALL]",
		"jen on ALL,!SERVERS: [ [] false ALL]", "jill on SERVERS: [ [] false /usr/bin/] [ [] true SU] [ [] true SHELLS]",
		"matt on valkyrie: [ [] false HALT]", "WEBADMIN on www: [www [] false ALL] [root [] false /usr/bin/su www]",
		"ALL on CDROM: [ [NOPASSWD] false /sbin/umount /CDROM] [ [NOPASSWD] false /sbin/mount -o nosuid,nodev /dev/cd0a /CDROM]",
		"#1000 on ALL: [#0:#0 [NOEXEC NOPASSWD SETENV] false /bin/ls] [#0:#0 [NOEXEC SETENV PASSWD] false /bin/cat a:b=c]",
		`%#20,%:domain users,+staff on ALL: [:adm [] false /usr/bin/id ""] [:adm [] false list]`,
		"long name on ALL: [ [] false /usr/bin/uptime]", `DOMAIN\erika on ALL: [ALL [] false /usr/bin/true]`,
		"tim on ALL: [ [] false /usr/bin/true]", "good on ALL: [ [] false /usr/bin/true]",
	}
	if !slices.Equal(got, want) {
		t.Errorf("rules\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if len(s.Aliases) != 11 || !slices.Equal(s.Aliases[2].Members, []string{"bostley", "jwfox", "crawl"}) || s.Aliases[7].Name != "CUNETS" {
		t.Errorf("aliases %+v", s.Aliases)
	}
	if i := slices.IndexFunc(s.Aliases, func(a Alias) bool { return a.Name == "DUMPS" }); s.Aliases[i].Members[3] != "/home/operator/bin/start_backups" {
		t.Errorf("%+v", s.Aliases[i])
	}
	if len(s.Doas) != 6 || s.Doas[3].Command != "/sbin/rc-service shop restart" || s.Doas[4].Permit || s.Doas[5].Command != "/usr/bin/id" || s.Doas[2].Identity != ":wheel" {
		t.Errorf("doas %+v", s.Doas)
	}
}

// What visudo 1.9.13 takes is no gap.
func TestOddLinesAreRead(t *testing.T) {
	for _, line := range []string{
		"erika ALL=(ALL) NOPASSWD : ALL", "Cmnd_Alias X=/bin/ls \"\"", "erika h1,h2=NOTBEFORE=20260101000000Z TIMEOUT=5m /bin/ls", `erika ALL=/bin/sh -c "a b"`,
		"erika ALL=/bin/x a=b", "erika ALL=(root) sha224:0GomF8mNN3wlDt1HD9XldjJ3SNgpFdbjO1+NsQ==, sha224:0GomF8mNN3wlDt1HD9XldjJ3SNgpFdbjO1+NsQ== /bin/ls", "Defaults secure_path = /sbin:/bin:/usr/sbin:/usr/bin",
		"erika@example.com ALL=(ALL) ALL", `"%domain admins@example.com" ALL=(ALL) ALL`, "erika 2001:db8::1 = ALL", "Host_Alias A = 2001:db8::1 : B = x",
		"erika ALL = /usr/bin/passwd ^[a-z]+$", "erika ALL=(ALL:ALL) ALL, (www-data) /bin/x", "Defaults!CMDS !syslog", "Defaults !lecture,tty_tickets,!fqdn",
		"erika ALL=(ALL)ALL", "erika ALL=!/bin/su", "User_Alias A=b:C=d", "erika ALL = (ALL) SETENV:NOPASSWD:/bin/ls",
	} {
		h := hosttest.Host{Files: map[string]string{"/etc/sudoers": line + "\n"}}
		if s := hosttest.Observe(Source, h).(Sudo); len(s.Gaps) != 0 || len(s.Rules)+len(s.Aliases)+len(s.Defaults) == 0 {
			t.Errorf("%q: %v", line, s.Gaps)
		}
	}
}

func TestBrokenLineIsAGap(t *testing.T) {
	for _, line := range []string{"erika ALL", "erika ALL=", "erika ALL=(root /bin/ls", "User_Alias lower = a", "Defaults", "Defaults:", "erika ALL = what", "@include %h"} {
		h := hosttest.Host{Files: map[string]string{"/etc/sudoers": "root ALL=(ALL) ALL\n" + line + "\n"}}
		if _, ok := hosttest.Observe(Source, h).(Sudo).Gaps[PartSudoers]; !ok {
			t.Errorf("%q is no gap", line)
		}
	}
}

func TestDeniedIncludeIsAGap(t *testing.T) {
	h := archive(t, "debian")
	h.Problems = map[string]*fact.Problem{"/etc/sudoers.d/90-cloud-init-users": {Cause: fact.Denied, Source: "/etc/sudoers.d/90-cloud-init-users"}}
	s := hosttest.Observe(Source, h).(Sudo)
	if _, ok := s.Gaps[PartSudoers]; !ok {
		t.Errorf("gaps %v", s.Gaps)
	}
}

func FuzzParse(f *testing.F) {
	for _, name := range []string{"debian", "grammar"} {
		h := archive(f, name)
		f.Add(h.Files["/etc/sudoers"], h.Files["/etc/doas.conf"])
	}
	f.Add("A ALL=ALL:B=ALL\nUser_Alias A=B\nUser_Alias B=A\n#include /etc/sudoers\n", "permit a")
	f.Fuzz(func(t *testing.T, sudoers, doas string) {
		s := hosttest.Observe(Source, hosttest.Host{Files: map[string]string{"/etc/sudoers": sudoers, "/etc/doas.conf": doas}}).(Sudo)
		first, err := fact.Canonical(s)
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
		s.grants()
	})
}
