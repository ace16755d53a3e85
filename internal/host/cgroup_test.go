package host_test

import (
	"strings"
	"testing"

	"holdfast.example/holdfast/internal/host"
)

func TestUnit(t *testing.T) {
	id := strings.Repeat("a1", 32)
	for path, want := range map[string][2]string{
		"/system.slice/nginx.service":                                {"nginx.service", ""},
		"/system.slice/docker-" + id + ".scope":                      {"", "docker"},
		"/docker/" + id:                                              {"", "docker"},
		"/kubepods.slice/kubepods-besteffort.slice/cri-containerd-x": {"", "containerd"},
		"/machine.slice/libpod-" + id + ".scope/container":           {"", "podman"},
		"/user.slice/user-1000.slice/session-12.scope":               {"session", ""},
		"/system.slice/docker.service":                               {"docker.service", ""},
		"/":                                                          {"", ""},
	} {
		if unit, engine := host.Unit(path); unit != want[0] || engine != want[1] {
			t.Errorf("%s: %q %q, want %q", path, unit, engine, want)
		}
	}
}
