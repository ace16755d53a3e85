package hub

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"holdfast.example/holdfast/internal/agent"
)

// joins answers the bearer of a token.
func (h *Hub) joins(m *nats.Msg) {
	var r agent.JoinRequest
	if err := json.Unmarshal(m.Data, &r); err != nil {
		return
	}
	t, ok := agent.OfPassword(r.Password)
	if !ok || !strings.HasPrefix(m.Reply, agent.JoinInbox(t.Digest())+".") {
		return // an answer goes to who bears the token
	}
	answer, err := h.admit(t.Digest(), r)
	if err != nil {
		answer = agent.Membership{Error: err.Error()}
		if !errors.Is(err, agent.ErrInvitation) {
			h.o.Log("an agent could not join: %v", err)
		}
	}
	respond(m, answer)
}

func (h *Hub) admit(digest string, r agent.JoinRequest) (agent.Membership, error) {
	if r.Version < agent.Version-1 || r.Version > agent.Version+1 {
		return agent.Membership{}, errors.New("agent and control plane are too far apart in version; upgrade the older one")
	}
	ctx, cancel := context.WithTimeout(h.ctx, 10*time.Second)
	defer cancel()
	i, err := h.o.Book.Invitation(ctx, digest)
	if err != nil {
		return agent.Membership{}, err
	}
	now := h.o.Now()
	a := agent.Agent{ID: newID(), Environment: i.Environment, Subject: i.Subject, Joined: now}
	cert, until, err := h.o.Authority.admit(r.CSR, a.ID, now)
	if err != nil {
		return agent.Membership{}, err
	}
	a.Until = until
	if _, err := h.environment(a.Environment); err != nil {
		return agent.Membership{}, err
	}
	if err := h.o.Book.Admit(ctx, digest, a, now); err != nil {
		return agent.Membership{}, err
	}
	h.o.Log("agent %s joined environment %s", a.ID, a.Environment)
	return agent.Membership{ID: a.ID, Environment: a.Environment, Subject: a.Subject, Certificate: cert, Authority: h.o.Authority.cert.Raw, Key: h.o.Key[:], Every: h.o.Every, Addresses: h.addresses(ctx)}, nil
}

func newID() string {
	var b [8]byte
	rand.Read(b[:])
	return "A-" + base32.StdEncoding.EncodeToString(b[:])[:10]
}

// renew answers an agent that wants its next certificate. The bus lets it ask under its own id alone.
func (h *Hub) renew(environment string, m *nats.Msg) {
	id := last(m.Subject)
	if !strings.HasPrefix(m.Reply, agent.Inbox(id)+".") {
		return // an answer goes to the agent itself
	}
	answer, err := h.renewed(environment, id, m.Data)
	if err != nil {
		answer = agent.Renewed{Error: err.Error()}
	}
	respond(m, answer)
}

func (h *Hub) renewed(environment, id string, data []byte) (agent.Renewed, error) {
	var r agent.RenewalRequest
	if err := json.Unmarshal(data, &r); err != nil {
		return agent.Renewed{}, errors.New("the request cannot be read")
	}
	ctx, cancel := context.WithTimeout(h.ctx, 10*time.Second)
	defer cancel()
	a, err := h.o.Book.Agent(ctx, id)
	if err != nil {
		return agent.Renewed{}, err
	}
	if !a.Revoked.IsZero() || a.Environment != environment {
		return agent.Renewed{}, agent.ErrRevoked
	}
	known := agent.Renewed{Every: h.o.Every, Addresses: h.addresses(ctx)}
	if len(r.CSR) == 0 {
		return known, nil
	}
	cert, until, err := h.o.Authority.admit(r.CSR, id, h.o.Now())
	if err != nil {
		return agent.Renewed{}, err
	}
	known.Certificate = cert
	return known, h.o.Book.Renewed(ctx, id, until)
}

// addresses are where agents may dial.
func (h *Hub) addresses(ctx context.Context) []string {
	if h.o.Addresses == nil {
		return nil
	}
	return h.o.Addresses(ctx)
}

func respond(m *nats.Msg, answer any) {
	if data, err := json.Marshal(answer); err == nil {
		_ = m.Respond(data) // who asked asks again
	}
}

func last(subject string) string { return subject[strings.LastIndexByte(subject, '.')+1:] }
