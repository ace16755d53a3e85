package logging

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"holdfast.example/holdfast/internal/host"
)

func syslogNGFiles(ev *host.Evidence) (files []host.File, patterns []string) {
	seen := map[string]bool{}
	var walk func(f host.File, depth int)
	walk = func(f host.File, depth int) {
		if seen[f.Path] || depth > host.Rounds {
			return
		}
		seen[f.Path] = true
		files = append(files, f)
		for line := range strings.Lines(f.Text()) {
			include, ok := strings.CutPrefix(strings.TrimSpace(line), "@include")
			if !ok {
				continue
			}
			include = strings.Trim(strings.TrimSpace(include), `"'`)
			if include == "" || include == "scl.conf" {
				continue
			}
			if !path.IsAbs(include) {
				include = path.Join("/etc/syslog-ng", include)
			}
			if !slices.Contains(patterns, include) {
				patterns = append(patterns, include)
			}
			found, problem := ev.Glob(include)
			if problem != nil {
				files = append(files, host.File{Info: host.Info{Path: include}, Err: problem})
			}
			for _, f := range found {
				walk(f, depth+1)
			}
		}
	}
	walk(ev.File(syslogNGConf), 0)
	return files, patterns
}

func syslogNGIncludes(ev *host.Evidence) []string {
	_, patterns := syslogNGFiles(ev)
	return patterns
}

// syslogNG reads the blocks "source" and "destination" with their network drivers.
func syslogNG(ev *host.Evidence, f *Fact) {
	files, _ := syslogNGFiles(ev)
	for _, file := range files {
		f.Note(partSyslog, file.Err)
		block, depth, n := "", 0, 0
		for line := range strings.Lines(file.Text()) {
			n++
			line, _, _ = strings.Cut(line, "#")
			words := strings.Fields(line)
			if depth == 0 && len(words) > 0 {
				block = words[0]
			}
			driver := ""
			for _, d := range []string{"network", "syslog", "tcp", "udp", "tcp6", "udp6", "http", "elasticsearch-http"} {
				if at := strings.Index(line, d+"("); at >= 0 && (at == 0 || strings.IndexByte(" \t{;", line[at-1]) >= 0) {
					driver = d
				}
			}
			source := file.Path + ":" + strconv.Itoa(n)
			if driver != "" {
				switch block {
				case "source":
					f.Inputs = append(f.Inputs, Input{"network", argument(line, "port"), source})
				case "destination":
					f.Targets = append(f.Targets, Target{Via: "syslog-ng", Host: join(first(line, driver), argument(line, "port")), Source: source})
				}
			}
			if block == "destination" && len(f.Targets) > 0 && depthAfter(line, depth) >= 0 {
				last := &f.Targets[len(f.Targets)-1]
				if last.Via == "syslog-ng" && (strings.Contains(line, "tls(") || strings.Contains(line, `transport("tls")`) || strings.Contains(line, "transport(tls)") || strings.Contains(line, "https://")) {
					last.TLS = true
				}
			}
			depth = max(0, depthAfter(line, depth))
		}
	}
}

func depthAfter(line string, depth int) int {
	return depth + strings.Count(line, "{") - strings.Count(line, "}")
}

// first gives the first quoted word behind driver(.
func first(line, driver string) string {
	_, rest, _ := strings.Cut(line, driver+"(")
	rest = strings.TrimLeft(rest, " \t")
	if rest == "" {
		return ""
	}
	if rest[0] == '"' || rest[0] == '\'' {
		if end := strings.IndexByte(rest[1:], rest[0]); end >= 0 {
			return bare(rest[1 : 1+end])
		}
	}
	return ""
}

// argument gives N of name(N).
func argument(line, name string) string {
	_, rest, ok := strings.Cut(line, name+"(")
	if !ok {
		return ""
	}
	value, _, _ := strings.Cut(rest, ")")
	return strings.Trim(value, `"' `)
}
