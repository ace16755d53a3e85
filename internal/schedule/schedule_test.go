package schedule

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)

func TestDue(t *testing.T) {
	day := Task{ID: "a", Every: 24 * time.Hour, Last: noon}
	if d := day.Due(); d.Before(noon.Add(21*time.Hour+36*time.Minute)) || d.After(noon.Add(24*time.Hour)) {
		t.Error(d)
	}
	if a, b := day.Due(), (Task{ID: "b", Every: 24 * time.Hour, Last: noon}).Due(); a.Equal(b) {
		t.Error("two come at the same time")
	}
	if !(Task{ID: "a", Every: time.Hour}).Due().IsZero() {
		t.Error("what was never looked at waits")
	}
	for failures, want := range map[int]time.Duration{1: 5 * time.Minute, 2: 10 * time.Minute, 3: 20 * time.Minute, 5: time.Hour, 100: time.Hour} {
		if got := (Task{ID: "a", Every: time.Hour, Last: noon.Add(-time.Hour), Tried: noon, Failures: failures}).Due().Sub(noon); got != want {
			t.Errorf("after %d failures: %s, want %s", failures, got, want)
		}
	}
	if got := (Task{ID: "a", Every: time.Minute, Tried: noon, Failures: 1}).Due().Sub(noon); got != time.Minute {
		t.Error("a failure makes it wait longer than its rhythm:", got)
	}
}

// TestHeld: what is held waits, and misses no interval; what was never looked at does not wait.
func TestHeld(t *testing.T) {
	held := Task{ID: "a", Every: 24 * time.Hour, Last: noon, Held: true}
	if got := held.Due().Sub(noon); got != 36*time.Hour || held.Missed(noon, held.Due()) {
		t.Error(got)
	}
	if tasks := Pick([]Task{held}, noon.Add(30*time.Hour), 1); len(tasks) != 0 {
		t.Error("it is looked at while it is held")
	}
	held.Held = false
	if tasks := Pick([]Task{held}, noon.Add(30*time.Hour), 1); len(tasks) != 1 {
		t.Error("it waits on")
	}
	if !(Task{ID: "a", Every: time.Hour, Held: true}).Due().IsZero() {
		t.Error("what was never looked at waits")
	}
	if got := (Task{ID: "a", Every: time.Hour, Last: noon.Add(-3 * time.Hour), Tried: noon, Failures: 2, Held: true}).Due().Sub(noon); got != 10*time.Minute {
		t.Error("what is late already is held up:", got)
	}
}

// TestSpread: of a thousand that were looked at in the same moment, none of twelve parts of the spread has more than twice its share.
func TestSpread(t *testing.T) {
	parts := map[int]int{}
	for i := range 1000 {
		due := Task{ID: fmt.Sprint("prod/web-", i), Every: 120 * time.Minute, Last: noon}.Due()
		parts[int(noon.Add(2*time.Hour).Sub(due)/time.Minute)]++
	}
	for part, n := range parts {
		if part < 0 || part > 12 || n > 2*1000/12 {
			t.Error(part, n)
		}
	}
}

func TestMissed(t *testing.T) {
	for name, x := range map[string]struct {
		t    Task
		want bool
	}{
		"in time":                         {Task{Every: time.Hour, Last: noon.Add(-2 * time.Hour)}, false},
		"late":                            {Task{Every: time.Hour, Last: noon.Add(-2*time.Hour - 1)}, true},
		"never, and just started":         {Task{Every: 12 * time.Hour}, false},
		"never, and started long ago":     {Task{Every: time.Hour}, true},
		"late, however often it is tried": {Task{Every: time.Hour, Last: noon.Add(-3 * time.Hour), Tried: noon, Failures: 3}, true},
	} {
		if got := x.t.Missed(noon.Add(-10*time.Hour), noon); got != x.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

func ids(tasks []Task) string {
	var out []string
	for _, t := range tasks {
		out = append(out, t.ID)
	}
	return strings.Join(out, " ")
}

// TestPick: an environment with many does not keep one with few waiting, and nothing runs twice.
func TestPick(t *testing.T) {
	var tasks []Task
	for i := range 100 {
		tasks = append(tasks, Task{ID: fmt.Sprintf("prod/%02d", i), Environment: "prod", Every: time.Hour, Last: noon.Add(-5*time.Hour + time.Duration(i)*2*time.Minute)})
	}
	tasks = append(tasks, Task{ID: "test/1", Environment: "test", Every: time.Hour, Last: noon.Add(-90 * time.Minute)}, Task{ID: "test/2", Environment: "test", Every: time.Hour, Last: noon.Add(-80 * time.Minute)},
		Task{ID: "test/3", Environment: "test", Every: time.Hour, Last: noon}, Task{ID: "dev/1", Environment: "dev", Every: time.Hour, Last: noon.Add(-10 * time.Hour), Running: true})
	picked := Pick(tasks, noon, 5)
	if len(picked) != 4 || !strings.Contains(ids(picked), "test/1") || !strings.Contains(ids(picked), "test/2") || picked[0].Environment != "prod" {
		t.Error(ids(picked))
	}
	if all := Pick(tasks, noon, 1000); strings.Contains(ids(all), "test/3") || strings.Contains(ids(all), "dev/1") || len(all) != 102 {
		t.Error(len(all), ids(all))
	}
	for _, room := range []int{1, 0, -1} {
		if got := Pick(tasks, noon, room); len(got) > 0 {
			t.Error("more run than there is room for:", ids(got))
		}
	}
	if got := Pick(nil, noon, 5); len(got) != 0 {
		t.Error(got)
	}
}

func TestNext(t *testing.T) {
	if _, ok := Next([]Task{{ID: "a", Running: true}}); ok {
		t.Error("what runs waits")
	}
	a, b := Task{ID: "a", Every: time.Hour, Last: noon}, Task{ID: "b", Every: time.Minute, Last: noon}
	if next, ok := Next([]Task{a, b}); !ok || !next.Equal(b.Due()) {
		t.Error(next, ok)
	}
}

func BenchmarkPick(b *testing.B) {
	var tasks []Task
	for i := range 50000 {
		tasks = append(tasks, Task{ID: fmt.Sprint("prod/", i), Environment: fmt.Sprint(i % 20), Every: time.Hour, Last: noon.Add(-time.Duration(i) * time.Second)})
	}
	for b.Loop() {
		Pick(tasks, noon, 8)
	}
}
