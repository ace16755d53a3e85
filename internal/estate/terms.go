package estate

import (
	"time"

	"holdfast.example/holdfast/internal/estate/scalar"
)

// The values of an estate that are written as one piece of text, by the names under which the rest
// of the program knows them.
type (
	AuthorizedKey = scalar.AuthorizedKey
	Date          = scalar.Date
	Days          = scalar.Days
	Duration      = scalar.Duration
	Email         = scalar.Email
	FileRef       = scalar.FileRef
	Host          = scalar.Host
	HostPort      = scalar.HostPort
	Hours         = scalar.Hours
	Listen        = scalar.Listen
	LogSource     = scalar.LogSource
	Moment        = scalar.Moment
	Network       = scalar.Network
	Pattern       = scalar.Pattern
	Percent       = scalar.Percent
	Rate          = scalar.Rate
	Secret        = scalar.Secret
	Size          = scalar.Size
	Target        = scalar.Target
	URL           = scalar.URL
	Where         = scalar.Where
)

// Nearest returns the candidate that word was most likely meant to be, or "".
func Nearest(word string, candidates []string) string { return scalar.Nearest(word, candidates) }

// ParseTarget reads a target as it stands in an estate and on the command line.
func ParseTarget(s string) (Target, error) { return scalar.ParseTarget(s) }

// ParseDuration reads 30m, 4h, 30d or 6mo.
func ParseDuration(s string) (Duration, error) { return scalar.ParseDuration(s) }

// ParseDate reads a day written as 2026-11-23.
func ParseDate(s string) (Date, error) { return scalar.ParseDate(s) }

// Within tells whether t, on the wall clock of its own zone, lies in the hours of one of the days.
func Within(d Days, h Hours, t time.Time) bool { return scalar.Within(d, h, t) }
