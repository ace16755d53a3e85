package event

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// EstateRead tells that the control plane works by another estate from now on, and what differs from the one before; the first one has
// none before.
func (m Maker) EstateRead(digest, before string, changes []string, at time.Time) Event {
	text := "the estate was read for the first time"
	if before != "" {
		text = "the estate changed: " + strings.Join(changes, "; ")
		if len(changes) == 0 {
			text = "the estate changed in its form"
		}
	}
	e := m.event(EntityManagement, update, at, text)
	e.Entity, e.Actor = &Entity{UID: digest, Type: "estate", Data: struct {
		Before  string   `json:"before,omitempty"`
		Changes []string `json:"changes,omitempty"`
	}{before, changes}}, &Actor{AppName: controlPlane.Name}
	return e
}

// DayClosed tells what a day came to, by digests of what the database holds of it.
func (m Maker) DayClosed(d Day, at time.Time) Event {
	e := m.event(EntityManagement, create, at, fmt.Sprintf("the day %s is closed: %d runs, %d findings open", d.Day, d.Runs, d.Open))
	e.Entity, e.Actor = &Entity{UID: d.Day, Type: "digest of a day", Data: d}, &Actor{AppName: controlPlane.Name}
	return e
}

// Day is what a day came to. Digests are SHA-256 in hex.
type Day struct {
	Day      string    `json:"day"`  // 2006-01-02
	From     time.Time `json:"from"` // its first moment, and that of the next, in the zone of the estate
	Until    time.Time `json:"until"`
	Runs     int       `json:"runs"`               // that ended in it
	Seen     string    `json:"seen"`               // digest of them, each with what it saw: a line of JSON for each, in the order in which they ended
	Standing string    `json:"standing,omitempty"` // digest of how requirements stood at its end, as JSON without spaces; empty: nobody looked
	Open     int       `json:"open"`               // findings when it was closed
	Findings string    `json:"findings"`           // digest of their ids, a line for each, sorted
	Estate   string    `json:"estate,omitempty"`   // that was in force; empty: none
}

// DayOf gives what a day came to, of an event that tells of one.
func (e Event) DayOf() (Day, bool) {
	var d Day
	if e.Entity == nil || e.Entity.Type != "digest of a day" {
		return d, false
	}
	data, err := json.Marshal(e.Entity.Data)
	return d, err == nil && json.Unmarshal(data, &d) == nil && d.Day != ""
}

// HistoryForgotten tells that runs that ended before a time are no longer kept, but for those that are needed or held.
func (m Maker) HistoryForgotten(before, at time.Time) Event {
	e := m.event(EntityManagement, remove, at, "runs before "+before.UTC().Format(time.DateOnly)+" are no longer kept, but for what was seen last and what a hold keeps")
	e.Entity, e.Actor = &Entity{UID: before.UTC().Format(time.RFC3339), Type: "history"}, &Actor{AppName: controlPlane.Name}
	return e
}

// ForgottenBefore gives before what time runs are no longer kept, of an event that tells of that.
func (e Event) ForgottenBefore() (time.Time, bool) {
	if e.Class != EntityManagement || e.Activity != remove || e.Entity == nil || e.Entity.Type != "history" {
		return time.Time{}, false
	}
	t, err := time.Parse(time.RFC3339, e.Entity.UID)
	return t, err == nil
}

// ClockJumped tells that the clock of the control plane was set, or that its machine slept.
func (m Maker) ClockJumped(by time.Duration, at time.Time) Event {
	way := "ahead"
	if by < 0 {
		way = "back"
	}
	e := m.event(EntityManagement, update, at, fmt.Sprintf("the clock of the control plane jumped %s by %s", way, by.Abs().Round(time.Second)))
	e.Entity, e.Actor, e.Severity = &Entity{UID: "clock", Type: "clock"}, &Actor{AppName: controlPlane.Name}, Medium
	return e
}

// LedgerKeyReplaced tells that an account of the operating system has the key of the ledger replaced.
func (m Maker) LedgerKeyReplaced(account string, at time.Time) Event {
	e := m.event(EntityManagement, update, at, "the key of the ledger is replaced by "+account)
	e.Entity, e.Actor, e.Severity = &Entity{UID: "ledger", Type: "key"}, &Actor{User: &User{UID: account, Type: 1}}, Medium
	return e
}

// IntervalMissed tells that a system was not looked at for more than twice its interval, since when (zero: ever), whether what looks was off
// or the system did not answer.
func (m Maker) IntervalMissed(system string, every time.Duration, last, at time.Time) Event {
	since := "never was"
	if !last.IsZero() {
		since = "was last on " + last.UTC().Format("2006-01-02 15:04 MST")
	}
	e := m.event(EntityManagement, update, at, fmt.Sprintf("%s is to be looked at every %s, and %s", system, every, since))
	e.Entity, e.Actor, e.Status, e.Severity = &Entity{UID: system, Type: "interval"}, &Actor{AppName: controlPlane.Name}, 2, Medium
	return e
}

// HoldPlaced tells that an account of the operating system keeps history from being removed, and why.
func (m Maker) HoldPlaced(id, what, reason, account string, at time.Time) Event {
	e := m.event(EntityManagement, create, at, "hold "+id+" on "+what+" was placed by "+account+": "+reason)
	e.Entity, e.Actor, e.Severity = &Entity{UID: id, Name: what, Type: "hold"}, &Actor{User: &User{UID: account, Type: 1}}, Low
	return e
}

// HoldReleased tells that an account of the operating system released one.
func (m Maker) HoldReleased(id, account string, at time.Time) Event {
	e := m.event(EntityManagement, disable, at, "hold "+id+" was released by "+account)
	e.Entity, e.Actor, e.Severity = &Entity{UID: id, Type: "hold"}, &Actor{User: &User{UID: account, Type: 1}}, Medium
	return e
}
