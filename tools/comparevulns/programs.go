package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// release of osv-scanner: the newest that this Go can build.
const release = "v2.5.0"

// built gives osv-scanner, built once into the user's folder for caches: outside of the checkout, and of its modules.
func built() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "holdfast", "osv-scanner-"+release)
	bin := filepath.Join(dir, "osv-scanner")
	if _, err := os.Stat(bin); err == nil {
		return bin, nil
	}
	fmt.Fprintln(os.Stderr, "building osv-scanner", release+", which takes minutes")
	cmd := exec.Command("go", "install", "github.com/google/osv-scanner/v2/cmd/osv-scanner@"+release)
	cmd.Env = append(os.Environ(), "GOBIN="+dir, "CGO_ENABLED=0", "GOFLAGS=")
	cmd.Dir = os.TempDir()
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build osv-scanner %s: %w\n%s", release, err, bytes.TrimSpace(out))
	}
	return bin, nil
}

// prepare imports the advisories for Holdfast, and lays them where osv-scanner looks for them.
func prepare(holdfast, dir, data string) error {
	begin := time.Now()
	for _, feed := range feeds {
		zip := filepath.Join(data, "osv", feed, "all.zip")
		cmd := exec.Command(holdfast, "--state", filepath.Join(dir, "state"), "advisory", "import", "--as-of", time.Now().UTC().Format(time.DateOnly), zip)
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("import %s: %w\n%s", zip, err, out)
		}
		at := filepath.Join(dir, "db/osv-scalibr", feed)
		if err := os.MkdirAll(at, 0o755); err != nil {
			return err
		}
		if err := os.Symlink(zip, filepath.Join(at, "all.zip")); err != nil {
			return err
		}
	}
	fmt.Printf("Holdfast compiled the advisories of %s once, in %.1f s; osv-scanner reads them anew in each run\n", strings.Join(feeds, ", "), time.Since(begin).Seconds())
	return nil
}

// run runs a program and tells what it took. Both end with 1 when they found something.
func run(name string, args ...string) ([]byte, cost, error) {
	var out, errs bytes.Buffer
	cmd := exec.Command(name, args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	begin := time.Now()
	err := cmd.Run()
	c := cost{time: time.Since(begin), processor: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}
	if u, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		c.mib = u.Maxrss >> 10
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 1 {
		err = nil
	}
	if err != nil {
		err = fmt.Errorf("%w: %.500s", err, bytes.TrimSpace(errs.Bytes()))
	}
	return out.Bytes(), c, err
}

func ofHoldfast(bin, dir, target string) (found, cost, error) {
	out, c, err := run(bin, "--state", filepath.Join(dir, "state"), "assess", target, "--only", "vulnerabilities-known", "--format", "json")
	if err != nil {
		return nil, c, err
	}
	var a struct {
		Vulnerabilities []struct {
			ID      string `json:"id"`
			Package string `json:"package"`
		} `json:"vulnerabilities"`
	}
	if err := json.Unmarshal(out, &a); err != nil {
		return nil, c, err
	}
	all := found{}
	for _, v := range a.Vulnerabilities {
		all[v.ID+" "+v.Package] = true
	}
	return all, c, nil
}

// ofScanner runs osv-scanner on one file. Its ids are those of the records; Holdfast names a vulnerability for the CVE.
func ofScanner(bin, dir, file string) (found, cost, error) {
	out, c, err := run(bin, "scan", "source", "--offline", "--local-db-path", filepath.Join(dir, "db"), "--format", "json", "-L", file)
	if err != nil && len(out) == 0 {
		return nil, c, err
	}
	var a struct {
		Results []struct {
			Packages []struct {
				Package struct {
					Name string `json:"name"`
				} `json:"package"`
				Vulnerabilities []struct {
					ID      string   `json:"id"`
					Aliases []string `json:"aliases"`
				} `json:"vulnerabilities"`
			} `json:"packages"`
		} `json:"results"`
	}
	if err := json.Unmarshal(out, &a); err != nil {
		return nil, c, err
	}
	all := found{}
	for _, r := range a.Results {
		for _, p := range r.Packages {
			for _, v := range p.Vulnerabilities {
				all[named(v.ID, v.Aliases)+" "+p.Package.Name] = true
			}
		}
	}
	return all, c, nil
}

// named is the name that a vulnerability has in Holdfast: its CVE, then its GHSA, then what the record calls it.
func named(id string, aliases []string) string {
	all := append([]string{strings.TrimPrefix(id, "DEBIAN-")}, aliases...)
	for _, prefix := range []string{"CVE-", "GHSA-"} {
		var best string
		for _, a := range all {
			if strings.HasPrefix(a, prefix) && (best == "" || a < best) {
				best = a
			}
		}
		if best != "" {
			return best
		}
	}
	return all[0]
}
