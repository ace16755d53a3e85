// Package inventorytest holds a file tree for each format that the inventory reads, with what is to be found there, for the
// tests of all ways to such a tree.
package inventorytest

import (
	"archive/zip"
	"bytes"
	"testing"
)

// Format is a tree and what it holds: a line for each component, "npm ms 0.7.0 at /srv/a/package-lock.json".
type Format struct {
	Texts map[string]string // by path, without the first slash
	Want  []string
}

// Jar makes an archive of texts.
func Jar(t testing.TB, entries map[string]string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range entries {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// POM is what an archive says of itself.
func POM(group, artifact, version string) map[string]string {
	return map[string]string{"META-INF/maven/" + group + "/" + artifact + "/pom.properties": "groupId=" + group + "\nartifactId=" + artifact + "\nversion=" + version + "\n"}
}

// Formats are the formats by name.
func Formats(t testing.TB) map[string]Format {
	t.Helper()
	inner := Jar(t, POM("org.apache.logging.log4j", "log4j-core", "2.14.1"))
	outer := POM("org.example", "shop", "3.0")
	outer["BOOT-INF/lib/log4j-core-2.14.1.jar"] = inner
	return map[string]Format{
		"lock of npm": {map[string]string{"srv/a/package.json": `{"name": "shop", "version": "1.0.0"}`,
			"srv/a/package-lock.json": `{"name": "shop", "version": "1.0.0", "lockfileVersion": 3, "packages": {"": {"name": "shop", "version": "1.0.0"}, "node_modules/ms": {"version": "0.7.0"}, "node_modules/@babel/core": {"version": "7.0.0"}}}`},
			[]string{"npm @babel/core 7.0.0 at /srv/a/package-lock.json", "npm ms 0.7.0 at /srv/a/package-lock.json"}},
		"installed by npm": {map[string]string{"srv/a/node_modules/ms/package.json": `{"name": "ms", "version": "0.7.0"}`, "srv/a/node_modules/@babel/core/package.json": `{"name": "@babel/core", "version": "7.0.0"}`,
			"srv/a/node_modules/ms/dist/package.json": `{"name": "inside", "version": "1.0.0"}`, "srv/a/package.json": `{"name": "shop", "version": "1.0.0"}`},
			[]string{"npm @babel/core 7.0.0 at /srv/a/node_modules/@babel/core/package.json", "npm ms 0.7.0 at /srv/a/node_modules/ms/package.json"}},
		"installed by pip": {map[string]string{"usr/local/lib/python3.11/dist-packages/requests-2.19.1.dist-info/METADATA": "Metadata-Version: 2.1\nName: requests\nVersion: 2.19.1\n\nText\n",
			"usr/local/lib/python3.11/dist-packages/old.egg-info/PKG-INFO": "Metadata-Version: 1.1\nName: old\nVersion: 1.0\n", "srv/METADATA": "Name: none\nVersion: 1\n"},
			[]string{"PyPI old 1.0 at /usr/local/lib/python3.11/dist-packages/old.egg-info/PKG-INFO", "PyPI requests 2.19.1 at /usr/local/lib/python3.11/dist-packages/requests-2.19.1.dist-info/METADATA"}},
		"requirements":    {map[string]string{"srv/requirements.txt": "jinja2==2.11.2\nrequests>=2.0\nflask\n"}, []string{"PyPI jinja2 2.11.2 at /srv/requirements.txt"}},
		"lock of poetry":  {map[string]string{"srv/poetry.lock": "[[package]]\nname = \"jinja2\"\nversion = \"2.11.2\"\noptional = false\n\n[metadata]\nlock-version = \"2.0\"\n"}, []string{"PyPI jinja2 2.11.2 at /srv/poetry.lock"}},
		"lock of pipenv":  {map[string]string{"srv/Pipfile.lock": `{"default": {"jinja2": {"version": "==2.11.2"}}, "develop": {}}`}, []string{"PyPI jinja2 2.11.2 at /srv/Pipfile.lock"}},
		"lock of uv":      {map[string]string{"srv/uv.lock": "version = 1\n\n[[package]]\nname = \"jinja2\"\nversion = \"2.11.2\"\nsource = { registry = \"https://pypi.org/simple\" }\n"}, []string{"PyPI jinja2 2.11.2 at /srv/uv.lock"}},
		"module of Go":    {map[string]string{"srv/go.mod": "module example.com/shop\n\ngo 1.22.0\n\nrequire golang.org/x/net v0.38.0\n"}, []string{"Go golang.org/x/net 0.38.0 at /srv/go.mod"}},
		"lock of Bundler": {map[string]string{"srv/Gemfile.lock": "GEM\n  remote: https://rubygems.org/\n  specs:\n    rack (2.2.3)\n\nPLATFORMS\n  ruby\n\nDEPENDENCIES\n  rack\n"}, []string{"RubyGems rack 2.2.3 at /srv/Gemfile.lock"}},
		"gem": {map[string]string{"var/lib/gems/3.1.0/specifications/rack-2.2.3.gemspec": "Gem::Specification.new do |s|\n  s.name = \"rack\".freeze\n  s.version = \"2.2.3\"\nend\n"},
			[]string{"RubyGems rack 2.2.3 at /var/lib/gems/3.1.0/specifications/rack-2.2.3.gemspec"}},
		"lock of Cargo":     {map[string]string{"srv/Cargo.lock": "version = 3\n\n[[package]]\nname = \"time\"\nversion = \"0.1.43\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\n"}, []string{"crates.io time 0.1.43 at /srv/Cargo.lock"}},
		"lock of NuGet":     {map[string]string{"srv/packages.lock.json": `{"version": 1, "dependencies": {"net6.0": {"Newtonsoft.Json": {"type": "Direct", "resolved": "12.0.1"}}}}`}, []string{"NuGet Newtonsoft.Json 12.0.1 at /srv/packages.lock.json"}},
		"lock of Composer":  {map[string]string{"srv/composer.lock": `{"packages": [{"name": "symfony/http-kernel", "version": "v6.4.0"}], "packages-dev": []}`}, []string{"Packagist symfony/http-kernel v6.4.0 at /srv/composer.lock"}},
		"installed by it":   {map[string]string{"srv/vendor/composer/installed.json": `{"packages": [{"name": "symfony/http-kernel", "version": "v6.4.0"}]}`}, []string{"Packagist symfony/http-kernel v6.4.0 at /srv/vendor/composer/installed.json"}},
		"and by Composer 1": {map[string]string{"srv/vendor/composer/installed.json": `[{"name": "symfony/http-kernel", "version": "v6.4.0"}]`}, []string{"Packagist symfony/http-kernel v6.4.0 at /srv/vendor/composer/installed.json"}},
		"jar inside a jar":  {map[string]string{"opt/shop.jar": Jar(t, outer)}, []string{"Maven org.apache.logging.log4j:log4j-core 2.14.1 at /opt/shop.jar", "Maven org.example:shop 3.0 at /opt/shop.jar"}},
		"what is passed": {map[string]string{"root/go/pkg/mod/golang.org/x/net@v0.1.0/go.mod": "module golang.org/x/net\n\ngo 1.17\n\nrequire golang.org/x/text v0.3.7\n", "srv/.git/package-lock.json": "{", "proc/1/root/srv/go.mod": "broken",
			"home/x/.cache/pip/Gemfile.lock": "x"}, nil},
	}
}
