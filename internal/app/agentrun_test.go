package app

import (
	"testing"
	"time"
)

// TestRestAfter: a look that took two seconds of a processor is followed by the next when it is no more than the percentage of the time.
func TestRestAfter(t *testing.T) {
	for percent, want := range map[int]time.Duration{100: 2 * time.Second, 50: 4 * time.Second, 20: 10 * time.Second, 0: 10 * time.Second, 1: 200 * time.Second} {
		if got := restAfter(2*time.Second, percent); got != want {
			t.Errorf("%d %%: %s, want %s", percent, got, want)
		}
	}
	before := processorTime()
	for end := before + 20*time.Millisecond; processorTime() < end; {
		_ = make([]byte, 1<<16)
	}
	if before < 0 {
		t.Error(before)
	}
}
