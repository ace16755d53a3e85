// Package advisory keeps what others say of vulnerabilities and finds it again: records in the OSV form, the
// vulnerabilities that are known to be exploited (KEV), how likely exploitation is (EPSS), and when products end.
// Records come from files (Import) or over HTTP (Update), lie in a folder as they came, and are compiled into one
// file that is mapped into memory and looked up without a lock (Index).
//
// It decides nothing: which versions a record speaks of, what is one vulnerability and how bad it is are matters of
// package vuln. It reads no clock; whoever imports says what time it is. docs/design/008-advisory-index.md draws the
// files.
package advisory

import (
	"path/filepath"
	"time"

	"holdfast.example/holdfast/internal/vuln"
	"holdfast.example/holdfast/internal/vuln/version"
)

// Orders gives the order of the versions of an ecosystem; false where there is none.
type Orders func(ecosystem string) (vuln.Order, bool)

// Store is a folder of advisories. Any number of processes may read it; writers wait for each other.
type Store struct {
	dir    string
	orders Orders
	limits limits
}

// At is the store in a folder, which is made when something is written. Without orders it takes those of package
// version.
func At(dir string, orders Orders) *Store {
	if orders == nil {
		orders = func(ecosystem string) (vuln.Order, bool) { return version.For(ecosystem) }
	}
	return &Store{dir: dir, orders: orders, limits: usual}
}

// limits bound what an import may cost.
type limits struct {
	record  int64 // bytes of one record
	total   int64 // bytes of everything that one archive unpacks to
	entries int   // files in one archive, or in one folder
	list    int64 // bytes of a list that comes as a whole: KEV, EPSS, end of life
}

// usual are far above what feeds need: the largest, npm, unpacks to about 1 GiB in 250,000 records.
var usual = limits{record: 16 << 20, total: 16 << 30, entries: 2_000_000, list: 512 << 20}

// Names of feeds that are no ecosystems.
const (
	KEV  = "kev"
	EPSS = "epss"
	EOL  = "eol"
)

// Feed is what is known from one origin: an ecosystem of OSV, or one of KEV, EPSS and EOL.
type Feed struct {
	Name     string    `json:"name"`
	Records  int       `json:"records"`
	Modified time.Time `json:"modified,omitzero"` // the newest of its records
	Imported time.Time `json:"imported"`          // when something of it last changed here
	Checked  time.Time `json:"checked"`           // when it was last looked at, changed or not
	Source   string    `json:"source"`            // file or address
	Offline  bool      `json:"offline,omitempty"` // it came from a file: how old that was nobody says but its records
}

func (s *Store) path(name string) string { return filepath.Join(s.dir, name) }
