package website

import (
	"fmt"
	"slices"
	"strings"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
)

// readers are the methods that need no declaration.
var readers = []string{"GET", "HEAD", "POST", "OPTIONS"}

// Methods keeps methods off that nobody needs.
var Methods = &check.Check{
	ID:    "website-methods",
	Title: "HTTP methods that nobody declared are off",
	Doc:   "TRACE sends back what it was sent, cookies that scripts cannot read among them. PUT, DELETE and the WebDAV methods change files where an application does not expect it. They are tried only where the estate says probe_methods: write, under a condition that never holds.",
	Remedy: "nginx: limit_except GET POST { deny all; }   (it refuses TRACE by itself)\n" +
		"Apache: TraceEnable off, and <LimitExcept GET POST> Require all denied </LimitExcept>\n" +
		"HAProxy: http-request deny deny_status 405 unless { method GET HEAD POST }\n" +
		"Caddy: @odd not method GET HEAD POST and respond @odd 405   Go: mux.HandleFunc(\"GET /path\", ...) refuses the others\n" +
		"Envoy: a route with headers: [{name: \":method\", string_match: {exact: PUT}}] and direct_response: {status: 405}\n" +
		"Tomcat: the default servlet keeps readonly=true, the connector allowTrace=\"false\"; no WebDAV servlet in web.xml\n" +
		"what an API needs: methods: [GET, HEAD, PUT] of its service in the estate",
	Requirements: []string{"A.5.2.10"},
	References:   []string{"RFC 9110 section 9.3.8", "CVE-2004-2320"},
	Needs:        []string{PartMethods},
	Rule: check.On(func(f Fact, declared estate.View, _ check.Params) check.Result {
		if len(f.Methods) == 0 {
			return check.Unseen("no method was tried")
		}
		var vs []check.Violation
		for i, m := range f.Methods {
			if m.Echo {
				vs = append(vs, check.Violation{Key: "method:" + m.Name, Detail: m.Name + " sends back what it was sent", At: fmt.Sprintf("/methods/%d", i)})
			}
		}
		allowed := readers
		if s := declared.Served; s != nil && len(s.Methods) > 0 {
			allowed = append([]string{"OPTIONS"}, s.Methods...)
		}
		number := 0
		for i, m := range f.Methods {
			at := fmt.Sprintf("/methods/%d", i)
			if writes(m.Name) {
				number++
			}
			switch undeclared := !slices.Contains(allowed, m.Name); {
			case undeclared && m.Created:
				vs = append(vs, check.Violation{Key: "method:" + m.Name, Detail: m.Name + " created a file, though it was told not to", At: at, Severity: check.Critical})
			case undeclared && m.takes():
				vs = append(vs, check.Violation{Key: "method:" + m.Name, Detail: fmt.Sprintf("%s is taken (%d), which nobody declared", m.Name, m.Status), At: at})
			}
			if m.Left != "" {
				vs = append(vs, check.Violation{Key: "left:" + m.Name, Detail: m.Name + " created " + m.Left + ", which could not be removed: remove it by hand", At: at})
			}
		}
		for _, m := range f.Allow {
			// mod_dav names TRACE where TraceEnable is off: what was tried, and refused, is off.
			if slices.ContainsFunc(f.Methods, func(t Method) bool { return t.Name == m && !writes(m) && t.Status >= 400 && !t.Echo }) {
				continue
			}
			if !slices.Contains(allowed, m) && !slices.ContainsFunc(vs, func(v check.Violation) bool { return v.Key == "method:"+m }) {
				vs = append(vs, check.Violation{Key: "method:" + m, Detail: "it says that it takes " + m + ", which nobody declared", At: "/allow"})
			}
		}
		seen := "TRACE and TRACK are refused"
		if number > 0 {
			seen += fmt.Sprintf("; %d methods that write are off or declared", number)
		}
		if len(f.Allow) > 0 {
			seen += "; it says that it takes " + strings.Join(f.Allow, ", ")
		}
		return check.Failed(seen, vs)
	}),
	Examples: []check.Example{
		check.Passes("refused", tried(nil, Method{Name: "TRACE", Status: 405}, Method{Name: "TRACK", Status: 405})),
		check.Passes("a page for everything is no echo", tried(nil, Method{Name: "TRACE", Status: 200})),
		check.Fails("TRACE", tried(nil, Method{Name: "TRACE", Status: 200, Echo: true}), "method:TRACE"),
		check.Fails("WebDAV", tried([]string{"GET", "PUT", "PROPFIND"}, Method{Name: "TRACE", Status: 405}), "method:PUT", "method:PROPFIND"),
		check.Passes("named, but refused", tried([]string{"GET", "TRACE"}, Method{Name: "TRACE", Status: 405})),
		check.Fails("named, and answered", tried([]string{"GET", "TRACE"}, Method{Name: "TRACE", Status: 200}), "method:TRACE"),
		served(check.Passes("declared", tried([]string{"GET", "PUT"}, Method{Name: "TRACE", Status: 405}))),
		served(check.Fails("not declared", tried([]string{"GET", "PUT", "DELETE"}, Method{Name: "TRACE", Status: 405}), "method:DELETE")),
		check.Passes("writing ones refused", tried(nil, Method{Name: "PUT", Status: 405}, Method{Name: "DELETE", Status: 404, Alike: true}, Method{Name: "LOCK", Status: 501}, Method{Name: "CONNECT", Status: 400})),
		check.Passes("all answered as GET is", tried(nil, Method{Name: "PUT", Status: 200, Alike: true}, Method{Name: "PROPFIND", Status: 200, Alike: true})),
		check.Passes("a log-in first", tried(nil, Method{Name: "PUT", Status: 401}, Method{Name: "DELETE", Status: 403}, Method{Name: "PATCH", Status: 302})),
		check.Fails("the condition is heeded", tried(nil, Method{Name: "PUT", Status: 412}, Method{Name: "TRACE", Status: 405}), "method:PUT"),
		check.Fails("WebDAV by trying", tried([]string{"PROPFIND"}, Method{Name: "PROPFIND", Status: 207}, Method{Name: "MKCOL", Status: 409}), "method:PROPFIND", "method:MKCOL"),
		check.Fails("a file was made", tried([]string{"PUT"}, Method{Name: "PUT", Status: 201, Created: true}), "method:PUT"),
		check.Fails("and stays", tried(nil, Method{Name: "PUT", Status: 201, Created: true, Left: "/holdfast-1"}), "method:PUT", "left:PUT"),
		check.Fails("an open proxy", tried(nil, Method{Name: "CONNECT", Status: 200, Tunnel: true}), "method:CONNECT"),
		check.Passes("200 without a tunnel", tried(nil, Method{Name: "CONNECT", Status: 200})),
		served(check.Passes("PUT is declared", tried(nil, Method{Name: "PUT", Status: 201, Created: true}, Method{Name: "DELETE", Status: 405}))),
		served(check.Fails("declared, and what it made stays", tried(nil, Method{Name: "PUT", Status: 201, Created: true, Left: "/holdfast-1"}), "left:PUT")),
		check.Leaves("not tried", sample()),
	},
}

// writes tells the methods that are tried only with leave.
func writes(method string) bool { return method != "TRACE" && method != "TRACK" }

// takes tells whether a status shows that the method does something there. Refusals, log-ins, redirects and what GET
// is answered too show nothing of it.
func (m Method) takes() bool {
	if m.Alike || !writes(m.Name) {
		return false
	}
	if m.Name == "CONNECT" {
		return m.Tunnel
	}
	switch m.Status {
	case 409, 412, 415, 422, 423, 424, 428, 507: // RFC 9110, RFC 4918 section 11, RFC 6585
		return true
	}
	return m.Status >= 200 && m.Status < 300
}

func tried(allow []string, all ...Method) Fact {
	return sampleWith(func(f *Fact) { f.Methods, f.Allow = all, allow })
}
