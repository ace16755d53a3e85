package packages

// sample is a current Debian host, from which examples depart.
func sample() Fact {
	return Fact{
		Manager: "dpkg", Database: dpkgStatus, Init: true,
		Packages: []Package{
			{Name: "curl", Version: "7.88.1-10+deb12u8", Arch: "amd64"},
			{Name: "openssl", Version: "3.0.15-1~deb12u1", Arch: "amd64"},
			{Name: "unattended-upgrades", Version: "2.9.1+nmu3", Arch: "all"},
		},
		Lists: []List{{File: "/var/lib/apt/lists/deb.example.org_debian-security_dists_bookworm-security_main_binary-amd64_Packages",
			Suite: "bookworm-security", Security: true, Date: "Sun, 22 Nov 2026 18:00:00 UTC", ValidUntil: "Sun, 29 Nov 2026 18:00:00 UTC"}},
		Repositories: []Repository{{URI: "https://deb.example.org/debian", Suite: "bookworm", Binary: true,
			SignedBy: "/usr/share/keyrings/debian-archive-keyring.gpg", Source: "/etc/apt/sources.list.d/debian.sources:1"}},
		Automatic: Automatic{Tool: "unattended-upgrades", Refreshes: true, Installs: true},
		Kernel:    Kernel{Running: "6.1.0-21-amd64", Installed: []string{"6.1.0-21-amd64"}, Newest: "6.1.0-21-amd64"},
	}
}

func sampleWith(u Update) Fact {
	f := sample()
	f.Updates = []Update{u}
	return f
}

func sampleFrom(r Repository) Fact {
	f := sample()
	f.Repositories = append(f.Repositories, r)
	return f
}

func sampleSet(s Setting) Fact {
	f := sample()
	f.Settings = []Setting{s}
	return f
}

func samplePackage(p Package) Fact {
	f := sample()
	at := 0
	for at < len(f.Packages) && f.Packages[at].Name < p.Name {
		at++
	}
	f.Packages = append(f.Packages[:at:at], append([]Package{p}, f.Packages[at:]...)...)
	return f
}
