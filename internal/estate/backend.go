package estate

// Backend is a resource that systems use: a database, a queue, a bucket.
type Backend struct {
	Name          string           `yaml:"name" rule:"required,name" doc:"Name of the backend, unique in its environment."`
	Kind          BackendKind      `yaml:"kind" rule:"required" doc:"What it is."`
	Target        string           `yaml:"target" rule:"backend-target" doc:"Where it is, such as postgres://host:5432/database."`
	Credential    Credential       `yaml:"credential" doc:"How Holdfast logs in to read its configuration."`
	Environment   string           `yaml:"environment" rule:"required,ref=environment" doc:"Environment that it belongs to."`
	Zone          string           `yaml:"zone" rule:"ref=zone" doc:"Zone of the environment."`
	Accounts      []BackendAccount `yaml:"accounts" doc:"Who may log in, one account for each application."`
	ProbeDefaults bool             `yaml:"probe_defaults" doc:"Try well-known default passwords."`
	Formerly      []string         `yaml:"formerly" rule:"name" doc:"Earlier names; history moves along."`

	At Place `yaml:"-"`
}

// Subject is the name under which the backend is judged, such as prod/shop-db.
func (b *Backend) Subject() string { return b.Environment + "/" + b.Name }

// Credential is a user and where the password is found.
type Credential struct {
	User     string `yaml:"user" doc:"Name of the account."`
	Password Secret `yaml:"password" doc:"Reference to the password; never the password."`
}

// BackendAccount is one login of an application.
type BackendAccount struct {
	Application string   `yaml:"application" rule:"ref=application" doc:"Application that uses the account."`
	Role        string   `yaml:"role" rule:"required" doc:"Name of the account or role."`
	From        []string `yaml:"from" rule:"ref=system" doc:"Systems that log in with it."`
}

func (b *Backend) check(c *checker) {
	c.unique("accounts", len(b.Accounts), func(i int) string { return b.Accounts[i].Role })
}
