package kernel

import (
	"fmt"
	"strconv"
	"strings"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
	"holdfast.example/holdfast/internal/host"
)

func (f *Fact) loader(ev *host.Evidence) {
	superuser, hashed, external, given := false, false, false, false
	for _, p := range loaderFiles {
		file := ev.File(p)
		f.Note(partLoader, file.Err)
		if !file.Found() {
			continue
		}
		f.Loader.Files = append(f.Loader.Files, LoaderFile{file.Real, fmt.Sprintf("%04o", file.Mode.Perm()), file.UID, file.GID})
		n := 0
		for line := range strings.Lines(file.Text()) {
			n++
			w := strings.Fields(line)
			switch {
			case len(w) > 1 && w[0] == "set" && strings.HasPrefix(w[1], "superusers="):
				superuser = superuser || strings.Trim(strings.TrimPrefix(w[1], "superusers="), `"'`) != ""
			case len(w) > 2 && w[0] == "password_pbkdf2" && strings.Contains(w[2], "GRUB2_PASSWORD"):
				external = true
			case len(w) > 2 && w[0] == "password_pbkdf2":
				hashed = true
			case len(w) > 2 && w[0] == "password":
				f.Loader.Plain = fmt.Sprintf("%s:%d", file.Path, n)
			case len(w) > 0 && strings.HasPrefix(w[0], "GRUB2_PASSWORD=grub.pbkdf2"):
				given = true
			}
		}
	}
	f.Loader.Password = superuser && (hashed || external && given)
}

// grubless says why there is no boot loader to judge, or "".
func (f Fact) grubless() string {
	switch {
	case f.elsewhere() != "":
		return "a container has no boot loader"
	case len(f.Loader.Files) == 0:
		return "there is no configuration of GRUB"
	}
	return ""
}

// LoaderPassword judges who may change the start.
var LoaderPassword = &check.Check{
	ID:           "kernel-boot-password",
	Title:        "The boot loader asks for a password before it is changed",
	Doc:          "Who reaches the console at a restart adds init=/bin/sh to the command line and is root without any password.",
	Remedy:       "grub-mkpasswd-pbkdf2    # then, with its output:\ncat > /etc/grub.d/01_password <<'END'\n#!/bin/sh\ncat <<'EOF'\nset superusers=\"grub\"\npassword_pbkdf2 grub grub.pbkdf2.sha512...\nEOF\nEND\nchmod 0700 /etc/grub.d/01_password && update-grub\n\nAdd --unrestricted to CLASS in /etc/grub.d/10_linux, so that a plain start asks for nothing.",
	Requirements: []string{"A.5.2.1"},
	References:   []string{"CIS Debian 12 1.4.1", "ANSSI BP-028 R5"},
	Needs:        []string{partLoader},
	Rule: check.On(func(f Fact, _ estate.View, _ check.Params) check.Result {
		if why := f.grubless(); why != "" {
			return check.Inapplicable(why)
		}
		source := f.Loader.Files[0].Path
		switch {
		case f.Loader.Plain != "":
			return check.Failed("", []check.Violation{{Key: "grub:password", At: "/loader/plain", Source: f.Loader.Plain, Detail: "the boot loader's password stands in plain text"}})
		case !f.Loader.Password:
			return check.Failed("", []check.Violation{{Key: "grub:password", At: "/loader", Source: source, Detail: "the boot loader has no superuser with a password"}})
		}
		return check.Passed("a superuser with a hashed password is set")
	}),
	Examples: []check.Example{
		check.Passes("set", Fact{Loader: Loader{Files: grub("0400"), Password: true}}),
		check.Fails("none", Fact{Loader: Loader{Files: grub("0444")}}, "grub:password"),
		check.Fails("plain", Fact{Loader: Loader{Files: grub("0444"), Plain: "/boot/grub/grub.cfg:20"}}, "grub:password"),
		check.Skips("no GRUB", Fact{}),
		check.Skips("a container", Fact{Container: "docker"}),
	},
}

func grub(mode string) []LoaderFile { return []LoaderFile{{Path: "/boot/grub/grub.cfg", Mode: mode}} }

// loaderMode makes a check of the permissions of the boot loader's files.
func loaderMode(c check.Check, mask uint64, judgeOwner bool, want string) *check.Check {
	c.Requirements = []string{"A.5.2.1"}
	c.Needs = []string{partLoader}
	c.Remedy = "chown root:root /boot/grub/grub.cfg\nchmod u-x,go-rwx /boot/grub/grub.cfg"
	c.Rule = check.On(func(f Fact, _ estate.View, _ check.Params) check.Result {
		if why := f.grubless(); why != "" {
			return check.Inapplicable(why)
		}
		var vs []check.Violation
		for i, file := range f.Loader.Files {
			mode, _ := strconv.ParseUint(file.Mode, 8, 32)
			what := ""
			switch {
			case judgeOwner && file.Owner != 0:
				what = fmt.Sprintf("it belongs to uid %d, want root", file.Owner)
			case mode&mask&0o070 != 0 && file.Group != 0 || mode&mask&^0o070 != 0 || !judgeOwner && mode&mask != 0:
				what = "its mode is " + file.Mode + ", want " + want
			}
			if what != "" {
				vs = append(vs, check.Violation{Key: "file:" + file.Path, At: fmt.Sprintf("/loader/files/%d", i), Source: file.Path, Detail: what})
			}
		}
		return check.Failed(f.Loader.Files[0].Path+" has mode "+f.Loader.Files[0].Mode, vs)
	})
	return &c
}

// LoaderWritable judges who may write the boot loader's files.
var LoaderWritable = loaderMode(check.Check{
	ID:         "kernel-boot-config-writable",
	Title:      "Only root writes the boot loader's configuration",
	Doc:        "Who writes it chooses what the next start runs, with all rights.",
	References: []string{"CIS Debian 12 1.4.2"},
	Examples: []check.Example{
		check.Passes("read-only", Fact{Loader: Loader{Files: grub("0444")}}),
		check.Fails("writable by all", Fact{Loader: Loader{Files: grub("0666")}}, "file:/boot/grub/grub.cfg"),
		check.Fails("of a user", Fact{Loader: Loader{Files: []LoaderFile{{"/boot/grub/grub.cfg", "0600", 1000, 0}}}}, "file:/boot/grub/grub.cfg"),
		check.Skips("no GRUB", Fact{}),
	},
}, 0o022, true, "no write permission for group and others")

// LoaderReadable judges who may read the boot loader's files.
var LoaderReadable = loaderMode(check.Check{
	ID:         "kernel-boot-config-readable",
	Title:      "Only root reads the boot loader's configuration",
	Doc:        "The file shows how the host starts and may hold the hash of the boot loader's password, which can be guessed in peace.",
	References: []string{"CIS Debian 12 1.4.2", "ANSSI BP-028 R29"},
	Examples: []check.Example{
		check.Passes("root only", Fact{Loader: Loader{Files: grub("0600")}}),
		check.Fails("readable by all", Fact{Loader: Loader{Files: grub("0444")}}, "file:/boot/grub/grub.cfg"),
		check.Skips("no GRUB", Fact{}),
	},
}, 0o044, false, "0600")
