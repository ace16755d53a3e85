package scalar

import (
	"errors"
	"net/url"
	"strings"
)

// Target is how to look at something: one of the forms that assess takes on the command line.
type Target string

// schemes are followed by a host; folders and names are followed by what they say.
var (
	hostSchemes = []string{"https", "tls", "ssh", "postgres", "mysql", "redis", "rediss",
		"starttls+smtp", "starttls+imap", "starttls+pop3", "starttls+ldap", "starttls+ftp", "starttls+xmpp",
		"starttls+postgres", "starttls+mysql", "starttls+sieve", "starttls+nntp"}
	prefixes = []string{"host:local", "rootfs:", "image:oci:", "image:tar:", "image:engine:", "image:",
		"engine:", "k8s:", "sbom:", "tfstate:"}
)

// ParseTarget reads a target. A bare path or host is refused with the prefixes that fit it.
func ParseTarget(s string) (Target, error) {
	if i := strings.Index(s, "://"); i > 0 && !strings.Contains(s[:i], ":") {
		return Target(s), hostTarget(s, s[:i])
	}
	for _, p := range prefixes {
		rest, ok := strings.CutPrefix(s, p)
		if !ok {
			continue
		}
		switch {
		case p == "host:local" && rest != "":
			return "", errors.New("is not a target; host:local is this machine, and another one is ssh://user@host")
		case p != "host:local" && rest == "":
			return "", errors.New("has nothing after " + p)
		case p == "engine:":
			return Target(s), engineTarget(rest)
		}
		return Target(s), nil
	}
	return "", bareTarget(s)
}

func hostTarget(s, scheme string) error {
	for _, known := range hostSchemes {
		if scheme == known {
			if err := WebAddress(s); err != nil {
				return err
			}
			return nil
		}
	}
	if u, err := url.Parse(s); err != nil || u.User != nil {
		return SecretError("the scheme " + Quote(scheme) + " is not one that Holdfast can look at" + DidYouMean(scheme, hostSchemes))
	}
	if scheme == "http" {
		return errors.New("is not a target; write https://, redirects from http are looked at too")
	}
	return errors.New("is not a target: " + scheme + ":// is not a scheme that Holdfast can look at" + DidYouMean(scheme, hostSchemes))
}

func engineTarget(rest string) error {
	if strings.HasPrefix(rest, "unix:///") {
		return nil
	}
	if strings.HasPrefix(rest, "ssh://") {
		return WebAddress(rest)
	}
	return errors.New("is not a container engine; write engine:unix:///path or engine:ssh://user@host")
}

// bareTarget guesses what was meant by what has no prefix.
func bareTarget(s string) error {
	word, rest, colon := strings.Cut(s, ":")
	if colon && !strings.ContainsAny(word, "./\\") && !IsPort(rest) {
		// The rest may be user:password@host, so only the word in front is told.
		var words []string
		for _, p := range prefixes {
			words = append(words, strings.TrimSuffix(p, ":"))
		}
		return SecretError("a target cannot begin with " + Quote(word+":") + DidYouMean(word, words))
	}
	fits := "https://, tls:// or ssh://"
	switch {
	case strings.HasSuffix(s, ".tfstate"):
		fits = "tfstate:"
	case strings.HasSuffix(s, ".json"), strings.HasSuffix(s, ".xml"), strings.HasSuffix(s, ".spdx"):
		fits = "sbom: or tfstate:"
	case strings.HasSuffix(s, ".tar"), strings.HasSuffix(s, ".tgz"), strings.HasSuffix(s, ".tar.gz"):
		fits = "image:tar:"
	case strings.HasSuffix(s, ".yaml"), strings.HasSuffix(s, ".yml"):
		fits = "k8s:"
	case strings.HasPrefix(s, "/"), strings.HasPrefix(s, "."), strings.HasPrefix(s, "~"), strings.Contains(s, `\`):
		fits = "rootfs:, image:oci:, k8s: or sbom:"
	case strings.Contains(s, "/"):
		fits = "image:, rootfs: or https://"
	}
	return errors.New("is not a target; begin it with what it is: " + fits)
}

func (t *Target) UnmarshalText(text []byte) error {
	v, err := ParseTarget(string(text))
	*t = v
	return err
}

func (t Target) MarshalText() ([]byte, error) { return []byte(t), nil }

func (Target) Form() (pattern, example string) {
	return `^([a-z0-9+]+://.+|host:local|(rootfs|image|engine|k8s|sbom|tfstate):.+)$`, "ssh://holdfast@web-1.example"
}
