package ssh

import (
	"path"
	"strings"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
)

// quote makes one word of a POSIX shell that means s and nothing else. Every foreign string goes
// through here and nowhere else.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// refuse tells why a pattern is not sent at all.
func refuse(pattern string) *fact.Problem {
	switch {
	case !strings.HasPrefix(pattern, "/"):
		return &fact.Problem{Cause: fact.Failed, Source: pattern, Text: "is not an absolute path"}
	case strings.ContainsAny(pattern, "\x00\n"):
		return &fact.Problem{Cause: fact.Unsupported, Source: pattern, Text: "the path holds a line break or a NUL"}
	case !host.IsPattern(pattern) && unreadable(pattern):
		return &fact.Problem{Cause: fact.NotRegular, Source: pattern, Text: "it is a stream of the kernel"}
	}
	return nil
}

// unreadable names regular files whose reading blocks, has no end or costs: streams of the kernel.
func unreadable(p string) bool {
	switch p {
	case "/proc/kmsg", "/proc/kcore", "/proc/sysrq-trigger", "/proc/self/mem":
		return true
	}
	return strings.HasPrefix(p, "/sys/kernel/debug/") || strings.HasPrefix(p, "/sys/kernel/tracing/")
}

// folder is a folder that a pattern passes through, as words of the shell.
type folder struct {
	word string
	list bool // its names are asked for, not only one of them
}

// glob turns a pattern of path.Match into one that the shell expands to at least the same paths, and
// the folders on its way. Only * is left to the shell: classes differ between shells and ? between
// locales, therefore each becomes *, and path.Match picks from what comes back.
func glob(pattern string) (word string, way []folder, ok bool) {
	parts := strings.Split(strings.Trim(pattern, "/"), "/")
	var done strings.Builder
	special := false
	for _, part := range parts {
		meta := host.IsPattern(part)
		if _, err := path.Match(part, ""); err != nil {
			return "", nil, false
		}
		if meta || special {
			special = true
			w := done.String()
			if w == "" {
				w = "/"
			}
			way = append(way, folder{w, meta})
		}
		done.WriteByte('/')
		if meta {
			done.WriteString(component(part))
		} else {
			done.WriteString(quote(part))
		}
	}
	return done.String(), way, true
}

func component(part string) string {
	var out, plain strings.Builder
	star := func() {
		if plain.Len() > 0 {
			out.WriteString(quote(plain.String()))
			plain.Reset()
		}
		if !strings.HasSuffix(out.String(), "*") {
			out.WriteByte('*')
		}
	}
	for i := 0; i < len(part); i++ {
		switch c := part[i]; c {
		case '*', '?':
			star()
		case '[':
			star()
			i = class(part, i)
		case '\\':
			if i++; i < len(part) {
				plain.WriteByte(part[i])
			}
		default:
			plain.WriteByte(c)
		}
	}
	if plain.Len() > 0 {
		out.WriteString(quote(plain.String()))
	}
	return out.String()
}

// class gives the place of the bracket that closes the class opened at i. A bracket right after the
// opening is a member in neither path.Match nor here.
func class(part string, i int) int {
	for i++; i < len(part) && part[i] != ']'; i++ {
		if part[i] == '\\' {
			i++
		}
	}
	return i
}

// picks tells whether a path that the shell gave belongs to the pattern: each part by path.Match,
// hidden names only where the pattern starts with a dot, never . and ..
func picks(pattern, p string) bool {
	want, got := strings.Split(strings.Trim(pattern, "/"), "/"), strings.Split(strings.Trim(p, "/"), "/")
	if len(want) != len(got) {
		return false
	}
	for i := range want {
		if !host.IsPattern(want[i]) {
			if want[i] != got[i] {
				return false
			}
			continue
		}
		if got[i] == "." || got[i] == ".." || strings.HasPrefix(got[i], ".") && !strings.HasPrefix(want[i], ".") {
			return false
		}
		if ok, err := path.Match(want[i], got[i]); err != nil || !ok {
			return false
		}
	}
	return true
}
