// Package packages knows what is installed on a host, what the host's own lists offer in its
// place, and how updates get there. It compares with local lists only: it asks no server, and it
// knows no advisories. The age of a list is what the list says of itself.
package packages

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
)

// Fact is the installed software of one host and its way to updates.
type Fact struct {
	fact.Gaps    `json:"gaps,omitempty" drift:"except=updates security_updates reboot kernel boot"`
	Manager      string       `json:"manager,omitempty"` // dpkg, rpm, apk; empty when there is none
	Database     string       `json:"database,omitempty"`
	Unreadable   int          `json:"unreadable,omitempty" drift:"-"` // entries without a name or a version
	Packages     []Package    `json:"packages,omitempty"`             // ordered by name, architecture, version
	Updates      []Update     `json:"updates,omitempty" drift:"-"`    // ordered by name and architecture
	NoOrigin     []string     `json:"no_origin,omitempty" drift:"-"`  // installed, named in no list
	Unlisted     []string     `json:"unlisted,omitempty" drift:"-"`   // name and architecture of what is installed in a version that no list has
	Lists        []List       `json:"lists,omitempty" drift:"-"`      // lists of available packages that were read
	Repositories []Repository `json:"repositories,omitempty"`
	Settings     []Setting    `json:"settings,omitempty"` // of the package manager, those that checks read
	Automatic    Automatic    `json:"automatic,omitzero"`
	Reboot       Reboot       `json:"reboot,omitzero" drift:"-"`
	Kernel       Kernel       `json:"kernel,omitzero" drift:"-"`
	Init         bool         `json:"init,omitempty"`      // something starts services and timers here
	Container    bool         `json:"container,omitempty"` // the kernel belongs to the host
}

// Kind names the fact.
func (Fact) Kind() fact.Kind { return fact.Kind{Name: "packages", Version: 1} }

// Package is one package that the database knows. Source is the source package, empty when it has
// the same name. State is empty for an installed one, else as dpkg words it: config-files.
type Package struct {
	Name    string `json:"name" drift:"key"`
	Version string `json:"version"`
	Source  string `json:"source,omitempty"`
	// SourceVersion is set where it differs from Version.
	SourceVersion string `json:"source_version,omitempty" drift:"-"`
	Arch          string `json:"arch,omitempty" drift:"key"`
	State         string `json:"state,omitempty"`
	Hold          bool   `json:"hold,omitempty"`
	Vendor        string `json:"vendor,omitempty"` // rpm only
}

// Installed tells whether its files are there, wholly or in part.
func (p Package) Installed() bool { return p.State != "config-files" && p.State != "not-installed" }

// Update is a newer version that a list offers.
type Update struct {
	Name      string `json:"name"`
	Arch      string `json:"arch,omitempty"`
	Installed string `json:"installed"`
	Candidate string `json:"candidate"`
	// Security is the newest version above the installed one that a security list offers, or
	// "yes" where the manager tells no version.
	Security string `json:"security,omitempty"`
	Hold     bool   `json:"hold,omitempty"`
	Source   string `json:"source,omitempty"` // the list
}

// List is a list of available packages on the host.
type List struct {
	File       string `json:"file"`
	Suite      string `json:"suite,omitempty"`
	Security   bool   `json:"security,omitempty"`
	Date       string `json:"date,omitempty"`        // as its Release file says
	ValidUntil string `json:"valid_until,omitempty"` // likewise; empty when it names none
}

// Repository is a configured origin of packages.
type Repository struct {
	URI       string `json:"uri" drift:"key"` // without user and password
	Suite     string `json:"suite,omitempty" drift:"key"`
	SignedBy  string `json:"signed_by,omitempty"`  // key file or fingerprint, "embedded" for a key in the entry itself
	Unchecked string `json:"unchecked,omitempty"`  // the option that turns off authentication: trusted=yes
	Source    string `json:"source" drift:"line"`  // file:line
	Binary    bool   `json:"binary,omitempty"`     // offers packages that can be installed
	Parts     []Part `json:"components,omitempty"` // what of it is used
}

// Part is a component of a suite.
type Part string

// Setting is a line of apt.conf or of dnf.conf. Names of apt.conf are in lower case.
type Setting struct {
	Name   string `json:"name" drift:"key"`
	Value  string `json:"value"`
	Source string `json:"source" drift:"line"`
}

// Needed parts of the fact, the names of its gaps.
const (
	partDatabase  = "database"
	partUpdates   = "updates"
	partSecurity  = "security_updates"
	partRepos     = "repositories"
	partSettings  = "settings"
	partAutomatic = "automatic"
	partReboot    = "reboot"
	partKernel    = "kernel"
	partBoot      = "boot"
)

const (
	dpkgStatus = "/var/lib/dpkg/status"
	dpkgSplit  = "/var/lib/dpkg/status.d/*" // distroless images
	apkDB      = "/lib/apk/db/installed"
	apkDBNew   = "/usr/lib/apk/db/installed"
	apkRepos   = "/etc/apk/repositories"
	apkReposD  = "/etc/apk/repositories.d/*.list"
	aptConf    = "/etc/apt/apt.conf"
	aptConfD   = "/etc/apt/apt.conf.d/*"
	aptList    = "/etc/apt/sources.list"
	aptListD   = "/etc/apt/sources.list.d/*"
	dnfConf    = "/etc/dnf/dnf.conf"
	yumConf    = "/etc/yum.conf"
	yumReposD  = "/etc/yum.repos.d/*.repo"
	zypReposD  = "/etc/zypp/repos.d/*.repo"
	dnfAuto    = "/etc/dnf/automatic.conf"
	rebootFlag = "/run/reboot-required"
	rebootPkgs = "/run/reboot-required.pkgs"
	kernelNow  = "/proc/sys/kernel/osrelease"
	kernelText = "/proc/version"
)

// The databases of rpm; which of them exists depends on the release.
var rpmDatabases = []string{
	"/var/lib/rpm/rpmdb.sqlite", "/usr/lib/sysimage/rpm/rpmdb.sqlite", "/var/lib/rpm/Packages",
	"/var/lib/rpm/Packages.db", "/usr/lib/sysimage/rpm/Packages.db",
}

var initPrograms = []string{"/lib/systemd/systemd", "/usr/lib/systemd/systemd", "/sbin/init", "/usr/sbin/init"}

// Source is how the fact is had.
var Source = host.Define(host.Spec[Fact]{
	Title: "installed packages and updates",
	Needs: host.Join(
		large(64<<20, dpkgStatus, apkDB, apkDBNew),
		host.Read(dpkgSplit, apkRepos, apkReposD, aptConf, aptConfD, aptList, aptListD,
			dnfConf, yumConf, yumReposD, zypReposD, dnfAuto, rebootFlag, rebootPkgs, kernelNow, kernelText),
		host.Stat(rpmDatabases...), host.Stat(initPrograms...), host.ContainerNeeds(),
		host.Stat("/boot/vmlinuz-*"), host.Stat(timerPaths()...),
		host.Run(rpmQuery, dnfUpdates, dnfSecurity, dnfReboot, apkUpdates),
	),
	Follow: follow,
	Parse:  parse,
})

func large(limit int64, patterns ...string) []host.Need {
	needs := host.Read(patterns...)
	for i := range needs {
		needs[i].Max = limit
	}
	return needs
}

func parse(ev *host.Evidence, _ fact.Key) Fact {
	var f Fact
	f.Init = present(ev, &f, partBoot, initPrograms...)
	f.Container = host.Container(ev) != ""
	switch {
	case dpkg(ev, &f):
		f.Manager = "dpkg"
		settings := aptSettings(ev, &f)
		f.Repositories = aptRepositories(ev, &f)
		aptUpdates(ev, &f)
		f.Automatic = aptAutomatic(ev, &f, settings)
	case apk(ev, &f):
		f.Manager = "apk"
		apkRepositories(ev, &f)
		apkPending(ev, &f)
	case rpm(ev, &f):
		f.Manager = "rpm"
		rpmRepositories(ev, &f)
		rpmPending(ev, &f)
		f.Automatic = dnfAutomatic(ev, &f)
	default:
		// Nothing is managed; whatever hides the database hides the rest as well.
		if p, ok := f.Gaps[partDatabase]; ok {
			for _, part := range []string{partUpdates, partSecurity, partRepos, partSettings, partAutomatic} {
				f.Note(part, &p)
			}
		}
	}
	kernel(ev, &f)
	reboot(ev, &f)
	slices.SortStableFunc(f.Packages, func(a, b Package) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Arch, b.Arch), cmp.Compare(a.Version, b.Version))
	})
	slices.SortStableFunc(f.Updates, func(a, b Update) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Arch, b.Arch), cmp.Compare(a.Installed, b.Installed))
	})
	slices.Sort(f.Unlisted)
	slices.Sort(f.NoOrigin)
	f.NoOrigin = slices.Compact(f.NoOrigin)
	return f
}

// present tells whether one of the paths exists. What cannot be told is a gap of the part.
func present(ev *host.Evidence, f *Fact, part string, paths ...string) bool {
	for _, p := range paths {
		_, problem := ev.Stat(p)
		if problem == nil {
			return true
		}
		f.Note(part, problem)
	}
	return false
}

// index finds an installed package by name.
func (f Fact) index(name string) (int, bool) {
	i, ok := slices.BinarySearchFunc(f.Packages, name, func(p Package, n string) int { return cmp.Compare(p.Name, n) })
	for ; ok && i < len(f.Packages) && f.Packages[i].Name == name; i++ {
		if f.Packages[i].Installed() {
			return i, true
		}
	}
	return 0, false
}

// hidden takes user and password from a URI: they may be secrets.
func hidden(uri string) string {
	scheme, rest, ok := strings.Cut(uri, "://")
	if !ok {
		return uri
	}
	authority, tail, slash := strings.Cut(rest, "/")
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		authority = authority[i+1:]
	}
	if slash {
		tail = "/" + tail
	}
	return scheme + "://" + authority + tail
}

// aptReads tells whether apt reads a file of a folder of fragments: letters, digits, hyphens,
// underscores and dots, with one of the endings.
func aptReads(p string, endings ...string) bool {
	name := path.Base(p)
	for _, c := range []byte(name) {
		if !digit(c) && c != '-' && c != '_' && c != '.' && (c|0x20 < 'a' || c|0x20 > 'z') {
			return false
		}
	}
	return slices.Contains(endings, path.Ext(name))
}
