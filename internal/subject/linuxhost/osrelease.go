package linuxhost

import (
	"strings"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
)

func (f *Fact) os(ev *host.Evidence) {
	for _, p := range []string{"/etc/os-release", "/usr/lib/os-release"} {
		file := ev.File(p)
		if file.Found() {
			f.OS = osRelease(file.Text())
			f.OS.Source = file.Path
			return
		}
		if file.Err.Cause != fact.NotFound {
			f.Note("os", file.Err)
		}
	}
}

// osRelease reads os-release(5): assignments as a shell would read them. A later one wins.
func osRelease(text string) OS {
	var o OS
	for line := range strings.Lines(text) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		if !ok || strings.HasPrefix(name, "#") {
			continue
		}
		value = clip(unquote(value), 200)
		switch name {
		case "ID":
			o.ID = strings.ToLower(value)
		case "VERSION_ID":
			o.Version = value
		case "PRETTY_NAME":
			o.Pretty = value
		case "VERSION_CODENAME":
			o.Codename = value
		case "ID_LIKE":
			o.Like = strings.Fields(value)
		}
	}
	return o
}

// unquote takes one level of shell quotes away, with the escapes that os-release(5) names.
func unquote(s string) string {
	s = strings.TrimSpace(s)
	if len(s) < 2 || s[0] != s[len(s)-1] || s[0] != '"' && s[0] != '\'' {
		return s
	}
	quote, inner := s[0], s[1:len(s)-1]
	if quote == '\'' {
		return inner
	}
	var b strings.Builder
	for i := 0; i < len(inner); i++ {
		if inner[i] == '\\' && i+1 < len(inner) && strings.IndexByte("\"\\$`", inner[i+1]) >= 0 {
			i++
		}
		b.WriteByte(inner[i])
	}
	return b.String()
}
