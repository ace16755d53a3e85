package cli

import (
	"testing"

	"github.com/spf13/cobra"
)

// TestOverServer: of each command that does something it is said what --server means for it, and of nothing else.
func TestOverServer(t *testing.T) {
	left := map[string]bool{}
	for name := range overServer {
		left[name] = true
	}
	var each func(c *cobra.Command)
	each = func(c *cobra.Command) {
		if c.HasParent() && c.Runnable() && !c.HasSubCommands() || c.HasSubCommands() && c.HasParent() && left[named(c)] {
			if !left[named(c)] {
				t.Errorf("nobody says what --server means for %q", named(c))
			}
			delete(left, named(c))
		}
		for _, sub := range c.Commands() {
			each(sub)
		}
	}
	each((&global{}).root())
	for name := range left {
		t.Errorf("%q is no command", name)
	}
}
