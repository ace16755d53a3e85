package planted

// weakKey is an RSA key of 1024 bits.
const weakKey = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQCTzNFjyYokakvbBrPGX0u2nJZqBXuhURnB9qFZbbGPet/ewzR3LDtCchfAmDpLKwNjgTVfSU4pE6hZJWg6Ah4NajWfdbtfRyoT2/bTP7wuxC+1Z/sAWxv8GGjXcV4hlt8nBpUhtOrgvBpxpexjAW5PCZVmDnjGsRUnuUlaXXNI2Q== old@laptop.example\n"

// privateKey has the form of a private key and opens nothing.
const privateKey = "-----BEGIN OPENSSH PRIVATE KEY-----\n" +
	"b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZWQyNTUx\n" +
	"OQAAACBJbnZlbnRlZEZvclRoaXNUZXN0T3BlbnNOb3RoaW5nQXRBbGwAAAAAAAAAAAAAAAAAAAAA\n" +
	"-----END OPENSSH PRIVATE KEY-----\n"

// planted are faults, each made in one place of the clean tree, with all violations that follow
// from it. They do not contradict each other: all of them fit into one tree.
var planted = []struct {
	name  string
	plant func(tree)
	want  []fault
}{
	{"SSH: root may log in", func(r tree) {
		r.replace("etc/ssh/sshd_config", "PermitRootLogin no", "PermitRootLogin yes")
	}, []fault{{"sshd-root-login", "option:permitrootlogin"}}},
	{"SSH: a drop-in comes first", func(r tree) {
		r.write("etc/ssh/sshd_config.d/05-cloud.conf", "PasswordAuthentication yes\n")
	}, []fault{{"sshd-password-alone", "option:passwordauthentication"}}},
	{"SSH: a Match block", func(r tree) {
		r.add("etc/ssh/sshd_config", "Match Address 10.0.0.0/8\n\tX11Forwarding yes\n")
	}, []fault{{"sshd-x11-forwarding", "option:x11forwarding@address 10.0.0.0/8"}}},
	{"SSH: a file included from a drop-in", func(r tree) {
		r.write("etc/ssh/sshd_config.d/08-more.conf", "Include /etc/ssh/vendor/*.conf\n")
		r.write("etc/ssh/vendor/a.conf", "PermitEmptyPasswords yes\n")
	}, []fault{{"sshd-empty-passwords", "option:permitemptypasswords"}}},
	{"SSH: a weak cipher", func(r tree) {
		r.replace("etc/ssh/sshd_config.d/10-cryptography.conf", "aes256-ctr", "aes256-ctr,3des-cbc")
	}, []fault{{"sshd-ciphers", "option:ciphers"}}},
	{"SSH: keys in files that others write", func(r tree) {
		r.replace("etc/ssh/sshd_config", "StrictModes yes", "StrictModes no")
	}, []fault{{"sshd-strict-modes", "option:strictmodes"}}},
	{"SSH: host keys that others read", func(r tree) {
		r.chmod("etc/ssh/ssh_host_rsa_key", 0o644)
	}, []fault{{"filesystems-host-keys", "file:/etc/ssh/ssh_host_rsa_key"}}},
	{"SSH: settings that a group writes", func(r tree) {
		r.chown("etc/ssh/sshd_config", 0, 1000)
		r.chmod("etc/ssh/sshd_config", 0o664)
	}, []fault{{"filesystems-sshd-config", "file:/etc/ssh/sshd_config"}}},
	{"SSH: a weak authorised key", func(r tree) {
		r.add("home/erika/.ssh/authorized_keys", weakKey)
	}, []fault{{"accounts-key-weak", "authorized_key:SHA256:KG5CHctmblvVoFJ3yPVreABpEbXOA04RUDKnJf95MDo"}}},
	{"accounts: an empty password", func(r tree) {
		r.add("etc/passwd", "max:x:1001:1001:Max Muster:/home/max:/bin/bash\n")
		r.add("etc/group", "max:x:1001:\n")
		r.add("etc/shadow", "max::20500:1:365:7:30::\n")
		r.folder("home/max", 0o700)
		r.chown("home/max", 1001, 1001)
	}, []fault{{"accounts-password-empty", "user:max"}}},
	{"accounts: a second account number 0", func(r tree) {
		r.add("etc/passwd", "toor:x:0:0:root:/root:/usr/sbin/nologin\n")
		r.add("etc/shadow", "toor:!:20500:1:365:7:::\n")
	}, []fault{{"accounts-root-uid", "user:toor"}}},
	{"accounts: a weak hash", func(r tree) {
		r.add("etc/passwd", "otto:x:1002:1002:Otto:/home/otto:/bin/bash\n")
		r.add("etc/group", "otto:x:1002:\n")
		r.add("etc/shadow", "otto:$1$abcdefgh$1234567890123456789012:20500:1:365:7:30::\n")
		r.folder("home/otto", 0o700)
		r.chown("home/otto", 1002, 1002)
	}, []fault{{"accounts-password-scheme", "user:otto"}}},
	{"accounts: a system account with a shell and a password", func(r tree) {
		r.replace("etc/passwd", "Chrony daemon,,,:/var/lib/chrony:/usr/sbin/nologin", "Chrony daemon,,,:/var/lib/chrony:/bin/bash")
	}, []fault{{"accounts-system-shell", "user:_chrony"}}},
	{"accounts: a home that the group writes", func(r tree) {
		r.folder("home/gast", 0o770)
		r.add("etc/passwd", "gast:x:1003:1003:Gast:/home/gast:/bin/bash\n")
		r.add("etc/group", "gast:x:1003:\n")
		r.add("etc/shadow", "gast:!:20500:1:365:7:30::\n")
		r.chown("home/gast", 1003, 1003)
	}, []fault{{"accounts-home-writable", "user:gast"}}},
	{"accounts: a member of group shadow", func(r tree) {
		r.replace("etc/group", "shadow:x:42:", "shadow:x:42:nobody")
	}, []fault{{"accounts-shadow-group", "user:nobody"}}},
	{"accounts: MD5 in login.defs", func(r tree) {
		r.replace("etc/login.defs", "ENCRYPT_METHOD	YESCRYPT", "ENCRYPT_METHOD	MD5")
	}, []fault{{"accounts-encrypt-method", "setting:ENCRYPT_METHOD"}}},
	{"accounts: .rhosts", func(r tree) {
		r.write("home/erika/.rhosts", "+ +\n")
		r.chown("home/erika/.rhosts", 1000, 1000)
		r.chmod("home/erika/.rhosts", 0o600)
	}, []fault{{"filesystems-trust-files", "file:/home/erika/.rhosts"}}},
	{"files: /etc/shadow for all", func(r tree) { r.chmod("etc/shadow", 0o644) },
		[]fault{{"filesystems-password-files", "file:/etc/shadow"}}},
	{"files: /etc/group for its group", func(r tree) { r.chmod("etc/group", 0o664) },
		[]fault{{"filesystems-account-files", "file:/etc/group"}}},
	{"files: world-writable in /etc", func(r tree) {
		r.write("etc/shop.conf", "port = 8080\n")
		r.chmod("etc/shop.conf", 0o666)
	}, []fault{{"filesystems-world-writable-files", "file:/etc/shop.conf"}}},
	{"files: a shared folder without the sticky bit", func(r tree) { r.folder("srv/drop", 0o777) },
		[]fault{{"filesystems-world-writable-folders", "file:/srv/drop"}}},
	{"files: a set-user-ID program of nobody's", func(r tree) {
		r.write("opt/tools/root-me", "")
		r.chmod("opt/tools/root-me", 0o4755)
	}, []fault{{"filesystems-set-user-id", "file:/opt/tools/root-me"}}},
	{"files: an owner without a name", func(r tree) {
		r.write("srv/left-behind", "")
		r.chown("srv/left-behind", 4711, 0)
	}, []fault{{"filesystems-owners", "uid:4711"}}},
	{"files: /tmp without nosuid", func(r tree) {
		r.replace("etc/fstab", "tmpfs /tmp tmpfs nosuid,nodev,noexec", "tmpfs /tmp tmpfs nodev,noexec")
	}, []fault{{"filesystems-mount-options", "mount:/tmp"}}},
	{"kernel: a later file turns a parameter off", func(r tree) {
		r.write("etc/sysctl.d/90-legacy.conf", "kernel.randomize_va_space = 0\n")
	}, []fault{{"kernel-aslr", "sysctl:kernel.randomize_va_space"}}},
	{"kernel: packets are forwarded", func(r tree) {
		r.replace("etc/sysctl.d/60-hardening.conf", "net.ipv4.ip_forward = 0", "net.ipv4.ip_forward = 1")
	}, []fault{{"kernel-forwarding", "sysctl:net.ipv4.ip_forward"}}},
	{"kernel: core dumps", func(r tree) {
		r.replace("etc/security/limits.conf", "* hard core 0", "* soft core unlimited")
		r.replace("etc/systemd/coredump.conf", "Storage=none", "Storage=external")
		r.replace("etc/systemd/coredump.conf", "ProcessSizeMax=0", "ProcessSizeMax=2G")
		r.replace("etc/sysctl.d/60-hardening.conf", "kernel.core_pattern = |/bin/false\n", "")
	}, []fault{{"kernel-core-dumps", "limits:core"}}},
	{"kernel: a module may be loaded", func(r tree) {
		r.replace("etc/modprobe.d/hardening.conf", "install rds /bin/false\nblacklist rds\n", "")
	}, []fault{{"kernel-protocol-modules", "module:rds"}}},
	{"kernel: AppArmor off at start", func(r tree) {
		r.replace("etc/default/grub", `GRUB_CMDLINE_LINUX="apparmor=1`, `GRUB_CMDLINE_LINUX="apparmor=0`)
	}, []fault{{"kernel-command-line", "cmdline:apparmor"}}},
	{"kernel: the boot loader's password hash for all", func(r tree) { r.chmod("boot/grub/grub.cfg", 0o644) },
		[]fault{{"kernel-boot-config-readable", "file:/boot/grub/grub.cfg"}}},
	{"sudo: everything without a password", func(r tree) {
		r.write("etc/sudoers.d/90-cloud", "erika ALL=(ALL) NOPASSWD: ALL\n")
		r.chmod("etc/sudoers.d/90-cloud", 0o440)
	}, []fault{{"sudo-nopasswd-all", "user:erika"}}},
	{"sudo: an included file turns authentication off", func(r tree) {
		r.add("etc/sudoers", "@include /etc/sudo-local\n")
		r.write("etc/sudo-local", "Defaults !authenticate\n")
		r.chmod("etc/sudo-local", 0o440)
	}, []fault{{"sudo-authenticate", "setting:authenticate"}}},
	{"sudo: rules that the group writes", func(r tree) {
		r.write("etc/sudoers.d/50-team", "# nobody yet\n")
		r.chmod("etc/sudoers.d/50-team", 0o460)
	}, []fault{{"sudo-file-mode", "file:/etc/sudoers.d/50-team"}}},
	{"PAM: empty passwords", func(r tree) {
		r.replace("etc/pam.d/common-auth", "default=ignore] pam_unix.so", "default=ignore] pam_unix.so nullok")
	}, []fault{{"pam-empty-password", "file:/etc/pam.d/common-auth"}}},
	{"PAM: a weak hash for new passwords", func(r tree) {
		r.replace("etc/pam.d/common-password", "yescrypt", "md5")
	}, []fault{{"pam-hash-scheme", "file:/etc/pam.d/common-password"}}},
	{"PAM: a door without proof", func(r tree) {
		r.replace("etc/pam.d/login", "@include common-auth", "auth sufficient pam_permit.so\n@include common-auth")
	}, []fault{{"pam-open-door", "file:/etc/pam.d/login"}}},
	{"packages: an unsigned repository", func(r tree) {
		r.write("etc/apt/sources.list.d/vendor.list", "deb [trusted=yes signed-by=/usr/share/keyrings/vendor.gpg] https://vendor.example/deb stable main\n")
	}, []fault{{"packages-repositories-authenticated", "repository:https://vendor.example/deb stable"}}},
	{"packages: no TLS to a repository", func(r tree) {
		r.write("etc/apt/sources.list", "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://plain.example/debian bookworm main\n")
	}, []fault{{"packages-repositories-tls", "repository:http://plain.example/debian bookworm"}}},
	{"packages: automatic updates off", func(r tree) {
		r.replace("etc/apt/apt.conf.d/20auto-upgrades", `Unattended-Upgrade "1"`, `Unattended-Upgrade "0"`)
	}, []fault{{"packages-automatic-updates", "package:automatic-updates"}}},
	{"packages: a security update is pending", func(r tree) {
		r.add("var/lib/apt/lists/mirror.example_debian-security_dists_bookworm-security_main_binary-amd64_Packages",
			"Package: curl\nVersion: 7.88.1-10+deb12u14\nArchitecture: amd64\n\n")
	}, []fault{{"packages-security-updates", "package:curl"}}},
	{"packages: unsigned packages allowed", func(r tree) {
		r.write("etc/apt/apt.conf.d/99local", "APT::Get::AllowUnauthenticated \"true\";\n")
	}, []fault{{"packages-unauthenticated-allowed", "setting:apt::get::allowunauthenticated"}}},
	{"packages: a telnet server", func(r tree) {
		r.add("var/lib/dpkg/status", "Package: telnetd\nStatus: install ok installed\nArchitecture: amd64\nVersion: 0.17-44\n\n")
		r.add("var/lib/apt/lists/mirror.example_debian_dists_bookworm_main_binary-amd64_Packages", "Package: telnetd\nVersion: 0.17-44\nArchitecture: amd64\n\n")
	}, []fault{{"packages-legacy-servers", "package:telnetd"}}},
	{"jobs: a script of cron that all may write", func(r tree) { r.chmod("etc/cron.daily/logrotate", 0o757) },
		[]fault{{"services-cron-writable", "file:/etc/cron.daily/logrotate"}, {"filesystems-world-writable-files", "file:/etc/cron.daily/logrotate"}}},
	{"jobs: a job runs a program that all may write", func(r tree) { r.chmod("opt/backup/run", 0o757) },
		[]fault{{"services-cron-program-writable", "file:/etc/cron.d/backup"}, {"filesystems-world-writable-files", "file:/opt/backup/run"}}},
	{"units: root runs a program that its owner may write", func(r tree) {
		r.write("etc/systemd/system/poll.service", "[Service]\nExecStart=/srv/poll\nNoNewPrivileges=yes\n")
		r.write("srv/poll", "")
		r.chmod("srv/poll", 0o755)
		r.chown("srv/poll", 1000, 1000)
	}, []fault{{"services-program-writable", "file:/srv/poll"}}},
	{"units: a file that its group may write", func(r tree) {
		r.chown("usr/lib/systemd/system/chrony.service", 0, 1000)
		r.chmod("usr/lib/systemd/system/chrony.service", 0o664)
	}, []fault{{"services-unit-writable", "file:/usr/lib/systemd/system/chrony.service"}}},
	{"units: the debug shell", func(r tree) {
		r.link("etc/systemd/system/sysinit.target.wants/debug-shell.service", "/lib/systemd/system/debug-shell.service")
	}, []fault{{"services-debug-shell", "unit:debug-shell.service"}}},
	{"units: a console without a password", func(r tree) {
		r.write("usr/lib/systemd/system/getty@.service", "[Service]\nExecStart=-/sbin/agetty --noclear - $TERM\n")
		r.link("etc/systemd/system/getty.target.wants/getty@tty1.service", "/lib/systemd/system/getty@.service")
		r.write("etc/systemd/system/getty@tty1.service.d/autologin.conf", "[Service]\nExecStart=\nExecStart=-/sbin/agetty --autologin erika --noclear %I $TERM\n")
	}, []fault{{"services-autologin", "unit:getty@tty1.service"}}},
	{"secrets: in a readable .env", func(r tree) {
		r.write("srv/app/.env", "AWS_ACCESS_KEY_ID=AKIA"+"Q3EGRAUXKD4WPYJ7\nDATABASE_URL=postgres://shop:v8Qz7LpW2sKx@db.example/shop\n")
	}, []fault{{"secrets-files-readable", "secret:aws-access-token"}, {"secrets-files-readable", "secret:url-password"}}},
	{"secrets: a private key for all", func(r tree) {
		r.write("srv/web.key", privateKey)
	}, []fault{{"secrets-private-keys-readable", "file:/srv/web.key"}}},
	{"secrets: in a unit", func(r tree) {
		r.replace("etc/systemd/system/shop.service", "User=shop", "User=shop\nEnvironment=DATABASE_URL=postgres://shop:v8Qz7LpW2sKx@db.example/shop")
	}, []fault{{"secrets-units-jobs", "secret:url-password"}}},
	{"logs: none leaves the host", func(r tree) { r.remove("etc/rsyslog.d/60-forward.conf") },
		[]fault{{"logging-remote", "target:remote"}}},
	{"logs: there is no journal", func(r tree) {
		r.write("etc/systemd/journald.conf.d/90-none.conf", "[Journal]\nStorage=none\n")
	}, []fault{{"logging-journal-persistent", "setting:Storage"}}},
	{"logs: one that all may write", func(r tree) { r.chmod("var/log/syslog", 0o642) },
		[]fault{{"filesystems-world-writable-files", "file:/var/log/syslog"}, {"logging-files-writable", "file:/var/log/syslog"}}},
	{"logs: a change of accounts leaves no trace", func(r tree) {
		r.replace("etc/audit/rules.d/50.rules", "-w /etc/shadow -p wa -k identity\n", "")
	}, []fault{{"logging-audit-rules", "audit:identity"}}},
	{"firewall: everything is let in", func(r tree) {
		r.replace("etc/nftables.conf", "hook input priority filter; policy drop;", "hook input priority filter; policy accept;")
	}, []fault{{"firewall-default-deny", "firewall:ipv4/input"}}},
	{"time: no server", func(r tree) {
		r.write("etc/chrony/chrony.conf", "user _chrony\ndriftfile /var/lib/chrony/chrony.drift\ncmdport 0\n")
	}, []fault{{"timesync-servers", "service:chrony"}}},
	{"host: past its end of life", func(r tree) {
		r.replace("usr/lib/os-release", `VERSION_ID="12"`, `VERSION_ID="9"`)
	}, []fault{{"linuxhost-supported", "os:debian"}}},
	{"host: an image with a machine id that a group may write", func(r tree) {
		r.write("etc/machine-id", "0f0e0d0c0b0a09080706050403020100\n")
		r.chmod("etc/machine-id", 0o664)
	}, []fault{{"linuxhost-image-machine-id", "file:/etc/machine-id"}, {"linuxhost-machine-id-guarded", "file:/etc/machine-id"}}},
}
