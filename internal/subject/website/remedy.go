package website

import "strings"

// sends is the remedy of a header that is to be sent. spring is a line for Spring Security.
func sends(name, value, spring string) string {
	return strings.NewReplacer("NAME", name, "VALUE", value).Replace(`nginx:   add_header NAME "VALUE" always;
Apache:  Header always set NAME "VALUE"
HAProxy: http-response set-header NAME "VALUE"
Caddy:   header NAME "VALUE"
Envoy:   response_headers_to_add: [{header: {key: NAME, value: "VALUE"}}]
Go:      w.Header().Set("NAME", "VALUE")
Spring:  ` + spring)
}
