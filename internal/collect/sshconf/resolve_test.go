package sshconf

import (
	"errors"
	"path"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func memory(files map[string]string) Glob {
	return func(pattern string) ([]Source, error) {
		var out []Source
		for name, text := range files {
			if ok, _ := path.Match(pattern, name); ok || name == pattern {
				out = append(out, Source{name, text})
			}
		}
		slices.SortFunc(out, func(a, b Source) int {
			if a.Name < b.Name {
				return -1
			}
			return 1
		})
		return out, nil
	}
}

func TestResolve(t *testing.T) {
	const user = "/h/.ssh/config"
	tests := []struct {
		name  string
		files map[string]string
		q     Query
		want  Settings
	}{
		{"first value wins", map[string]string{user: "Host web\n Port 2201\nHost *\n Port 22\n User admin\n"},
			Query{Host: "web"}, Settings{Port: 2201, User: "admin"}},
		{"negation", map[string]string{user: "Host * !web\n User other\nHost web\n User me\n"},
			Query{Host: "web"}, Settings{User: "me"}},
		{"equals sign, quotes and comment", map[string]string{user: "Host=web\nUser = \"a b\" # c\n"},
			Query{Host: "web"}, Settings{User: "a b"}},
		{"hostname token", map[string]string{user: "HostName %h.example.org\n"},
			Query{Host: "web"}, Settings{HostName: "%h.example.org"}},
		{"all identity files", map[string]string{user: "Host web\n IdentityFile ~/.ssh/a\nHost *\n IdentityFile /b\n IdentitiesOnly yes\n"},
			Query{Host: "web"}, Settings{IdentityFiles: []string{"/h/.ssh/a", "/b"}, IdentitiesOnly: true}},
		{"include stays in its block", map[string]string{user: "Host other\n Include conf.d/*\nHost *\n User z\n", "/h/.ssh/conf.d/1": "User wrong\n"},
			Query{Host: "web"}, Settings{User: "z"}},
		{"include applies before what follows", map[string]string{user: "Include conf.d/*\nUser z\n", "/h/.ssh/conf.d/1": "Host web\n User right\nHost x\n Port 1\n"},
			Query{Host: "web"}, Settings{User: "right"}},
		{"match host after hostname", map[string]string{user: "Host web\n HostName 10.0.0.1\nMatch host 10.0.0.*\n User m\nMatch originalhost web\n Port 7\n"},
			Query{Host: "web"}, Settings{HostName: "10.0.0.1", User: "m", Port: 7}},
		{"match exec never runs nor matches", map[string]string{user: "Match exec \"touch /tmp/x\"\n User evil\nMatch !exec true\n User evil\nMatch all\n User ok\n"},
			Query{Host: "web"}, Settings{User: "ok"}},
		{"match negated user", map[string]string{user: "Match !user root\n Port 9\n"},
			Query{Host: "web", LocalUser: "me"}, Settings{Port: 9}},
		{"jump before command", map[string]string{user: "ProxyJump a,b\nProxyCommand nc %h %p\n"},
			Query{Host: "web"}, Settings{ProxyJump: "a,b"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.q.Home = "/h"
			got, err := Resolve(tt.q, []string{user}, memory(tt.files))
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("-want +got\n%s", d)
			}
		})
	}
}

func TestResolveErrors(t *testing.T) {
	for name, files := range map[string]map[string]string{
		"loop":       {"/h/.ssh/config": "Include config\n"},
		"quote":      {"/h/.ssh/config": "User \"a\n"},
		"port":       {"/h/.ssh/config": "Port many\n"},
		"value":      {"/h/.ssh/config": "User\n"},
		"no keyword": {"/h/.ssh/config": "= x\n"},
	} {
		t.Run(name, func(t *testing.T) {
			if s, err := Resolve(Query{Host: "h", Home: "/h"}, []string{"/h/.ssh/config"}, memory(files)); err == nil {
				t.Errorf("no error, settings %+v", s)
			}
		})
	}
	broken := func(string) ([]Source, error) { return nil, errors.New("denied") }
	if _, err := Resolve(Query{}, []string{"/x"}, broken); err == nil {
		t.Error("a file that cannot be read must be an error")
	}
}

func TestExpand(t *testing.T) {
	tok := Tokens{Home: "/h", LocalUser: "me", Original: "web", Host: "10.0.0.1", User: "root", Port: 22}
	got, err := tok.Expand("%d/.ssh/%n-%h-%r-%p-%u%%")
	if want := "/h/.ssh/web-10.0.0.1-root-22-me%"; err != nil || got != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	if _, err := tok.Expand("%C"); err == nil {
		t.Error("an unknown token must be an error")
	}
}

func FuzzResolve(f *testing.F) {
	f.Add("Host web !db\n  HostName %h.example.org\n  IdentityFile \"~/.ssh/a b\"\nMatch host web user x\n Port 22\n", "web")
	f.Add("Include *\nMatch !exec \"x\" all\nUser=a\\ b\n", "*")
	f.Fuzz(func(t *testing.T, text, host string) {
		s, err := Resolve(Query{Host: host, Home: "/h"}, []string{"/h/.ssh/config"}, memory(map[string]string{"/h/.ssh/config": text}))
		if err != nil {
			if d := cmp.Diff(Settings{}, s); d != "" {
				t.Fatalf("an error comes with empty settings: %s", d)
			}
			return
		}
		if s.Port < 0 || s.Port > 65535 {
			t.Fatalf("port %d", s.Port)
		}
	})
}
