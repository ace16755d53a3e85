package hub

import (
	"context"
	"crypto/subtle"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"holdfast.example/holdfast/internal/agent"
)

// Check tells the bus who a connection is, and what it may do. Whoever is neither this process, nor bears an invitation, nor
// shows a certificate of an agent that was not revoked, is not let in.
func (h *Hub) Check(c server.ClientAuthentication) bool {
	if c.Kind() != server.CLIENT {
		return false
	}
	tls, opts := c.GetTLSConnectionState(), c.GetOpts()
	if tls == nil {
		return h.isOwn(c, opts)
	}
	ctx, cancel := context.WithTimeout(context.Background(), admissionTime)
	defer cancel()
	if len(tls.PeerCertificates) == 0 {
		return h.isInvited(ctx, c, opts)
	}
	now := h.o.Now()
	id, over, ok := h.o.Authority.recognise(tls.PeerCertificates[0], now)
	if !ok {
		return false
	}
	a, err := h.o.Book.Agent(ctx, id)
	if err != nil || !a.Revoked.IsZero() {
		return false
	}
	e, err := h.environment(a.Environment)
	if err != nil {
		h.o.Log("agent %s is not let in: %v", id, err)
		return false
	}
	user := &server.User{Username: id, Account: e.account, Permissions: permissions(a, over), ConnectionDeadline: tls.PeerCertificates[0].NotAfter}
	if over {
		user.ConnectionDeadline = now.Add(time.Minute)
	}
	c.RegisterUser(user)
	h.came(id, c.GetID())
	return true
}

// admissionTime is how long the database may take to say who somebody is.
const admissionTime = 3 * time.Second

// permissions are what an agent may say and hear, in the account of its environment. Whose certificate is over may only ask
// for the next one.
func permissions(a agent.Agent, over bool) *server.Permissions {
	publish := []string{agent.Renewal(a.Environment, a.ID)}
	hear := []string{agent.Inbox(a.ID) + ".>"}
	if !over {
		publish = append(publish, agent.Facts(a.Environment, a.ID))
		hear = append(hear, agent.Jobs(a.Environment, a.ID))
	}
	return &server.Permissions{
		Publish:   &server.SubjectPermission{Allow: publish},
		Subscribe: &server.SubjectPermission{Allow: hear},
		Response:  &server.ResponsePermission{MaxMsgs: 1, Expires: time.Minute}, // to jobs
	}
}

// isInvited lets the bearer of an invitation ask for membership, and nothing else. Whether it is still worth something is
// asked again when it is used.
func (h *Hub) isInvited(ctx context.Context, c server.ClientAuthentication, opts *server.ClientOpts) bool {
	t, ok := agent.OfPassword(opts.Password)
	if opts.Username != agent.JoinUser || !ok {
		return false
	}
	now := h.o.Now()
	i, err := h.o.Book.Invitation(ctx, t.Digest())
	if err != nil || i.Agent != "" || !now.Before(i.Until) {
		return false
	}
	c.RegisterUser(&server.User{Username: agent.JoinUser, Account: h.join, ConnectionDeadline: now.Add(time.Minute), Permissions: &server.Permissions{
		Publish:   &server.SubjectPermission{Allow: []string{agent.JoinSubject}},
		Subscribe: &server.SubjectPermission{Allow: []string{agent.JoinInbox(t.Digest()) + ".>"}},
	}})
	return true
}

// isOwn lets this process into any of its accounts. A connection without TLS comes from within: no listener takes one.
func (h *Hub) isOwn(c server.ClientAuthentication, opts *server.ClientOpts) bool {
	if subtle.ConstantTimeCompare([]byte(opts.Password), []byte(h.secret)) != 1 {
		return false
	}
	account := h.join
	if name, ok := strings.CutPrefix(opts.Username, ownUser); ok && name != "" {
		e, ok := h.known(name)
		if !ok {
			return false
		}
		account = e
	}
	c.RegisterUser(&server.User{Username: opts.Username, Account: account})
	return true
}

// ownUser and the name of an environment is the user of this process there; without a name it is that of who joins.
const ownUser = "hub/"
