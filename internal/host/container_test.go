package host_test

import (
	"testing"

	"holdfast.example/holdfast/internal/host"
	"holdfast.example/holdfast/internal/host/hosttest"
)

func TestContainer(t *testing.T) {
	const disk = "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n"
	const overlay = "27 1 0:50 / / rw - overlay overlay rw,lowerdir=/var/lib/docker/overlay2/l/A,upperdir=/var/lib/docker/overlay2/b/diff\n"
	for name, c := range map[string]struct {
		files map[string]string
		want  string
	}{
		"a machine": {map[string]string{"/proc/self/mountinfo": disk}, ""},
		"a machine whose disk was made of an image": {map[string]string{"/proc/self/mountinfo": disk, "/.dockerenv": ""}, ""},
		"docker":         {map[string]string{"/proc/self/mountinfo": overlay, "/.dockerenv": ""}, "docker"},
		"an image":       {map[string]string{"/.dockerenv": ""}, "docker"},
		"podman":         {map[string]string{"/run/.containerenv": ""}, "podman"},
		"systemd-nspawn": {map[string]string{"/run/systemd/container": "systemd-nspawn\n"}, "systemd-nspawn"},
		"nothing":        {nil, ""},
	} {
		ev := hosttest.Gather(host.Source{Needs: host.ContainerNeeds()}, hosttest.Host{Files: c.files})
		if got := host.Container(ev); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
