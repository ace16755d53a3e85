package estate

import (
	"cmp"
	"time"

	"holdfast.example/holdfast/internal/estate/scalar"
)

// Schedule says who is on call.
type Schedule struct {
	Name     string   `yaml:"name" rule:"required,name,key=shared" doc:"Name of the schedule."`
	Timezone string   `yaml:"timezone" rule:"zone" doc:"Its time zone; the estate's when left out."`
	Rotation Rotation `yaml:"rotation" rule:"required" doc:"Who follows whom."`

	At Place `yaml:"-"`
}

// Rotation hands over from person to person.
type Rotation struct {
	Every  Duration `yaml:"every" rule:"required" doc:"Length of a turn."`
	Start  Moment   `yaml:"start" rule:"required" doc:"When the first turn began, on the schedule's wall clock."`
	People []string `yaml:"people" rule:"required,ref=person" doc:"Who takes turns, in order."`
}

// Alerts say who is told of what.
type Alerts struct {
	Channels []Channel `yaml:"channels" doc:"Ways to tell somebody."`
	Routes   []Route   `yaml:"routes" doc:"Which event goes to whom."`
}

// Channel is one way to tell somebody. Addresses that are secrets themselves are references.
type Channel struct {
	Name   string      `yaml:"name" rule:"required,name,key=channel" doc:"Name of the channel."`
	Kind   ChannelKind `yaml:"kind" rule:"required" doc:"What it is."`
	To     []string    `yaml:"to" doc:"Receivers, such as mail addresses."`
	Server string      `yaml:"server" rule:"mail-server" doc:"Mail server, such as smtp://mail.example:587."`
	From   Email       `yaml:"from" doc:"Sender address of mail."`
	URL    Secret      `yaml:"url" doc:"Reference to the address of a webhook, which is a secret."`
	Sign   Secret      `yaml:"sign" doc:"Reference to the key that signs what is sent."`
	Token  Secret      `yaml:"token" doc:"Reference to the token for the service."`

	At Place `yaml:"-"`
}

func (ch *Channel) check(c *checker) {
	if ch.Kind == "email" && !c.has("to") {
		c.wrong(c.at(), "channels: an email channel needs to")
	}
	if ch.Kind == "webhook" && !c.has("url") {
		c.wrong(c.at(), "channels: a webhook channel needs url")
	}
}

// Route sends events that match to people, by channels.
type Route struct {
	Match       Match      `yaml:"match" doc:"Which events; all of the given must fit, and none given is every event."`
	To          []string   `yaml:"to" rule:"required,ref=who" doc:"People, teams, roles or schedules."`
	Channels    []string   `yaml:"channels" rule:"ref=channel" doc:"Channels by which they are told."`
	Acknowledge Duration   `yaml:"acknowledge" doc:"Time in which somebody must take it."`
	Then        Escalation `yaml:"then" doc:"Who is told when nobody does."`
	Drill       Duration   `yaml:"drill" doc:"How often the route is tried."`
}

// Match selects events.
type Match struct {
	Severity    []Severity `yaml:"severity" doc:"Severities."`
	Application []string   `yaml:"application" rule:"ref=application" doc:"Applications."`
	Environment []string   `yaml:"environment" rule:"ref=environment" doc:"Environments."`
	Requirement []string   `yaml:"requirement" rule:"requirement" doc:"Requirements."`
	Kind        []string   `yaml:"kind" doc:"Kinds of event."`
}

// Escalation is the next step after a time.
type Escalation struct {
	After    Duration `yaml:"after" doc:"Time after which it happens."`
	To       []string `yaml:"to" rule:"ref=who" doc:"Who is told."`
	Channels []string `yaml:"channels" rule:"ref=channel" doc:"Channels by which they are told."`
}

// SIEM says where events are shipped.
type SIEM struct {
	Sinks []Sink `yaml:"sinks" doc:"Receivers of events."`
}

// Sink receives events. Query is how to ask whether they arrived.
type Sink struct {
	Name    string   `yaml:"name" rule:"required,name,key=sink" doc:"Name of the sink."`
	Kind    SinkKind `yaml:"kind" rule:"required" doc:"Protocol."`
	Address string   `yaml:"address" rule:"required,sink-address" doc:"Where it is: host:port, or an address for HTTP."`
	CA      FileRef  `yaml:"ca" doc:"Authority of its certificate."`
	Token   Secret   `yaml:"token" doc:"Reference to the token for it."`
	Query   Query    `yaml:"query" doc:"How to look whether events arrived."`
	Within  Duration `yaml:"within" doc:"Time in which events must arrive."`

	At Place `yaml:"-"`
}

// Query looks for events in a sink.
type Query struct {
	Kind  QueryKind `yaml:"kind" doc:"Kind of the search."`
	URL   URL       `yaml:"url" doc:"Where it is asked."`
	Token Secret    `yaml:"token" doc:"Reference to the token for it."`
}

// Incidents say who does what when something happened.
type Incidents struct {
	Roles      IncidentRoles      `yaml:"roles" doc:"Who leads, speaks and repairs."`
	Severities []IncidentSeverity `yaml:"severities" doc:"How bad, and how fast then."`
	Exercise   Duration           `yaml:"exercise" doc:"How often an incident is exercised."`
}

// IncidentRoles names people for the parts of an incident.
type IncidentRoles struct {
	Lead          []string `yaml:"lead" rule:"ref=who" doc:"Who leads."`
	Communication []string `yaml:"communication" rule:"ref=who" doc:"Who speaks to others."`
	Technical     []string `yaml:"technical" rule:"ref=who" doc:"Who repairs."`
}

// IncidentSeverity is one level of incident.
type IncidentSeverity struct {
	Name        string       `yaml:"name" rule:"required,name,key=incident-severity" doc:"Name of the level."`
	When        string       `yaml:"when" doc:"When an incident is of this level."`
	Acknowledge Duration     `yaml:"acknowledge" doc:"Time in which somebody must take it."`
	Escalate    []Escalation `yaml:"escalate" doc:"Who is told later."`
	Duties      []string     `yaml:"duties" rule:"name" doc:"Duties that come with it, such as gdpr-72h."`

	At Place `yaml:"-"`
}

// Maintenance is a window in which changes are expected.
type Maintenance struct {
	Name       string  `yaml:"name" rule:"required,name,key=maintenance" doc:"Name of the window."`
	Where      []Where `yaml:"where" rule:"required,ref=where" doc:"Systems that it covers."`
	Days       Days    `yaml:"days" doc:"Days of the week."`
	Hours      Hours   `yaml:"hours" doc:"Hours of the day, in the estate's time zone."`
	Reason     string  `yaml:"reason" doc:"What is done."`
	ApprovedBy string  `yaml:"approved_by" rule:"ref=person" doc:"Who approved it."`
	Until      Date    `yaml:"until" doc:"Last day on which it holds."`

	At Place `yaml:"-"`
}

// Covers tells whether the window holds for a system or backend named environment/name.
func (m *Maintenance) Covers(subject string) bool { return scalar.AnyMatch(m.Where, subject) }

// Expects tells whether changes of a system or backend are expected at now: a window covers it that somebody approved and that has
// not ended. The zone of now must be the estate's.
func (m *Maintenance) Expects(subject string, now time.Time) bool {
	return m.ApprovedBy != "" && !m.Until.Past(now) && m.Covers(subject) && Within(m.Days, m.Hours, now)
}

// Maintained names the approved window in which changes of a system or backend are expected at a time, in any zone; empty: there is none.
func (e *Estate) Maintained(subject string, at time.Time) string {
	if e == nil {
		return ""
	}
	if zone, err := time.LoadLocation(cmp.Or(e.Timezone, "UTC")); err == nil {
		at = at.In(zone)
	}
	for i := range e.Maintenance {
		if m := &e.Maintenance[i]; m.Expects(subject, at) {
			return m.Name
		}
	}
	return ""
}
