package version

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"holdfast.example/holdfast/internal/need"
)

// drawn is n pairs of valid versions, half of them neighbours in this order, where mistakes are likely.
func drawn(t *testing.T, o Order, n int) [][2]string {
	vs := slices.DeleteFunc(versions(t, o), func(v string) bool { return !o.Valid(v) })
	slices.SortStableFunc(vs, o.Compare)
	r := rand.New(rand.NewPCG(2, uint64(o)))
	out := make([][2]string, n)
	for i := range out {
		j := r.IntN(len(vs) - 1)
		k := j + 1
		if i%2 == 0 {
			k = r.IntN(len(vs))
		}
		out[i] = [2]string{vs[j], vs[k]}
	}
	return out
}

// TestAgainstDpkg asks the dpkg of this machine whether each of 300 versions, sorted by our order, stands to
// the next as we say. dpkg's order is transitive, so this settles all 44,850 pairs of them, at the price of
// 299 processes.
func TestAgainstDpkg(t *testing.T) {
	need.Program(t, "dpkg")
	vs := slices.DeleteFunc(versions(t, dpkg), func(v string) bool { return !dpkg.Valid(v) })
	r := rand.New(rand.NewPCG(3, 3))
	r.Shuffle(len(vs), func(i, j int) { vs[i], vs[j] = vs[j], vs[i] })
	vs = vs[:300]
	slices.SortFunc(vs, dpkg.Compare)
	var in strings.Builder
	for i := range len(vs) - 1 {
		fmt.Fprintln(&in, vs[i], []string{"lt", "eq", "gt"}[dpkg.Compare(vs[i], vs[i+1])+1], vs[i+1])
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-c", `n=0; while read -r a op b; do dpkg --compare-versions "$a" "$op" "$b" || echo "not so: $a $op $b"; n=$((n+1)); done; echo "$n asked"`)
	cmd.Stdin = strings.NewReader(in.String())
	out, err := cmd.CombinedOutput()
	if want := fmt.Sprintf("%d asked\n", len(vs)-1); err != nil || string(out) != want {
		t.Errorf("dpkg says %v\n%s", err, out)
	}
}

// TestAgainstRPM asks the rpm of this machine for its own answers, all in one call.
func TestAgainstRPM(t *testing.T) {
	tool := need.Program(t, "rpm")
	pairs := drawn(t, rpm, 5000)
	var in, want bytes.Buffer
	for _, p := range pairs {
		fmt.Fprintln(&in, p[0], p[1])
		fmt.Fprintln(&want, p[0], rpm.Compare(p[0], p[1]), p[1])
	}
	file := filepath.Join(t.TempDir(), "pairs")
	if err := os.WriteFile(file, in.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := exec.CommandContext(t.Context(), tool, "--eval", `%{lua:
for line in io.lines("`+file+`") do
  local a, b = line:match("(%S+) (%S+)")
  print(a .. " " .. rpm.vercmp(a, b) .. " " .. b .. "\n")
end}`).Output()
	if err != nil {
		t.Fatal(err)
	}
	said := strings.Fields(string(got))
	wanted := strings.Fields(want.String())
	if len(said) != len(wanted) {
		t.Fatalf("%d words, want %d: %.200s", len(said), len(wanted), got)
	}
	for i := 0; i < len(said); i += 3 {
		if !slices.Equal(said[i:i+3], wanted[i:i+3]) {
			t.Errorf("rpm says %q, we %q", said[i:i+3], wanted[i:i+3])
		}
	}
}
