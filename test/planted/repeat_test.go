package planted

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"holdfast.example/holdfast/internal/app"
)

// told is the JSON of an assessment without what may differ from run to run: its id and its duration.
func told(t *testing.T, o app.Options) string {
	t.Helper()
	a := assess(t, o)
	a.Run, a.DurationMS = "", 0
	data, err := json.MarshalIndent(a, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestTwiceTheSameIsTheSame(t *testing.T) {
	t.Parallel()
	r := clean(t)
	for _, p := range planted {
		p.plant(r)
	}
	o := app.Options{Targets: []string{"rootfs:" + r.dir}, Subject: "web", State: t.TempDir()}
	if d := cmp.Diff(told(t, o), told(t, o)); d != "" {
		t.Errorf("two assessments of one tree differ (-first +second):\n%s", d)
	}
}
