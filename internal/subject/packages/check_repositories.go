package packages

import (
	"fmt"
	"strings"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
)

// perRepository makes a rule that looks at each configured origin of packages.
func perRepository(seen string, fault func(Repository) string) check.Rule {
	return check.On(func(f Fact, _ estate.View, _ check.Params) check.Result {
		if f.Manager == "" {
			return check.Inapplicable(noManager)
		}
		if len(f.Repositories) == 0 && f.Missing()[partRepos].Cause == "" {
			return check.Inapplicable("no repository is configured")
		}
		var vs []check.Violation
		for i, r := range f.Repositories {
			if !r.Binary {
				continue
			}
			if detail := fault(r); detail != "" {
				vs = append(vs, check.Violation{Key: "repository:" + r.Name(), Detail: detail,
					At: fmt.Sprintf("/repositories/%d", i), Source: r.Source})
			}
		}
		return check.Failed(fmt.Sprintf("%d repositories, %s", len(f.Repositories), seen), vs)
	})
}

// Authenticated finds repositories whose packages are taken without a valid signature.
var Authenticated = &check.Check{
	ID:           "packages-repositories-authenticated",
	Title:        "Every repository is authenticated",
	Doc:          "With trusted=yes or gpgcheck=0, whoever stands between the host and the mirror, or owns the mirror, installs what they like as root.",
	Remedy:       "Remove trusted=yes and allow-insecure=yes from the entry and install the vendor's key:\n[signed-by=/usr/share/keyrings/vendor.gpg]\nRed Hat: gpgcheck=1 and gpgkey= in the .repo file.",
	Requirements: []string{"A.5.2.1", "A.5.9.1"},
	References:   []string{"ANSSI BP-028 R59"},
	Needs:        []string{partDatabase, partRepos},
	Rule: perRepository("all of them authenticated", func(r Repository) string {
		if r.Unchecked == "" {
			return ""
		}
		return r.Name() + " is taken without a valid signature (" + r.Unchecked + ")"
	}),
	Examples: []check.Example{
		check.Passes("signed", sample()),
		check.Fails("trusted=yes", sampleFrom(Repository{URI: "https://repo.example/deb", Suite: "stable", Unchecked: "trusted=yes", Binary: true, Source: "/etc/apt/sources.list:3"}), "repository:https://repo.example/deb stable"),
		check.Skips("no repository", Fact{Manager: "dpkg"}),
	},
}

// KeyBound asks that each repository names the key that it must be signed with.
var KeyBound = &check.Check{
	ID:           "packages-repositories-signed-by",
	Title:        "Each repository is bound to its own key",
	Doc:          "Without Signed-By any key that apt trusts may sign any repository: a small vendor's stolen key then replaces packages of the distribution.",
	Remedy:       "Add the key to the entry: [signed-by=/usr/share/keyrings/NAME.gpg], or Signed-By: in a .sources file; take it out of /etc/apt/trusted.gpg.d.",
	Requirements: []string{"A.5.2.1"},
	References:   []string{"ANSSI BP-028 R59"},
	Needs:        []string{partDatabase, partRepos},
	Rule: check.On(func(f Fact, v estate.View, p check.Params) check.Result {
		if f.Manager != "dpkg" && f.Missing()[partDatabase].Cause == "" {
			return check.Inapplicable("apt does not fetch packages here")
		}
		return boundRule(f, p)
	}),
	Examples: []check.Example{
		check.Passes("with a key", sample()),
		check.Fails("any key will do", sampleFrom(Repository{URI: "https://repo.example/deb", Suite: "stable", Binary: true, Source: "/etc/apt/sources.list:3"}), "repository:https://repo.example/deb stable"),
		check.Skips("Alpine", Fact{Manager: "apk"}),
	},
}

func boundRule(f Fact, _ check.Params) check.Result {
	var vs []check.Violation
	for i, r := range f.Repositories {
		if r.Binary && r.SignedBy == "" {
			vs = append(vs, check.Violation{Key: "repository:" + r.Name(), At: fmt.Sprintf("/repositories/%d", i), Source: r.Source,
				Detail: r.Name() + " may be signed with any key that apt trusts"})
		}
	}
	return check.Failed(fmt.Sprintf("%d repositories, each names its key", len(f.Repositories)), vs)
}

// Encrypted asks that packages are fetched over TLS.
var Encrypted = &check.Check{
	ID:           "packages-repositories-tls",
	Title:        "Packages are fetched over TLS",
	Doc:          "Signatures keep packages genuine over plain HTTP, but flaws in the code that reads them before the signature is checked (CVE-2019-3462 in apt) could be used from the network, and an onlooker sees which versions run here.",
	Remedy:       "sudo sed -i 's|http://deb.example.org|https://deb.example.org|' /etc/apt/sources.list.d/debian.sources && sudo apt-get update",
	Requirements: []string{"A.5.2.1"},
	Needs:        []string{partDatabase, partRepos},
	Rule: perRepository("none over plain HTTP", func(r Repository) string {
		if !r.Plain() {
			return ""
		}
		return r.Name() + " is fetched without TLS"
	}),
	Examples: []check.Example{
		check.Passes("https", sample()),
		check.Fails("http", sampleFrom(Repository{URI: "http://deb.example.org/debian", Suite: "bookworm", Binary: true, SignedBy: "k", Source: "/etc/apt/sources.list:1"}), "repository:http://deb.example.org/debian bookworm"),
		check.Passes("a local folder", sampleFrom(Repository{URI: "file:/srv/mirror", Suite: "bookworm", Binary: true, SignedBy: "k", Source: "/etc/apt/sources.list:1"})),
	},
}

// settingsOff makes a rule over settings of the package manager that turn off a protection: the
// parameter "settings" lists "name=value" of what is wrong.
func settingsOff(seen string) check.Rule {
	return check.On(func(f Fact, _ estate.View, p check.Params) check.Result {
		if f.Manager == "" {
			return check.Inapplicable(noManager)
		}
		if f.Manager == "apk" {
			return check.Inapplicable("apk has no such settings")
		}
		var vs []check.Violation
		for _, wrong := range p.Strings("settings") {
			name, value, _ := strings.Cut(wrong, "=")
			for i, s := range f.Settings {
				if strings.EqualFold(s.Name, name) && yes(s.Value) == yes(value) {
					vs = append(vs, check.Violation{Key: "setting:" + name, At: fmt.Sprintf("/settings/%d", i), Source: s.Source,
						Detail: name + " is " + s.Value})
				}
			}
		}
		return check.Failed(seen, vs)
	})
}

// UnauthenticatedAllowed finds settings that let unsigned packages in from anywhere.
var UnauthenticatedAllowed = &check.Check{
	ID:           "packages-unauthenticated-allowed",
	Title:        "The package manager refuses unsigned packages",
	Doc:          "Such a setting turns signature checks off for all repositories, also for those that are added later.",
	Remedy:       "apt-config dump | grep -i -E 'unauthenticated|insecure|weak'\nthen remove the line from the file named here.",
	Requirements: []string{"A.5.2.1", "A.5.9.1"},
	References:   []string{"ANSSI BP-028 R59"},
	Needs:        []string{partDatabase, partSettings},
	Rule:         settingsOff("no setting lets unsigned packages in"),
	Examples: []check.Example{
		check.Passes("defaults", sample()),
		check.Fails("unsigned packages allowed", sampleSet(Setting{"apt::get::allowunauthenticated", "true", "/etc/apt/apt.conf.d/99x:1"}), "setting:apt::get::allowunauthenticated"),
		check.Passes("set to what it is anyway", sampleSet(Setting{"apt::get::allowunauthenticated", "false", "/etc/apt/apt.conf.d/99x:1"})),
		check.Skips("Alpine", Fact{Manager: "apk"}),
	},
}

// ReplayAccepted finds settings that make apt take lists past their date.
var ReplayAccepted = &check.Check{
	ID:           "packages-expired-lists-accepted",
	Title:        "Expired package lists are refused",
	Doc:          "The date in a list is what keeps a mirror from serving last year's list for ever and so withholding every fix.",
	Remedy:       "Remove Acquire::Check-Valid-Until \"false\" and Acquire::Check-Date \"false\" from the file named here.",
	Requirements: []string{"A.5.9.1"},
	Needs:        []string{partDatabase, partSettings},
	Rule:         settingsOff("lists past their date are refused"),
	Examples: []check.Example{
		check.Passes("defaults", sample()),
		check.Fails("dates are not looked at", sampleSet(Setting{"acquire::check-valid-until", "false", "/etc/apt/apt.conf.d/99x:1"}), "setting:acquire::check-valid-until"),
		check.Skips("Alpine", Fact{Manager: "apk"}),
	},
}
