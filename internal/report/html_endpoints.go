package report

import (
	"cmp"
	"slices"
	"time"
)

// horizon is how many days the timeline of certificates shows: no certificate that browsers take lasts longer.
const horizon = 398

// warned is how many days before its end a certificate warns.
const warned = 30

// pageCertificate is a certificate with where it is used and how much of it is left.
type pageCertificate struct {
	Certificate
	UsedAt []string
	Days   int // below 0 when it is over
	Status string
	Width  float64 // of the bar, which is 1000 wide
}

// Horizon is the length of the timeline in days.
func (page) Horizon() int { return horizon }

// Certificates are those of all endpoints, each once, the first to end first.
func (p page) Certificates() (out []pageCertificate) {
	at := map[string]int{}
	for _, e := range p.Endpoints {
		c := e.Certificate
		if c == nil {
			continue
		}
		i, ok := at[c.Fingerprint]
		if !ok {
			i = len(out)
			at[c.Fingerprint] = i
			out = append(out, newCertificate(*c, p.AssessedAt))
		}
		out[i].UsedAt = append(out[i].UsedAt, e.Address)
	}
	slices.SortStableFunc(out, func(a, b pageCertificate) int { return cmp.Compare(a.NotAfter.Unix(), b.NotAfter.Unix()) })
	return out
}

func newCertificate(c Certificate, now time.Time) pageCertificate {
	out := pageCertificate{Certificate: c, Days: int(c.NotAfter.Sub(now).Hours() / 24), Status: "pass"}
	switch {
	case c.NotAfter.Before(now):
		out.Days, out.Status = -1, "fail"
	case out.Days < warned:
		out.Status = "warn"
	}
	out.Width = 1000 * float64(min(max(out.Days, 0), horizon)) / horizon
	return out
}
