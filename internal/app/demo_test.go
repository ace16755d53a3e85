package app

import (
	"context"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
)

// TestDemo: all pages of the demo are alive, nobody changes anything, and nothing is left behind.
func TestDemo(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ready, ended := make(chan Served, 1), make(chan error, 1)
	go func() {
		ended <- Demo(ctx, ServeOptions{Listen: "127.0.0.1:0", Version: "1.0", Ready: func(s Served) { ready <- s }})
	}()
	var at Served
	select {
	case at = <-ready:
	case err := <-ended:
		t.Fatal(err)
	}
	if at.Link != "" || at.Agents != "" {
		t.Errorf("%+v", at)
	}
	client := &http.Client{}
	ask := func(method, path string) (int, string) {
		req, err := http.NewRequestWithContext(t.Context(), method, strings.TrimSuffix(at.Address, "/")+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, string(body)
	}
	for path, says := range map[string]string{
		"/": "By application", "/findings": "Violated", "/requirements": "A.5.2.1", "/requirements/A.5.2.1": "fail", "/systems": "prod/legacy-1", "/systems/prod%2Fwiki-1": "Checks on prod/wiki-1",
		"/vulnerabilities": "CVE-2024-4577", "/decisions": "BUILD-482", "/agents": "SILENT since", "/runs": "ssh://prod/web-1", "/ledger": "5 entries", "/search?q=wiki": "prod/wiki-1",
		"/api/v1/overview": `"overdue"`, "/api/v1/openapi.json": "openapi",
	} {
		if status, text := ask("GET", path); status != 200 || !strings.Contains(text, says) {
			t.Errorf("%s: %d, does not say %q", path, status, says)
		}
	}
	for _, x := range []string{"POST /log-out", "POST /decisions/W-AAAAAAAAAA/approve", "POST /tokens", "POST /passkeys/invite", "POST /step-up/begin", "POST /api/v1/decisions/W-AAAAAAAAAA/approve", "GET /passkeys", "GET /tokens", "GET /api/v1/tokens"} {
		method, path, _ := strings.Cut(x, " ")
		if status, text := ask(method, path); status != 401 && status != 403 {
			t.Errorf("%s: %d %s", x, status, text)
		}
	}
	client.CloseIdleConnections()
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(os.TempDir()); err != nil || len(left) > 0 {
		t.Errorf("%v is left behind: %v", left, err)
	}
}
