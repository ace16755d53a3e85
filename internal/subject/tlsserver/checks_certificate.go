package tlsserver

import (
	"fmt"
	"strings"
	"time"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
)

// onLeaf makes a rule on the certificate of the endpoint itself.
func onLeaf(judge func(f Fact, leaf Certificate, p check.Params) check.Result) check.Rule {
	return check.On(func(f Fact, _ estate.View, p check.Params) check.Result {
		if len(f.Chain) == 0 {
			return check.Unseen("no certificate was seen")
		}
		return judge(f, f.Chain[0], p)
	})
}

// leafFault is a fault of the endpoint's own certificate. Its key outlives a renewal.
func leafFault(f Fact, field, detail string) []check.Violation {
	return []check.Violation{{Key: "certificate:leaf", Detail: detail, At: "/chain/0/" + field, Source: f.Address}}
}

const renew = "nginx, Apache, HAProxy: sudo certbot renew --cert-name shop.example && sudo systemctl reload nginx\n" +
	"Caddy renews by itself: journalctl -u caddy says why it does not\n" +
	"Envoy reads it anew only by SDS: path_config_source with watched_directory; else restart it\n" +
	"Java: import it into the keystore, and restart; Tomcat: reloadSslHostConfigs by JMX or the manager\n" +
	"Go: tls.Config.GetCertificate that reads the files anew, or golang.org/x/crypto/acme/autocert\n" +
	"With another CA: order a new certificate, install it with its chain, reload the server."

// Dates demands a certificate that is valid now.
var Dates = &check.Check{
	ID:           "tlsserver-certificate-dates",
	Title:        "The certificate is valid today",
	Doc:          "Clients refuse an expired certificate, and people who are told to click on learn to do so in front of an attacker too.",
	Remedy:       renew,
	Requirements: []string{"A.5.2.3", "A.5.7.2"},
	Needs:        []string{PartChain},
	Rule: onLeaf(func(f Fact, leaf Certificate, p check.Params) check.Result {
		switch {
		case p.Now.After(leaf.NotAfter):
			return check.Failed("", leafFault(f, "not_after", "the certificate expired on "+day(leaf.NotAfter)))
		case p.Now.Before(leaf.NotBefore):
			return check.Failed("", leafFault(f, "not_before", "the certificate is not valid before "+day(leaf.NotBefore)))
		}
		return check.Passed("valid until " + day(leaf.NotAfter))
	}),
	Examples: []check.Example{
		check.Passes("valid", sample()),
		check.Fails("expired", sampleWith(func(f *Fact) { f.Chain[0].NotAfter = check.ExampleNow.Add(-time.Hour) }), "certificate:leaf"),
		check.Fails("not yet valid", sampleWith(func(f *Fact) { f.Chain[0].NotBefore = check.ExampleNow.Add(time.Hour) }), "certificate:leaf"),
		check.Leaves("not seen", unseenChain()),
	},
}

// Expiring demands that a certificate is renewed in time.
var Expiring = &check.Check{
	ID:           "tlsserver-certificate-expiring",
	Title:        "The certificate does not expire soon",
	Doc:          "Renewal that works happens weeks ahead. A certificate that comes near its end says that renewal is broken, or was forgotten.",
	Remedy:       renew + "\nsystemctl list-timers certbot.timer   (does it run?)",
	Requirements: []string{"A.5.2.3", "A.5.7.2"},
	Needs:        []string{PartChain},
	Rule: check.On(func(f Fact, declared estate.View, p check.Params) check.Result {
		if len(f.Chain) == 0 {
			return check.Unseen("no certificate was seen")
		}
		leaf, window := f.Chain[0], p.Days("days")
		if declared.Estate != nil {
			window = max(window, declared.Policy().CertWarn.Approx())
		}
		left := leaf.NotAfter.Sub(p.Now)
		switch {
		case left < 0:
			return check.Inapplicable("it has expired already; tlsserver-certificate-dates tells")
		case left < window:
			return check.Failed("", leafFault(f, "not_after", fmt.Sprintf("the certificate expires on %s, within %d days", day(leaf.NotAfter), int(window.Hours()/24))))
		}
		return check.Passed("valid until " + day(leaf.NotAfter))
	}),
	Examples: []check.Example{
		check.Passes("two months", sample()),
		check.Fails("ten days", sampleWith(func(f *Fact) { f.Chain[0].NotAfter = check.ExampleNow.AddDate(0, 0, 10) }), "certificate:leaf"),
		check.Fails("two months, where three are wanted", sample(), "certificate:leaf").Given(warns),
		check.Skips("expired", sampleWith(func(f *Fact) { f.Chain[0].NotAfter = check.ExampleNow.Add(-time.Hour) })),
		check.Leaves("not seen", unseenChain()),
	},
}

// warns is an estate that wants to know of certificates three months before their end.
const warns = `organization: Northwind
people: [{id: erika, name: Erika Muster, email: erika@northwind.example}]
teams: [{name: checkout, lead: erika, members: [erika], contact: checkout@northwind.example}]
environments: [{name: prod, stage: production}]
applications: [{name: shop, team: checkout, management: erika, criticality: high, exposure: internet, environments: [prod]}]
systems: [{name: web-1, application: shop, environment: prod}]
policy: {cert_warn: 90d}
`

// Name demands that the certificate is for the name that is asked for.
var Name = &check.Check{
	ID:    "tlsserver-certificate-name",
	Title: "The certificate is for this name",
	Doc:   "A client that asks for one name and is shown another cannot tell the server from an attacker. The common name has not counted for years; the subject alternative names do.",
	Remedy: "sudo certbot --nginx -d shop.example   (all names of the site)\nOften the wrong server block answers: check server_name of nginx, ServerName of Apache, or the crt-list of HAProxy.\n" +
		"Caddy: the address of the site block. Envoy: filter_chain_match: {server_names: [shop.example]}\n" +
		"Tomcat: <SSLHostConfig hostName=\"shop.example\"> and defaultSSLHostConfigName. Go: tls.Config.Certificates or GetCertificate by ServerName.",
	Requirements: []string{"A.5.2.3"},
	References:   []string{"RFC 9525"},
	Needs:        []string{PartChain},
	Rule: onLeaf(func(f Fact, leaf Certificate, _ check.Params) check.Result {
		if leaf.covers(f.Name) {
			return check.Passed("the certificate is for " + f.Name)
		}
		names := strings.Join(append(append([]string{}, leaf.Names...), leaf.Addresses...), ", ")
		if names == "" {
			names = "no name at all"
		}
		return check.Failed("", []check.Violation{{Key: "name:" + f.Name, At: "/chain/0/names", Source: f.Address,
			Detail: fmt.Sprintf("the certificate is not for %s, but for %s", f.Name, names)}})
	}),
	Examples: []check.Example{
		check.Passes("by name", sample()),
		check.Passes("by wildcard", sampleWith(func(f *Fact) { f.Chain[0].Names = []string{"*.example"} })),
		check.Passes("by address", sampleWith(func(f *Fact) { f.Name = "192.0.2.1"; f.Chain[0].Addresses = []string{"192.0.2.1"} })),
		check.Fails("another name", sampleWith(func(f *Fact) { f.Chain[0].Names = []string{"www.example"} }), "name:shop.example"),
		check.Fails("no name", sampleWith(func(f *Fact) { f.Chain[0].Names = nil }), "name:shop.example"),
		check.Fails("a name within the wildcard's name", sampleWith(func(f *Fact) { f.Name = "a.shop.example"; f.Chain[0].Names = []string{"*.example"} }), "name:a.shop.example"),
		check.Leaves("not seen", unseenChain()),
	},
}

// Wildcard demands certificates for single names.
var Wildcard = &check.Check{
	ID:    "tlsserver-certificate-wildcard",
	Title: "The certificate has no wildcard",
	Doc:   "Whoever steals the key of a wildcard from the least guarded server can pose as every host of the domain.",
	Remedy: "order one certificate for the names of this server: sudo certbot --nginx -d shop.example -d www.shop.example\n" +
		"Apache: certbot --apache. HAProxy: a file for each certificate in the crt-list\n" +
		"Caddy: name the sites one by one, not *.shop.example. Envoy, Tomcat: a certificate for each server_names or hostName\n" +
		"Go: autocert.HostWhitelist(\"shop.example\", \"www.shop.example\")",
	Requirements: []string{"A.5.2.3"},
	Needs:        []string{PartChain},
	Rule: onLeaf(func(f Fact, leaf Certificate, _ check.Params) check.Result {
		var vs []check.Violation
		for i, n := range leaf.Names {
			if strings.HasPrefix(n, "*") {
				vs = append(vs, check.Violation{Key: "name:" + n, Detail: "the certificate is for " + n, At: fmt.Sprintf("/chain/0/names/%d", i), Source: f.Address})
			}
		}
		return check.Failed("the certificate names its hosts one by one", vs)
	}),
	Examples: []check.Example{
		check.Passes("one name", sample()),
		check.Fails("a wildcard", sampleWith(func(f *Fact) { f.Chain[0].Names = []string{"*.example", "example"} }), "name:*.example"),
		check.Leaves("not seen", unseenChain()),
	},
}
