package script

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"holdfast.example/holdfast/internal/cli"
)

// TestDeadlines: the worked examples of the specification, row by row through the command line: a vulnerability that is
// identified at that time on a system of such an application is due then, and overdue a second later.
func TestDeadlines(t *testing.T) {
	t.Parallel()
	for _, x := range []struct{ identified, calendar, exposure, criticality, severity, releases, due string }{
		{"2026-12-23T15:00:00+01:00", "de-by", "internet", "high", "critical", "", "2026-12-24T22:59:59Z"},
		{"2026-12-24T09:00:00+01:00", "de-by", "internet", "high", "critical", "", "2026-12-28T22:59:59Z"},
		{"2026-11-27T18:30:00+01:00", "de-by", "internet", "high", "critical", "", "2026-11-30T22:59:59Z"},
		{"2026-11-29T23:30:00Z", "de-by", "internet", "high", "critical", "", "2026-12-01T22:59:59Z"},
		{"2027-01-05T23:59:00+01:00", "de-by", "internet", "high", "critical", "", "2027-01-07T22:59:59Z"},
		{"2027-01-05T23:59:00+01:00", "de-be", "internet", "high", "critical", "", "2027-01-06T22:59:59Z"},
		{"2026-04-02T16:00:00+02:00", "de-by", "internet", "high", "critical", "", "2026-04-07T21:59:59Z"},
		{"2026-10-23T12:00:00+02:00", "de-by", "internet", "high", "critical", "", "2026-10-26T22:59:59Z"},
		{"2027-03-25T10:00:00+01:00", "de-by", "internet", "high", "high", "", "2027-04-01T08:00:00Z"},
		{"2027-03-21T02:30:00+01:00", "de-by", "internal", "high", "critical", "", "2027-03-28T01:30:00Z"},
		{"2026-11-23T10:00:00+01:00", "de-by", "internet", "low", "high", "", "2026-12-14T09:00:00Z"},
		{"2026-11-23T10:00:00+01:00", "de-by", "internal", "high", "high", "", "2026-12-23T09:00:00Z"},
		{"2026-11-23T10:00:00+01:00", "de-by", "internal", "medium", "high", "", "2027-01-22T09:00:00Z"},
		{"2026-08-31T12:00:00+02:00", "de-by", "internet", "high", "moderate", "", "2027-02-28T11:00:00Z"},
		{"2026-12-15T08:00:00+01:00", "de-by", "internet", "high", "moderate", "2026-12-15", "2027-06-15T06:00:00Z"},
		{"2026-11-23T10:00:00+01:00", "de-by", "internal", "high", "moderate", "2026-12-15", "2026-12-15T22:59:59Z"},
		{"2026-11-23T10:00:00+01:00", "de-by", "internal", "low", "moderate", "", ""},
	} {
		dir := t.TempDir()
		vector := map[string]string{"critical": "C:H/I:H/A:H", "high": "C:H/I:N/A:N", "moderate": "C:L/I:N/A:N"}[x.severity] // 9.8, 7.5, 5.3
		for name, text := range map[string]string{
			"tree/etc/os-release":      "ID=debian\nVERSION_ID=\"12\"\n",
			"tree/var/lib/dpkg/status": "Package: zlib1g\nStatus: install ok installed\nArchitecture: amd64\nSource: zlib\nVersion: 1:1.2.13.dfsg-1\n",
			"feed.json": `{"id": "DEBIAN-CVE-2026-1", "modified": "2026-01-01T00:00:00Z", "upstream": ["CVE-2026-1"], "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/` + vector + `"}],
				"affected": [{"package": {"ecosystem": "Debian:12", "name": "zlib"}, "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1:1.2.13.dfsg-1+deb12u1"}]}]}]}`,
			"estate.yaml": fmt.Sprintf(`organization: Northwind
timezone: Europe/Berlin
calendar: %s
people: [{id: erika, name: E}]
teams: [{name: checkout, lead: erika, members: [erika]}]
environments: [{name: prod, stage: production}]
applications: [{name: shop, team: checkout, management: erika, criticality: %s, exposure: %s, environments: [prod], releases: [%s]}]
systems: [{name: web-1, application: shop, environment: prod, target: "rootfs:%s/tree"}]
`, x.calendar, x.criticality, x.exposure, x.releases, dir),
		} {
			if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		holdfast := func(want int, args ...string) []byte {
			var out, said bytes.Buffer
			if code := cli.Run(t.Context(), "test", append([]string{"--state", dir + "/state"}, args...), strings.NewReader(""), &out, &said); code != want {
				t.Fatalf("%v: exit code %d, want %d\n%s%s", args, code, want, out.String(), said.String())
			}
			return out.Bytes()
		}
		estate := dir + "/estate.yaml"
		holdfast(0, "advisory", "import", dir+"/feed.json")
		holdfast(1, "assess", "-f", estate, "--now", x.identified, "--only", "vulnerabilities-known")
		overdue := func(at string) (due string, overdue bool) {
			var list struct {
				Findings []struct {
					Due     *time.Time
					Overdue bool
				}
			}
			if err := json.Unmarshal(holdfast(0, "finding", "list", "--all", "--format", "json", "--now", at), &list); err != nil || len(list.Findings) != 1 {
				t.Fatalf("%v: %+v", err, list)
			}
			if f := list.Findings[0]; f.Due != nil {
				return f.Due.Format(time.RFC3339), f.Overdue
			}
			return "", list.Findings[0].Overdue
		}
		due, late := overdue(x.identified)
		if due != x.due || late {
			t.Errorf("%+v: due %q, overdue %v", x, due, late)
		}
		if x.due == "" {
			continue
		}
		if at, err := time.Parse(time.RFC3339, x.due); err != nil {
			t.Fatal(err)
		} else if _, late := overdue(x.due); late {
			t.Errorf("%+v: overdue at the instant itself", x)
		} else if _, late := overdue(at.Add(time.Second).Format(time.RFC3339)); !late {
			t.Errorf("%+v: not overdue a second later", x)
		}
	}
}
