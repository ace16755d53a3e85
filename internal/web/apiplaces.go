package web

import (
	"cmp"
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"holdfast.example/holdfast/internal/access"
	"holdfast.example/holdfast/internal/drift"
)

// driftBody are the differences that a viewer sees.
type driftBody struct {
	Items []DriftGroup `json:"items"`
	Known bool         `json:"known" doc:"False: nobody has approved a baseline yet."`
}

type sessionBody struct {
	ID      string    `json:"id"`
	Person  string    `json:"person" doc:"Empty: who came by the link of the terminal."`
	By      string    `json:"by" doc:"How it logged in."`
	Source  string    `json:"source"`
	Browser string    `json:"browser"`
	Since   time.Time `json:"since"`
	Seen    time.Time `json:"seen"`
	This    bool      `json:"this" doc:"It is the one that asks."`
}

type sbomInput struct {
	Name   string `path:"name" maxLength:"400" doc:"With / written as %2F."`
	Format string `query:"format" enum:"cyclonedx,spdx" default:"cyclonedx"`
}

// sbomAnswer is a list of components as others read it.
type sbomAnswer struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

type searchInput struct {
	Query string `query:"q" required:"true" minLength:"1" maxLength:"200" doc:"Words that all have to be in name or text."`
}

type approveInput struct {
	Body struct {
		Subject string `json:"subject" minLength:"1" maxLength:"400"`
		Key     string `json:"key,omitempty" maxLength:"400" doc:"A group of differences; absent: all that was seen last."`
		Reason  string `json:"reason" minLength:"1" maxLength:"4000"`
	}
}

// describePlaces makes what stands where, what differs, and who is logged in.
func (s *Server) describePlaces(a huma.API) {
	huma.Register(a, s.operation("GET", "/endpoints", "list-endpoints", "Endpoints with their certificates, the first to end first", access.SeeFindings), func(ctx context.Context, _ *struct{}) (*answer[page[Endpoint]], error) {
		all, err := s.places.Endpoints(ctx, as(ctx))
		return &answer[page[Endpoint]]{page[Endpoint]{Items: append([]Endpoint{}, all...)}}, told(err)
	})
	huma.Register(a, s.operation("GET", "/certificates", "list-certificates", "Certificates with the endpoints that showed them, the first to end first", access.SeeFindings), func(ctx context.Context, _ *struct{}) (*answer[page[Certificate]], error) {
		all, err := s.places.Certificates(ctx, as(ctx))
		return &answer[page[Certificate]]{page[Certificate]{Items: append([]Certificate{}, all...)}}, told(err)
	})
	huma.Register(a, s.operation("GET", "/systems/{name}/sbom", "show-sbom", "The software of a system as a list of components: CycloneDX 1.6 or SPDX 2.3", access.SeeFindings), func(ctx context.Context, in *sbomInput) (*sbomAnswer, error) {
		data, err := s.places.SBOM(ctx, as(ctx), in.Name, in.Format)
		if err != nil {
			return nil, told(err)
		}
		return &sbomAnswer{cmp.Or(map[string]string{"spdx": "application/spdx+json"}[in.Format], "application/vnd.cyclonedx+json"), data}, nil
	})
	huma.Register(a, s.operation("GET", "/estate", "show-estate", "Environments, systems and approved flows that you see", access.SeeFindings), func(ctx context.Context, _ *struct{}) (*answer[Estate], error) {
		e, err := s.places.Estate(ctx, as(ctx))
		return &answer[Estate]{e}, told(err)
	})
	huma.Register(a, s.operation("GET", "/search", "search", "Systems, findings, requirements and checks by words, the best first", access.SeeFindings), func(ctx context.Context, in *searchInput) (*answer[page[Hit]], error) {
		all, err := s.pictures.Search(ctx, as(ctx), in.Query)
		return &answer[page[Hit]]{page[Hit]{Items: append([]Hit{}, all...)}}, told(err)
	})
	huma.Register(a, s.operation("GET", "/drift", "list-drift", "What differs from approved baselines, the most important first", access.SeeFindings), func(ctx context.Context, _ *struct{}) (*answer[driftBody], error) {
		all, known, err := s.drifts.Drift(ctx, as(ctx))
		out := driftBody{Items: append([]DriftGroup{}, all...), Known: known}
		for i := range out.Items {
			out.Items[i].Changes = append([]drift.Open{}, out.Items[i].Changes...)
		}
		return &answer[driftBody]{out}, told(err)
	})
	op := s.operation("POST", "/drift/approve", "approve-drift", "Make what was seen last the baseline; wants a session with a passkey that was just shown", access.Request)
	op.DefaultStatus = 204
	huma.Register(a, op, func(ctx context.Context, in *approveInput) (*struct{}, error) {
		if !s.freshNow(ctx) {
			return nil, huma.Error403Forbidden(wantsPasskey)
		}
		return nil, told(s.drifts.ApproveDrift(ctx, as(ctx), in.Body.Subject, in.Body.Key, in.Body.Reason))
	})
	huma.Register(a, s.operation("GET", "/settings", "list-settings", "What the control plane runs with", access.SeeRuns), func(ctx context.Context, _ *struct{}) (*answer[page[Setting]], error) {
		all, err := s.operations.Settings(ctx)
		return &answer[page[Setting]]{page[Setting]{Items: append([]Setting{}, all...)}}, told(err)
	})
	huma.Register(a, s.operation("GET", "/sessions", "list-sessions", "Your sessions; an administrator sees all", access.OwnPasskeys), func(ctx context.Context, _ *struct{}) (*answer[page[sessionBody]], error) {
		out := page[sessionBody]{Items: []sessionBody{}}
		for _, x := range s.sessionsOf(ctx) {
			out.Items = append(out.Items, sessionBody{x.id, x.person, x.method, x.source, x.browser, x.since.UTC(), x.seen.UTC(), x.This})
		}
		return &answer[page[sessionBody]]{out}, nil
	})
	end := s.operation("POST", "/sessions/{id}/end", "end-session", "End a session, or with others all of yours but this one; a token cannot", access.OwnPasskeys)
	end.DefaultStatus = 204
	huma.Register(a, end, func(ctx context.Context, in *idInput) (*struct{}, error) {
		if _, ok := tokenOf(ctx); ok {
			return nil, huma.Error403Forbidden("a token reads and asks; sessions are ended by a session")
		}
		return nil, told(s.endSessions(ctx, in.ID))
	})
}
