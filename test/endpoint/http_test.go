package endpoint

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/tls"
	"expvar"
	"fmt"
	"io"
	"net/http"
	"net/http/pprof"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"holdfast.example/holdfast/internal/need"

	"holdfast.example/holdfast/catalog"
	"holdfast.example/holdfast/internal/subject/website"
	"holdfast.example/holdfast/test/targets"
)

// ofApache starts Apache with everything in order but these lines; what stands for {www} is its folder.
func ofApache(t *testing.T, files map[string]string, lines string) int {
	t.Helper()
	c := authority.Issue(t, targets.Leaf{})
	for name, text := range files {
		targets.Write(t, c.Dir, "www/"+name, text)
	}
	return targets.Apache(t, c, forApache()+apacheGood+strings.ReplaceAll(lines, "{www}", c.Dir+"/www"))
}

// ofNginx starts nginx with everything in order but these lines; what stands for {www} is a folder.
func ofNginx(t *testing.T, files map[string]string, lines string) int {
	t.Helper()
	c := authority.Issue(t, targets.Leaf{})
	for name, text := range files {
		targets.Write(t, c.Dir, "www/"+name, text)
	}
	server := "server { listen 127.0.0.1:%d ssl; root {www}; index page.html; include /etc/nginx/mime.types; default_type application/octet-stream;\n" + forNginx() + nginxGood + lines + " }"
	server = strings.ReplaceAll(server, "{www}", c.Dir+"/www")
	return targets.Start(t, c.Dir, func(port int) *exec.Cmd { return targets.NginxOf(t, c, fmt.Sprintf(server, port)) })
}

func page(text string) map[string]string { return map[string]string{"page.html": text} }

// installed is a page as a package leaves it.
func installed(t *testing.T, file string) map[string]string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		need.Missing(t, "%v", err)
	}
	return page(string(b))
}

var sites = []struct {
	name  string
	start func(t *testing.T) int
	want  []string
}{
	// What packages leave.
	{"nginx: its page", func(t *testing.T) int { return ofNginx(t, installed(t, "/usr/share/nginx/html/index.html"), "") }, []string{"website-exposed find:nginx-default"}},
	{"Apache: its page", func(t *testing.T) int {
		return ofApache(t, installed(t, "/usr/share/apache2/default-site/index.html"), "")
	}, []string{"website-exposed find:apache-default"}},
	{"Apache: as Debian installs it", func(t *testing.T) int {
		c := authority.Issue(t, targets.Leaf{})
		for name, text := range installed(t, "/usr/share/apache2/default-site/index.html") {
			targets.Write(t, c.Dir, "www/"+name, text)
		}
		return targets.Apache(t, c, apacheGood+"ServerTokens OS\nServerSignature On\nTraceEnable Off\nAlias /icons/ /usr/share/apache2/icons/\n<Directory /usr/share/apache2/icons>\nOptions FollowSymlinks\nRequire all granted\n</Directory>")
	}, []string{"tlsserver-grade endpoint:grade", "website-charset charset:missing", "website-csp csp:missing", "website-disclosure header:server",
		"website-error-pages page:malformed", "website-error-pages page:method", "website-error-pages page:not-found", "website-exposed find:apache-default",
		"website-framing framing:missing", "website-hsts hsts:missing", "website-nosniff nosniff:missing", "website-referrer-policy referrer:missing"}},

	// State of the server, for everyone; and for nobody.
	{"Apache: /server-status", func(t *testing.T) int {
		return ofApache(t, nil, "<Location /server-status>\nSetHandler server-status\nRequire all granted\n</Location>")
	}, []string{"website-exposed find:server-status"}},
	{"Apache: /server-info", func(t *testing.T) int {
		return ofApache(t, nil, "<Location /server-info>\nSetHandler server-info\nRequire all granted\n</Location>")
	}, []string{"website-exposed find:server-info"}},
	{"Apache: both, for nobody", func(t *testing.T) int {
		return ofApache(t, nil, "<Location /server-status>\nSetHandler server-status\nRequire all denied\n</Location>\n<Location /server-info>\nSetHandler server-info\nRequire all denied\n</Location>")
	}, nil},
	{"nginx: /nginx_status", func(t *testing.T) int { return ofNginx(t, page("hello"), "location = /nginx_status { stub_status; }") }, []string{"website-exposed find:nginx-status"}},
	{"HAProxy: its statistics", func(t *testing.T) int {
		return targets.HAProxy(t, authority.Issue(t, targets.Leaf{}), proxyGood, forHAProxy()+"\tstats enable\n")
	}, []string{"website-exposed find:haproxy-stats"}},

	{"Go: its debug pages", func(t *testing.T) int {
		first := fromGo()
		return targets.Go(t, authority.Issue(t, targets.Leaf{}), &tls.Config{MinVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}},
			func(w http.ResponseWriter, r *http.Request) {
				switch {
				case r.URL.Path == "/debug/vars":
					expvar.Handler().ServeHTTP(w, r)
				case strings.HasPrefix(r.URL.Path, "/debug/pprof/"):
					pprof.Index(w, r)
				default:
					first(w, r)
				}
			})
	}, []string{"website-exposed find:expvar", "website-exposed find:pprof"}},

	// Listings.
	{"Apache: the files of the site", func(t *testing.T) int {
		return ofApache(t, map[string]string{"a.txt": "a"}, "DirectoryIndex disabled\nIndexOptions Charset=UTF-8\n<Directory {www}>\nOptions Indexes\n</Directory>")
	}, []string{"website-exposed find:listing-root"}},
	{"Apache: the files of a folder", func(t *testing.T) int {
		return ofApache(t, map[string]string{"uploads/a.txt": "a"}, "<Directory {www}/uploads>\nOptions Indexes\n</Directory>")
	}, []string{"website-exposed find:listing-uploads"}},
	{"Apache: its icons", func(t *testing.T) int {
		return ofApache(t, nil, "Alias /icons/ /usr/share/apache2/icons/\n<Directory /usr/share/apache2/icons>\nOptions Indexes\nRequire all granted\n</Directory>")
	}, []string{"website-exposed find:listing-icons"}},
	{"Apache: folders that are not listed", func(t *testing.T) int {
		return ofApache(t, map[string]string{"uploads/a.txt": "a"}, "<Directory {www}>\nOptions None\n</Directory>")
	}, nil},
	{"nginx: the files of a folder", func(t *testing.T) int {
		return ofNginx(t, map[string]string{"page.html": "hello", "uploads/a.txt": "a"}, "location /uploads/ { autoindex on; }")
	}, []string{"website-exposed find:listing-uploads"}},

	// Methods.
	{"Apache: TRACE", func(t *testing.T) int { return ofApache(t, nil, "TraceEnable on") }, []string{"website-methods method:TRACE"}},
	{"Apache: WebDAV", func(t *testing.T) int {
		return ofApache(t, nil, "TraceEnable on\nDirectoryIndex disabled\nIndexOptions Charset=UTF-8\n<Directory {www}>\nDav On\nOptions Indexes\n</Directory>")
	}, []string{
		"website-exposed find:listing-root", "website-methods method:COPY", "website-methods method:DELETE", "website-methods method:LOCK", "website-methods method:MOVE",
		"website-methods method:PROPFIND", "website-methods method:PROPPATCH", "website-methods method:TRACE", "website-methods method:UNLOCK"}},
	{"Apache: WebDAV, which names TRACE though it is off", func(t *testing.T) int {
		return ofApache(t, nil, "DirectoryIndex disabled\nIndexOptions Charset=UTF-8\n<Directory {www}>\nDav On\nOptions Indexes\n</Directory>")
	}, []string{
		"website-exposed find:listing-root", "website-methods method:COPY", "website-methods method:DELETE", "website-methods method:LOCK", "website-methods method:MOVE",
		"website-methods method:PROPFIND", "website-methods method:PROPPATCH", "website-methods method:UNLOCK"}},
	{"Apache: WebDAV in a folder that is not the first page", func(t *testing.T) int {
		return ofApache(t, map[string]string{"dav/a.txt": "a"}, "<Directory {www}/dav>\nDav On\n</Directory>")
	}, nil},

	// Handlers.
	{"nginx: PHP that says so", func(t *testing.T) int { return withPHP(t, "expose_php=On", nil) }, []string{"website-handlers find:handler-php-cgi", "website-handlers find:handler-php-header"}},
	{"nginx: PHP that is silent", func(t *testing.T) int { return withPHP(t, "expose_php=Off", nil) }, []string{"website-handlers find:handler-php-cgi"}},
	{"nginx: phpinfo", func(t *testing.T) int {
		return withPHP(t, "expose_php=Off", map[string]string{"phpinfo.php": "<?php phpinfo();"})
	}, []string{"website-exposed find:phpinfo", "website-handlers find:handler-php-cgi"}},
	// Of a name that it has not, Apache gives the same page whether it executes such files or not: CGI and server-side
	// includes can be told by pages of theirs alone.
	{"Apache: CGI and server-side includes without a page of theirs", func(t *testing.T) int {
		return ofApache(t, map[string]string{"cgi-bin/own.cgi": "#!/bin/sh\n", "own.shtml": "own"}, "ScriptAlias /cgi-bin/ {www}/cgi-bin/\nAddType text/html .shtml\nAddOutputFilter INCLUDES .shtml\n<Directory {www}>\nOptions Includes ExecCGI\n</Directory>")
	}, nil},

	// A folder that was worked in, with what lies about there: a repository, settings, dumps, archives.
	{"nginx: a working copy", func(t *testing.T) int { return ofNginx(t, workingCopy(t), "") }, []string{
		"website-exposed find:backup-tar-gz", "website-exposed find:backup-zip", "website-exposed find:dump-sql", "website-exposed find:env",
		"website-exposed find:git-config", "website-exposed find:git-head", "website-exposed find:htpasswd", "website-exposed find:index-php-bak"}},
	{"nginx: a working copy, guarded", func(t *testing.T) int {
		return ofNginx(t, workingCopy(t), "location ~ /[.]|[.](sql|zip|gz|bak)$ { return 404; }")
	}, nil},

	// A site that answers the same to everything, whatever is in it, has none of it.
	{"Go: every word of the catalogue, at every address", func(t *testing.T) int { return alike(t, "") }, nil},
	{"Go: every word that is no markup, at every address", func(t *testing.T) int { return alike(t, "<") }, nil},
	{"nginx: one page for every address", func(t *testing.T) int {
		return ofNginx(t, page("<title>Shop</title>a=b"), "location / { try_files $uri /page.html; }")
	}, nil},
}

// withPHP starts nginx with PHP behind it.
func withPHP(t *testing.T, setting string, files map[string]string) int {
	t.Helper()
	all := page("hello")
	for name, text := range files {
		all[name] = text
	}
	return ofNginx(t, all, fmt.Sprintf("location ~ [.]php$ { include /etc/nginx/fastcgi_params; fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name; fastcgi_pass 127.0.0.1:%d; }",
		targets.PHP(t, setting)))
}

// workingCopy are the files of a folder in which somebody works.
func workingCopy(t *testing.T) map[string]string {
	t.Helper()
	dir := t.TempDir()
	if out, err := exec.Command(need.Program(t, "git"), "init", "-q", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	files := page("hello")
	for _, name := range []string{".git/HEAD", ".git/config"} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = string(b)
	}
	var zipped, packed bytes.Buffer
	z := zip.NewWriter(&zipped)
	if _, err := z.Create("a"); err != nil {
		t.Fatal(err)
	}
	g := gzip.NewWriter(&packed)
	_, _ = io.WriteString(g, "a")
	for _, err := range []error{z.Close(), g.Close()} {
		if err != nil {
			t.Fatal(err)
		}
	}
	files["backup.zip"], files["backup.tar.gz"] = zipped.String(), packed.String()
	files[".env"] = "DB_HOST=db\nDB_PASSWORD=planted\n"
	files[".htpasswd"] = "erika:$apr1$x$aaaaaaaaaaaaaaaaaaaaaa\n"
	files["dump.sql"] = "-- dump\nCREATE TABLE visitors (id int);\n"
	files["index.php.bak"] = "<?php echo 1;\n"
	return files
}

// alike starts a site that has at every address but the first all that the catalogue looks for, but what holds a word
// that is left out.
func alike(t *testing.T, without string) int {
	t.Helper()
	paths, err := website.LoadPaths(catalog.FS)
	if err != nil {
		t.Fatal(err)
	}
	var body strings.Builder
	head := http.Header{"Content-Type": {"application/octet-stream"}}
	for _, p := range paths {
		for _, w := range p.Contains {
			if line, ok := strings.CutPrefix(w, "header: "); ok {
				name, value, _ := strings.Cut(line, ": ")
				head.Set(name, value)
			} else if without == "" || !strings.Contains(w, without) {
				body.WriteString(w + "\n")
			}
		}
	}
	first := fromGo()
	return targets.Go(t, authority.Issue(t, targets.Leaf{}), &tls.Config{MinVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}},
		func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/" || r.Method != http.MethodGet {
				first(w, r)
				return
			}
			for name, values := range head {
				w.Header()[name] = values
			}
			_, _ = io.WriteString(w, body.String())
		})
}

// TestSites: on each site is found what was planted, and nothing else.
func TestSites(t *testing.T) {
	for _, s := range sites {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			a := look(t, fmt.Sprint("https://localhost:", s.start(t)))
			slices.Sort(s.want)
			if got := failing(a); !slices.Equal(got, s.want) {
				t.Errorf("violations\ngot  %s\nwant %s", strings.Join(got, "; "), strings.Join(s.want, "; "))
			}
		})
	}
}
