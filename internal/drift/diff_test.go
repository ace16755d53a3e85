package drift_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"holdfast.example/holdfast/internal/drift"
	"holdfast.example/holdfast/internal/fact"
)

// The types of a fact that has each mark once.
type (
	host struct {
		fact.Gaps `json:"gaps,omitempty"`
		Uptime    int               `json:"uptime" drift:"-"`
		Users     []user            `json:"users,omitempty"`
		Rules     []rule            `json:"rules,omitempty" drift:"ordered"`
		Listeners []listener        `json:"listeners,omitempty"`
		Running   map[string]string `json:"running,omitempty" drift:"except=kernel.random"`
		Headers   []header          `json:"headers,omitempty" drift:"only=content- server"`
		Files     []string          `json:"files,omitempty" drift:"line"`
		Boot      boot              `json:"boot"`
	}
	user struct {
		Name   string `json:"name" drift:"key"`
		Shell  string `json:"shell,omitempty"`
		Last   string `json:"last,omitempty" drift:"-"`
		Aging  *aging `json:"aging,omitempty"`
		Source string `json:"source" drift:"line"`
	}
	aging struct {
		Max int `json:"max"`
	}
	rule struct {
		Module string `json:"module" drift:"key"`
		Args   string `json:"args,omitempty"`
	}
	listener struct {
		Address string `json:"address" drift:"key"`
		Port    int    `json:"port" drift:"key"`
		PID     int    `json:"pid" drift:"-"`
	}
	header struct {
		Name  string `json:"name" drift:"key"`
		Value string `json:"value" drift:"nonce"`
	}
	boot struct {
		Mode string `json:"mode,omitempty"`
	}
)

func shape(t testing.TB, of any) *drift.Shape {
	t.Helper()
	s, err := drift.ShapeOf(reflect.TypeOf(of))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func form(t testing.TB, v any) []byte {
	t.Helper()
	data, err := fact.Canonical(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func sample() host {
	return host{Uptime: 5, Boot: boot{"uefi"}, Files: []string{"/etc/a:1", "/etc/b:2"},
		Users:     []user{{Name: "root", Shell: "/bin/bash", Last: "today", Source: "/etc/passwd:1"}, {Name: "erika", Shell: "/bin/sh", Source: "/etc/passwd:2"}},
		Rules:     []rule{{"pam_unix.so", ""}, {"pam_deny.so", ""}, {"pam_permit.so", ""}},
		Listeners: []listener{{"0.0.0.0", 22, 100}, {"::", 22, 100}},
		Running:   map[string]string{"net.ipv4.ip_forward": "0", "kernel.random.entropy": "256"},
		Headers:   []header{{"content-security-policy", "script-src 'nonce-abc'"}, {"date", "now"}, {"server", "nginx"}}}
}

func TestDiff(t *testing.T) {
	for rule, tc := range map[string]struct {
		change func(*host)
		want   []drift.Change
	}{
		"nothing is no difference":              {func(*host) {}, nil},
		"volatile fields are never one":         {func(h *host) { h.Uptime, h.Users[0].Last, h.Listeners[0].PID = 9, "tomorrow", 7 }, nil},
		"nor is the order of a list":            {func(h *host) { slices.Reverse(h.Users); slices.Reverse(h.Listeners); slices.Reverse(h.Files) }, nil},
		"nor a line that moved in its file":     {func(h *host) { h.Users[1].Source, h.Files[0] = "/etc/passwd:9", "/etc/a:77" }, nil},
		"nor a nonce":                           {func(h *host) { h.Headers[0].Value = "script-src 'nonce-xyz'" }, nil},
		"nor an element that is left out":       {func(h *host) { h.Running["kernel.random.entropy"] = "1"; h.Headers[1].Value = "then" }, nil},
		"nor what could not be seen":            {func(h *host) { h.Gaps.Note("users", &fact.Problem{Cause: fact.Denied}) }, nil},
		"a field of an element":                 {func(h *host) { h.Users[1].Shell = "/bin/zsh" }, []drift.Change{{Path: "users[erika].shell", Sort: drift.Changed, Before: "/bin/sh", After: "/bin/zsh"}}},
		"a field that comes":                    {func(h *host) { h.Users[1].Aging = &aging{90} }, []drift.Change{{Path: "users[erika].aging", Sort: drift.Added, After: `{"max":90}`}}},
		"another file":                          {func(h *host) { h.Users[1].Source = "/etc/extra:2" }, []drift.Change{{Path: "users[erika].source", Sort: drift.Changed, Before: "/etc/passwd", After: "/etc/extra"}}},
		"an element that comes":                 {func(h *host) { h.Users = slices.Insert(h.Users, 0, user{Name: "toor", Source: "/etc/passwd:1"}) }, []drift.Change{{Path: "users[toor]", Sort: drift.Added, After: `{"name":"toor","source":"/etc/passwd"}`}}},
		"an element that goes":                  {func(h *host) { h.Listeners = h.Listeners[:1] }, []drift.Change{{Path: "listeners[:: 22]", Sort: drift.Removed, Before: `{"address":"::","port":22}`}}},
		"the last element that goes":            {func(h *host) { h.Listeners = nil }, []drift.Change{{Path: "listeners[0.0.0.0 22]", Sort: drift.Removed, Before: `{"address":"0.0.0.0","port":22}`}, {Path: "listeners[:: 22]", Sort: drift.Removed, Before: `{"address":"::","port":22}`}}},
		"a plain value in a list":               {func(h *host) { h.Files = append(h.Files, "/etc/[x]:3") }, []drift.Change{{Path: `files[/etc/\[x\]]`, Sort: drift.Added, After: "/etc/[x]"}}},
		"a map":                                 {func(h *host) { h.Running["net.ipv4.ip_forward"] = "1" }, []drift.Change{{Path: "running[net.ipv4.ip_forward]", Sort: drift.Changed, Before: "0", After: "1"}}},
		"an object":                             {func(h *host) { h.Boot.Mode = "" }, []drift.Change{{Path: "boot", Sort: drift.Removed, Before: `{"mode":"uefi"}`}}},
		"the order where it means something":    {func(h *host) { h.Rules[1], h.Rules[2] = h.Rules[2], h.Rules[1] }, []drift.Change{{Path: "rules(order)", Sort: drift.Moved, Before: `["pam_unix.so","pam_deny.so","pam_permit.so"]`, After: `["pam_unix.so","pam_permit.so","pam_deny.so"]`}}},
		"an element that comes moves no others": {func(h *host) { h.Rules = slices.Insert(h.Rules, 0, rule{"pam_exec.so", "x"}) }, []drift.Change{{Path: "rules[pam_exec.so]", Sort: drift.Added, After: `{"args":"x","module":"pam_exec.so"}`}}},
		"what turns the line is quoted":         {func(h *host) { h.Users[0].Shell = "/bin/\u202esh\x1b[2J" }, []drift.Change{{Path: "users[root].shell", Sort: drift.Changed, Before: "/bin/bash", After: `"/bin/\u202esh\x1b[2J"`}}},
	} {
		t.Run(rule, func(t *testing.T) {
			h := sample()
			tc.change(&h)
			got, err := drift.Diff(form(t, sample()), form(t, h), shape(t, host{}))
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tc.want, got); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
		})
	}
}

// Elements that share their names are told apart by what they hold.
func TestDiffDoubles(t *testing.T) {
	b, a := sample(), sample()
	b.Users = []user{{Name: "toor", Shell: "1"}, {Name: "toor", Shell: "2"}}
	a.Users = []user{{Name: "toor", Shell: "2"}, {Name: "toor", Shell: "3"}}
	got, err := drift.Diff(form(t, b), form(t, a), shape(t, host{}))
	if err != nil || len(got) != 2 || got[0].Path == got[1].Path {
		t.Fatal(got, err)
	}
	for _, c := range got {
		if !strings.HasPrefix(c.Path, "users[toor]#") {
			t.Errorf("got %+v", c)
		}
	}
}

func TestLongValuesStayDifferent(t *testing.T) {
	b, a := sample(), sample()
	b.Users[0].Shell, a.Users[0].Shell = strings.Repeat("x", 5000)+"1", strings.Repeat("x", 5000)+"2"
	got, err := drift.Diff(form(t, b), form(t, a), shape(t, host{}))
	if err != nil || len(got) != 1 || got[0].Before == got[0].After || len(got[0].After) > 300 {
		t.Fatal(got, err)
	}
}

func TestMerge(t *testing.T) {
	b, a := sample(), sample()
	a.Users[0].Shell = "/bin/zsh"
	a.Users = append(a.Users, user{Name: "toor"})
	a.Rules[0], a.Rules[1] = a.Rules[1], a.Rules[0]
	a.Listeners = a.Listeners[:1]
	s := shape(t, host{})
	all, err := drift.Diff(form(t, b), form(t, a), s)
	if err != nil || len(all) != 4 {
		t.Fatal(all, err)
	}
	for mask := range 1 << len(all) {
		var left []string
		taken := map[string]bool{}
		for i, c := range all {
			if taken[c.Path] = mask&(1<<i) != 0; !taken[c.Path] {
				left = append(left, c.Path)
			}
		}
		merged, err := drift.Merge(form(t, b), form(t, a), s, func(p string) bool { return taken[p] })
		if err != nil {
			t.Fatal(err)
		}
		rest, err := drift.Diff(merged, form(t, a), s)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, c := range rest {
			got = append(got, c.Path)
		}
		if d := cmp.Diff(left, got); d != "" {
			t.Errorf("taken %v: -want +got:\n%s", taken, d)
		}
	}
}

func TestTagsThatMeanNothing(t *testing.T) {
	for _, v := range []any{
		struct {
			A []string `json:"a" drift:"key"`
		}{},
		struct {
			A string `json:"a" drift:"never"`
		}{},
		struct {
			A string `json:"a" drift:"ordered"`
		}{},
		struct {
			A string `json:"a" drift:"except=x"`
		}{},
	} {
		if s, err := drift.ShapeOf(reflect.TypeOf(v)); err == nil {
			t.Errorf("%T is taken: %+v", v, s)
		}
	}
}

// A field that a later version brings is no difference until the next approval.
func TestUpgradeOfHoldfast(t *testing.T) {
	type old struct {
		A string `json:"a"`
	}
	type young struct {
		A string `json:"a"`
		B int    `json:"b"`
		C []user `json:"c"`
	}
	b, err := drift.Approve("prod/web-1", "x/1", "", form(t, old{"1"}), nil, shape(t, old{}))
	if err != nil {
		t.Fatal(err)
	}
	got, err := b.Against(form(t, young{"1", 5, []user{{Name: "root"}}}), shape(t, young{}))
	if err != nil || len(got) != 0 {
		t.Fatal(got, err)
	}
	got, err = b.Against(form(t, young{"2", 5, nil}), shape(t, young{}))
	if err != nil || len(got) != 1 || got[0].Path != "a" {
		t.Fatal(got, err)
	}
	if b, err = b.Taking(form(t, young{"2", 5, nil}), shape(t, young{}), func(string) bool { return true }); err != nil || string(b.Data) != `{"a":"2"}` {
		t.Fatal(string(b.Data), err)
	}
}

// FuzzDiff: a fact does not differ from itself in any order; the differences of two have paths of their own; and with all of them
// taken over none is left.
func FuzzDiff(f *testing.F) {
	a := sample()
	f.Add(form(f, a), form(f, host{}))
	a.Rules[0], a.Rules[1] = a.Rules[1], a.Rules[0]
	a.Users = append(a.Users, a.Users...)
	f.Add(form(f, a), form(f, sample()))
	f.Add([]byte(`{"users":[{"name":"a"},{"name":"a"},1,"",null,[]],"files":["[","]","\\"]}`), []byte(`{"users":{"x":1},"files":[""],"rules":[{},{"module":"m"},{"module":"m"}]}`))
	f.Add([]byte(`{"running":{"a":"1","b":{"c":[1,[2]]}}}`), []byte(`[]`))
	typed := shape(f, host{})
	f.Fuzz(func(t *testing.T, before, after []byte) {
		for _, s := range []*drift.Shape{typed, nil} {
			steady, err := drift.Steady(before, s)
			if err != nil {
				continue
			}
			if again, err := drift.Steady(steady, s); err != nil || string(again) != string(steady) {
				t.Fatalf("steady twice: %s, %s, %v", steady, again, err)
			}
			if own, err := drift.Diff(before, before, s); err != nil || len(own) > 0 {
				t.Fatalf("%s differs from itself: %+v, %v", before, own, err)
			}
			all, err := drift.Diff(before, after, s)
			if err != nil {
				continue
			}
			seen := map[string]bool{}
			for _, c := range all {
				if seen[c.Path] {
					t.Fatalf("two differences at %s: %+v", c.Path, all)
				}
				seen[c.Path] = true
			}
			merged, err := drift.Merge(before, after, s, func(string) bool { return true })
			if err != nil {
				t.Fatal(err)
			}
			if rest, err := drift.Diff(merged, after, s); err != nil || len(rest) > 0 {
				t.Fatalf("all of\n%s\nto\n%s\ntaken over gives\n%s, which differs: %+v, %v", before, after, merged, rest, err)
			}
			kept, err := drift.Merge(before, after, s, func(string) bool { return false })
			if err != nil {
				t.Fatal(err)
			}
			if rest, err := drift.Diff(before, kept, s); err != nil || len(rest) > 0 {
				t.Fatalf("nothing taken over gives\n%s, which differs: %+v, %v", kept, rest, err)
			}
		}
	})
}

// BenchmarkDiff compares the packages of a host, 900 of them, of which three differ. Baseline in docs/design/014-drift.md.
func BenchmarkDiff(b *testing.B) {
	type pkg struct {
		Name    string `json:"name" drift:"key"`
		Version string `json:"version"`
		Arch    string `json:"arch" drift:"key"`
	}
	type list struct {
		Packages []pkg `json:"packages"`
	}
	var l list
	for i := range 900 {
		l.Packages = append(l.Packages, pkg{fmt.Sprintf("package-%d", i), "1.2.3-4", "amd64"})
	}
	before := form(b, l)
	for _, i := range []int{1, 400, 800} {
		l.Packages[i].Version = "1.2.4-1"
	}
	after, s := form(b, l), shape(b, list{})
	b.ReportAllocs()
	for b.Loop() {
		if c, err := drift.Diff(before, after, s); err != nil || len(c) != 3 {
			b.Fatal(c, err)
		}
	}
}

var seen = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func follow(b drift.Baseline, changes []drift.Change, before []drift.Open, at time.Time, why string) []drift.Open {
	return drift.Follow([]drift.Look{{b, changes, at, func(drift.Change) string { return why }}}, before)
}

func TestFollow(t *testing.T) {
	b := drift.Baseline{Subject: "prod/web-1", Kind: "accounts/1"}
	one := drift.Change{Path: "users[root].shell", Sort: drift.Changed, Before: "/bin/bash", After: "/bin/zsh"}
	uid := drift.Change{Path: "users[root].uid", Sort: drift.Changed, Before: "0", After: "1"}
	first := follow(b, []drift.Change{one, uid}, nil, seen, "")
	if len(first) != 2 || first[0].Group != "accounts:users[root]" || first[1].Group != "accounts:users[root]" {
		t.Fatalf("all of one element is one group: %+v", first)
	}
	later := seen.Add(time.Hour)
	if d := cmp.Diff(first, follow(b, []drift.Change{one, uid}, first, later, "a window")); d != "" {
		t.Errorf("what stood before stays as it was: %s", d)
	}
	again := one
	again.After = "/bin/sh"
	gid := drift.Change{Path: "users[root].gid", Sort: drift.Changed, Before: "0", After: "7"}
	want := []drift.Open{
		{Subject: b.Subject, Kind: b.Kind, Change: gid, FirstSeen: later, Group: "accounts:users[root].gid"}, // it does not join what may be decided
		{Subject: b.Subject, Kind: b.Kind, Change: again, FirstSeen: later, Group: "accounts:users[root]"},
		first[1],
	}
	if d := cmp.Diff(want, follow(b, []drift.Change{gid, again, uid}, first, later, "")); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

func TestGroups(t *testing.T) {
	b := drift.Baseline{Subject: "prod/web-1", Kind: "packages/1"}
	var changes []drift.Change
	for i := range 10 {
		changes = append(changes, drift.Change{Path: fmt.Sprintf("packages[p%d amd64].version", i), Sort: drift.Changed, Before: "1", After: fmt.Sprint(i + 2)})
	}
	changes = append(changes, drift.Change{Path: "packages[nc amd64]", Sort: drift.Added, After: "{}"}, drift.Change{Path: "init", Sort: drift.Changed, Before: "true", After: "false"})
	got := follow(b, changes, nil, seen, "")
	group := got[0].Group
	if !strings.HasPrefix(group, "packages:packages version ") {
		t.Errorf("ten upgrades are %q", group)
	}
	for _, o := range got[:10] {
		if o.Group != group {
			t.Errorf("%s is in %s, not %s", o.Path, o.Group, group)
		}
	}
	if got[10].Group != "packages:packages[nc amd64]" || got[11].Group != "packages:init" {
		t.Errorf("got %+v", got[10:])
	}
	less := follow(b, changes[:2], got, seen.Add(time.Hour), "")
	if less[0].Group != group || less[1].Group != group {
		t.Errorf("what is left of a group keeps its name: %+v", less)
	}
}

// What came under one name in several facts has one cause; what merely changed under it has not, nor what went.
func TestGroupsByName(t *testing.T) {
	look := func(kind, path string, sort drift.Sort) drift.Look {
		return drift.Look{Baseline: drift.Baseline{Subject: "prod/web-1", Kind: kind}, At: seen, Changes: []drift.Change{{Path: path, Sort: sort, Before: "1", After: "2"}}}
	}
	got := drift.Follow([]drift.Look{
		look("packages/1", "packages[nginx amd64]", drift.Added), look("services/1", "units[nginx.service]", drift.Added), look("filesystems/1", "homes[toor]", drift.Added),
		look("accounts/1", "users[toor]", drift.Added), look("sudo/1", "aliases[toor]", drift.Removed), look("pam/1", "services[nginx].mode", drift.Changed),
	}, nil)
	var groups []string
	for _, o := range got {
		groups = append(groups, o.Group)
	}
	if d := cmp.Diff([]string{"services:units[nginx.service]", "services:units[nginx.service]", "accounts:users[toor]", "accounts:users[toor]", "sudo:aliases[toor]", "pam:services[nginx]"}, groups); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

func TestUpgraded(t *testing.T) {
	p := drift.Packages{List: "packages", Version: "version", Guarded: []string{"repositories", "settings"},
		Newer: func(a, b string) bool { return b > a }, Offered: func(name, version string) bool { return name != "local amd64" }}
	up := drift.Change{Path: "packages[openssl amd64].version", Sort: drift.Changed, Before: "1", After: "2"}
	down := drift.Change{Path: "packages[curl amd64].version", Sort: drift.Changed, Before: "2", After: "1"}
	local := drift.Change{Path: "packages[local amd64].version", Sort: drift.Changed, Before: "1", After: "2"}
	came := drift.Change{Path: "packages[nc amd64]", Sort: drift.Added, After: "{}"}
	held := drift.Change{Path: "packages[vim amd64].hold", Sort: drift.Added, After: "true"}
	vim := drift.Change{Path: "packages[vim amd64].version", Sort: drift.Changed, Before: "1", After: "2"}
	all := []drift.Change{up, down, local, came, held, vim}
	is := drift.Upgraded(all, p)
	for _, c := range all {
		if got := is(c) != ""; got != (c == up) {
			t.Errorf("%+v: expected is %t", c, got)
		}
	}
	for _, where := range []string{"repositories[https://evil.example x]", "repositories[https://deb.example x].signed_by", "settings[APT::x]", "repositories(order)"} {
		if drift.Upgraded(append(all, drift.Change{Path: where, Sort: drift.Added}), p)(up) != "" {
			t.Errorf("an upgrade is expected while %s differs", where)
		}
	}
	if drift.Upgraded(all, drift.Packages{List: "packages"})(up) != "" {
		t.Error("an upgrade is expected though nothing is known of packages")
	}
}

func TestApprovals(t *testing.T) {
	var all []drift.Approval
	for i := range 3 {
		var last *drift.Approval
		if i > 0 {
			last = &all[i-1]
		}
		a, err := drift.Approval{At: seen, Subject: "prod/web-1", Reason: fmt.Sprint(i)}.Sealed(last)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, a)
	}
	if err := drift.Verify(all); err != nil {
		t.Fatal(err)
	}
	data, _ := json.Marshal(all)
	var back []drift.Approval
	if err := json.Unmarshal(data, &back); err != nil || drift.Verify(back) != nil {
		t.Errorf("written and read it is broken: %v", err)
	}
	for what, change := range map[string]func([]drift.Approval) []drift.Approval{
		"changed":   func(a []drift.Approval) []drift.Approval { a[1].Reason = "x"; return a },
		"taken out": func(a []drift.Approval) []drift.Approval { return slices.Delete(a, 1, 2) },
		"exchanged": func(a []drift.Approval) []drift.Approval { a[0], a[1] = a[1], a[0]; return a },
	} {
		if drift.Verify(change(slices.Clone(all))) == nil {
			t.Errorf("%s: nobody tells", what)
		}
	}
}

// Without the same parts nothing can be compared, but for those that say nothing of what is.
func TestComparable(t *testing.T) {
	type parted struct {
		fact.Gaps `json:"gaps,omitempty" drift:"except=updates"`
		A         string `json:"a"`
	}
	s := shape(t, parted{})
	b, err := drift.Approve("prod/web-1", "x/1", "", form(t, parted{A: "1"}), []string{"shadow", "updates"}, s)
	if err != nil || !slices.Equal(b.Missing, []string{"shadow"}) {
		t.Fatal(b.Missing, err)
	}
	for _, tc := range []struct {
		missing []string
		want    string
	}{
		{[]string{"shadow"}, ""},
		{[]string{"updates", "shadow"}, ""},
		{[]string{"shadow", "passwd"}, "x was approved with passwd, which could not be seen now"},
		{nil, "x was approved without shadow, which can be seen now; approve it anew"},
	} {
		if got := b.Comparable(tc.missing, s); got != tc.want {
			t.Errorf("missing %v: got %q, want %q", tc.missing, got, tc.want)
		}
	}
}
