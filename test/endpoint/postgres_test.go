package endpoint

import (
	"fmt"
	"testing"

	"holdfast.example/holdfast/test/targets"
)

// TestPostgres: a real database, which goes on in TLS when it is asked to.
func TestPostgres(t *testing.T) {
	port := targets.Postgres(t, authority.Issue(t, targets.Leaf{}), "ssl=on", "ssl_min_protocol_version=TLSv1.2")
	a := look(t, fmt.Sprint("starttls+postgres://localhost:", port))
	// What HSTS would lift it to A+ with, a database has not.
	if len(a.Endpoints) != 1 || a.Endpoints[0].Grade != "A" {
		t.Errorf("%+v", a.Endpoints)
	}
}
