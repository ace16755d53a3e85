package web

import (
	"net/http"

	"holdfast.example/holdfast/internal/access"
	"holdfast.example/holdfast/internal/waiver"
)

// route is something that a session can ask for, and what it takes.
type route struct {
	pattern string
	needs   access.Permission
	do      http.HandlerFunc
}

// anyone is needed for what every session may: to end.
const anyone access.Permission = "-"

// routes are all of them. What is not here is not there.
func (s *Server) routes() []route {
	return []route{
		{"GET /{$}", access.SeeFindings, s.overview},
		{"GET /findings", access.SeeFindings, s.findings},
		{"GET /findings/{id}", access.SeeFindings, s.finding},
		{"GET /requirements", access.SeeFindings, s.requirements},
		{"GET /requirements/{id}", access.SeeFindings, s.requirement},
		{"GET /systems", access.SeeFindings, s.systems},
		{"GET /systems/{name}", access.SeeFindings, s.system},
		{"GET /vulnerabilities", access.SeeFindings, s.vulnerabilities},
		{"GET /endpoints", access.SeeFindings, s.endpoints},
		{"GET /estate", access.SeeFindings, s.estate},
		{"GET /drift", access.SeeFindings, s.drift},
		{"POST /drift/approve", access.Request, s.approveDrift}, // whose baselines somebody approves is said by the estate
		{"GET /settings", access.SeeRuns, s.settings},
		{"GET " + livePath, access.SeeFindings, s.stream},
		{"GET /search", access.SeeFindings, s.search},
		{"GET /decisions", access.SeeDecisions, s.decisionList},
		{"POST /findings/{id}/decisions", access.Request, s.ask},
		{"POST /decisions/{id}/approve", access.Decide, s.decide(waiver.Approve)},
		{"POST /decisions/{id}/refuse", access.Decide, s.decide(waiver.Refuse)},
		{"POST /decisions/{id}/revoke", access.Request, s.decide(waiver.Revoke)}, // who asked may take it back; all others need more
		{"GET /agents", access.SeeAgents, s.agents},
		{"GET /runs", access.SeeRuns, s.runs},
		{"GET /ledger", access.SeeLedger, s.ledger},
		{"GET /passkeys", access.OwnPasskeys, s.passkeys},
		{"POST /passkeys/begin", access.OwnPasskeys, s.beginPasskey},
		{"POST /passkeys/finish", access.OwnPasskeys, s.finishPasskey},
		{"POST /passkeys/remove", access.OwnPasskeys, s.removePasskey},
		{"POST /passkeys/invite", access.AllPasskeys, s.invite},
		{"GET /sessions", access.OwnPasskeys, s.sessionList},
		{"POST /sessions/end", access.OwnPasskeys, s.endSession},
		{"GET /tokens", access.OwnPasskeys, s.tokenList},
		{"POST /tokens", access.OwnPasskeys, s.addToken},
		{"POST /tokens/revoke", access.OwnPasskeys, s.revokeToken},
		{"POST /factors/begin", access.OwnPasskeys, s.beginFactors},
		{"POST /factors/finish", access.OwnPasskeys, s.finishFactors},
		{"POST /factors/remove", access.OwnPasskeys, s.removeFactors},
		{"GET /step-up", access.OwnPasskeys, s.stepUpPage},
		{"POST /step-up/code", access.OwnPasskeys, s.stepUpByCode},
		{"POST /step-up/provider", access.OwnPasskeys, s.stepUpByProvider},
		{"POST /step-up/begin", access.OwnPasskeys, s.beginStepUp},
		{"POST /step-up/finish", access.OwnPasskeys, s.finishStepUp},
		{"POST /log-out", anyone, s.logOut},
	}
}

// only lets through who may do something.
func (s *Server) only(x route) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if answer, ok := w.(*status); ok {
			answer.route = x.pattern
		}
		if v := viewer(r); x.needs != anyone && !v.May(x.needs) {
			s.show(w, r, http.StatusForbidden, messagePage("Not yours to see", "None of your roles gives this. Roles stand in the estate: under roles, teams and applications.", &v))
			return
		}
		x.do(w, r)
	}
}

type viewerKey struct{}

// viewer is who asks. Nobody: the request did not come through behind.
func viewer(r *http.Request) access.Viewer {
	v, _ := r.Context().Value(viewerKey{}).(access.Viewer)
	return v
}
