package planted

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"holdfast.example/holdfast/internal/app"
	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/report"
)

const estate = `organization: Northwind
people:
  - {id: erika, name: Erika Muster, email: erika@northwind.example, accounts: {standard: erika}}
teams:
  - {name: platform, lead: erika, members: [erika], contact: platform@northwind.example}
environments:
  - {name: prod, stage: production}
  - {name: test, stage: test}
applications:
  - {name: shop, team: platform, management: erika, criticality: high, exposure: internal, environments: [prod, test]}
systems:
`

// keys that differ: one for each host, to log in with and as the host's own.
var own = map[string][2]string{
	"web-1": {"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHuMXBWDHUMTGOv9HFNrWiKYeAU8AIZwOKJMNqLRBjxq", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJewhzbFCuheMy0ll0bLjjQby7O6nlq1EFeNqb3PGFh4"},
	"web-2": {"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIO63+Qo340W3Qx684nEDJIXbrihES18KZfc9I9hjaJ0P", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILP47fsEe8vpIg0EKsb2YZZ9Un87WgVLdm6/BPqJRbRN"},
	"try-1": {"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBevOSn5gg7tbj5M0JgCnQOg1vQiG6MkRUuB2++Cc3ZQ", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIBf2XGxWEfmq2eByInItfkKU6gcT7Prtf6bbKE8rPSg"},
}

// three makes the hosts prod/web-1, prod/web-2 and test/try-1, each with a machine id, keys, hash and
// authority of its own, lets change spoil them, and judges all of them by one estate.
func three(t *testing.T, change func(hosts map[string]tree)) *report.Assessment {
	t.Helper()
	hosts := map[string]tree{}
	text := estate
	for i, name := range []string{"web-1", "web-2", "try-1"} {
		r := clean(t)
		id := "0123456789abcdef"
		r.write("etc/machine-id", strings.Repeat(id[i+1:i+2], 31)+"0\n")
		r.write("home/erika/.ssh/authorized_keys", own[name][0]+" erika@"+name+"\n")
		r.write("etc/ssh/ssh_host_ed25519_key.pub", own[name][1]+" root@"+name+"\n")
		r.remove("etc/ssh/ssh_host_rsa_key.pub")
		r.remove("etc/ssh/ssh_host_rsa_key")
		r.replace("etc/ssh/sshd_config", "HostKey /etc/ssh/ssh_host_rsa_key\n", "")
		r.replace("etc/ssh/sshd_config", "TrustedUserCAKeys /etc/ssh/user_ca.pub\n", "")
		r.replace("etc/shadow", "$X3DX6M94c7o", "$X3DX6M94c"+id[i:i+2])
		r.write("etc/hostname", name+"\n")
		hosts[name] = r
		environment := "prod"
		if name == "try-1" {
			environment = "test"
		}
		text += "  - {name: " + name + ", application: shop, environment: " + environment + `, target: "rootfs:` + r.dir + "\"}\n"
	}
	change(hosts)
	path := filepath.Join(t.TempDir(), "estate.yaml")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return assess(t, app.Options{Estate: path})
}

// shared gives the violations of the environment checks: check and subject to details.
func shared(a *report.Assessment) map[[2]string]string {
	out := map[[2]string]string{}
	for _, r := range a.Results {
		for _, v := range r.Violations {
			if strings.HasPrefix(r.Check, "environment-") {
				out[[2]string{r.Check, r.Subject}] += v.Detail + "\n"
			}
		}
	}
	return out
}

func status(a *report.Assessment, id string) report.Requirement {
	i := slices.IndexFunc(a.Requirements, func(r report.Requirement) bool { return r.ID == id })
	return a.Requirements[i]
}

func TestStagesThatShareNothing(t *testing.T) {
	t.Parallel()
	a := three(t, func(map[string]tree) {})
	for at, detail := range shared(a) {
		t.Errorf("%s on %s: %s", at[0], at[1], detail)
	}
	for _, r := range a.Results {
		if strings.HasPrefix(r.Check, "environment-") && r.Check != "environment-ssh-ca-per-stage" && r.Verdict != check.Pass {
			t.Errorf("%s on %s is %s: %s", r.Check, r.Subject, r.Verdict, r.Detail)
		}
	}
	if s := status(a, "A.5.1.4"); s.Status == "fail" {
		t.Errorf("A.5.1.4 fails: %s", s.Reason)
	}
}

func TestStagesThatShareAMachineAndAKey(t *testing.T) {
	t.Parallel()
	a := three(t, func(hosts map[string]tree) {
		for _, path := range []string{"etc/machine-id", "home/erika/.ssh/authorized_keys"} {
			data, err := os.ReadFile(hosts["web-1"].path(path))
			hosts["web-1"].must(err)
			hosts["try-1"].write(path, string(data))
		}
	})
	got := shared(a)
	for _, id := range []string{"environment-machine-id-once", "environment-authorized-key-per-stage"} {
		for subject, other := range map[string]string{"prod/web-1": "test/try-1", "test/try-1": "prod/web-1"} {
			if detail := got[[2]string{id, subject}]; !strings.Contains(detail, other) {
				t.Errorf("%s on %s does not name %s: %q", id, subject, other, detail)
			}
			delete(got, [2]string{id, subject})
		}
	}
	for at, detail := range got {
		t.Errorf("beside the expected: %s on %s: %s", at[0], at[1], detail)
	}
	for _, id := range []string{"A.5.1.1", "A.5.1.4"} {
		if s := status(a, id); s.Status != "fail" {
			t.Errorf("%s is %s, want fail: %s", id, s.Status, s.Reason)
		}
	}
}

func TestHostKeyOfAClone(t *testing.T) {
	t.Parallel()
	a := three(t, func(hosts map[string]tree) {
		hosts["web-2"].write("etc/ssh/ssh_host_ed25519_key.pub", own["web-1"][1]+" root@image\n")
	})
	got := shared(a)
	if len(got) != 2 || !strings.Contains(got[[2]string{"environment-host-key-once", "prod/web-1"}], "prod/web-2") ||
		!strings.Contains(got[[2]string{"environment-host-key-once", "prod/web-2"}], "prod/web-1") {
		t.Errorf("a host key of two hosts: %v", got)
	}
}
