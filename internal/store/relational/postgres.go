package relational

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// OpenPostgres opens a PostgreSQL database by its address, postgres://user@host/name, and brings it up to date. What is not in
// the address comes from where libpq takes it: PGPASSWORD, PGPASSFILE, PGSERVICE, PGSSLROOTCERT. No error tells a password.
func OpenPostgres(ctx context.Context, dsn string) (*Store, error) {
	name := withoutPassword(dsn)
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		var parse *pgconn.ParseConfigError
		if errors.As(err, &parse) {
			err = errors.New("it is no address of a PostgreSQL database; want postgres://user@host:5432/name?sslmode=verify-full")
		}
		return nil, fmt.Errorf("open database %s: %w", name, err)
	}
	config.RuntimeParams["application_name"] = "holdfast"
	config.RuntimeParams["lock_timeout"] = "60s" // as long as a run may take to be recorded
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = 10 * time.Second
	}
	db := sql.OpenDB(translating{stdlib.GetConnector(*config)})
	db.SetMaxOpenConns(4)
	db.SetConnMaxIdleTime(5 * time.Minute)
	if err := db.PingContext(ctx); err != nil {
		db.Close()
		return nil, fmt.Errorf("open database %s: %s", name, strings.ReplaceAll(err.Error(), dsn, name))
	}
	return ready(ctx, &Store{db: db, path: name, dialect: inPostgres})
}

// withoutPassword is an address as it may be told.
func withoutPassword(dsn string) string {
	u, err := url.Parse(dsn)
	if err != nil {
		return "postgres://…"
	}
	q := u.Query()
	for _, secret := range []string{"password", "sslpassword"} {
		q.Del(secret)
	}
	u.RawQuery = q.Encode()
	if u.User != nil {
		u.User = url.User(u.User.Username())
	}
	return u.String()
}

// translating connects by pgx, and hands it statements and values as PostgreSQL wants them.
type translating struct{ driver.Connector }

func (t translating) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := t.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &translated{c.(*stdlib.Conn)}, nil
}

// translated is a connection. Embedded is what needs no translation.
type translated struct{ *stdlib.Conn }

func (c *translated) Prepare(query string) (driver.Stmt, error) {
	return c.Conn.Prepare(inWordsOfPostgres(query))
}

func (c *translated) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	return c.Conn.PrepareContext(ctx, inWordsOfPostgres(query))
}

func (c *translated) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	return c.Conn.ExecContext(ctx, inWordsOfPostgres(query), args)
}

func (c *translated) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	return c.Conn.QueryContext(ctx, inWordsOfPostgres(query), args)
}

// CheckNamedValue makes of a text one that PostgreSQL takes: it has no NUL and is UTF-8.
func (c *translated) CheckNamedValue(v *driver.NamedValue) error {
	if x, ok := v.Value.(string); ok && (strings.ContainsRune(x, 0) || strings.ToValidUTF8(x, "") != x) {
		v.Value = strings.ReplaceAll(strings.ToValidUTF8(x, "\uFFFD"), "\x00", "\uFFFD")
	}
	return c.Conn.CheckNamedValue(v)
}
