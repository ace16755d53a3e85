package app

import (
	"net/netip"
	"sync"

	"holdfast.example/holdfast/internal/collect/httpget"
)

// limits bound the requests to each host, however many of its ports are endpoints. The zero value is ready.
type limits struct {
	mu  sync.Mutex
	all map[string]*httpget.Limit
}

// of gives the limit of a host. Sites on this machine need none, and each has its own.
func (l *limits) of(name string, perSecond float64) *httpget.Limit {
	if l == nil || perSecond == 0 {
		return httpget.NewLimit(perSecond)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.all == nil {
		l.all = map[string]*httpget.Limit{}
	}
	if l.all[name] == nil {
		l.all[name] = httpget.NewLimit(perSecond)
	}
	return l.all[name]
}

// rate is how many requests a second a site gets: 20, or on this machine as many as it answers.
func rate(places []place) float64 {
	for _, p := range places {
		if at, err := netip.ParseAddrPort(p.address); err != nil || !at.Addr().IsLoopback() {
			return 20
		}
	}
	return 0
}
