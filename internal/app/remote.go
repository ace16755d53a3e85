package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"holdfast.example/holdfast/internal/agent"
	"holdfast.example/holdfast/internal/finding"
	"holdfast.example/holdfast/internal/waiver"
)

// Remote is a control plane that is asked over its API.
type Remote struct {
	base   *url.URL
	token  string
	client *http.Client
}

// maxAnswer bounds what is read of an answer.
const maxAnswer = 64 << 20

// Dial makes a Remote of the address of a control plane and the token that speaks for whoever asks: as it is, or as file:PATH.
// It asks nothing yet.
func Dial(server, token string) (*Remote, error) {
	u, err := url.Parse(server)
	if err == nil {
		server = u.Redacted()
	}
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return nil, &UsageError{fmt.Sprintf("--server %q: want the address of a control plane, https://hub.example", server)}
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		return nil, &UsageError{fmt.Sprintf("--server %s: a token is not sent unencrypted; want https://", server)}
	case u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "":
		return nil, &UsageError{"--server: want scheme, name and port alone, https://hub.example"}
	case token == "":
		return nil, &UsageError{"--server wants a token in HOLDFAST_TOKEN, or where it lies: HOLDFAST_TOKEN=file:PATH; one is made in the browser: " + strings.TrimSuffix(server, "/") + "/tokens"}
	}
	if path, ok := strings.CutPrefix(token, "file:"); ok {
		f, err := os.Open(path)
		if err != nil {
			return nil, &UsageError{fmt.Sprintf("read the token for --server: %v", err)}
		}
		defer f.Close()
		data, err := io.ReadAll(io.LimitReader(f, 4096))
		if err != nil {
			return nil, fmt.Errorf("read the token for --server: %w", err)
		}
		token = strings.TrimSpace(string(data))
	}
	u.Path = ""
	// Nobody leads a token elsewhere.
	client := &http.Client{Timeout: time.Minute, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return &Remote{u, token, client}, nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// ask sends a request and reads the answer into to, which may be nil.
func (r *Remote) ask(ctx context.Context, method, path string, query url.Values, body, to any) error {
	var sent io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return err
		}
		sent = bytes.NewReader(data)
	}
	text := r.base.String() + "/api/v1" + path
	if len(query) > 0 {
		text += "?" + query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, method, text, sent)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+r.token)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Idempotency-Key", uuid.Must(uuid.NewV7()).String())
	}
	resp, err := r.client.Do(req)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err // it names the address a second time
		}
		return fmt.Errorf("ask %s: %w", r.base, err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case err != nil:
		return fmt.Errorf("ask %s: %w", r.base, err)
	case len(data) > maxAnswer:
		return fmt.Errorf("ask %s: the answer is longer than 64 MiB", r.base)
	case resp.StatusCode >= 300:
		var problem struct{ Detail string }
		_ = json.Unmarshal(data, &problem)
		if problem.Detail == "" {
			problem.Detail = "answered " + resp.Status
		}
		return &UsageError{fmt.Sprintf("%s: %s", r.base, problem.Detail)}
	case to == nil:
		return nil
	}
	if err := json.Unmarshal(data, to); err != nil {
		return fmt.Errorf("ask %s: the answer is none of Holdfast's API: %w", r.base, err)
	}
	return nil
}

// only gives the one value of a flag that may have several here, and one there.
func only(flag string, values []string) (string, error) {
	switch len(values) {
	case 0:
		return "", nil
	case 1:
		return values[0], nil
	}
	return "", &UsageError{"with --server --" + flag + " takes one value"}
}

// pageSize is how many findings are asked for at once.
const pageSize = 1000

// Findings lists open findings of what the token's person sees.
func (r *Remote) Findings(ctx context.Context, q FindingQuery) (page FindingPage, err error) {
	if q.All || q.AsOf || len(q.Teams) > 0 {
		return page, &UsageError{"with --server there is no --all, --now and --team"}
	}
	query := url.Values{}
	for flag, x := range map[string]struct {
		values []string
		name   string
	}{"only": {q.Only, "only"}, "subject": {q.Subjects, "system"}, "app": {q.Apps, "application"}} {
		v, err := only(flag, x.values)
		if err != nil {
			return page, err
		}
		if v != "" {
			query.Set(x.name, v)
		}
	}
	for {
		n := pageSize
		if q.Limit > 0 {
			n = min(n, q.Limit-len(page.Findings))
		}
		query.Set("limit", strconv.Itoa(n))
		var got struct {
			Items         []finding.Finding
			Next          string
			Open, Settled int
		}
		if err := r.ask(ctx, http.MethodGet, "/findings", query, nil, &got); err != nil {
			return page, err
		}
		page.Findings, page.Open, page.Settled = append(page.Findings, got.Items...), got.Open, got.Settled
		if got.Next == "" || q.Limit > 0 && len(page.Findings) >= q.Limit || len(got.Items) == 0 {
			return page, nil
		}
		query.Set("cursor", got.Next)
	}
}

// Finding gives one with its history.
func (r *Remote) Finding(ctx context.Context, id string) (d FindingDetail, err error) {
	return d, r.ask(ctx, http.MethodGet, "/findings/"+url.PathEscape(FindingID(id)), nil, nil, &d)
}

// Waivers lists decisions about what the token's person sees.
func (r *Remote) Waivers(ctx context.Context, all bool) (out []ListedWaiver, err error) {
	var got struct {
		Items []struct {
			waiver.Waiver
			State waiver.State
			Hides int
			Note  string
		}
	}
	if err := r.ask(ctx, http.MethodGet, "/decisions", nil, nil, &got); err != nil {
		return nil, err
	}
	for _, x := range got.Items {
		if all || x.State == waiver.Requested || x.State == waiver.InForce {
			out = append(out, ListedWaiver{Waiver: x.Waiver, State: x.State, Hides: make([]finding.Finding, x.Hides), Note: x.Note})
		}
	}
	return out, nil
}

// Ask asks for a decision about each of some findings.
func (r *Remote) Ask(ctx context.Context, o WaiverOptions) error {
	if len(o.Selection.Findings) == 0 || len(o.Selection.Only)+len(o.Selection.Subjects)+len(o.Selection.Apps) > 0 {
		return &UsageError{"with --server a decision is asked for about findings that are named: holdfast waiver add KIND F-…"}
	}
	w := o.Waiver
	for _, id := range o.Selection.Findings {
		err := r.ask(ctx, http.MethodPost, "/findings/"+url.PathEscape(FindingID(id))+"/decisions", nil, map[string]string{"kind": string(w.Kind), "until": o.Until, "reason": w.Reason, "done": w.Done, "effect": w.Effect, "reference": w.Reference}, nil)
		if err != nil {
			return fmt.Errorf("%s: %w", id, err)
		}
	}
	return nil
}

// Agents lists agents.
func (r *Remote) Agents(ctx context.Context) (out []agent.Agent, err error) {
	return out, r.ask(ctx, http.MethodGet, "/agents", nil, nil, &struct{ Items *[]agent.Agent }{&out})
}

// Certificates lists those of the endpoints that the token's person sees.
func (r *Remote) Certificates(ctx context.Context, q CertificateQuery) ([]Certificate, error) {
	var got struct{ Items []Certificate }
	if err := r.ask(ctx, http.MethodGet, "/certificates", nil, nil, &got); err != nil {
		return nil, err
	}
	out := []Certificate{}
	for _, c := range got.Items {
		if !q.Within.IsZero() && c.NotAfter.After(q.Within.From(q.Now)) {
			continue
		}
		if c.UsedAt = slices.DeleteFunc(c.UsedAt, func(u Use) bool { return !q.asks(u) }); len(c.UsedAt) > 0 {
			out = append(out, c)
		}
	}
	return out, nil
}

// Drift lists what differs of what the token's person sees.
func (r *Remote) Drift(ctx context.Context, q DriftQuery) (groups []DriftGroup, known bool, err error) {
	var got struct {
		Items []DriftGroup
		Known bool
	}
	if err := r.ask(ctx, http.MethodGet, "/drift", nil, nil, &got); err != nil {
		return nil, false, err
	}
	groups = slices.DeleteFunc(append([]DriftGroup{}, got.Items...), func(g DriftGroup) bool {
		return len(q.Subjects) > 0 && !slices.Contains(q.Subjects, g.Subject)
	})
	return groups, got.Known, nil
}

// Recorded is an entry of the ledger, in words.
type Recorded struct {
	Index uint64    `json:"index"`
	At    time.Time `json:"at"`
	ID    string    `json:"id"`
	Words string    `json:"words"`
}

// Ledger gives the newest entries, the oldest of them first, and how many there are in all.
func (r *Remote) Ledger(ctx context.Context) (out []Recorded, all uint64, err error) {
	var got struct {
		Items []Recorded
		Size  uint64
	}
	if err := r.ask(ctx, http.MethodGet, "/ledger", url.Values{"limit": {strconv.Itoa(pageSize)}}, nil, &got); err != nil {
		return nil, 0, err
	}
	slices.Reverse(got.Items)
	return append([]Recorded{}, got.Items...), got.Size, nil
}

// SBOM gives the software of a system that the token's person sees, in one of the forms of holdfast sbom.
func (r *Remote) SBOM(ctx context.Context, system, form string) ([]byte, error) {
	var out json.RawMessage
	err := r.ask(ctx, http.MethodGet, "/systems/"+url.PathEscape(system)+"/sbom", url.Values{"format": {form}}, nil, &out)
	return out, err
}
