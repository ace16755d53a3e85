package app

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"
)

// TestServe serves what an assessment recorded, to who has the link, until it is told to end.
func TestServe(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, map[string]string{"etc/os-release": "ID=debian\nVERSION_ID=\"12\"\n", "etc/ssh/sshd_config": "PermitRootLogin yes\n", "usr/sbin/sshd": ""})
	o := Options{State: t.TempDir(), Targets: []string{"rootfs:" + dir}, Only: []string{"sshd-root-login"}}
	if _, err := Assess(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	links, ended := make(chan [2]string, 1), make(chan error, 1)
	go func() {
		ended <- Serve(ctx, ServeOptions{State: o.State, Listen: "127.0.0.1:0", Version: "1.0", Ready: func(s Served) { links <- [2]string{s.Address, s.Link} }})
	}()
	var at [2]string
	select {
	case at = <-links:
	case err := <-ended:
		t.Fatal(err)
	}
	jar, _ := cookiejar.New(nil)
	browser := &http.Client{Jar: jar}
	ask := func(method, url string) (int, string) {
		req, err := http.NewRequestWithContext(t.Context(), method, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := browser.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, string(body)
	}
	if status, _ := ask("GET", at[0]+"findings"); status != http.StatusUnauthorized {
		t.Error(status)
	}
	if status, body := ask("POST", at[1]); status != http.StatusOK || !strings.Contains(body, "permitrootlogin is yes") {
		t.Error(status, body)
	}
	status, body := ask("GET", at[0]+"findings")
	i := strings.Index(body, "/findings/F-")
	if status != http.StatusOK || i < 0 {
		t.Fatal(status, body)
	}
	if status, body := ask("GET", at[0]+body[i+1:i+1+len("findings/F-ABCDEFGHIJ")]); status != http.StatusOK || !strings.Contains(body, "Violated: Root cannot log in over SSH") {
		t.Error(status, body)
	}
	if status, body := ask("GET", at[0]+"ledger"); status != http.StatusOK || !strings.Contains(body, "Ledger") {
		t.Error(status, body)
	}
	if status, _ := ask("GET", at[0]+"readyz"); status != http.StatusOK {
		t.Error(status)
	}
	browser.CloseIdleConnections()
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	// The log-in is on record, and the ledger verifies.
	v, err := VerifyLedger(t.Context(), o.State, "")
	if err != nil || v.Events != 1 {
		t.Fatalf("%+v %v", v, err)
	}
	entries, err := LedgerEntries(o.State)
	if err != nil || len(entries) != 1 || entries[0].Kind != "event" || !strings.Contains(string(entries[0].Body), "link of the terminal logged in") {
		t.Errorf("%+v %v", entries, err)
	}
	// An event that somebody changes in the database is named.
	s, err := openStore(t.Context(), o.State, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	falsify(t, o.State+"/holdfast.db", "UPDATE events SET data = replace(data, 'terminal', 'nobody')")
	if _, err := VerifyLedger(t.Context(), o.State, ""); err == nil || !strings.Contains(err.Error(), "event/1 in the database is not what entry 0 of the ledger says") {
		t.Error(err)
	}
	falsify(t, o.State+"/holdfast.db", "DELETE FROM events")
	if _, err := VerifyLedger(t.Context(), o.State, ""); err == nil || !strings.Contains(err.Error(), "no longer in the database") {
		t.Error(err)
	}
}

// falsify changes a database as somebody could who may write it.
func falsify(t *testing.T, path, query string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), query); err != nil {
		t.Fatal(err)
	}
}

// TestServeHere: what is not encrypted is for this machine alone.
func TestServeHere(t *testing.T) {
	for _, listen := range []string{"0.0.0.0:0", ":8470", "[::]:0", "192.0.2.1:0", "example.org:80", "nonsense", ""} {
		err := Serve(t.Context(), ServeOptions{State: t.TempDir(), Listen: listen, Ready: func(Served) { t.Error(listen, "is served") }})
		var usage *UsageError
		if !errors.As(err, &usage) {
			t.Errorf("%q: %v", listen, err)
		}
	}
}
