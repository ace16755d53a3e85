package environment

import (
	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
	"holdfast.example/holdfast/internal/fact"
)

// CertificateKeyPerStage demands that the private key of a certificate serves production or another stage.
var CertificateKeyPerStage = &check.Check{
	ID:    "environment-certificate-key-per-stage",
	Title: "No private key of a certificate serves production and another stage",
	Doc:   "Whoever reads the key on a test system can pose as production. Two endpoints with one key are most often one certificate, with a wildcard or with the names of both, that was copied.",
	Remedy: "Order a certificate with a key of its own for each stage (\"certbot certonly --cert-name test.shop.example -d test.shop.example\"), and install it on one side.\n" +
		"If the key lay on a test system, renew that of production as well, with a new key, and revoke the old certificate.",
	Requirements: []string{"A.5.1.3"},
	Needs:        []string{CertificateKey},
	Rule: check.Across(func(all []check.Seen[EndpointClaims], e *estate.Estate, _ check.Params) check.Together {
		plain := make([]check.Seen[Claims], 0, len(all))
		for _, s := range all {
			plain = append(plain, check.Seen[Claims]{Subject: s.Subject, Fact: Claims(s.Fact), Declared: s.Declared})
		}
		return staged{CertificateKey, "endpoint", "the private key of the certificate", "also serves", "no endpoint of another stage has the private key"}.judge(plain, e)
	}),
	Examples: []check.Example{
		together(check.Pass, "a key each", shown("a"), shown("b"), shown("c")).Given(twoStages),
		together(check.Pass, "shared in one stage", shown("a"), shown("b"), shown("a")).Given(twoStages),
		check.FailsTogether("in both", []fact.Fact{shown("a", "b"), shown("c", "b")}, "certificate_key:b").Given(twoStages),
		together(check.Unknown, "no estate", shown("a"), shown("a")),
		together(check.Unknown, "an endpoint that is not declared", shown("a"), shown("b")).Given(oneDeclared),
		together(check.Unknown, "not seen", shown("a"), EndpointClaims(unread(CertificateKey))).Given(twoStages),
		check.Skips("one endpoint", shown("a")),
	},
}

func shown(keys ...string) EndpointClaims {
	var c EndpointClaims
	for _, k := range keys {
		c.List = append(c.List, fact.Claim{Kind: CertificateKey, Fingerprint: k, Label: "CN=shop.example", At: "192.0.2.1:443"})
	}
	return c
}
