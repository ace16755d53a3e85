package linuxhost

import (
	"fmt"
	"io/fs"
	"strings"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
)

const (
	efiSecureBoot = "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
	dmiVendor     = "/sys/class/dmi/id/sys_vendor"
	dmiProduct    = "/sys/class/dmi/id/product_name"
)

var uname = &host.Command{Name: "uname-machine", Argv: []string{"uname", "-m"}, Why: "the architecture"}

// Source gathers the identity of a host.
var Source = host.Define(host.Spec[Fact]{
	Title: "Host and operating system",
	Needs: host.Join(
		host.Read("/etc/hostname", "/proc/sys/kernel/hostname", "/proc/sys/kernel/osrelease", "/proc/sys/kernel/arch",
			"/etc/machine-id", "/var/lib/dbus/machine-id", "/etc/os-release", "/usr/lib/os-release", "/etc/apk/arch",
			"/usr/bin/true", "/bin/true", dmiVendor, dmiProduct, efiSecureBoot),
		host.Stat("/etc/machine-id", "/var/lib/dbus/machine-id", "/sys/firmware/efi",
			"/usr/lib/systemd/systemd", "/lib/systemd/systemd"),
		host.ContainerNeeds(), host.Run(uname),
	),
	Parse:  parse,
	Claims: claims,
})

func claims(f Fact) []fact.Claim {
	id := f.MachineID()
	if id == "" {
		return nil
	}
	return []fact.Claim{{Kind: "machine_id", Fingerprint: id, Label: "machine id", At: "/etc/machine-id"}}
}

func parse(ev *host.Evidence, _ fact.Key) Fact {
	f := Fact{Tree: ev.Rootfs}
	f.name(ev)
	f.machine(ev)
	f.os(ev)
	f.hardware(ev)
	f.Container = host.Container(ev)
	return f
}

func (f *Fact) name(ev *host.Evidence) {
	file := ev.File("/etc/hostname")
	f.Note("hostname", file.Err)
	f.Name.Configured = configuredName(file.Text())
	if f.Tree {
		return
	}
	running := ev.File("/proc/sys/kernel/hostname")
	f.Note("hostname", running.Err)
	f.Name.Running = strings.TrimSpace(running.Text())
}

// configuredName follows hostname(5): the first line that is neither empty nor a comment.
func configuredName(text string) string {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			return clip(line, 253)
		}
	}
	return ""
}

func (f *Fact) machine(ev *host.Evidence) {
	file := ev.File("/etc/machine-id")
	f.Note("machine_id", file.Err)
	if file.Found() {
		f.Machine = Machine{ID: clip(strings.TrimSpace(file.Text()), 64), File: file.Real, Mode: octal(file.Mode), UID: file.UID}
	}
	own, problem := ev.Stat("/var/lib/dbus/machine-id")
	f.Note("machine_id", problem)
	if problem == nil && own.Mode&fs.ModeSymlink == 0 {
		bus := ev.File("/var/lib/dbus/machine-id")
		f.Note("machine_id", bus.Err)
		f.Machine.DBus = clip(strings.TrimSpace(bus.Text()), 64)
	}
	for _, p := range []string{"/usr/lib/systemd/systemd", "/lib/systemd/systemd"} {
		_, problem := ev.Stat(p)
		f.Note("systemd", problem)
		f.Systemd = f.Systemd || problem == nil
	}
}

func (f *Fact) hardware(ev *host.Evidence) {
	f.Architecture = architecture(ev)
	if f.Tree {
		none := &fact.Problem{Cause: fact.Unsupported, Source: "/sys", Text: "a file tree does not run"}
		f.Note("boot", none)
		return
	}
	release := ev.File("/proc/sys/kernel/osrelease")
	f.Note("kernel", release.Err)
	f.Kernel = strings.TrimSpace(release.Text())
	vendor, product := strings.TrimSpace(ev.File(dmiVendor).Text()), strings.TrimSpace(ev.File(dmiProduct).Text())
	if virtual(vendor + " " + product) {
		f.Virtual = strings.TrimSpace(vendor + " " + product)
	}
	_, problem := ev.Stat("/sys/firmware/efi")
	f.Note("boot", problem)
	switch {
	case problem == nil:
		f.Boot.Mode = "uefi"
	case problem.Cause == fact.NotFound:
		f.Boot.Mode = "legacy"
	}
	// The variable is four bytes of attributes and one byte of value.
	sb := ev.File(efiSecureBoot)
	f.Note("boot", sb.Err)
	if len(sb.Data) == 5 {
		f.Boot.SecureBoot = map[bool]string{true: "on", false: "off"}[sb.Data[4] == 1]
	}
}

func virtual(product string) bool {
	for _, word := range []string{"QEMU", "KVM", "VMware", "VirtualBox", "innotek", "Xen", "Amazon EC2", "Google Compute", "Virtual Machine",
		"OpenStack", "Bochs", "Parallels", "Hetzner", "DigitalOcean", "Droplet", "oVirt", "RHEV", "BHYVE", "Alibaba"} {
		if strings.Contains(product, word) {
			return true
		}
	}
	return false
}

// architecture asks the kernel, else the header of a program that every system has.
func architecture(ev *host.Evidence) string {
	if a := strings.TrimSpace(ev.File("/proc/sys/kernel/arch").Text()); a != "" && !ev.Rootfs {
		return clip(a, 40)
	}
	if out := ev.Output(uname); out.Err == nil {
		if a := strings.TrimSpace(string(out.Stdout)); a != "" {
			return clip(a, 40)
		}
	}
	for _, p := range []string{"/usr/bin/true", "/bin/true"} {
		if a := elfMachine(ev.File(p).Data); a != "" {
			return a
		}
	}
	return clip(strings.TrimSpace(ev.File("/etc/apk/arch").Text()), 40)
}

// elfMachine reads e_machine of an ELF header, System V ABI chapter 4.
func elfMachine(b []byte) string {
	if len(b) < 20 || string(b[:4]) != "\x7fELF" {
		return ""
	}
	low, high := b[18], b[19]
	if b[5] == 2 {
		low, high = high, low
	}
	switch uint16(high)<<8 | uint16(low) {
	case 3:
		return "i686"
	case 21:
		return "ppc64le"
	case 22:
		return "s390x"
	case 40:
		return "armv7l"
	case 62:
		return "x86_64"
	case 183:
		return "aarch64"
	case 243:
		return "riscv64"
	case 258:
		return "loongarch64"
	}
	return ""
}

func octal(m fs.FileMode) string { return fmt.Sprintf("%04o", m.Perm()) }

func clip(s string, n int) string {
	if len(s) > n {
		s = s[:n]
	}
	return strings.ToValidUTF8(s, "")
}
