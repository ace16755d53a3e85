package website

import (
	"fmt"

	"holdfast.example/holdfast/internal/check"
)

// sample is a page with these headers, as name and value in turn.
func sample(headers ...string) Fact {
	f := Fact{URL: "https://shop.example/", Address: "192.0.2.1:443", Status: 200}
	for i := 0; i+1 < len(headers); i += 2 {
		f.Headers = append(f.Headers, Header{headers[i], headers[i+1]})
	}
	return f
}

// html is a page of HTML with these headers.
func html(headers ...string) Fact {
	return sample(append([]string{"content-type", "text/html; charset=utf-8"}, headers...)...)
}

func sampleWith(change func(*Fact)) Fact {
	f := sample()
	change(&f)
	return f
}

// shop is an estate whose system prod/web-1 serves the samples.
func shop(confidential bool) string {
	return fmt.Sprintf(`organization: Northwind
people: [{id: erika, name: Erika Muster, email: erika@northwind.example}]
teams: [{name: checkout, lead: erika, members: [erika], contact: checkout@northwind.example}]
environments: [{name: prod, stage: production}]
applications: [{name: shop, team: checkout, management: erika, criticality: high, exposure: internet, confidential: %t, environments: [prod]}]
systems:
  - name: web-1
    application: shop
    environment: prod
    services: [{port: 443, protocol: https, audience: internet, kind: web-ui, url: "https://shop.example", methods: [GET, HEAD, POST, PUT], handlers: [.php]}]
`, confidential)
}

// served makes an example be of the service of the shop, not of its host.
func served(x check.Example) check.Example {
	for i := range x.Facts {
		x.Facts[i].Subject = "https://shop.example"
	}
	return x.Given(shop(true))
}
