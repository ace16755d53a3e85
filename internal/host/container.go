package host

import "strings"

// ContainerNeeds is what Container asks for.
func ContainerNeeds() []Need {
	return Join(Read("/run/systemd/container", "/proc/self/mountinfo"), Stat("/.dockerenv", "/run/.containerenv"))
}

// Container tells the engine when this host is a container: docker, podman, containerd, or what
// systemd was told; empty on a machine. /.dockerenv alone does not prove one: a machine whose disk was
// made of an image keeps the file, and has its root on a device.
func Container(ev *Evidence) string {
	if word := strings.TrimSpace(ev.File("/run/systemd/container").Text()); word != "" {
		return word[:min(len(word), 40)]
	}
	if _, problem := ev.Stat("/run/.containerenv"); problem == nil {
		return "podman"
	}
	device, engine := rootOf(ev.File("/proc/self/mountinfo").Text())
	if engine != "" {
		return engine
	}
	if _, problem := ev.Stat("/.dockerenv"); problem == nil && !device {
		return "docker"
	}
	return ""
}

// rootOf tells whether / is a whole device, and whose overlay it is when an engine made it.
func rootOf(mountinfo string) (device bool, engine string) {
	for line := range strings.Lines(mountinfo) {
		before, after, _ := strings.Cut(line, " - ")
		fields, origin := strings.Fields(before), strings.Fields(after)
		if len(fields) < 5 || len(origin) < 2 || fields[4] != "/" {
			continue
		}
		if origin[0] == "overlay" {
			for _, e := range []struct{ mark, engine string }{{"/containerd/", "containerd"}, {"/docker/", "docker"}, {"/containers/storage/", "podman"}} {
				if strings.Contains(after, e.mark) {
					return false, e.engine
				}
			}
		}
		return fields[3] == "/" && strings.HasPrefix(origin[1], "/dev/"), ""
	}
	return false, ""
}
