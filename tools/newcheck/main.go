// Command newcheck writes a new check and its line in the catalogue:
//
//	go run ./tools/newcheck sshd root-login A.5.2.1
//
// makes internal/subject/sshd/root_login.go, adds sshd-root-login to catalog/checks/sshd.yaml and
// leaves what must be thought of marked with "FILL IN", which a test refuses.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

var word = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: go run ./tools/newcheck SUBJECT NAME REQUIREMENT, such as: sshd root-login A.5.2.1")
		os.Exit(2)
	}
	if err := write(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, "newcheck:", err)
		os.Exit(1)
	}
}

func write(subject, name, requirement string) error {
	if !word.MatchString(subject) || !word.MatchString(name) {
		return fmt.Errorf("subject and name are lower-case words joined by hyphens, not %q and %q", subject, name)
	}
	dir := filepath.Join("internal", "subject", subject)
	if _, err := os.Stat(dir); err != nil {
		return fmt.Errorf("there is no subject %s: %w", subject, err)
	}
	path := filepath.Join(dir, strings.ReplaceAll(name, "-", "_")+".go")
	if _, err := os.Stat(path); err == nil {
		return fmt.Errorf("%s is there already", path)
	}
	id, exported := subject+"-"+name, camel(name)
	text := fmt.Sprintf(template, subject, exported, id, requirement)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join("catalog", "checks", subject+".yaml"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(f, "%s: {severity: moderate}\n", id); err != nil {
		f.Close()
		return err
	}
	fmt.Printf("%s\ncatalog/checks/%s.yaml\nFill in what says FILL IN, add %s to checks_test.go, then: go generate ./... && go test ./internal/subject/%s\n", path, subject, exported, subject)
	return f.Close()
}

func camel(s string) string {
	var out strings.Builder
	for _, w := range strings.Split(s, "-") {
		out.WriteString(strings.ToUpper(w[:1]) + w[1:])
	}
	return out.String()
}

const template = `package %s

import (
	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
)

// %[2]s FILL IN: what it demands, in one sentence.
var %[2]s = &check.Check{
	ID:           "%[3]s",
	Title:        "FILL IN: a sentence that is true when the check passes",
	Doc:          "FILL IN: why it matters",
	Remedy:       "FILL IN: what to do, as commands",
	Requirements: []string{"%[4]s"},
	References:   nil,
	Needs:        []string{"FILL IN: parts of the fact"},
	Rule: check.On(func(f Fact, declared estate.View, p check.Params) check.Result {
		return check.Passed("FILL IN: what was seen")
	}),
	Examples: []check.Example{
		// check.Passes("name", Fact{}),
		// check.Fails("name", Fact{}, "sort:key"),
	},
}
`
