package services

import (
	"path"
	"slices"
	"strings"
)

// sandbox holds the directives that a Unit keeps: those by which systemd confines a service.
var sandbox = []string{"AmbientCapabilities", "CapabilityBoundingSet", "LockPersonality", "MemoryDenyWriteExecute", "NoNewPrivileges",
	"PrivateDevices", "PrivateTmp", "ProtectControlGroups", "ProtectHome", "ProtectKernelModules", "ProtectKernelTunables", "ProtectSystem",
	"RestrictAddressFamilies", "RestrictNamespaces", "RestrictSUIDSGID", "SystemCallFilter"}

// section maps a directive to its assignments, in order. An empty assignment clears the list.
type section map[string][]string

// parseUnit reads the syntax of systemd.syntax(7) and adds to sections.
func parseUnit(data string, into map[string]section) {
	current := ""
	logical := ""
	for line := range strings.Lines(data) {
		line = strings.TrimRight(line, "\r\n")
		trimmed := strings.TrimSpace(line)
		if trimmed == "" && logical == "" || strings.HasPrefix(trimmed, "#") || strings.HasPrefix(trimmed, ";") {
			continue
		}
		if rest, more := strings.CutSuffix(line, `\`); more {
			logical += rest + " "
			continue
		}
		assign(strings.TrimSpace(logical+line), &current, into)
		logical = ""
	}
	assign(strings.TrimSpace(logical), &current, into)
}

func assign(line string, current *string, into map[string]section) {
	if name, ok := strings.CutPrefix(line, "["); ok && strings.HasSuffix(name, "]") {
		*current = strings.TrimSuffix(name, "]")
		return
	}
	k, v, ok := strings.Cut(line, "=")
	k, v = strings.TrimSpace(k), strings.TrimSpace(v)
	if !ok || *current == "" || k == "" {
		return
	}
	s := into[*current]
	if s == nil {
		s = section{}
		into[*current] = s
	}
	if v == "" {
		s[k] = nil
		return
	}
	s[k] = append(s[k], v)
}

func (s section) last(name string) string {
	if v := s[name]; len(v) > 0 {
		return v[len(v)-1]
	}
	return ""
}

func yes(s string) bool {
	return slices.Contains([]string{"yes", "true", "on", "1"}, strings.ToLower(s))
}

// describe fills a Unit from its merged sections.
func (u *Unit) describe(sections map[string]section) {
	s := sections["Service"]
	u.User, u.Dynamic, u.Type = s.last("User"), yes(s.last("DynamicUser")), s.last("Type")
	for _, name := range sandbox {
		v := s.last(name)
		if strings.HasSuffix(name, "Capabilities") || name == "CapabilityBoundingSet" || name == "SystemCallFilter" || name == "RestrictAddressFamilies" {
			v = strings.Join(s[name], " ")
		}
		if v != "" {
			if u.Settings == nil {
				u.Settings = map[string]string{}
			}
			u.Settings[name] = v
		}
	}
	for _, name := range []string{"ExecStartPre", "ExecStart", "ExecStartPost", "ExecReload", "ExecStop"} {
		for _, line := range s[name] {
			u.Exec = append(u.Exec, commandPaths(strings.Fields(strings.TrimLeft(line, "-@:+!|")))...)
			if strings.Contains(line, "--autologin") {
				u.Options = []string{"--autologin"}
			}
		}
	}
	for _, line := range s["Environment"] {
		if strings.Contains(line, "SYSTEMD_SULOGIN_FORCE=1") {
			u.Options = append(u.Options, "SYSTEMD_SULOGIN_FORCE=1")
		}
	}
	slices.Sort(u.Exec)
	u.Exec = slices.Compact(u.Exec)
}

// starters start what their arguments name; the true ones are interpreters, of which only the
// script counts beside themselves.
var starters = []string{"sh", "bash", "dash", "ash", "zsh", "ksh", "perl", "ruby", "php", "node", "env", "nice", "ionice", "nohup", "time",
	"exec", "timeout", "command", "chronic", "setsid", "sudo", "run-one", "systemd-cat"}

// commandPaths gives the programs that one simple command starts, as far as they are absolute.
func commandPaths(words []string) []string {
	var out []string
	for _, w := range words {
		w = strings.Trim(w, `"'`)
		name := path.Base(w)
		starter := slices.Contains(starters, name) || strings.HasPrefix(name, "python")
		switch {
		case strings.HasPrefix(w, "/") && len(w) > 1 && !strings.HasPrefix(w, "/dev/"):
			out = append(out, path.Clean(w))
			if !starter {
				return out
			}
		case starter, strings.HasPrefix(w, "-"), strings.Contains(w, "="), w != "" && strings.Trim(w, "0123456789smh") == "":
		default:
			return out
		}
	}
	return out
}
