package website

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
)

// Path is an entry of the catalogue of what should not answer.
type Path struct {
	ID       string         `yaml:"id"`
	Path     string         `yaml:"path"`     // "{random}" stands for a name that nobody has
	Status   []int          `yaml:"status"`   // of the answer; empty means 200
	Contains []string       `yaml:"contains"` // all of them, in the first 64 KiB of the body; after "header: " in a header line
	Lacks    []string       `yaml:"lacks"`    // none of them
	Type     string         `yaml:"type"`     // how Content-Type begins
	SHA256   string         `yaml:"sha256"`   // of the whole body, hex; empty: any
	Sort     string         `yaml:"sort"`     // as Find.Sort
	Handler  string         `yaml:"handler"`  // ending that is executed, of sort handler
	Product  string         `yaml:"product"`
	Severity check.Severity `yaml:"severity"`
	Text     string         `yaml:"text"`
}

// Sorts are the words of Path.Sort.
var Sorts = []string{"sample", "default", "debug", "admin", "source", "secret", "backup", "listing", "handler"}

// Matches tells whether an answer is what the entry looks for. Body and header lines are as sent.
func (p Path) Matches(status int, contentType, head, body string) bool {
	want := p.Status
	if len(want) == 0 {
		want = []int{200}
	}
	has := func(s string) bool {
		if line, ok := strings.CutPrefix(s, "header: "); ok {
			return strings.Contains(head, line)
		}
		return strings.Contains(body, s)
	}
	return slices.Contains(want, status) && strings.HasPrefix(strings.ToLower(contentType), p.Type) && p.is(body) &&
		!slices.ContainsFunc(p.Contains, func(s string) bool { return !has(s) }) && !slices.ContainsFunc(p.Lacks, has)
}

// is tells whether a body is the file that is looked for.
func (p Path) is(body string) bool {
	return p.SHA256 == "" || fmt.Sprintf("%x", sha256.Sum256([]byte(body))) == p.SHA256
}

// found makes the rule on finds of some sorts.
func found(concerns func(Find, estate.View) bool) check.Rule {
	return check.On(func(f Fact, declared estate.View, _ check.Params) check.Result {
		if f.Tried == 0 {
			return check.Unseen("nothing was looked for")
		}
		var vs []check.Violation
		for i, x := range f.Finds {
			if concerns(x, declared) {
				vs = append(vs, check.Violation{Key: "find:" + x.ID, Detail: x.Path + " answers: " + x.Text, At: fmt.Sprintf("/finds/%d", i), Severity: x.Severity})
			}
		}
		return check.Failed(fmt.Sprintf("%d places looked at, nothing there", f.Tried), vs)
	})
}

// Exposed keeps samples, defaults, debug pages and files that nobody meant to publish off the site.
var Exposed = &check.Check{
	ID:    "website-exposed",
	Title: "No sample, default page, debug page, repository, secret or backup answers",
	Doc:   "What the installer or a deployment left behind is the first thing that every scanner of the Internet asks for: passwords in .env, the source in .git, the state of the server in /server-status.",
	Remedy: "take the file or the page away; what has to stay goes behind a log-in or to an internal address\n" +
		"nginx: location ~ /\\.(?!well-known/) { deny all; }   Apache: RedirectMatch 404 /\\.(?!well-known/)   Caddy: file_server { hide .git .env }\n" +
		"HAProxy: http-request deny deny_status 404 if { path_sub /. } !{ path_beg /.well-known/ }   Spring Boot: management.endpoints.web.exposure.include=health\n" +
		"a password or key that could be read is changed, whoever has asked for it until now",
	Requirements: []string{"A.5.2.5"},
	References:   []string{"OWASP WSTG-CONF-04", "CWE-538"},
	Needs:        []string{PartFinds},
	Rule:         found(func(x Find, _ estate.View) bool { return x.Sort != "handler" }),
	Examples: []check.Example{
		check.Passes("nothing", finds()),
		check.Passes("a handler is for the other check", finds(Find{ID: "php", Sort: "handler"})),
		check.Fails("a repository", finds(Find{ID: "git-head", Path: "/.git/HEAD", Status: 200, Sort: "source", Severity: check.High, Text: "the repository"}), "find:git-head"),
		check.Leaves("not looked for", sample()),
	},
}

// Handlers keeps interpreters off that nobody declared.
var Handlers = &check.Check{
	ID:           "website-handlers",
	Title:        "No file handler executes that nobody declared",
	Doc:          "An interpreter that nobody needs runs whatever an attacker manages to upload.",
	Remedy:       "nginx: take the location with fastcgi_pass away   Apache: a2dismod php8.2 cgid include\nTomcat: take the servlet jsp out of conf/web.xml\nwhere it is needed: handlers: [.php] of the service in the estate",
	Requirements: []string{"A.5.2.9"},
	Needs:        []string{PartFinds},
	Rule: found(func(x Find, declared estate.View) bool {
		return x.Sort == "handler" && !(declared.Served != nil && slices.ContainsFunc(declared.Served.Handlers, func(h string) bool { return strings.HasSuffix(x.Path, h) }))
	}),
	Examples: []check.Example{
		check.Passes("nothing", finds()),
		check.Fails("PHP", finds(Find{ID: "handler-php", Path: "/x.php", Status: 404, Sort: "handler", Text: "PHP executes"}), "find:handler-php"),
		served(check.Passes("declared", finds(Find{ID: "handler-php", Path: "/x.php", Status: 404, Sort: "handler"}))),
		served(check.Fails("one that begins alike", finds(Find{ID: "handler-phps", Path: "/x.phps", Status: 404, Sort: "handler"}), "find:handler-phps")),
		served(check.Fails("another one", finds(Find{ID: "handler-jsp", Path: "/x.jsp", Status: 404, Sort: "handler"}), "find:handler-jsp")),
		check.Leaves("not looked for", sample()),
	},
}

func finds(all ...Find) Fact { return sampleWith(func(f *Fact) { f.Tried, f.Finds = 40, all }) }
