package sshconf

import "strings"

// MatchList tells whether s matches a list of patterns as in a Host line: any may match, and one
// that matches with a leading ! refuses all.
func MatchList(patterns []string, s string) bool {
	hit := false
	for _, p := range patterns {
		p, negated := strings.CutPrefix(p, "!")
		if !wildcard(strings.ToLower(p), strings.ToLower(s)) {
			continue
		}
		if negated {
			return false
		}
		hit = true
	}
	return hit
}

// wildcard matches * and ? with no regard for dots, in linear space and without recursion.
func wildcard(p, s string) bool {
	pi, si, star, mark := 0, 0, -1, 0
	for si < len(s) {
		switch {
		case pi < len(p) && p[pi] == '*':
			star, mark = pi, si
			pi++
		case pi < len(p) && (p[pi] == '?' || p[pi] == s[si]):
			pi++
			si++
		case star >= 0:
			mark++
			pi, si = star+1, mark
		default:
			return false
		}
	}
	for pi < len(p) && p[pi] == '*' {
		pi++
	}
	return pi == len(p)
}

// matches judges the criteria of a Match line. What depends on a command, an address in use or a
// later pass ("exec", "localnetwork", "canonical", "final", "tagged") is never taken as given,
// whether negated or not: a setting too few is seen, one too many may lead elsewhere.
func (r *resolver) matches(args []string) bool {
	ok := true
	for i := 0; i < len(args); i++ {
		name, negated := strings.CutPrefix(strings.ToLower(args[i]), "!")
		name, value, inline := strings.Cut(name, "=")
		if name == "all" {
			ok = ok && !negated
			continue
		}
		if name == "canonical" || name == "final" {
			return false
		}
		if !inline {
			if i++; i >= len(args) {
				return false
			}
			value = args[i]
		}
		var against string
		switch name {
		case "host":
			against = r.out.host(r.q.Host)
		case "originalhost":
			against = r.q.Host
		case "user":
			against = first(r.out.User, r.q.User, r.q.LocalUser)
		case "localuser":
			against = r.q.LocalUser
		default:
			return false
		}
		if MatchList(strings.Split(value, ","), against) == negated {
			ok = false
		}
	}
	return ok
}

func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
