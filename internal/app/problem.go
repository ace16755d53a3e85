package app

import (
	"context"
	"errors"
	"os"

	"holdfast.example/holdfast/internal/fact"
)

func asProblem(err error, p **fact.Problem) bool { return errors.As(err, p) }

func isTimeout(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded)
}

// UsageError is a mistake in what the user typed or wrote: exit code 2.
type UsageError struct{ Text string }

func (e *UsageError) Error() string { return e.Text }

// ErrNoTarget means that nothing could be assessed: exit code 3.
var ErrNoTarget = errors.New("no target answered")
