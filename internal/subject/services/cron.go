package services

import (
	"slices"
	"strings"
)

// parseCron reads a crontab(5). Tables of the system have a sixth field, the user; in the others
// every job is the owner's.
func parseCron(source, owner, data string) []Job {
	byUser := map[string]*Job{}
	var order []string
	for line := range strings.Lines(data) {
		user, command, ok := cronLine(strings.TrimSpace(line), owner)
		if !ok {
			continue
		}
		j := byUser[user]
		if j == nil {
			j = &Job{Source: source, User: user}
			byUser[user] = j
			order = append(order, user)
		}
		j.Programs = append(j.Programs, commands(command)...)
	}
	var out []Job
	slices.Sort(order)
	for _, user := range order {
		j := byUser[user]
		slices.Sort(j.Programs)
		j.Programs = slices.Compact(j.Programs)
		out = append(out, *j)
	}
	return out
}

func cronLine(line, owner string) (user, command string, ok bool) {
	if line == "" || line[0] == '#' {
		return "", "", false
	}
	fields := 5
	if line[0] == '@' {
		fields = 1
	} else if !strings.ContainsRune("0123456789*-~", rune(line[0])) {
		return "", "", false // NAME=value
	}
	rest := line
	take := func() string {
		rest = strings.TrimLeft(rest, " \t")
		i := strings.IndexAny(rest, " \t")
		if i < 0 {
			i = len(rest)
		}
		word := rest[:i]
		rest = rest[i:]
		return word
	}
	for range fields {
		take()
	}
	user = owner
	if owner == "" {
		user = take()
	}
	command = strings.TrimSpace(rest)
	return user, command, user != "" && command != ""
}

// commands gives the programs of a shell line: the first word of each simple command. Arguments
// are no programs: a job that writes to /var/log/app.log does not run it.
func commands(line string) []string {
	line, _, _ = strings.Cut(strings.ReplaceAll(line, `\%`, "\x00"), "%")
	var out []string
	for _, simple := range strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(";&|(){}`\n", r) }) {
		simple, _, _ = strings.Cut(simple, ">")
		simple, _, _ = strings.Cut(simple, "<")
		out = append(out, commandPaths(strings.Fields(simple))...)
	}
	return out
}
