package estate

// Networks are those that the organisation knows as its own.
type Networks struct {
	Internal []Network  `yaml:"internal" doc:"Networks that count as internal."`
	Admin    []Network  `yaml:"admin" doc:"Networks that administrators work from."`
	Probe    []HostPort `yaml:"probe" doc:"Outside addresses that egress probes may try."`
}

// Person is somebody with an account or a duty. A leaver stays declared, with Until.
type Person struct {
	ID       string          `yaml:"id" rule:"required,name,key=shared" doc:"Short name by which the rest of the estate refers to this person."`
	Name     string          `yaml:"name" doc:"Full name."`
	Email    Email           `yaml:"email" doc:"Where this person is reached."`
	Phone    string          `yaml:"phone" doc:"Telephone number for alerts."`
	Accounts PersonAccounts  `yaml:"accounts" doc:"Account names on systems; administration has one of its own."`
	Keys     []AuthorizedKey `yaml:"keys" doc:"Public SSH keys."`
	Subject  Login           `yaml:"subject" doc:"How the identity provider knows this person."`
	Since    Date            `yaml:"since" doc:"First day."`
	Until    Date            `yaml:"until" doc:"Day of leaving; access ends then."`

	At Place `yaml:"-"`
}

// PersonAccounts are the account names of one person (A.5.6.2).
type PersonAccounts struct {
	Standard string `yaml:"standard" rule:"name" doc:"Account for daily work."`
	Admin    string `yaml:"admin" rule:"name" doc:"Account for administration only."`
}

// Login is how an identity provider names a person.
type Login struct {
	Issuer URL    `yaml:"issuer" doc:"The issuer of the tokens."`
	Sub    string `yaml:"sub" doc:"The subject in the tokens."`
}

func (p *Person) check(c *checker) {
	c.order(p.Since, "since", p.Until, "until")
	if p.Subject.Sub == "" && p.Subject.Issuer != "" || p.Subject.Sub != "" && p.Subject.Issuer == "" {
		c.wrong(c.at("subject"), "subject: needs both issuer and sub")
	}
}

// Team owns applications.
type Team struct {
	Name     string   `yaml:"name" rule:"required,name,key=shared" doc:"Name of the team."`
	Lead     string   `yaml:"lead" rule:"ref=person" doc:"Who leads the team."`
	Members  []string `yaml:"members" rule:"ref=person" doc:"Who belongs to it."`
	Champion string   `yaml:"champion" rule:"ref=person" doc:"Its security champion."`
	Contact  Email    `yaml:"contact" doc:"Where the team is reached."`

	At Place `yaml:"-"`
}
