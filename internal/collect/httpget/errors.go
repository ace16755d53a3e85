package httpget

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"

	"holdfast.example/holdfast/internal/subject/website"
)

// versions finds products with their versions in error pages.
var versions = regexp.MustCompile(`(?i)\b(nginx|openresty|tengine|apache(?: tomcat)?|tomcat|jetty|php|microsoft-iis|iis|lighttpd|caddy|haproxy|varnish|squid|openssl|werkzeug|gunicorn|python|express|node\.js|django(?: version)?|rails|wildfly|glassfish|weblogic|websphere|asp\.net(?: version)?|\.net framework version|litespeed|traefik|envoy|kestrel|coldfusion)[/ :]{1,2}v?(\d+\.\d+[\w.-]*)`)

// errors asks for what cannot be had.
func (s *site) errors(ctx context.Context, f *website.Fact) error {
	add := func(cause string, r reply) {
		if r.status >= 500 {
			cause = "server-error"
		}
		known := slices.ContainsFunc(f.Errors, func(e website.ErrorPage) bool { return e.Cause == cause })
		if r.status >= 400 && !known {
			f.Errors = append(f.Errors, website.ErrorPage{Cause: cause, Status: r.status, Tells: versions.FindString(r.body)})
		}
	}
	r, err := s.ask(ctx, http.MethodGet, s.at("/"+random()), nil)
	if err != nil {
		return err
	}
	add("not-found", r)
	if r, err = s.raw(ctx, "GET /%zz HTTP/1.1\r\nHost: a b\r\nUser-Agent: "+s.UserAgent+"\r\n\r\n"); err == nil {
		add("malformed", r)
	}
	// Harmless to every parser, and yet many an application stumbles over them: half an escape, one name as a text and
	// as a list, a cookie that does not end.
	for _, query := range []string{"?%", "?a=1&a[]=2&a[b]=3"} {
		r, err := s.raw(ctx, "GET "+s.base.EscapedPath()+query+" HTTP/1.1\r\nHost: "+s.base.Host+"\r\nUser-Agent: "+s.UserAgent+"\r\nCookie: holdfast=\"\r\nConnection: close\r\n\r\n")
		if err == nil {
			add("query", r)
		}
	}
	return nil
}

// raw sends a request that the library would not write, over a connection of its own.
func (s *site) raw(ctx context.Context, text string) (r reply, err error) {
	err = s.dialled(ctx, func(c net.Conn) error {
		if _, err := io.WriteString(c, text); err != nil {
			return err
		}
		resp, err := http.ReadResponse(bufio.NewReader(io.LimitReader(c, maxHeader+maxBody)), nil)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
		r = reply{resp.StatusCode, resp.Header, string(body), err}
		return nil
	})
	return r, err
}
