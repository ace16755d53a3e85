package filesystems

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"holdfast.example/holdfast/internal/host"
)

// names are the accounts and groups of the host.
type names struct {
	users, groups map[int]string
	member        map[int]bool // groups that somebody besides root is in
	ranges        []span       // numbers that belong to users' containers
	people        []person
}

type span struct{ first, count int }

type person struct {
	name, home string
	uid        int
}

func readNames(passwd, group, subuid, subgid string) names {
	n := names{users: map[int]string{}, groups: map[int]string{}, member: map[int]bool{}}
	for line := range strings.Lines(passwd) {
		w := strings.Split(strings.TrimSpace(line), ":")
		if len(w) < 7 {
			continue
		}
		uid, err := strconv.Atoi(w[2])
		gid, err2 := strconv.Atoi(w[3])
		if err != nil || err2 != nil {
			continue
		}
		if _, ok := n.users[uid]; !ok {
			n.users[uid] = w[0]
		}
		if uid != 0 {
			n.member[gid] = true
		}
		if (uid == 0 || uid >= 1000 && uid < 60000) && logsIn(w[6]) && plain(w[5]) {
			n.people = append(n.people, person{w[0], path.Clean(w[5]), uid})
		}
	}
	for line := range strings.Lines(group) {
		w := strings.Split(strings.TrimSpace(line), ":")
		if len(w) < 4 {
			continue
		}
		gid, err := strconv.Atoi(w[2])
		if err != nil {
			continue
		}
		if _, ok := n.groups[gid]; !ok {
			n.groups[gid] = w[0]
		}
		n.member[gid] = n.member[gid] || strings.Trim(w[3], " ,") != "" && w[3] != "root"
	}
	for _, text := range []string{subuid, subgid} {
		for line := range strings.Lines(text) {
			w := strings.Split(strings.TrimSpace(line), ":")
			if len(w) == 3 {
				first, err := strconv.Atoi(w[1])
				count, err2 := strconv.Atoi(w[2])
				if err == nil && err2 == nil && first > 0 && count > 0 {
					n.ranges = append(n.ranges, span{first, count})
				}
			}
		}
	}
	return n
}

func logsIn(shell string) bool {
	return !slices.Contains([]string{"nologin", "false", "sync", "true", "halt", "shutdown"}, path.Base(shell))
}

// plain tells whether a home folder is one of its own and can be asked for by its name.
func plain(home string) bool {
	return strings.HasPrefix(home, "/") && path.Clean(home) != "/" && !host.IsPattern(home) && !strings.HasPrefix(home, "/nonexistent") &&
		!strings.HasPrefix(home, "/dev") && !strings.HasPrefix(home, "/proc") && !strings.ContainsRune(home, 0)
}

func (n names) user(id int) string  { return named(n.users, id) }
func (n names) group(id int) string { return named(n.groups, id) }

func named(m map[int]string, id int) string {
	if id == 0 {
		return "root"
	}
	if name, ok := m[id]; ok {
		return name
	}
	return strconv.Itoa(id)
}

func (n names) lonely(gid int) bool {
	_, known := n.groups[gid]
	return known && !n.member[gid] && gid != 0
}

// lent tells whether a number belongs to containers of a user (subuid, subgid), to a service that
// systemd gave it to for its lifetime (systemd.exec(5), DynamicUser), or to nobody.
func (n names) lent(id int) bool {
	if id >= 61184 && id <= 65519 || id == 65534 {
		return true
	}
	for _, r := range n.ranges {
		if id >= r.first && id-r.first < r.count {
			return true
		}
	}
	return false
}
