package web

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"holdfast.example/holdfast/internal/access"
	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/finding"
	"holdfast.example/holdfast/internal/waiver"
)

// apiRoot is where the API lies.
const apiRoot = "/api/v1"

// api makes what programs ask for: what the pages show and do, as JSON, with a description of itself.
func (s *Server) api() http.Handler {
	mux := http.NewServeMux()
	s.described = nil
	config := huma.DefaultConfig("Holdfast", s.version)
	config.DocsPath, config.SchemasPath, config.OpenAPIPath = "", "", ""
	config.CreateHooks = nil // no links to schemas in bodies
	config.RejectUnknownQueryParameters = true
	config.Info.Description = "What a control plane of Holdfast knows and does. Lists go on at the cursor that each ends with; an ETag saves what did not change; a write with an Idempotency-Key is done once; errors are problem details (RFC 9457)."
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"token":   {Type: "http", Scheme: "bearer", Description: "A token that was made under Tokens."},
		"session": {Type: "apiKey", In: "cookie", Name: s.sessions.cookie("", 0).Name, Description: "A browser that logged in. Decisions want one, with a passkey that was just shown."},
	}
	config.Security = []map[string][]string{{"token": {}}, {"session": {}}}
	a := humago.NewWithPrefix(mux, apiRoot, config)
	s.describeReads(a)
	s.describeWrites(a)
	s.describePlaces(a)
	description, err := a.OpenAPI().MarshalJSON()
	mux.HandleFunc("GET "+apiRoot+"/openapi.json", func(w http.ResponseWriter, r *http.Request) {
		if err != nil {
			refuse(w, http.StatusInternalServerError, err.Error())
			return
		}
		w.Header().Set("Content-Type", "application/openapi+json;version=3.1")
		_, _ = w.Write(description)
	})
	mux.HandleFunc(apiRoot+"/", func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, http.StatusNotFound, "there is no such path; what there is: "+apiRoot+"/openapi.json")
	})
	return s.tagged(s.once(mux))
}

// refuse answers with problem details (RFC 9457).
func refuse(w http.ResponseWriter, status int, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = writeProblem(w, &huma.ErrorModel{Title: http.StatusText(status), Status: status, Detail: detail})
}

// operation describes one, and adds who may do it to the matrix of permissions.
func (s *Server) operation(method, path, id, summary string, needs access.Permission) huma.Operation {
	s.described = append(s.described, operation{method, apiRoot + path, needs})
	return huma.Operation{
		Method: method, Path: path, OperationID: id, Summary: summary, Extensions: map[string]any{"x-permission": string(needs)},
		Errors: []int{http.StatusUnauthorized, http.StatusForbidden}, MaxBodyBytes: maxBody,
		Middlewares: huma.Middlewares{func(ctx huma.Context, next func(huma.Context)) {
			r, w := humago.Unwrap(ctx)
			if answer, ok := r.Context().Value(statusKey{}).(*status); ok {
				answer.route = method + " " + apiRoot + path
			}
			if v := viewer(r); needs != anyone && !v.May(needs) {
				refuse(w, http.StatusForbidden, "none of your roles gives this, or the token was not made for it: "+string(needs))
				return
			}
			next(ctx)
		}},
	}
}

// operation is one of the API, and what it takes.
type operation struct {
	method, path string
	needs        access.Permission
}

// page is a part of a list.
type page[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty" doc:"Where the list goes on: give it as cursor. Absent: this is the end."`
}

type answer[T any] struct{ Body T }

// told turns an error into a problem; why something failed stands in the log of the server alone.
func told(err error) error {
	var refused *Refused
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrNone):
		return huma.Error404NotFound("there is nothing of that id that you may see")
	case errors.As(err, &refused):
		return huma.Error422UnprocessableEntity(refused.Text)
	}
	return huma.Error500InternalServerError("it could not be read; on the server: holdfast doctor")
}

// as gives the viewer of a request that passed the door.
func as(ctx context.Context) access.Viewer {
	v, _ := ctx.Value(viewerKey{}).(access.Viewer)
	return v
}

type findingsInput struct {
	Severity      string `query:"severity" enum:"critical,high,moderate,low,info" doc:"Only these."`
	Due           string `query:"due" enum:"overdue,week" doc:"Only what is overdue, or due within a week."`
	Only          string `query:"only" maxLength:"200" doc:"Only of this check or requirement."`
	System        string `query:"system" maxLength:"200" doc:"Only on this system."`
	Application   string `query:"application" maxLength:"200" doc:"Only of this application."`
	Vulnerability string `query:"vulnerability" maxLength:"200" doc:"Only this vulnerability."`
	Cursor        string `query:"cursor" pattern:"^(F-[A-Z2-7]{10})?$" doc:"Where the list goes on."`
	Limit         int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
}

type findingsBody struct {
	page[finding.Finding]
	Open    int `json:"open" doc:"How many are open in all, of what you see."`
	Settled int `json:"settled" doc:"How many more a decision settles."`
}

type idInput struct {
	ID string `path:"id" maxLength:"200"`
}

type nameInput struct {
	Name string `path:"name" maxLength:"400" doc:"With / written as %2F."`
}

func (s *Server) describeReads(a huma.API) {
	huma.Register(a, s.operation("GET", "/findings", "list-findings", "Open findings, what to do next first", access.SeeFindings), func(ctx context.Context, in *findingsInput) (*answer[findingsBody], error) {
		all, err := s.data.Findings(ctx, as(ctx), FindingQuery{Severity: check.Severity(in.Severity), Due: in.Due, Only: in.Only, System: in.System, Application: in.Application, Flaw: in.Vulnerability, After: in.Cursor, Limit: in.Limit})
		if err != nil {
			return nil, told(err)
		}
		out := findingsBody{page: page[finding.Finding]{Items: append([]finding.Finding{}, all.List...)}, Open: all.Open, Settled: all.Settled}
		if all.More {
			out.Next = all.List[len(all.List)-1].ID
		}
		return &answer[findingsBody]{out}, nil
	})
	huma.Register(a, s.operation("GET", "/findings/{id}", "show-finding", "One finding with its history", access.SeeFindings), func(ctx context.Context, in *idInput) (*answer[findingBody], error) {
		d, err := s.data.Finding(ctx, as(ctx), in.ID)
		if err != nil {
			return nil, told(err)
		}
		return &answer[findingBody]{findingBody(d)}, nil
	})
	huma.Register(a, s.operation("GET", "/overview", "overview", "Numbers, sections, applications, calendar, trend", access.SeeFindings), func(ctx context.Context, _ *struct{}) (*answer[Overview], error) {
		o, err := s.pictures.Overview(ctx, as(ctx))
		return &answer[Overview]{o}, told(err)
	})
	huma.Register(a, s.operation("GET", "/requirements", "list-requirements", "All requirements of the standard with how they stand", access.SeeFindings), func(ctx context.Context, _ *struct{}) (*answer[page[requirementBody]], error) {
		all, err := s.pictures.Requirements(ctx, as(ctx))
		if err != nil {
			return nil, told(err)
		}
		out := page[requirementBody]{Items: []requirementBody{}}
		for _, r := range all.List {
			out.Items = append(out.Items, bodyOf(r))
		}
		return &answer[page[requirementBody]]{out}, nil
	})
	huma.Register(a, s.operation("GET", "/requirements/{id}", "show-requirement", "One requirement with its checks", access.SeeFindings), func(ctx context.Context, in *idInput) (*answer[requirementBody], error) {
		r, err := s.pictures.Requirement(ctx, as(ctx), in.ID)
		if err != nil {
			return nil, told(err)
		}
		return &answer[requirementBody]{bodyOf(r)}, nil
	})
	huma.Register(a, s.operation("GET", "/systems", "list-systems", "Systems, the worst first", access.SeeFindings), func(ctx context.Context, in *listInput) (*answer[page[System]], error) {
		after := in.place()
		all, err := s.places.Systems(ctx, as(ctx), in.Query, after, in.Limit)
		if err != nil {
			return nil, told(err)
		}
		out := page[System]{Items: append([]System{}, all.List...)}
		if end := after + len(all.List); end < all.All {
			out.Next = cursor(end)
		}
		return &answer[page[System]]{out}, nil
	})
	huma.Register(a, s.operation("GET", "/systems/{name}", "show-system", "One system with what each check came to", access.SeeFindings), func(ctx context.Context, in *nameInput) (*answer[systemBody], error) {
		d, err := s.places.System(ctx, as(ctx), in.Name)
		if err != nil {
			return nil, told(err)
		}
		return &answer[systemBody]{systemBody{d.System, d.Subjects, append([]finding.Finding{}, d.Findings...)}}, nil
	})
	huma.Register(a, s.operation("GET", "/vulnerabilities", "list-vulnerabilities", "Open vulnerabilities, the most urgent first", access.SeeFindings), func(ctx context.Context, _ *struct{}) (*answer[vulnerabilitiesBody], error) {
		all, err := s.pictures.Vulnerabilities(ctx, as(ctx))
		return &answer[vulnerabilitiesBody]{vulnerabilitiesBody{append([]Vulnerability{}, all.List...), all.All}}, told(err)
	})
	huma.Register(a, s.operation("GET", "/decisions", "list-decisions", "Decisions about findings that you see", access.SeeDecisions), func(ctx context.Context, _ *struct{}) (*answer[page[decisionBody]], error) {
		all, err := s.decisions.Decisions(ctx, as(ctx))
		out := page[decisionBody]{Items: []decisionBody{}}
		for _, d := range all {
			out.Items = append(out.Items, decisionBody(d))
		}
		return &answer[page[decisionBody]]{out}, told(err)
	})
	huma.Register(a, s.operation("GET", "/agents", "list-agents", "Agents and how they are", access.SeeAgents), func(ctx context.Context, _ *struct{}) (*answer[page[agentBody]], error) {
		all, err := s.operations.Agents(ctx)
		out := page[agentBody]{Items: []agentBody{}}
		for _, x := range all {
			out.Items = append(out.Items, agentBody{x.Agent, x.Words, x.Silent})
		}
		return &answer[page[agentBody]]{out}, told(err)
	})
	huma.Register(a, s.operation("GET", "/runs", "list-runs", "The newest runs", access.SeeRuns), func(ctx context.Context, in *limitInput) (*answer[page[runBody]], error) {
		all, err := s.operations.Runs(ctx, in.Limit)
		out := page[runBody]{Items: []runBody{}}
		for _, x := range all {
			out.Items = append(out.Items, runBody{x.ID, x.Started, x.Finished, x.Version, x.EstateDigest, x.Targets})
		}
		return &answer[page[runBody]]{out}, told(err)
	})
	huma.Register(a, s.operation("GET", "/ledger", "list-ledger", "The newest entries of the ledger", access.SeeLedger), func(ctx context.Context, in *limitInput) (*answer[ledgerBody], error) {
		l, err := s.data.Ledger(ctx, in.Limit)
		out := ledgerBody{Size: l.Size, Root: l.Root, Key: l.Key, Items: []entryBody{}}
		for _, e := range l.Entries {
			out.Items = append(out.Items, entryBody(e))
		}
		return &answer[ledgerBody]{out}, told(err)
	})
	huma.Register(a, s.operation("GET", "/tokens", "list-tokens", "Your tokens; an administrator sees all", access.OwnPasskeys), func(ctx context.Context, _ *struct{}) (*answer[page[access.Token]], error) {
		all, err := s.tokensOf(ctx, as(ctx))
		return &answer[page[access.Token]]{page[access.Token]{Items: append([]access.Token{}, all...)}}, told(err)
	})
}

type decisionInput struct {
	ID   string `path:"id" maxLength:"20"`
	Body struct {
		Kind      string `json:"kind" enum:"mitigation,extension,acceptance,false-positive,deviation"`
		Until     string `json:"until,omitempty" maxLength:"30" doc:"Its end; of an extension the new deadline: 2026-12-31."`
		Reason    string `json:"reason,omitempty" maxLength:"4000" doc:"Justification, or the evidence of a false positive."`
		Done      string `json:"done,omitempty" maxLength:"4000" doc:"What was done, or is done instead."`
		Effect    string `json:"effect,omitempty" maxLength:"1000" doc:"What is expected of a mitigation."`
		Reference string `json:"reference,omitempty" maxLength:"1000" doc:"Ticket, change, document."`
	}
}

type whyInput struct {
	ID   string `path:"id" maxLength:"20"`
	Body struct {
		Why string `json:"why,omitempty" maxLength:"1000"`
	} `required:"false"`
}

func (s *Server) describeWrites(a huma.API) {
	op := s.operation("POST", "/findings/{id}/decisions", "ask", "Ask for a decision about a finding; a token may", access.Request)
	op.DefaultStatus = http.StatusNoContent
	huma.Register(a, op, func(ctx context.Context, in *decisionInput) (*struct{}, error) {
		v, b := as(ctx), in.Body
		if t, ok := tokenOf(ctx); ok {
			if err := s.people.Happened(ctx, s.make.TokenAsked(t.ID, t.Person, in.ID, s.now())); err != nil {
				return nil, told(err)
			}
		} else if !s.freshNow(ctx) {
			return nil, huma.Error403Forbidden(wantsPasskey)
		}
		w := waiver.Waiver{Kind: waiver.Kind(b.Kind), Reason: b.Reason, Done: b.Done, Effect: b.Effect, Reference: b.Reference}
		return nil, told(s.decisions.Ask(ctx, v, in.ID, w, b.Until))
	})
	for _, x := range []struct {
		action waiver.Action
		word   string
		needs  access.Permission
	}{{waiver.Approve, "approve", access.Decide}, {waiver.Refuse, "refuse", access.Decide}, {waiver.Revoke, "revoke", access.Request}} {
		op := s.operation("POST", "/decisions/{id}/"+x.word, x.word, "Of a decision; wants a session with a passkey that was just shown", x.needs)
		op.DefaultStatus = http.StatusNoContent
		huma.Register(a, op, func(ctx context.Context, in *whyInput) (*struct{}, error) {
			if !s.freshNow(ctx) {
				return nil, huma.Error403Forbidden(wantsPasskey)
			}
			return nil, told(s.decisions.Decide(ctx, as(ctx), in.ID, x.action, in.Body.Why))
		})
	}
}

const wantsPasskey = "a decision wants a session whose passkey was shown within the last five minutes: POST /step-up/begin; a token has none"

// cursor and place are where a list that has no ids goes on.
func cursor(n int) string { return encodeCursor(n) }

type listInput struct {
	Query  string `query:"q" maxLength:"200" doc:"Words that all have to be in name, environment, application or team."`
	Cursor string `query:"cursor" maxLength:"30" doc:"Where the list goes on."`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
}

func (in *listInput) place() int { return decodeCursor(in.Cursor) }

type limitInput struct {
	Limit int `query:"limit" minimum:"1" maximum:"1000" default:"100"`
}

// tokensOf gives the tokens that a viewer may end.
func (s *Server) tokensOf(ctx context.Context, v access.Viewer) ([]access.Token, error) {
	all, err := s.tokens.Tokens(ctx)
	return slices.DeleteFunc(all, func(t access.Token) bool { return t.Person != v.Person && !v.May(access.AllPasskeys) }), err
}

// freshNow tells whether a request comes from a session whose passkey was just shown.
func (s *Server) freshNow(ctx context.Context) bool {
	at, ok := ctx.Value(freshKey{}).(time.Time)
	return ok && as(ctx).Person != "" && s.now().Sub(at) < freshTime
}
