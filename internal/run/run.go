// Package run names one assessment: when, of what, by which version. It holds no behaviour; the
// store keeps runs and the program makes them.
package run

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"holdfast.example/holdfast/internal/fact"
)

// Run is one assessment.
type Run struct {
	ID           string // UUIDv7
	Started      time.Time
	Finished     time.Time
	Version      string
	EstateDigest string // empty without an estate
	Targets      []string
	Reports      []Report // of agents that it was made from; none when the program looked itself
}

// Report is one of an agent. It is recorded once, however often it comes.
type Report struct {
	ID, Agent string
	At        time.Time // when the bus took it
}

var (
	// ErrHistory means that something was seen earlier than what is already recorded.
	ErrHistory = errors.New("history is not rewritten; give a later --now, or another --db")
	// ErrTwice means that a report was recorded already.
	ErrTwice = errors.New("this report was recorded already")
	// ErrNone means that there is nothing under that name.
	ErrNone = errors.New("not found")
)

// ParseKind reads name/version, as fact.Kind writes it.
func ParseKind(s string) (fact.Kind, error) {
	name, version, ok := strings.Cut(s, "/")
	n, err := strconv.Atoi(version)
	if !ok || err != nil || name == "" || n < 1 || strconv.Itoa(n) != version {
		return fact.Kind{}, fmt.Errorf("%q is no kind of fact", s)
	}
	return fact.Kind{Name: name, Version: n}, nil
}
