package app

import (
	"net"
	"net/url"
	"time"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/report"
	"holdfast.example/holdfast/internal/subject/tlsserver"
	"holdfast.example/holdfast/internal/subject/website"
)

// graded passes a feed on, grades the TLS endpoints in it, and scores the websites behind them.
func graded(all feed, into *[]report.Endpoint, now time.Time) feed {
	return func(yield func([]fact.Observation, error) bool) {
		sites := map[string]website.Fact{}
		certificates := map[string]website.Certificate{}
		for obs, err := range all {
			for _, o := range obs {
				switch f := o.Fact.(type) {
				case tlsserver.Fact:
					certificates[f.Address+" "+o.Subject] = certificateOf(f, now)
					*into = append(*into, endpointOf(o.Subject, f, now))
				case website.Fact:
					sites[f.Address+" "+hostPort(f.URL)] = f
				}
			}
			if !yield(obs, err) {
				return
			}
		}
		for i := range *into {
			e := &(*into)[i]
			if f, ok := sites[e.IP+" "+e.Address]; ok {
				e.Observatory = observatoryOf(website.Observe(f, certificates[e.IP+" "+e.Address]))
			}
		}
	}
}

// hostPort is the endpoint of a site.
func hostPort(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	port := u.Port()
	if port == "" {
		port = "443"
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// certificateOf tells whether browsers take the certificate: what they do not take is a T or an M of the rating.
func certificateOf(f tlsserver.Fact, now time.Time) website.Certificate {
	for _, r := range tlsserver.Rate(f, now).Reasons {
		if r.Effect == "T" || r.Effect == "M" {
			return website.CertificateBad
		}
	}
	if len(f.Chain) == 0 || f.Trust == "" {
		return website.CertificateUnseen
	}
	return website.CertificateValid
}

func observatoryOf(o website.Observatory) *report.Observatory {
	out := &report.Observatory{Reason: o.Reason, Tests: []report.ObservatoryTest{}, Unseen: append([]string{}, o.Missing()...)}
	if o.Reason == "" {
		out.Score, out.Grade = &o.Score, o.Grade
	}
	for _, t := range o.Tests {
		out.Tests = append(out.Tests, report.ObservatoryTest{Name: t.Name, Outcome: t.Outcome, Modifier: t.Modifier})
	}
	return out
}
