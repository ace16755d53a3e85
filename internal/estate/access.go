package estate

import (
	"errors"
	"time"

	"holdfast.example/holdfast/internal/estate/scalar"
)

// Grant is administrative access for some people to some systems.
type Grant struct {
	Name     string       `yaml:"name" rule:"required,name,key=grant" doc:"Name of the grant."`
	Who      []string     `yaml:"who" rule:"required,ref=who" doc:"People, teams, roles or schedules."`
	Where    []Where      `yaml:"where" rule:"required,ref=where" doc:"Systems and backends as environment/name; * stands for any part of a name."`
	As       string       `yaml:"as" rule:"required" doc:"Account on the remote side."`
	May      []Permission `yaml:"may" rule:"required" doc:"What is allowed there: shell, exec, sftp or forward."`
	When     Window       `yaml:"when" doc:"Days and hours in the estate's time zone; any time when left out."`
	For      Duration     `yaml:"for" default:"4h" doc:"How long one session's permission lasts."`
	Approval Approval     `yaml:"approval" doc:"Who must agree to each use."`
	Ticket   Pattern      `yaml:"ticket" doc:"Pattern that a ticket number must match."`
	Reason   string       `yaml:"reason" doc:"Why the access is needed."`
	Until    Date         `yaml:"until" doc:"Last day of the grant."`
	Review   Duration     `yaml:"review" default:"90d" doc:"How often the grant is reviewed."`

	At Place `yaml:"-"`
}

// Covers tells whether the grant holds for a system or backend named environment/name.
func (g *Grant) Covers(subject string) bool { return scalar.AnyMatch(g.Where, subject) }

// InForce tells whether the grant may be used at now, by its end and its hours. The zone of now must
// be the estate's.
func (g *Grant) InForce(now time.Time) bool {
	return !g.Until.Past(now) && Within(g.When.Days, g.When.Hours, now)
}

// Window is a time of the week.
type Window struct {
	Days  Days  `yaml:"days" doc:"Days of the week."`
	Hours Hours `yaml:"hours" doc:"Hours of the day; they may cross midnight."`
}

// Approval is how many of whom must agree. No By means that no approval is needed.
type Approval struct {
	By    []string `yaml:"by" rule:"ref=who" doc:"People, teams, roles or schedules that may approve."`
	Count int      `yaml:"count" rule:"min=1,max=10" doc:"How many of them must; 1 when left out."`
}

// Needed is the number of approvals: 0 when none is asked for.
func (a Approval) Needed() int {
	if len(a.By) == 0 {
		return 0
	}
	return max(a.Count, 1)
}

// Permission is one thing that a grant allows. Exactly one of Shell, Exec, SFTP and Forward is set.
type Permission struct {
	Shell   bool     `yaml:"shell" doc:"A shell."`
	Exec    string   `yaml:"exec" doc:"This command and no other."`
	SFTP    Transfer `yaml:"sftp" doc:"Files by SFTP, to read or also to write."`
	Under   string   `yaml:"under" doc:"Folder that files must lie under."`
	Forward HostPort `yaml:"forward" rule:"ref=forward" doc:"A forwarded connection to a backend or host, as name:port."`
}

// FromWord reads the short form: a bare word.
func (p *Permission) FromWord(word string) error {
	if word != "shell" {
		return errors.New(`is not a permission; write shell, {exec: "command"}, {sftp: read, under: /path} or {forward: "name:port"}`)
	}
	*p = Permission{Shell: true}
	return nil
}

// Words are the short forms.
func (Permission) Words() []string { return []string{"shell"} }

// Word is the short form, or "".
func (p Permission) Word() string {
	if p == (Permission{Shell: true}) {
		return "shell"
	}
	return ""
}

func (p *Permission) check(c *checker) {
	given := 0
	for _, key := range []string{"shell", "exec", "sftp", "forward"} {
		if c.has(key) && (key != "shell" || p.Shell) {
			given++
		}
	}
	if given != 1 {
		c.wrong(c.at(), "may: a permission is one of shell, exec, sftp or forward; use a list entry for each")
	}
	if c.has("under") && !c.has("sftp") {
		c.wrong(c.at("under"), "under: belongs to sftp only")
	}
	if p.Under != "" && p.Under[0] != '/' {
		c.wrong(c.at("under"), "under: "+scalar.Quote(p.Under)+" is not a full path; begin it with /")
	}
}

// Runbook is a command that is run by approval.
type Runbook struct {
	Name       string             `yaml:"name" rule:"required,name,key=runbook" doc:"Name of the runbook."`
	Run        string             `yaml:"run" rule:"required" doc:"The command."`
	Where      []Where            `yaml:"where" rule:"required,ref=where" doc:"Systems that it may run on."`
	As         string             `yaml:"as" rule:"required" doc:"Account that runs it."`
	Parameters map[string]Pattern `yaml:"parameters" doc:"Names of parameters, and the pattern that each value must match whole."`
	Approval   Approval           `yaml:"approval" doc:"Who must agree to each run."`
	Owner      string             `yaml:"owner" rule:"ref=who" doc:"Who keeps the runbook right."`

	At Place `yaml:"-"`
}
