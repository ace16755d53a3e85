package kernel

import "holdfast.example/holdfast/internal/check"

// AddressSpace judges address space layout randomisation.
var AddressSpace = parameter(check.Check{
	ID:           "kernel-aslr",
	Title:        "Addresses of processes are random",
	Doc:          "Without random addresses an attacker knows where code and stack lie, and a single memory error is enough to run code.",
	Remedy:       persist("kernel.randomize_va_space = 2"),
	Requirements: []string{"A.5.2.1"},
	References:   []string{"CIS Debian 12 1.5.1", "ANSSI BP-028 R9"},
	Examples: []check.Example{
		check.Passes("full", run("kernel.randomize_va_space", "2")),
		check.Fails("off", run("kernel.randomize_va_space", "0"), "sysctl:kernel.randomize_va_space"),
		check.Fails("without the heap", run("kernel.randomize_va_space", "1"), "sysctl:kernel.randomize_va_space"),
		check.Fails("off in an image", disk("kernel.randomize_va_space", "0"), "sysctl:kernel.randomize_va_space"),
		check.Leaves("a tree that sets nothing", disk()),
		check.Skips("a container", Fact{Container: "docker", Running: map[string]string{"kernel.randomize_va_space": "0"}}),
		check.Skips("an image for containers", Fact{Tree: true}),
	},
})

// Pointers judges who sees addresses of the kernel.
var Pointers = parameter(check.Check{
	ID:           "kernel-pointers",
	Title:        "Kernel addresses are hidden from users",
	Doc:          "Attacks on the kernel need its addresses; /proc shows them to every user unless they are hidden.",
	Remedy:       persist("kernel.kptr_restrict = 2"),
	Requirements: []string{"A.5.2.1"},
	References:   []string{"ANSSI BP-028 R9"},
	Examples: []check.Example{
		check.Passes("hidden from all", run("kernel.kptr_restrict", "2")),
		check.Passes("hidden from users", run("kernel.kptr_restrict", "1")),
		check.Fails("shown", run("kernel.kptr_restrict", "0"), "sysctl:kernel.kptr_restrict"),
	},
})

// Messages judges who reads the kernel's log.
var Messages = parameter(check.Check{
	ID:           "kernel-messages",
	Title:        "Only root reads the kernel log",
	Doc:          "The kernel log holds addresses and details of hardware and crashes that help an attacker.",
	Remedy:       persist("kernel.dmesg_restrict = 1"),
	Requirements: []string{"A.5.2.1"},
	References:   []string{"ANSSI BP-028 R9"},
	Examples: []check.Example{
		check.Passes("restricted", run("kernel.dmesg_restrict", "1")),
		check.Fails("open", run("kernel.dmesg_restrict", "0"), "sysctl:kernel.dmesg_restrict"),
	},
})

// Performance judges who may use performance events.
var Performance = parameter(check.Check{
	ID:           "kernel-performance-events",
	Title:        "Users cannot watch the kernel with performance events",
	Doc:          "Performance events have been a door into the kernel many times, and they leak what other users do.",
	Remedy:       persist("kernel.perf_event_paranoid = 2"),
	Requirements: []string{"A.5.2.1"},
	References:   []string{"ANSSI BP-028 R9"},
	Examples: []check.Example{
		check.Passes("user space only", run("kernel.perf_event_paranoid", "2")),
		check.Passes("Debian's own value", run("kernel.perf_event_paranoid", "3")),
		check.Fails("kernel profiling for all", run("kernel.perf_event_paranoid", "1"), "sysctl:kernel.perf_event_paranoid"),
		check.Fails("no limit", run("kernel.perf_event_paranoid", "-1"), "sysctl:kernel.perf_event_paranoid"),
	},
})

// Tracing judges who may trace processes.
var Tracing = parameter(check.Check{
	ID:           "kernel-ptrace",
	Title:        "A process cannot read the memory of its neighbours",
	Doc:          "Without Yama's limit, one captured process takes keys and passwords out of all other processes of the same user.",
	Remedy:       persist("kernel.yama.ptrace_scope = 1"),
	Requirements: []string{"A.5.2.1"},
	References:   []string{"CIS Debian 12 1.5.2", "ANSSI BP-028 R11"},
	Examples: []check.Example{
		check.Passes("children only", run("kernel.yama.ptrace_scope", "1")),
		check.Fails("classic", run("kernel.yama.ptrace_scope", "0"), "sysctl:kernel.yama.ptrace_scope"),
		check.Fails("a kernel without Yama", run(), "sysctl:kernel.yama.ptrace_scope"),
	},
})

// BPF judges who may load programs into the kernel.
var BPF = parameter(check.Check{
	ID:           "kernel-bpf",
	Title:        "Users cannot load programs into the kernel",
	Doc:          "The verifier of BPF programs has had errors again and again, each of which made any user root.",
	Remedy:       persist("kernel.unprivileged_bpf_disabled = 1"),
	Requirements: []string{"A.5.2.1"},
	References:   []string{"ANSSI BP-028 R9"},
	Examples: []check.Example{
		check.Passes("off for good", run("kernel.unprivileged_bpf_disabled", "1")),
		check.Passes("off, root may change it", run("kernel.unprivileged_bpf_disabled", "2")),
		check.Fails("on", run("kernel.unprivileged_bpf_disabled", "0"), "sysctl:kernel.unprivileged_bpf_disabled"),
		check.Skips("a kernel without BPF", run()),
	},
})

// BPFCode judges the hardening of compiled BPF programs.
var BPFCode = parameter(check.Check{
	ID:           "kernel-bpf-jit",
	Title:        "Compiled BPF programs are hardened",
	Doc:          "Constants of a BPF program end up in executable kernel memory; hardening scrambles them so that they cannot carry an attacker's code.",
	Remedy:       persist("net.core.bpf_jit_harden = 2"),
	Requirements: []string{"A.5.2.1"},
	References:   []string{"ANSSI BP-028 R12"},
	Examples: []check.Example{
		check.Passes("for all", run("net.core.bpf_jit_harden", "2")),
		check.Fails("off", run("net.core.bpf_jit_harden", "0"), "sysctl:net.core.bpf_jit_harden"),
	},
})

// PrivilegedDumps judges core dumps of set-user-ID programs.
var PrivilegedDumps = parameter(check.Check{
	ID:           "kernel-suid-dumps",
	Title:        "Privileged programs leave no core dump",
	Doc:          "The memory of a set-user-ID program holds what its caller must not see: the content of /etc/shadow, for one.",
	Remedy:       persist("fs.suid_dumpable = 0"),
	Requirements: []string{"A.5.2.1"},
	References:   []string{"CIS Debian 12 1.5.3", "ANSSI BP-028 R14"},
	Examples: []check.Example{
		check.Passes("off", run("fs.suid_dumpable", "0")),
		check.Fails("as any other", run("fs.suid_dumpable", "1"), "sysctl:fs.suid_dumpable"),
		check.Fails("on disk", disk("fs.suid_dumpable", "2"), "sysctl:fs.suid_dumpable"),
	},
})

// SysRq judges the keys that command the kernel.
var SysRq = parameter(check.Check{
	ID:           "kernel-sysrq",
	Title:        "The keyboard does not command the kernel",
	Doc:          "Who reaches a console, also a serial one over the network, can kill processes, read memory and restart the host by magic keys.",
	Remedy:       persist("kernel.sysrq = 0"),
	Requirements: []string{"A.5.2.1"},
	References:   []string{"ANSSI BP-028 R9"},
	Examples: []check.Example{
		check.Passes("off", run("kernel.sysrq", "0")),
		check.Passes("sync only", run("kernel.sysrq", "16")),
		check.Fails("all", run("kernel.sysrq", "1"), "sysctl:kernel.sysrq"),
		check.Fails("Debian's default", run("kernel.sysrq", "438"), "sysctl:kernel.sysrq"),
	},
})

// LowMemory judges the guard against null pointer errors.
var LowMemory = parameter(check.Check{
	ID:           "kernel-low-memory",
	Title:        "Processes cannot use the lowest addresses",
	Doc:          "When a user can put code at address zero, every null pointer error of the kernel runs it with all rights.",
	Remedy:       persist("vm.mmap_min_addr = 65536"),
	Requirements: []string{"A.5.2.1"},
	Examples: []check.Example{
		check.Passes("guarded", run("vm.mmap_min_addr", "65536")),
		check.Fails("open", run("vm.mmap_min_addr", "0"), "sysctl:vm.mmap_min_addr"),
	},
})

// Kexec judges whether another kernel can be started.
var Kexec = parameter(check.Check{
	ID:           "kernel-kexec",
	Title:        "No other kernel can be started from the running one",
	Doc:          "By kexec, who gets root once starts a changed kernel past Secure Boot and past the boot loader's password.",
	Remedy:       persist("kernel.kexec_load_disabled = 1") + "\n\nLeave it at 0 where kdump or fast restarts are in use.",
	Requirements: []string{"A.5.2.1"},
	Examples: []check.Example{
		check.Passes("off", run("kernel.kexec_load_disabled", "1")),
		check.Fails("possible", run("kernel.kexec_load_disabled", "0"), "sysctl:kernel.kexec_load_disabled"),
		check.Skips("a kernel without kexec", run()),
	},
})

// Oops judges what happens after an error inside the kernel.
var Oops = parameter(check.Check{
	ID:           "kernel-oops",
	Title:        "The kernel stops after an error in itself",
	Doc:          "A kernel that goes on after an error gives an attacker as many tries as he wants.",
	Remedy:       persist("kernel.panic_on_oops = 1", "kernel.panic = 10"),
	Requirements: []string{"A.5.2.1"},
	References:   []string{"ANSSI BP-028 R9"},
	Examples: []check.Example{
		check.Passes("stops", run("kernel.panic_on_oops", "1")),
		check.Fails("goes on", run("kernel.panic_on_oops", "0"), "sysctl:kernel.panic_on_oops"),
	},
})

// Links judges tricks with links in shared folders.
var Links = parameter(check.Check{
	ID:           "kernel-protected-links",
	Title:        "Links in shared folders are guarded",
	Doc:          "With an unguarded link in /tmp a user makes a privileged program write a file of his choice.",
	Remedy:       persist("fs.protected_hardlinks = 1", "fs.protected_symlinks = 1"),
	Requirements: []string{"A.5.2.1"},
	References:   []string{"ANSSI BP-028 R14"},
	Examples: []check.Example{
		check.Passes("both", run("fs.protected_hardlinks", "1", "fs.protected_symlinks", "1")),
		check.Fails("none", run("fs.protected_hardlinks", "0", "fs.protected_symlinks", "0"), "sysctl:fs.protected_hardlinks", "sysctl:fs.protected_symlinks"),
		check.Fails("one", run("fs.protected_hardlinks", "1", "fs.protected_symlinks", "0"), "sysctl:fs.protected_symlinks"),
	},
})

// SharedFiles judges tricks with files in shared folders.
var SharedFiles = parameter(check.Check{
	ID:           "kernel-protected-files",
	Title:        "Files and pipes in shared folders are guarded",
	Doc:          "A user who makes the file first can read or change what a privileged program means to write in /tmp.",
	Remedy:       persist("fs.protected_fifos = 2", "fs.protected_regular = 2"),
	Requirements: []string{"A.5.2.1"},
	References:   []string{"ANSSI BP-028 R14"},
	Examples: []check.Example{
		check.Passes("Debian's values", run("fs.protected_fifos", "1", "fs.protected_regular", "2")),
		check.Fails("off", run("fs.protected_fifos", "0", "fs.protected_regular", "0"), "sysctl:fs.protected_fifos", "sysctl:fs.protected_regular"),
	},
})
