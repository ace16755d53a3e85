// Package web serves the pages of a control plane. Nothing is shown without a session but whether the server lives, its
// style, and the page where one logs in; what is asked for that does not exist is answered as what one may not see.
package web

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/a-h/templ"
	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"holdfast.example/holdfast/internal/access"
	"holdfast.example/holdfast/internal/agent"
	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/event"
	"holdfast.example/holdfast/internal/finding"
	"holdfast.example/holdfast/internal/run"
)

// Data is what the pages show. Ids come from whoever asks and are checked by it; of what a viewer may not see it says that
// there is none.
type Data interface {
	// Ready tells whether what is shown can be read at all.
	Ready(ctx context.Context) error
	// Findings gives open findings that a viewer sees, what to do next first, and how many there are.
	Findings(ctx context.Context, v access.Viewer, q FindingQuery) (Findings, error)
	// Finding gives one with its history. ErrNone: there is none of that id for this viewer.
	Finding(ctx context.Context, v access.Viewer, id string) (Detail, error)
	// Ledger gives the newest entries of the ledger, the newest first, at most limit.
	Ledger(ctx context.Context, limit int) (Ledger, error)
}

// Operations are how the control plane itself is.
type Operations interface {
	// Agents gives all agents.
	Agents(ctx context.Context) ([]Agent, error)
	// Runs gives the newest runs, at most limit.
	Runs(ctx context.Context, limit int) ([]run.Run, error)
	// Settings gives what the control plane runs with.
	Settings(ctx context.Context) ([]Setting, error)
}

// ErrNone says that there is nothing of that id.
var ErrNone = errors.New("there is no such thing")

// FindingQuery says which open findings are wanted. The zero FindingQuery wants all.
type FindingQuery struct {
	Severity            check.Severity
	Due                 string // overdue, week; empty: all
	Only                string // a check or requirement
	System, Application string
	Flaw                string // a vulnerability
	Skip                int    // how many are passed over
	After               string // a finding after which the list goes on
	Limit               int
}

// Findings is a part of the list of open findings.
type Findings struct {
	List    []finding.Finding
	More    bool // there are more after these
	Open    int
	Settled int
}

// Detail is a finding with what its check says and its history.
type Detail struct {
	finding.Finding
	Doc, Remedy  string
	Requirements []string
	History      []finding.Event
}

// Ledger is the end of the ledger.
type Ledger struct {
	Size    uint64
	Root    []byte
	Key     string
	Entries []Entry
}

// Entry is one line of the ledger.
type Entry struct {
	Index uint64
	At    time.Time
	ID    string
	Words string
}

// Agent is a collector and how it is.
type Agent struct {
	agent.Agent
	Words  string // how it is
	Silent bool
}

// Server answers requests. Make it by New.
type Server struct {
	data       Data
	decisions  Decisions
	operations Operations
	pictures   Pictures
	places     Places
	drifts     Drifts
	tokens     Tokens
	described  []operation // of the API
	guest      *access.Viewer
	throttle   access.Throttle
	guesses    access.Throttle // of codes beside a password that is right, by person: nobody else can fill it
	factors    Factors
	seals      Seals
	breached   func(string) bool
	pending    pending
	adding     sync.Mutex // while a factor is added
	live       live
	ending     chan struct{} // closed at the end
	ended      sync.Once
	metrics    *metrics
	people     People
	provider   Provider
	auth       *webauthn.WebAuthn
	now        func() time.Time
	sessions   *sessions
	ceremonies ceremonies
	origin     string          // where people go
	origins    map[string]bool // names under which it may be asked for, with port
	version    string
	make       event.Maker
}

// Options are what a server shows, and how.
type Options struct {
	Data       Data
	Decisions  Decisions
	Operations Operations
	Pictures   Pictures
	Places     Places
	Drifts     Drifts
	Tokens     Tokens
	Factors    Factors
	Seals      Seals             // of the keys of codes
	Breached   func(string) bool // whether a password, in lower case, is known to attackers
	Guest      *access.Viewer    // who has no session reads as this one; nil: nobody reads without one
	Figures    Figures
	Watch      Watch // nil: nobody is told of requests
	People     People
	Provider   Provider // where people log in elsewhere; nil: nowhere
	Version    string
	Origin     string   // where people go, http://localhost:8470: passkeys are bound to its name, which must not be an address
	Hosts      []string // other names under which it answers, each host:port as a browser sends it
	Now        func() time.Time
}

// New makes a server.
func New(o Options) (*Server, error) {
	at, err := url.Parse(o.Origin)
	if err != nil {
		return nil, err
	}
	auth, err := webauthn.New(&webauthn.Config{
		RPID: at.Hostname(), RPDisplayName: "Holdfast", RPOrigins: []string{o.Origin},
		AuthenticatorSelection: protocol.AuthenticatorSelection{ResidentKey: protocol.ResidentKeyRequirementRequired, UserVerification: protocol.VerificationRequired},
	})
	if err != nil {
		return nil, fmt.Errorf("prepare passkeys for %s: %w", o.Origin, err)
	}
	s := &Server{data: o.Data, decisions: o.Decisions, operations: o.Operations, pictures: o.Pictures, places: o.Places, drifts: o.Drifts, tokens: o.Tokens, guest: o.Guest, live: live{every: liveEvery}, ending: make(chan struct{}), factors: o.Factors, seals: o.Seals, breached: o.Breached, people: o.People, provider: o.Provider, auth: auth, now: o.Now, sessions: newSessions(at.Scheme == "https"), ceremonies: ceremonies{secure: at.Scheme == "https"}, origin: o.Origin, origins: map[string]bool{at.Host: true}, version: o.Version, make: event.Maker{Version: o.Version}, metrics: newMetrics(o.Figures, o.Version)}
	s.metrics.watch = o.Watch
	for _, h := range o.Hosts {
		s.origins[h] = true
	}
	return s, nil
}

// Link makes a token for one log-in within ten minutes; an older one that nobody used is worth nothing from then on.
func (s *Server) Link() string { return s.sessions.link("", s.now().Add(linkTime), s.now()) }

//go:embed static
var static embed.FS

// perPage is how many findings one page shows.
const perPage = 150

// Handler is all of it: what comes in passes the guard first.
func (s *Server) Handler() http.Handler {
	open := http.NewServeMux()
	files, _ := fs.Sub(static, "static")
	open.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "ok") })
	open.HandleFunc("GET /readyz", s.ready)
	open.HandleFunc("GET /static/{file}", func(w http.ResponseWriter, r *http.Request) { http.ServeFileFS(w, r, files, r.PathValue("file")) })
	open.HandleFunc("GET /log-in/{token}", func(w http.ResponseWriter, r *http.Request) {
		s.show(w, r, http.StatusOK, welcomePage(r.PathValue("token"), s.sessions.holds(r.PathValue("token"), s.now())))
	})
	open.HandleFunc("POST /log-in/{token}", s.logIn)

	open.HandleFunc("POST /log-in/password", s.logInByPassword)
	open.HandleFunc("POST /log-in/passkey/begin", s.beginLogIn)
	open.HandleFunc("POST /log-in/passkey/finish", s.finishLogIn)

	open.HandleFunc("POST /log-in/provider/begin", s.beginProvider)
	open.HandleFunc("GET "+ProviderBack, s.backFromProvider)
	open.HandleFunc("POST /log-in/provider/finish", s.finishProvider)
	open.HandleFunc("POST "+ProviderEnded, s.endedAtProvider)

	closed := http.NewServeMux()
	for _, x := range s.routes() {
		closed.HandleFunc(x.pattern, s.only(x))
	}
	closed.Handle(apiRoot+"/", s.api())
	closed.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { s.failed(w, r, ErrNone) })
	open.Handle("/", s.behind(closed))
	return s.guard(s.metrics.measured(open))
}

func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	if err := s.data.Ready(r.Context()); err != nil {
		plain(w, http.StatusServiceUnavailable, "the database cannot be read")
		return
	}
	plain(w, http.StatusOK, "ready")
}

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text + "\n"))
}

func (s *Server) show(w http.ResponseWriter, r *http.Request, status int, page templ.Component) {
	templ.Handler(page, templ.WithStatus(status)).ServeHTTP(w, r)
}
