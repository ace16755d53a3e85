package host

import "strings"

// Unit reads a control group path: the unit of systemd, or the engine of a container. Neither holds a number
// that changes: sessions lose theirs ("session"), containers their id.
func Unit(cgroup string) (unit, engine string) {
	parts := strings.Split(strings.Trim(cgroup, "/"), "/")
	for i := len(parts) - 1; i >= 0; i-- {
		if e := engineOf(parts[i]); e != "" {
			return "", e
		}
		if (parts[i] == "docker" || parts[i] == "libpod_parent") && i+1 < len(parts) {
			return "", "docker"
		}
	}
	for i := len(parts) - 1; i >= 0; i-- {
		switch p := parts[i]; {
		case strings.HasPrefix(p, "session-") && strings.HasSuffix(p, ".scope"):
			return "session", ""
		case strings.HasSuffix(p, ".service"):
			return p, ""
		}
	}
	return "", ""
}

func engineOf(part string) string {
	for _, e := range [...][2]string{{"docker-", "docker"}, {"libpod-", "podman"}, {"crio-", "cri-o"},
		{"cri-containerd-", "containerd"}, {"nerdctl-", "containerd"}, {"lxc.payload", "lxc"}, {"kubepods", "kubernetes"}} {
		if strings.HasPrefix(part, e[0]) && !strings.HasSuffix(part, ".service") {
			return e[1]
		}
	}
	return ""
}
