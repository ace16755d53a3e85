// Package estate reads what an organisation declares about its production: people, environments,
// applications, systems and what they may do. It checks the declaration against itself, says exactly
// where it is wrong, and answers what is declared for one subject.
//
// It is pure: it opens no file, looks up no name and reads no clock. An adapter hands it the bytes of
// the files. It never writes an estate, and it judges nothing that was seen: that an environment
// shares a gate with another stage is a verdict, not a mistake in the file. Decisions of a day
// (waivers, approvals, baselines) do not belong here either; they live in the store.
//
// # Several files
//
// An estate is one file or a folder of files. Each file may hold any of the sections; lists of the
// same name are joined in the order of the file names, and everything else is given once. A file in
// a folder named for a list, such as systems/web-1.yaml, holds one entry of that list, or a list of
// entries. A file with sections at its top is read as such, whatever its folder is called.
package estate

// Estate is a whole declaration, with defaults filled in. It is not changed after Parse and may be
// read by many at once. All its methods work on a nil Estate, which declares nothing.
type Estate struct {
	Organization string `yaml:"organization" rule:"required" doc:"Name of the organisation that runs all this."`
	Timezone     string `yaml:"timezone" rule:"zone" default:"UTC" doc:"Time zone of deadlines and reports, such as Europe/Berlin."`
	Calendar     string `yaml:"calendar" rule:"calendar" doc:"Public holidays: ISO 3166-1 or -2 code in lower case, such as de or de-by."`
	Closures     []Date `yaml:"closures" doc:"Days on which the organisation is closed, besides public holidays."`

	Network      Networks            `yaml:"network" doc:"Networks of the organisation."`
	People       []Person            `yaml:"people" doc:"Everybody who has an account or a duty."`
	Roles        map[string][]string `yaml:"roles" rule:"role,ref=person" doc:"Roles and the people who hold them: security, auditor, administrator, or your own."`
	Teams        []Team              `yaml:"teams" doc:"Teams that own applications."`
	Environments []Environment       `yaml:"environments" doc:"Environments, each of one stage."`
	Gates        []Gate              `yaml:"gates" doc:"Access, egress and ingress gates."`
	Applications []Application       `yaml:"applications" doc:"Applications with their owners, criticality and exposure."`
	Systems      []System            `yaml:"systems" doc:"Hosts, engines and clusters that applications run on."`
	Backends     []Backend           `yaml:"backends" doc:"Databases, queues, buckets and other resources that systems use."`
	Images       []Image             `yaml:"images" doc:"Container images that belong to an application."`
	Flows        []Flow              `yaml:"flows" doc:"Who may talk to whom; any other open connection is a violation."`
	Egress       []Egress            `yaml:"egress" doc:"What applications may reach outside."`
	Ingress      []Ingress           `yaml:"ingress" doc:"Hosts that the ingress gate serves."`
	Access       []Grant             `yaml:"access" doc:"Grants; nobody has any other administrative access."`
	Runbooks     []Runbook           `yaml:"runbooks" doc:"Commands that may be run by approval, without a shell."`
	Policy       Policy              `yaml:"policy" doc:"The organisation's own limits; they may tighten the standard, never loosen it."`
	Schedules    []Schedule          `yaml:"schedules" doc:"Who is on call when."`
	Alerts       Alerts              `yaml:"alerts" doc:"Who is told of what, and how."`
	SIEM         SIEM                `yaml:"siem" doc:"Where events are shipped to."`
	Incidents    Incidents           `yaml:"incidents" doc:"Who leads incidents, and their severities."`
	Maintenance  []Maintenance       `yaml:"maintenance" doc:"Windows in which changes are expected."`
	Pentests     []Pentest           `yaml:"pentests" doc:"Penetration tests and their reports."`
	Attestations []Attestation       `yaml:"attestations" doc:"What no machine can see, attested by a person for a time."`
	Checks       []Check             `yaml:"checks" doc:"Your own checks, as CEL expressions over facts."`

	// Digest is the hex SHA-256 of what is declared. It does not change with the layout of the
	// files, comments, or the order of the lists.
	Digest string `yaml:"-"`

	index index
}

// File is one file of an estate. Name is the path as the user gave it; messages repeat it.
type File struct {
	Name string
	Data []byte
}

// Options let an adapter answer what a pure package cannot know. Every field may be nil: then that
// question is not asked.
type Options struct {
	// Exists tells whether the document behind a file: reference is there. Relative paths count
	// from the estate's folder.
	Exists func(path string) bool
	// Zone tells whether a time zone is known by that name.
	Zone func(name string) bool
	// Calendar tells whether the holidays of a region are known, else which region is the nearest.
	Calendar func(region string) (nearest string, ok bool)
	// Requirement tells whether the standard has a requirement with that id.
	Requirement func(id string) bool
}

// Place is where an entry is declared. Two entries with other places may be equal otherwise.
type Place struct {
	File         string
	Line, Column int
}
