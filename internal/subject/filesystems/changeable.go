package filesystems

import (
	"fmt"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
)

// unchanged makes a check that no path of one list is there: each is one that others may change.
func unchanged(c check.Check, part, at, seen string, list func(Fact) []File) *check.Check {
	c.Needs = []string{part}
	c.Rule = check.On(func(f Fact, _ estate.View, _ check.Params) check.Result {
		var vs []check.Violation
		for i, file := range list(f) {
			vs = append(vs, check.Violation{Key: "file:" + file.Path, At: fmt.Sprintf("%s/%d", at, i), Source: file.Path,
				Detail: file.Path + " can be changed by others than root: " + file.String()})
		}
		return check.Failed(seen, vs)
	})
	return &c
}

// StartupFiles judges what root runs at start or login.
var StartupFiles = unchanged(check.Check{
	ID:           "filesystems-startup-files",
	Title:        "Only root changes what root runs at start and login",
	Doc:          "Start scripts, profiles and PAM files run with the rights of root. Who changes one is root soon after.",
	Remedy:       "chown root:root FILE && chmod go-w FILE",
	Requirements: []string{"A.5.2.1"},
	References:   []string{"ANSSI BP-028 R50"},
	Examples: []check.Example{
		check.Passes("none", Fact{}),
		check.Fails("a start script", Fact{Startup: []File{{Path: "/etc/init.d/app", Mode: "0664", Owner: "root", Group: "deploy"}}}, "file:/etc/init.d/app"),
	},
}, partStartup, "/startup", "no start script, profile or PAM file can be changed by others than root", func(f Fact) []File { return f.Startup })

// ProgramFolders judges the folders of root's PATH.
var ProgramFolders = unchanged(check.Check{
	ID:           "filesystems-program-folders",
	Title:        "Only root changes the folders that root's programs come from",
	Doc:          "Who writes in a folder of root's PATH, or above one, puts a program there under the name of a usual command.",
	Remedy:       "chown root:root FOLDER && chmod go-w FOLDER",
	Requirements: []string{"A.5.2.1"},
	Examples: []check.Example{
		check.Passes("none", Fact{}),
		check.Fails("a local folder", Fact{Programs: []File{{Path: "/usr/local/bin", Mode: "0777", Owner: "root", Group: "root", Folder: true}}}, "file:/usr/local/bin"),
	},
}, partPrograms, "/programs", "no folder of programs can be changed by others than root", func(f Fact) []File { return f.Programs })

// open makes a check of what all may write.
func open(c check.Check, folders bool, seen string) *check.Check {
	c.Needs = []string{partWalk}
	c.Rule = check.On(func(f Fact, _ estate.View, _ check.Params) check.Result {
		var vs []check.Violation
		for i, file := range f.Open {
			if file.Folder == folders {
				vs = append(vs, check.Violation{Key: "file:" + file.Path, At: fmt.Sprintf("/open/%d", i), Source: file.Path,
					Detail: file.Path + " can be written by every user: " + file.String()})
			}
		}
		return check.Failed(f.walked(seen), vs)
	})
	return &c
}

// OpenFiles judges files that all may write.
var OpenFiles = open(check.Check{
	ID:           "filesystems-world-writable-files",
	Title:        "No file can be written by every user",
	Doc:          "Any captured account changes such a file, and with it what others read from it or run of it.",
	Remedy:       "chmod o-w FILE",
	Requirements: []string{"A.5.2.1", "A.5.4.1"},
	References:   []string{"CIS Debian 12 7.1.11"},
	Examples: []check.Example{
		check.Passes("none", Fact{}),
		check.Fails("in /etc", Fact{Open: []File{{Path: "/etc/app.conf", Mode: "0666", Owner: "root", Group: "root"}}}, "file:/etc/app.conf"),
		check.Passes("only a folder", Fact{Open: []File{{Path: "/srv/drop", Mode: "0777", Owner: "root", Group: "root", Folder: true}}}),
	},
}, false, "no file can be written by every user")

// OpenFolders judges folders that all may write.
var OpenFolders = open(check.Check{
	ID:           "filesystems-world-writable-folders",
	Title:        "Where every user writes, none deletes the files of others",
	Doc:          "Without the sticky bit any user replaces the files of others in such a folder by his own.",
	Remedy:       "chmod o-w FOLDER    # or, where all have to write: chmod +t FOLDER",
	Requirements: []string{"A.5.2.1"},
	References:   []string{"CIS Debian 12 7.1.11", "ANSSI BP-028 R54"},
	Examples: []check.Example{
		check.Passes("none", Fact{}),
		check.Fails("no sticky bit", Fact{Open: []File{{Path: "/srv/drop", Mode: "0777", Owner: "root", Group: "root", Folder: true}}}, "file:/srv/drop"),
		check.Passes("only a file", Fact{Open: []File{{Path: "/etc/app.conf", Mode: "0666", Owner: "root", Group: "root"}}}),
	},
}, true, "no folder that every user may write lacks the sticky bit")
