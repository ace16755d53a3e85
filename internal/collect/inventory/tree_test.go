package inventory

import "testing"

// TestCaches: what developers downloaded is passed by below homes, and nowhere else.
func TestCaches(t *testing.T) {
	for dir, want := range map[string]bool{
		"/root/go/pkg": true, "/root/.cache": true, "/home/erika/.m2": true, "/home/erika/go/pkg": true,
		"/root/go": false, "/root/go/pkg/mod": false, "/home/.cache": false, "/home/erika/shop/.cache": false, "/opt/.cache": false, "/srv/go/pkg": false, "/root": false,
	} {
		if isCache(dir) != want {
			t.Errorf("%s: %v", dir, !want)
		}
	}
}
