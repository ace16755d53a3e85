package packages

import (
	"strings"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
)

// RebootPending finds a host that waits for its restart.
var RebootPending = &check.Check{
	ID:           "packages-reboot-pending",
	Title:        "No update waits for a restart",
	Doc:          "A kernel or library that is updated on disk only still runs with its old flaws.",
	Remedy:       "cat /run/reboot-required.pkgs; sudo systemctl reboot",
	Requirements: []string{"A.5.9.1"},
	References:   []string{"ANSSI BP-028 R61"},
	Needs:        []string{partReboot},
	Rule: check.On(func(f Fact, _ estate.View, _ check.Params) check.Result {
		if f.Container {
			return check.Inapplicable("a container does not boot")
		}
		if !f.Reboot.Required {
			return check.Passed("no package asks for a restart")
		}
		detail := "an update asks for a restart"
		if len(f.Reboot.Packages) > 0 {
			detail += ": " + strings.Join(f.Reboot.Packages, ", ")
		}
		return check.Failed("", []check.Violation{{Key: "host:restart", Detail: detail, At: "/reboot", Source: rebootFlag}})
	}),
	Examples: []check.Example{
		check.Passes("nothing waits", sample()),
		check.Fails("a new kernel waits", func() Fact {
			f := sample()
			f.Reboot = Reboot{Required: true, Packages: []string{"linux-image-6.1.0-22-amd64"}}
			return f
		}(), "host:restart"),
		check.Skips("a container", Fact{Manager: "dpkg", Container: true}),
	},
}

// RunningKernel compares the kernel that runs with those that are installed.
var RunningKernel = &check.Check{
	ID:           "packages-running-kernel",
	Title:        "The newest installed kernel runs",
	Doc:          "Updates of the kernel take effect at the next boot. Until then every local user can use the flaws that the update mends.",
	Remedy:       "sudo systemctl reboot\nIf an old kernel comes up again, look at GRUB_DEFAULT in /etc/default/grub.",
	Requirements: []string{"A.5.9.1"},
	Needs:        []string{partKernel},
	Rule: check.On(func(f Fact, _ estate.View, _ check.Params) check.Result {
		k := f.Kernel
		switch {
		case f.Container:
			return check.Inapplicable("the kernel belongs to the host of this container")
		case len(k.Installed) == 0 && f.Missing()[partKernel].Cause == "":
			return check.Inapplicable("no kernel is installed here, it comes from outside")
		case k.Newest == "" && k.Running != "":
			return check.Inapplicable("the running kernel " + k.Running + " is none of the installed sort")
		case k.Newest != "" && Compare(k.Newest, k.Running) > 0:
			return check.Failed("", []check.Violation{{Key: "kernel:running", At: "/kernel", Source: k.Image,
				Detail: k.Running + " runs, " + k.Newest + " is installed"}})
		case k.Newer != "":
			return check.Failed("", []check.Violation{{Key: "kernel:running", At: "/kernel", Source: k.Package,
				Detail: "build " + k.Build + " of " + k.Running + " runs, build " + k.Newer + " is installed"}})
		}
		return check.Passed(k.Running + " runs, none newer is installed")
	}),
	Examples: []check.Example{
		check.Passes("newest runs", sample()),
		check.Passes("a newer kernel of another flavour", func() Fact {
			f := sample()
			f.Kernel.Installed = append(f.Kernel.Installed, "6.1.0-30-rt-amd64")
			return f
		}()),
		check.Fails("a newer one is installed", func() Fact {
			f := sample()
			f.Kernel = Kernel{Running: "6.1.0-9-amd64", Installed: []string{"6.1.0-21-amd64", "6.1.0-9-amd64"}, Newest: "6.1.0-21-amd64"}
			return f
		}(), "kernel:running"),
		check.Fails("same release, newer build", func() Fact {
			f := sample()
			f.Kernel.Build, f.Kernel.Newer = "6.1.90-1", "6.1.94-1"
			return f
		}(), "kernel:running"),
		check.Skips("a container", Fact{Manager: "dpkg", Container: true}),
		check.Skips("no kernel installed", Fact{Manager: "dpkg", Kernel: Kernel{Running: "6.1.0-9-cloud-amd64"}}),
	},
}
