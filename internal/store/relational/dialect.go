package relational

import (
	"database/sql"
	"io/fs"
	"strconv"
	"strings"

	"github.com/pressly/goose/v3"
)

// dialect is what differs between the databases, besides the driver and the tables.
type dialect struct {
	folder   string // of the migrations
	goose    goose.Dialect
	newest   int                // number of the newest migration
	lock     string             // begins every transaction that writes: one writer at a time; empty: the driver sees to it
	roomy    string             // gives a transaction that touches pages all over room for them; empty: it has it
	snapshot sql.IsolationLevel // of a transaction that reads everything as it was at one moment
	order    string             // column that tells in which order lines of a history were written
}

// file tells whether the database is a file, SQLite's.
func (d dialect) file() bool { return d.folder == "sqlite" }

// InFile tells whether the database is a file of this machine.
func (s *Store) InFile() bool { return s.file() }

var (
	inSQLite   = dialect{folder: "sqlite", goose: goose.DialectSQLite3, newest: newestOf("sqlite"), roomy: "PRAGMA cache_size = -65536", order: "rowid"}
	inPostgres = dialect{folder: "postgres", goose: goose.DialectPostgres, newest: newestOf("postgres"), snapshot: sql.LevelRepeatableRead, lock: "SELECT pg_advisory_xact_lock(" + writersLock + ")", order: "seq"}
)

// writersLock is what writers in PostgreSQL wait for: 'hold' as a number. Decisions and runs are chained and checked against
// what stands, which two at once would both find free; to try again after a conflict would judge a run twice.
const writersLock = "1752132708"

// newestOf reads the number that the last migration's name begins with.
func newestOf(folder string) int {
	all, _ := migrations.ReadDir(folder)
	if len(all) == 0 {
		return 0
	}
	number, _, _ := strings.Cut(all[len(all)-1].Name(), "_")
	n, _ := strconv.Atoi(number)
	return n
}

// provider gives who brings a database up to date.
func (s *Store) provider() (*goose.Provider, error) {
	sub, err := fs.Sub(migrations, s.folder)
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(s.goose, s.db, sub)
}

// inWordsOfPostgres writes a statement in the words of PostgreSQL: ? and ?1 become $1, and the hints for SQLite's planner go.
func inWordsOfPostgres(text string) string {
	var b strings.Builder
	n := 0
	quoted := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\'':
			quoted = !quoted
			b.WriteByte(c)
		case c == '?' && !quoted:
			b.WriteByte('$')
			if i+1 < len(text) && text[i+1] >= '0' && text[i+1] <= '9' {
				continue // it has a number
			}
			n++
			b.WriteString(strconv.Itoa(n))
		default:
			b.WriteByte(c)
		}
	}
	return strings.ReplaceAll(b.String(), "CROSS JOIN", "JOIN")
}
