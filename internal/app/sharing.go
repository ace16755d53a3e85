package app

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net"
	"path/filepath"
	"time"

	"holdfast.example/holdfast/internal/bus/hub"
	"holdfast.example/holdfast/internal/store/relational"
)

// NATSOptions name a NATS cluster on which reports of agents wait, in place of the own disk; zero: none.
type NATSOptions struct {
	Addresses   string // nats://host:4222 or tls://host:4222, with commas between them
	Credentials string // file of user JWT and seed
	CA          string // file of authorities, in PEM
	Cert, Key   string // files in PEM
}

func (o NATSOptions) cluster() (*hub.Cluster, error) {
	c, err := hub.ParseCluster(o.Addresses)
	switch {
	case err != nil:
		return nil, &UsageError{"--nats: " + err.Error()}
	case c == nil && (o.Credentials != "" || o.CA != "" || o.Cert != "" || o.Key != ""):
		return nil, &UsageError{"--nats-creds, --nats-ca, --nats-cert and --nats-key want --nats too"}
	case c == nil:
		return nil, nil
	case (o.Cert == "") != (o.Key == ""):
		return nil, &UsageError{"--nats-cert and --nats-key go together"}
	}
	for flag, path := range map[string]string{"--nats-creds": o.Credentials, "--nats-key": o.Key} {
		if path == "" {
			continue
		}
		if _, err := secretFile(flag, path); err != nil {
			return nil, err
		}
	}
	c.Credentials, c.CA, c.Cert, c.Key = o.Credentials, o.CA, o.Cert, o.Key
	return c, nil
}

// agree makes sure that control planes that share a database have the same key of fingerprints, since what one fingerprinted is compared with what
// another did, and tells whether they have the same authority of agents, so that an agent may dial any of them. With a NATS cluster they must.
func agree(ctx context.Context, store *relational.Store, state string, authority *hub.Authority, key []byte, cluster bool) (one bool, err error) {
	pin, mac := authority.Pin(), hmac.New(sha256.New, key)
	mac.Write([]byte("holdfast: is it the same key?"))
	for _, x := range []struct {
		name, value, file string
		must              bool
	}{
		{"fingerprints", hex.EncodeToString(mac.Sum(nil)), "fingerprint.key", true},
		{"authority", hex.EncodeToString(pin[:]), "agents/authority.pem", cluster},
	} {
		if one, err = store.Agree(ctx, x.name, programName(state), x.value); err != nil {
			return false, err
		}
		if one {
			continue
		}
		others, err := store.Announced(ctx, agentsThere, time.Now().Add(-announceTime))
		switch {
		case err != nil:
			return false, err
		case len(others) == 0: // they are gone for good
			if err := store.Insist(ctx, x.name, programName(state), x.value); err != nil {
				return false, err
			}
			one = true
		case x.must:
			return false, &UsageError{fmt.Sprintf("%s is not that of the other control planes that share this database; copy it from one of them (serve with --agents '' does without)", filepath.Join(state, x.file))}
		}
	}
	return one, nil
}

const (
	// announceTime is how long a control plane that is away is still named to agents.
	announceTime = 24 * time.Hour
	agentsThere  = "agents"
)

// reach is where agents are told to dial: what was given, else where it listens. Empty: that is no address that another machine could dial.
func reach(given, listens string) string {
	if given != "" {
		return given
	}
	host, _, err := net.SplitHostPort(listens)
	if ip := net.ParseIP(host); err != nil || host == "" || ip != nil && ip.IsUnspecified() {
		return ""
	}
	return listens
}
