package kernel

import (
	"fmt"
	"slices"
	"strings"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
)

// bootWords are the words of the command line that are kept.
var bootWords = strings.Fields(`mitigations nopti pti kpti nospectre_v1 nospectre_v2 nospectre_bhb spectre_v2 spectre_v2_user
	nospec_store_bypass_disable spec_store_bypass_disable ssbd mds tsx_async_abort l1tf mmio_stale_data retbleed srbds
	gather_data_sampling reg_file_data_sampling spectre_bhi spec_rstack_overflow indirect_target_selection tsa noibrs noibpb
	no_stf_barrier nokaslr norandmaps nosmep nosmap noexec noexec32 apparmor selinux enforcing security lsm audit
	module_blacklist modprobe.blacklist lockdown iommu.strict iommu init_on_alloc init_on_free page_alloc.shuffle slab_nomerge vsyscall
	module.sig_enforce ima_appraise systemd.debug-shell systemd.debug_shell rd.shell init single`)

func (f *Fact) commandLine(ev *host.Evidence) {
	if f.Tree {
		f.Note(partBoot, notRunning("/proc/cmdline"))
	} else {
		file := ev.File("/proc/cmdline")
		f.Note(partBoot, file.Err)
		// What follows a lone "--" is for init, not for the kernel.
		f.Boot = bootParameters(file.Path, file.Text())
	}
	config := ev.File("/etc/kernel/cmdline")
	f.Note(partBoot, config.Err)
	f.Boot = append(f.Boot, bootParameters(config.Path, config.Text())...)
	files := []host.File{ev.File("/etc/default/grub")}
	more, problem := ev.Glob("/etc/default/grub.d/*.cfg")
	f.Note(partBoot, problem)
	for _, file := range append(files, more...) {
		f.Note(partBoot, file.Err)
		f.Boot = append(f.Boot, grubDefaults(file.Path, file.Text())...)
	}
}

func bootParameters(source, text string) []BootParameter {
	var out []BootParameter
	for _, word := range strings.Fields(text) {
		if word == "--" {
			break
		}
		name, value, _ := strings.Cut(strings.Trim(word, `"`), "=")
		if slices.Contains(bootWords, strings.ReplaceAll(name, "-", "_")) || slices.Contains(bootWords, name) {
			out = append(out, BootParameter{clip(name, 60), clip(value, 200), source})
		}
	}
	return out
}

// grubDefaults reads the GRUB_CMDLINE_LINUX variables of /etc/default/grub.
func grubDefaults(source, text string) []BootParameter {
	var out []BootParameter
	n := 0
	for line := range strings.Lines(text) {
		n++
		name, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		if ok && (name == "GRUB_CMDLINE_LINUX" || name == "GRUB_CMDLINE_LINUX_DEFAULT") {
			out = append(out, bootParameters(fmt.Sprintf("%s:%d", source, n), strings.Trim(value, `"'`))...)
		}
	}
	return out
}

// weakened tells whether a value of mitigations= leaves attacks between users, or by users on the kernel,
// open. no_guest_* leave those of guests open, which only a host of virtual machines has.
// Source: Documentation/admin-guide/hw-vuln/attack_vector_controls.rst of Linux.
func weakened(value string) bool {
	return slices.ContainsFunc(strings.Split(value, ","), func(word string) bool {
		return slices.Contains([]string{"off", "no_user_kernel", "no_user_user", "no_cross_thread"}, word)
	})
}

// CommandLine judges what the command line turns off.
var CommandLine = &check.Check{
	ID:           "kernel-command-line",
	Title:        "The kernel command line turns no protection off",
	Doc:          "One word such as mitigations=off takes away the guards against attacks that read memory across processes and guests, or random addresses, or access control.",
	Remedy:       "Take the word out of GRUB_CMDLINE_LINUX in /etc/default/grub, then:\n\n    update-grub    # or grub2-mkconfig -o /boot/grub2/grub.cfg\n    reboot",
	Requirements: []string{"A.5.2.1"},
	References:   []string{"ANSSI BP-028 R8"},
	Rule: check.On(func(f Fact, _ estate.View, p check.Params) check.Result {
		if why := f.elsewhere(); why != "" {
			return check.Inapplicable(why)
		}
		var vs []check.Violation
		for i, b := range f.Boot {
			if p.Has("weakening", b.Name) || p.Has("weakening", b.Name+"="+b.Value) || b.Name == "mitigations" && weakened(b.Value) {
				vs = append(vs, check.Violation{Key: "cmdline:" + b.Name, At: fmt.Sprintf("/boot/%d", i), Source: b.Source,
					Detail: "the kernel command line holds " + strings.TrimSuffix(b.Name+"="+b.Value, "=")})
			}
		}
		gap, missing := f.Gaps[partBoot]
		if missing && len(vs) > 0 && (!f.Tree || gap.Cause != fact.Unsupported) {
			return check.Failed("", vs).Beside(gap.Error())
		}
		if missing && len(vs) == 0 {
			if why := f.kernelless(); why != "" && gap.Cause == fact.Unsupported {
				return check.Inapplicable(why)
			}
			if !f.Tree || gap.Cause != fact.Unsupported || len(f.Boot) == 0 {
				return check.Unclear(&gap)
			}
		}
		return check.Failed("no word of the command line turns a protection off", vs)
	}),
	Examples: []check.Example{
		check.Passes("nothing special", run()),
		check.Passes("a stricter choice", Fact{Boot: []BootParameter{{"mitigations", "auto,nosmt", "/proc/cmdline"}, {"apparmor", "1", "/proc/cmdline"}}}),
		check.Fails("mitigations off", Fact{Boot: []BootParameter{{"mitigations", "off", "/proc/cmdline"}}}, "cmdline:mitigations"),
		check.Passes("guards against guests off, of which there are none", Fact{Boot: []BootParameter{{"mitigations", "auto,no_guest_host,no_guest_guest", "/proc/cmdline"}}}),
		check.Fails("guards between users off", Fact{Boot: []BootParameter{{"mitigations", "auto,no_user_user", "/proc/cmdline"}}}, "cmdline:mitigations"),
		check.Fails("no random addresses at the next start", Fact{Boot: []BootParameter{{"nokaslr", "", "/etc/default/grub:10"}}}, "cmdline:nokaslr"),
		check.Fails("AppArmor off", Fact{Boot: []BootParameter{{"apparmor", "0", "/proc/cmdline"}}}, "cmdline:apparmor"),
		check.Skips("a container", Fact{Container: "podman", Boot: []BootParameter{{"mitigations", "off", "/proc/cmdline"}}}),
	},
}
