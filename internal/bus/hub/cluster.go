package hub

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/semaphore"

	"holdfast.example/holdfast/internal/agent"
)

// Cluster is a NATS cluster with JetStream on which reports wait, in place of the own disk: control planes that share it share
// the work. Holdfast wants an account of its own there; agents never dial it.
type Cluster struct {
	URLs        []string // nats://host:port or tls://host:port; what is not this machine is dialled by TLS alone
	Credentials string   // file of user JWT and seed; empty: none
	CA          string   // file of authorities in PEM; empty: those of the machine
	Cert, Key   string   // files in PEM for TLS by client certificate; empty: none
}

// ParseCluster reads addresses with commas between them. The empty text gives nil.
func ParseCluster(addresses string) (*Cluster, error) {
	if addresses == "" {
		return nil, nil
	}
	c := &Cluster{}
	for a := range strings.SplitSeq(addresses, ",") {
		u, err := url.Parse(strings.TrimSpace(a))
		if err != nil || u.Scheme != "nats" && u.Scheme != "tls" || u.Hostname() == "" || u.Path != "" || u.RawQuery != "" {
			return nil, errors.New("want addresses of NATS servers as nats://host:4222, with commas between them")
		}
		if u.User != nil {
			return nil, errors.New("want addresses of NATS servers without user and password, which others would read; give a file of credentials or a client certificate")
		}
		c.URLs = append(c.URLs, u.String())
	}
	return c, nil
}

// secure tells whether what it says must be encrypted: a server is not on this machine.
func (c *Cluster) secure() bool {
	for _, a := range c.URLs {
		u, err := url.Parse(a)
		if err != nil || u.Hostname() != "localhost" && !net.ParseIP(u.Hostname()).IsLoopback() {
			return true
		}
	}
	return false
}

func (h *Hub) dialCluster() (*relay, error) {
	c := h.o.Cluster
	var told atomic.Bool
	away := func(err error) { // each server has a reason of its own, every second: the first says enough
		if err != nil && !errors.Is(err, nats.ErrNoServers) && h.ctx.Err() == nil && told.CompareAndSwap(false, true) {
			h.o.Log("no server of the NATS cluster can be reached; agents keep their reports until one can: %v", err)
		}
	}
	stands := func(c *nats.Conn) {
		told.Store(false)
		h.clusterStands(c)
	}
	options := []nats.Option{
		nats.Name("holdfast"), nats.RetryOnFailedConnect(true), nats.MaxReconnects(-1), nats.ReconnectWait(time.Second), nats.Timeout(5 * time.Second), nats.ReconnectBufSize(-1),
		nats.PingInterval(10 * time.Second), nats.MaxPingsOutstanding(2), nats.IgnoreAuthErrorAbort(),
		nats.ConnectHandler(stands), nats.ReconnectHandler(stands),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil && h.ctx.Err() == nil {
				h.o.Log("a server of the NATS cluster is gone (%v); another one is dialled", err)
			}
		}),
		nats.ReconnectErrHandler(func(_ *nats.Conn, err error) { away(err) }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { h.o.Log("the NATS cluster says: %v", err) }),
	}
	if c.secure() {
		options = append(options, nats.Secure())
	}
	if c.Credentials != "" {
		options = append(options, nats.UserCredentials(c.Credentials))
	}
	if c.CA != "" {
		options = append(options, nats.RootCAs(c.CA))
	}
	if c.Cert != "" || c.Key != "" {
		options = append(options, nats.ClientCert(c.Cert, c.Key))
	}
	conn, err := nats.Connect(strings.Join(c.URLs, ","), options...)
	if err != nil {
		return nil, fmt.Errorf("dial the NATS cluster %s: %w", strings.Join(c.URLs, ","), err)
	}
	js, err := jetstream.New(conn, jetstream.WithPublishAsyncTimeout(relayTime))
	if err != nil {
		conn.Close()
		return nil, err
	}
	return &relay{conn: conn, js: js, room: semaphore.NewWeighted(relayed)}, nil
}

func (h *Hub) clusterStands(c *nats.Conn) {
	if c.MaxPayload() < agent.MaxMessage {
		h.o.Log("the NATS cluster takes messages of %d kB, and the reports of large hosts are larger: set max_payload: %dMB there", c.MaxPayload()>>10, agent.MaxMessage>>20)
	}
	h.o.Log("connected to the NATS cluster at %s", c.ConnectedUrlRedacted())
}

// Ready tells what keeps reports from being taken; nil: nothing.
func (h *Hub) Ready(ctx context.Context) error {
	if h.relay == nil {
		if !h.Sound() {
			return errors.New("the disk of the bus is full or failed")
		}
		return nil
	}
	if !h.relay.conn.IsConnected() {
		return errors.New("no server of the NATS cluster answers")
	}
	ctx, cancel := context.WithTimeout(ctx, awayTime)
	defer cancel()
	if _, err := h.relay.js.AccountInfo(ctx); err != nil {
		return fmt.Errorf("ask the NATS cluster: %w", err)
	}
	return nil
}
