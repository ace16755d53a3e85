package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"
)

// maxPlaces addresses of one name are looked at.
const maxPlaces = 8

// place is an address of an endpoint.
type place struct {
	address string // 192.0.2.1:443
	problem error  // it does not answer
}

// places tries all addresses of the name at once. Those that refuse, or to which no way leads from here, offer
// nothing and are left to a note while others answer; one that stays silent is unseen.
func (e endpoint) places(ctx context.Context, timeout time.Duration) (out []place, notes []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", e.name)
	if err != nil {
		return nil, nil, fmt.Errorf("find the address of %s: %w", e.name, err)
	}
	if len(ips) > maxPlaces {
		notes = append(notes, fmt.Sprintf("%s has %d addresses; the first %d were looked at", e.name, len(ips), maxPlaces))
		ips = ips[:maxPlaces]
	}
	all := e.dial(ctx, ips)
	answered := 0
	for _, p := range all {
		if p.problem == nil {
			answered++
		}
	}
	var problems []error
	for _, p := range all {
		switch {
		case answered > 0 && isNothing(p.problem):
			notes = append(notes, fmt.Sprintf("%s: %s was not looked at: %v", e.name, p.address, p.problem))
		default:
			out = append(out, p)
			problems = append(problems, p.problem)
		}
	}
	if answered == 0 {
		return nil, notes, errors.Join(problems...)
	}
	return out, notes, nil
}

func (e endpoint) dial(ctx context.Context, ips []netip.Addr) []place {
	out := make([]place, len(ips))
	var wg sync.WaitGroup
	for i, ip := range ips {
		out[i].address = net.JoinHostPort(ip.Unmap().String(), e.port)
		wg.Go(func() {
			c, err := (&net.Dialer{}).DialContext(ctx, "tcp", out[i].address)
			if err != nil {
				out[i].problem = err
				return
			}
			_ = c.Close()
		})
	}
	wg.Wait()
	return out
}

// isNothing tells an address that offers nothing to anyone, or to nobody from here.
func isNothing(err error) bool {
	for _, no := range []error{syscall.ECONNREFUSED, syscall.ENETUNREACH, syscall.EADDRNOTAVAIL, syscall.EAFNOSUPPORT} {
		if errors.Is(err, no) {
			return true
		}
	}
	return false
}
