package packages

import (
	"path"
	"slices"
	"strings"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
)

// Reboot is what waits for a restart.
type Reboot struct {
	Required bool     `json:"required"`
	Packages []string `json:"packages,omitempty"`
}

// Kernel is what runs against what is installed. Empty Installed means that no kernel is installed
// here: a container, or a machine whose kernel comes from outside.
type Kernel struct {
	Running   string   `json:"running,omitempty"` // release: 6.1.0-21-amd64
	Build     string   `json:"build,omitempty"`   // package version that the running kernel tells: 6.1.90-1
	Installed []string `json:"installed,omitempty"`
	Newest    string   `json:"newest,omitempty"`       // of the flavour that runs
	Newer     string   `json:"newer_build,omitempty"`  // installed package version of the running release, when above Build
	Package   string   `json:"package,omitempty"`      // of Newer
	Image     string   `json:"newest_image,omitempty"` // file of Newest
}

func kernel(ev *host.Evidence, f *Fact) {
	images, problem := ev.StatGlob("/boot/vmlinuz-*")
	f.Note(partKernel, problem)
	for _, i := range images {
		release := strings.TrimPrefix(path.Base(i.Path), "vmlinuz-")
		if !strings.Contains(release, "rescue") && release != "" && digit(release[0]) {
			f.Kernel.Installed = append(f.Kernel.Installed, release)
		}
	}
	f.Kernel.Installed = sorted(f.Kernel.Installed)
	if ev.Rootfs {
		f.Note(partKernel, &fact.Problem{Cause: fact.Unsupported, Source: kernelNow, Text: "a file tree does not run"})
		return
	}
	now, text := ev.File(kernelNow), ev.File(kernelText)
	f.Note(partKernel, now.Err)
	f.Note(partKernel, text.Err)
	if f.Container {
		return
	}
	f.Kernel.Running = strings.TrimSpace(now.Text())
	_, tail, _ := strings.Cut(text.Text(), " Debian ")
	f.Kernel.Build, _, _ = strings.Cut(tail, " ")
	for _, r := range f.Kernel.Installed {
		if flavour(r) == flavour(f.Kernel.Running) && (f.Kernel.Newest == "" || Compare(r, f.Kernel.Newest) > 0) {
			f.Kernel.Newest, f.Kernel.Image = r, "/boot/vmlinuz-"+r
		}
	}
	for _, p := range f.Packages {
		if f.Kernel.Build == "" || !p.Installed() || !strings.HasPrefix(p.Name, "linux-image-"+f.Kernel.Running) {
			continue
		}
		if rest := strings.TrimPrefix(p.Name, "linux-image-"+f.Kernel.Running); rest != "" && rest != "-unsigned" {
			continue
		}
		if Compare(p.Version, f.Kernel.Build) > 0 {
			f.Kernel.Newer, f.Kernel.Package = p.Version, p.Name
		}
	}
}

// flavour is the last word of a release, such as amd64 of 6.1.0-21-amd64 and x86_64 of
// 5.14.0-362.el9.x86_64, with cloud and rt kept apart: 6.1.0-21-cloud-amd64 has cloud-amd64.
func flavour(release string) string {
	for i := 0; i < len(release); i++ {
		if (release[i] == '-' || release[i] == '.') && i+1 < len(release) && !digit(release[i+1]) {
			tail := release[i+1:]
			if strings.HasPrefix(tail, "el") || strings.HasPrefix(tail, "fc") || strings.HasPrefix(tail, "amzn") {
				continue
			}
			return tail
		}
	}
	return ""
}

func sorted(s []string) []string {
	slices.Sort(s)
	return slices.Compact(s)
}
