package sshd

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/check/checktest"
	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
	"holdfast.example/holdfast/internal/host/hosttest"
)

func TestChecks(t *testing.T) {
	checktest.Run(t, Source, []*check.Check{RootLogin, EmptyPasswords, Hostbased, SecondFactor, AllowList,
		LoginGrace, MaxSessions, KeepAlive, Forwarding, GatewayPorts, X11Forwarding, UserEnvironment, StrictModes,
		LogLevel, PAM, Banner, GSSAPI, KeyCommand, Ciphers, MACs, KeyExchange, HostKeys, UserCA})
}

// observe reads a daemon from files alone, as on a file tree.
func observe(files map[string]string) Config {
	files["/usr/sbin/sshd"] = ""
	return hosttest.Observe(Source, hosttest.Host{Files: files}).(Config)
}

func TestFirstValueWinsAcrossIncludes(t *testing.T) {
	c := observe(map[string]string{
		"/etc/ssh/sshd_config":             "Include /etc/ssh/sshd_config.d/*.conf\r\nPermitRootLogin yes\r\nport 22\nPort 2222\n",
		"/etc/ssh/sshd_config.d/10-a.conf": "permitrootlogin=no # inline\nAllowUsers \"a b\" c\\\"d\n",
		"/etc/ssh/sshd_config.d/20-b.conf": "PermitRootLogin yes\n",
	})
	if got, want := c.Options["permitrootlogin"], (Option{Values: []string{"no"}, Source: "/etc/ssh/sshd_config.d/10-a.conf:1"}); !cmp.Equal(got, want) {
		t.Errorf("permitrootlogin: %s", cmp.Diff(want, got))
	}
	if got := c.Options["port"].Values; !cmp.Equal(got, []string{"22", "2222"}) {
		t.Errorf("port: %v", got)
	}
	if got := c.Options["allowusers"].Values; !cmp.Equal(got, []string{"a b", `c"d`}) {
		t.Errorf("allowusers: %q", got)
	}
}

func TestIncludeInsideMatchBelongsToTheBlock(t *testing.T) {
	c := observe(map[string]string{
		"/etc/ssh/sshd_config":        "PermitRootLogin no\nMatch User backup\n  Include extra/*.conf\nMatch all\nX11Forwarding no\n",
		"/etc/ssh/extra/backup.conf":  "PasswordAuthentication yes\n",
		"/etc/ssh/sshd_config.d/none": "",
	})
	if len(c.Matches) != 1 || c.Matches[0].Options["passwordauthentication"].Values[0] != "yes" {
		t.Errorf("matches: %+v", c.Matches)
	}
	if c.Value("passwordauthentication") != "yes" || c.Value("x11forwarding") != "no" {
		t.Error("Match all must end the block")
	}
}

func TestCyclicIncludeEnds(t *testing.T) {
	c := observe(map[string]string{"/etc/ssh/sshd_config": "Include /etc/ssh/sshd_config\nPermitRootLogin no\n"})
	if _, ok := c.Gaps["config"]; !ok {
		t.Error("a cyclic include must be a gap")
	}
}

func TestDeniedConfigurationIsAGap(t *testing.T) {
	h := hosttest.Host{Files: map[string]string{"/usr/sbin/sshd": "", mainFile: ""},
		Problems: map[string]*fact.Problem{mainFile: {Cause: fact.Denied, Source: mainFile}}}
	c := hosttest.Observe(Source, h).(Config)
	if c.Gaps["config"].Cause != fact.Denied {
		t.Errorf("gaps: %v", c.Gaps)
	}
}

func TestEffectiveWins(t *testing.T) {
	h := hosttest.Host{
		Files: map[string]string{"/usr/sbin/sshd": "", mainFile: "PermitRootLogin yes\n"},
		Outputs: map[string]string{
			"sshd-effective":      "port 22\npermitrootlogin no\nciphers a,b\n",
			"sshd-effective-root": "port 22\npermitrootlogin yes\nciphers a,b\n",
		},
	}
	c := hosttest.Observe(Source, h).(Config)
	if c.Value("permitrootlogin") != "no" || c.Root["permitrootlogin"].Values[0] != "yes" {
		t.Errorf("%+v %+v", c.Options, c.Root)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("Include /etc/ssh/sshd_config.d/*.conf\nKbdInteractiveAuthentication no\nUsePAM yes\nX11Forwarding yes\nPrintMotd no\nAcceptEnv LANG LC_*\nSubsystem\tsftp\t/usr/lib/openssh/sftp-server\n", "Match User x\nPermitRootLogin yes\n")
	f.Add("Match Address 10.0.0.0/8,!10.1.1.1\n\tInclude sshd_config.d/*.conf", "Include /etc/ssh/sshd_config")
	f.Add("a=\"b\\\"", "\x00\xff'")
	f.Fuzz(func(t *testing.T, main, extra string) {
		h := hosttest.Host{Files: map[string]string{"/usr/sbin/sshd": "", mainFile: main, "/etc/ssh/sshd_config.d/x.conf": extra}}
		one := hosttest.Observe(Source, h)
		a, err := fact.Canonical(one)
		if err != nil {
			t.Fatal(err)
		}
		b, _ := fact.Canonical(hosttest.Observe(Source, h))
		if string(a) != string(b) {
			t.Error("two looks at the same files differ")
		}
		back, err := Source.Decode(a)
		if err != nil {
			t.Fatal(err)
		}
		if again, _ := fact.Canonical(back); string(again) != string(a) {
			t.Errorf("decoding loses content:\n%s\n%s", a, again)
		}
	})
}

var _ = host.Rounds
