package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"holdfast.example/holdfast/internal/agent"
	"holdfast.example/holdfast/internal/bus/hub"
	"holdfast.example/holdfast/internal/event"
	"holdfast.example/holdfast/internal/run"
	"holdfast.example/holdfast/internal/store/relational"
)

// Invitation is what somebody asks for a new agent.
type Invitation struct {
	State, DB, Estate string
	Version           string
	Environment       string
	System            string // of that environment; empty: the agent is named by its host
	Address           string // host:port under which agents reach the control plane; empty: where it listens
}

// Invite makes a token for one agent.
func Invite(ctx context.Context, o Invitation, now time.Time) (agent.Token, error) {
	var t agent.Token
	state, err := StateDir(o.State)
	if err != nil {
		return t, err
	}
	subject, err := o.subject()
	if err != nil {
		return t, err
	}
	if t.Address, err = o.address(state); err != nil {
		return t, err
	}
	authority, err := hub.OpenAuthority(filepath.Join(state, "agents"), now)
	if err != nil {
		return t, err
	}
	t.Pin = authority.Pin()
	rand.Read(t.Secret[:])
	s, err := openStore(ctx, state, o.DB)
	if err != nil {
		return t, err
	}
	defer s.Close()
	by, err := account()
	if err != nil {
		return t, err
	}
	i := agent.Invitation{Digest: t.Digest(), Environment: o.Environment, Subject: subject, Made: now, Until: now.Add(agent.InvitationTime)}
	if err := s.Invite(ctx, i, event.Maker{Version: o.Version}.AgentInvited(o.Environment, by, now)); err != nil {
		return t, err
	}
	return t, enter(ctx, s, state)
}

// subject is the declared system, checked against the estate when there is one.
func (o Invitation) subject() (string, error) {
	if !agent.IsEnvironment(o.Environment) {
		return "", &UsageError{fmt.Sprintf("--env %q: want the environment that the agent looks at, production for example", o.Environment)}
	}
	if o.Estate == "" {
		if o.System != "" {
			return "", &UsageError{"--system names a system of the estate; give the estate by -f"}
		}
		return "", nil
	}
	e, err := soundEstate(o.Estate)
	if err != nil {
		return "", err
	}
	var names, systems []string
	for _, x := range e.Environments {
		names = append(names, x.Name)
	}
	if !slices.Contains(names, o.Environment) {
		return "", &UsageError{fmt.Sprintf("--env %s: the estate has no such environment%s", o.Environment, nearest(o.Environment, names))}
	}
	if o.System == "" {
		return "", nil
	}
	for i := range e.Systems {
		if s := &e.Systems[i]; s.Environment == o.Environment {
			if systems = append(systems, s.Name); s.Name == o.System {
				return s.Subject(), nil
			}
		}
	}
	return "", &UsageError{fmt.Sprintf("--system %s: the estate has no such system in %s%s", o.System, o.Environment, nearest(o.System, systems))}
}

// addressFile tells other processes where the control plane listens for agents.
func addressFile(state string) string { return filepath.Join(state, "agents", "address") }

func (o Invitation) address(state string) (string, error) {
	address := o.Address
	if address == "" {
		data, err := os.ReadFile(addressFile(state))
		if err != nil {
			return "", &UsageError{"no control plane has listened for agents here yet; start it first: holdfast serve --agents ADDRESS:8471, or give --address"}
		}
		address = strings.TrimSpace(string(data))
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return "", &UsageError{fmt.Sprintf("--address %q: want host:port", address)}
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		return "", &UsageError{fmt.Sprintf("the control plane listens on %s, which is no address that an agent could dial; give one by --address NAME:PORT", address)}
	}
	return address, nil
}

// Agents gives all agents.
func Agents(ctx context.Context, stateFlag, db string) (out []agent.Agent, err error) {
	err = withStore(ctx, stateFlag, db, func(s *relational.Store) error { out, err = s.Agents(ctx); return err })
	return out, err
}

// RevokeAgent keeps an agent out; a control plane that runs ends its connection within a second.
func RevokeAgent(ctx context.Context, stateFlag, db, version, id string, now time.Time) error {
	state, err := StateDir(stateFlag)
	if err != nil {
		return err
	}
	by, err := account()
	if err != nil {
		return err
	}
	return withStore(ctx, stateFlag, db, func(s *relational.Store) error {
		err := s.Revoke(ctx, id, now, event.Maker{Version: version}.AgentRevoked(id, by, now))
		if errors.Is(err, run.ErrNone) {
			all, err := s.Agents(ctx)
			if err != nil {
				return err
			}
			var ids []string
			for _, a := range all {
				if a.ID == id {
					return &UsageError{fmt.Sprintf("agent %s was revoked on %s", id, a.Revoked.UTC().Format(time.DateOnly))}
				}
				ids = append(ids, a.ID)
			}
			return &UsageError{fmt.Sprintf("there is no agent %s%s; all of them: holdfast agent list", id, nearest(id, ids))}
		}
		if err != nil {
			return err
		}
		return enter(ctx, s, state)
	})
}

// withStore opens the database for one thing.
func withStore(ctx context.Context, stateFlag, db string, do func(*relational.Store) error) error {
	state, err := StateDir(stateFlag)
	if err != nil {
		return err
	}
	s, err := openStore(ctx, state, db)
	if err != nil {
		return err
	}
	return errors.Join(do(s), s.Close())
}

// AgentWords says how an agent is.
func AgentWords(a agent.Agent, now time.Time) string {
	var words []string
	since, silent := a.SilentSince(now)
	switch {
	case !a.Revoked.IsZero():
		return "revoked on " + a.Revoked.Local().Format("2006-01-02 15:04")
	case a.Seen.IsZero():
		return "joined on " + a.Joined.Local().Format("2006-01-02 15:04") + ", never reported"
	case silent:
		words = append(words, fmt.Sprintf("SILENT since %s: what it sees is unknown", since.Local().Format("2006-01-02 15:04")))
	default:
		words = append(words, "reported "+now.Sub(a.Seen).Round(time.Second).String()+" ago")
	}
	if !a.Root {
		words = append(words, "not root")
	}
	if n := len(a.Gaps); n > 0 {
		words = append(words, fmt.Sprintf("%d parts not seen", n))
	}
	if a.Skew != 0 {
		words = append(words, fmt.Sprintf("its clock is off by %s", a.Skew.Round(time.Second)))
	}
	if a.Lost > 0 {
		words = append(words, fmt.Sprintf("%d reports had no room in its spool", a.Lost))
	}
	return strings.Join(words, ", ")
}
