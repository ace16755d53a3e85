package link

import (
	"errors"
	"fmt"
	"hash/fnv"
	"net"
	"slices"
	"sync"
	"time"
)

const (
	// dialTime is how long is waited for one address.
	dialTime = 5 * time.Second
	// maxAddresses is how many an agent keeps.
	maxAddresses = 20
)

// dialer dials the control planes that an agent knows in turn, so that another one is found when the present one is gone.
type dialer struct {
	addresses func() []string

	mu   sync.Mutex
	next int
	last string // to which a connection came about
}

// newDialer gives one that begins where others do not all begin.
func newDialer(id string, addresses func() []string) *dialer {
	h := fnv.New32a()
	h.Write([]byte(id))
	return &dialer{addresses: addresses, next: int(h.Sum32() >> 1)}
}

// Dial tries each address once. The one that it is asked for is the first of them at some time, as all are.
func (d *dialer) Dial(network, _ string) (net.Conn, error) {
	all := d.addresses()
	var failed error
	for range all {
		d.mu.Lock()
		address := all[d.next%len(all)]
		d.next++
		d.mu.Unlock()
		c, err := net.DialTimeout(network, address, dialTime)
		if err == nil {
			d.mu.Lock()
			d.last = address
			d.mu.Unlock()
			return c, nil
		}
		failed = errors.Join(failed, err)
	}
	return nil, failed
}

// at is where the connection that stands goes to.
func (d *dialer) at() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.last
}

// addresses are where an agent finds a control plane.
func (i Identity) addresses() []string {
	if slices.Contains(i.Others, i.Address) {
		return i.Others
	}
	return append([]string{i.Address}, i.Others...)
}

// usable gives those of some addresses that can be dialled.
func usable(addresses []string) (out []string) {
	for _, a := range addresses {
		if host, port, err := net.SplitHostPort(a); err == nil && host != "" && port != "" && len(a) < 300 && len(out) < maxAddresses {
			out = append(out, a)
		}
	}
	return out
}

// String names them for a person.
func (i Identity) String() string {
	all := i.addresses()
	if len(all) == 1 {
		return all[0]
	}
	return fmt.Sprintf("%s and %d more", all[0], len(all)-1)
}
