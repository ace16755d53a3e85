// Package event says what happened, in the words of the Open Cybersecurity Schema Framework 1.8.0 (OCSF). An event is made
// in the transaction of what it tells of, and goes from there to the ledger and whoever listens. The package reads no
// clock and sends nothing.
package event

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Schema is the version of OCSF.
const Schema = "1.8.0"

// Class is a class of events, by its class_uid.
type Class int

// The classes in use: category 3, Identity and Access Management.
const (
	AccountChange    Class = 3001
	Authentication   Class = 3002
	EntityManagement Class = 3004
)

// Activities of the classes.
const (
	logOn, logOff              = 1, 2    // of Authentication
	factorEnable, factorRemove = 10, 11  // of AccountChange
	create, update, remove     = 1, 3, 4 // of EntityManagement
	enroll, disable            = 6, 9
)

// Severities of OCSF.
const (
	Informational = 1
	Low           = 2
	Medium        = 3
	High          = 4
)

// User is a person or an agent.
type User struct {
	Name string `json:"name,omitempty"`
	UID  string `json:"uid"`
	Type int    `json:"type_id,omitempty"` // 1 user, 2 administrator, 4 service
}

// Actor is who did it.
type Actor struct {
	User    *User  `json:"user,omitempty"`
	AppName string `json:"app_name,omitempty"`
}

// Entity is what was changed, where that is no person.
type Entity struct {
	Name string `json:"name,omitempty"`
	UID  string `json:"uid"`
	Type string `json:"type,omitempty"`
	Data any    `json:"data,omitempty"` // what it is now: an object
}

// Service is where somebody logged in.
type Service struct {
	Name string `json:"name"`
}

// Product is this program.
type Product struct {
	Name    string `json:"name"`
	Vendor  string `json:"vendor_name"`
	Version string `json:"version,omitempty"`
}

// Metadata are about the event itself.
type Metadata struct {
	Version string  `json:"version"`
	UID     string  `json:"uid"` // UUIDv7 by who made it; who has seen it drops it
	Product Product `json:"product"`
}

// Event is one of any class. Its JSON is valid OCSF.
type Event struct {
	Activity int      `json:"activity_id"`
	Category int      `json:"category_uid"`
	Class    Class    `json:"class_uid"`
	Type     int      `json:"type_uid"` // class_uid * 100 + activity_id
	Severity int      `json:"severity_id"`
	Status   int      `json:"status_id"` // 1 success, 2 failure
	Time     int64    `json:"time"`      // milliseconds since 1970, UTC
	Message  string   `json:"message"`
	Metadata Metadata `json:"metadata"`
	Actor    *Actor   `json:"actor,omitempty"`
	User     *User    `json:"user,omitempty"`
	Entity   *Entity  `json:"entity,omitempty"`
	Service  *Service `json:"service,omitempty"`
	MFA      *bool    `json:"is_mfa,omitempty"`

	Protocol   string `json:"auth_protocol,omitempty"` // by which somebody logged in; empty: one that OCSF has no word for
	ProtocolID int    `json:"auth_protocol_id,omitempty"`
}

// At is when it happened.
func (e Event) At() time.Time { return time.UnixMilli(e.Time).UTC() }

// Maker makes events of one program.
type Maker struct{ Version string }

func (m Maker) event(class Class, activity int, at time.Time, message string) Event {
	return Event{
		Activity: activity, Category: int(class) / 1000, Class: class, Type: int(class)*100 + activity, Severity: Informational, Status: 1, Time: at.UnixMilli(), Message: message,
		Metadata: Metadata{Version: Schema, UID: uuid.Must(uuid.NewV7()).String(), Product: Product{Name: "Holdfast", Vendor: "Holdfast", Version: m.Version}},
	}
}

var controlPlane = &Service{Name: "holdfast serve"}

// person is a user; without a name who came by the link of the terminal.
func person(id string) *User {
	if id == "" {
		return &User{UID: "terminal", Name: "link of the terminal", Type: 2}
	}
	return &User{UID: id, Type: 1}
}

// LogIn tells that a person logged in by a passkey, which is two factors in one.
func (m Maker) LogIn(who string, at time.Time) Event {
	return m.logIn(who, " logged in by a passkey", true, at)
}

// LinkUsed tells that a person logged in by a link that was made for them, without a name by that of the terminal.
func (m Maker) LinkUsed(who string, at time.Time) Event {
	how := " logged in by a link"
	if who == "" {
		how = " logged in"
	}
	return m.logIn(who, how, false, at)
}

func (m Maker) logIn(who, how string, mfa bool, at time.Time) Event {
	e := m.event(Authentication, logOn, at, person(who).called()+how)
	e.User, e.Service, e.MFA = person(who), controlPlane, &mfa
	return e
}

// PasswordUsed tells that a person logged in, or showed who they are, by a password with a code.
func (m Maker) PasswordUsed(who string, at time.Time) Event {
	return m.logIn(who, " logged in by a password with a code", true, at)
}

// ProviderUsed tells that a person logged in, or showed who they are, at a provider that vouches for two factors.
func (m Maker) ProviderUsed(who, provider string, at time.Time) Event {
	e := m.logIn(who, " logged in by OpenID Connect at "+provider, true, at)
	e.Protocol, e.ProtocolID = "OpenID", 4
	return e
}

// RecoveryUsed tells that a person logged in by a password with a recovery code, and how many are left.
func (m Maker) RecoveryUsed(who string, left int, at time.Time) Event {
	e := m.logIn(who, fmt.Sprintf(" logged in by a password with a recovery code; %d are left", left), true, at)
	e.Severity = Medium
	return e
}

// FactorsSet tells that a person can log in by a password with codes.
func (m Maker) FactorsSet(who string, at time.Time) Event {
	return m.passkey(factorEnable, "a password with codes of "+person(who).called()+" was set", who, who, at)
}

// FactorsRemoved tells that a person can no longer log in by a password with codes.
func (m Maker) FactorsRemoved(who, by string, at time.Time) Event {
	return m.passkey(factorRemove, "the password with codes of "+person(who).called()+" was removed by "+person(by).called(), who, by, at)
}

// LogInFailed tells that log-ins from a source failed again and again.
func (m Maker) LogInFailed(source string, times int, at time.Time) Event {
	e := m.event(Authentication, logOn, at, fmt.Sprintf("%d log-ins in a row from %s failed", times, source))
	e.User, e.Service, e.Status, e.Severity = &User{UID: "unknown", Name: "unknown"}, controlPlane, 2, Medium
	return e
}

// CodesFailed tells that wrong codes were shown beside the right password of a person, again and again: somebody may know it.
func (m Maker) CodesFailed(who string, times int, at time.Time) Event {
	e := m.event(Authentication, logOn, at, fmt.Sprintf("%d wrong codes in a row came with the right password of %s: somebody else may know it", times, person(who).called()))
	e.User, e.Service, e.Status, e.Severity = person(who), controlPlane, 2, High
	return e
}

// SessionEnded tells that somebody ended the session of a person.
func (m Maker) SessionEnded(who, by string, at time.Time) Event {
	e := m.event(Authentication, logOff, at, "a session of "+person(who).called()+" was ended by "+person(by).called())
	e.User, e.Service, e.Actor = person(who), controlPlane, &Actor{User: person(by)}
	return e
}

// LogOut tells that a person ended their session.
func (m Maker) LogOut(who string, at time.Time) Event {
	e := m.event(Authentication, logOff, at, person(who).called()+" logged out")
	e.User, e.Service = person(who), controlPlane
	return e
}

// PasskeyAdded tells that a person can log in by another passkey, and who added it.
func (m Maker) PasskeyAdded(who, by string, at time.Time) Event {
	return m.passkey(factorEnable, "a passkey of "+person(who).called()+" was added by "+person(by).called(), who, by, at)
}

// PasskeyRemoved tells that a person can no longer log in by a passkey, and who removed it.
func (m Maker) PasskeyRemoved(who, by string, at time.Time) Event {
	return m.passkey(factorRemove, "a passkey of "+person(who).called()+" was removed by "+person(by).called(), who, by, at)
}

func (m Maker) passkey(activity int, message, who, by string, at time.Time) Event {
	e := m.event(AccountChange, activity, at, message)
	e.User, e.Actor, e.Severity = person(who), &Actor{User: person(by)}, Low
	return e
}

// Invited tells that somebody made a link by which a person logs in once.
func (m Maker) Invited(who, by string, at time.Time) Event {
	e := m.event(EntityManagement, create, at, "a link for "+person(who).called()+" to log in once was made by "+person(by).called())
	e.Entity, e.Actor, e.Severity = &Entity{UID: who, Type: "log-in link"}, &Actor{User: person(by)}, Low
	return e
}

// TokenMade tells that a person made a token for a program.
func (m Maker) TokenMade(id, who string, at time.Time) Event {
	e := m.event(EntityManagement, create, at, "token "+id+" was made by "+person(who).called())
	e.Entity, e.Actor, e.Severity = &Entity{UID: id, Name: who, Type: "token"}, &Actor{User: person(who)}, Low
	return e
}

// TokenRevoked tells that a token was ended, and by whom.
func (m Maker) TokenRevoked(id, who, by string, at time.Time) Event {
	e := m.event(EntityManagement, disable, at, "token "+id+" of "+person(who).called()+" was revoked by "+person(by).called())
	e.Entity, e.Actor, e.Severity = &Entity{UID: id, Name: who, Type: "token"}, &Actor{User: person(by)}, Low
	return e
}

// TokenAsked tells that it was a token that asks for a decision in the name of a person.
func (m Maker) TokenAsked(id, who, finding string, at time.Time) Event {
	e := m.event(EntityManagement, create, at, "token "+id+" asks for a decision about "+finding+" in the name of "+person(who).called())
	e.Entity, e.Actor, e.Severity = &Entity{UID: finding, Type: "request for a decision"}, &Actor{User: person(who), AppName: "token " + id}, Low
	return e
}

// AgentInvited tells that a token for an agent of an environment was made, by an account of the operating system.
func (m Maker) AgentInvited(environment, account string, at time.Time) Event {
	e := m.event(EntityManagement, create, at, "a token for an agent of "+environment+" was made by "+account)
	e.Entity, e.Actor, e.Severity = &Entity{UID: environment, Type: "agent token"}, &Actor{User: &User{UID: account, Type: 1}}, Low
	return e
}

// AgentJoined tells that an agent joined an environment.
func (m Maker) AgentJoined(id, environment string, at time.Time) Event {
	e := m.event(EntityManagement, enroll, at, "agent "+id+" joined environment "+environment)
	e.Entity, e.Actor = &Entity{UID: id, Name: environment, Type: "agent"}, &Actor{AppName: controlPlane.Name}
	return e
}

// AgentRevoked tells that an agent was shut out, by an account of the operating system.
func (m Maker) AgentRevoked(id, account string, at time.Time) Event {
	e := m.event(EntityManagement, disable, at, "agent "+id+" was revoked by "+account)
	e.Entity, e.Actor, e.Severity = &Entity{UID: id, Type: "agent"}, &Actor{User: &User{UID: account, Type: 1}}, Low
	return e
}

func (u User) called() string {
	if u.Name != "" {
		return u.Name
	}
	return u.UID
}

// Parse reads an event that was kept.
func Parse(data []byte) (Event, error) {
	var e Event
	err := json.Unmarshal(data, &e)
	return e, err
}

// Words are what a person reads of it.
func (e Event) Words() string { return strings.TrimSpace(e.Message) }
