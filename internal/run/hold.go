package run

import "time"

// Hold keeps history from being removed for as long as it stands, however old: for a court, an auditor, an inquiry.
type Hold struct {
	ID       string    `json:"id"` // H- and eight digits
	By       string    `json:"by"` // account that placed it
	Reason   string    `json:"reason"`
	Subject  string    `json:"subject,omitempty"` // whose history; empty: everybody's
	From     time.Time `json:"from,omitzero"`     // runs that ended in this time; zero: without an end on that side
	Until    time.Time `json:"until,omitzero"`
	Made     time.Time `json:"made"`
	Released time.Time `json:"released,omitzero"` // zero: it stands
}
