package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"holdfast.example/holdfast/internal/app"
)

func (g *global) database() *cobra.Command {
	c := &cobra.Command{Use: "db", Short: "The database: bring it up to date, copy it to PostgreSQL",
		Long: `Everything that is recorded lies in one database: a SQLite file in the state folder, or PostgreSQL where --db or HOLDFAST_DB
names one. The move to PostgreSQL: stop serve, copy, start it with HOLDFAST_DB set. Keys, ledger and bus stay in the state folder.`}
	c.AddCommand(g.databaseMigrate(), g.databaseCopy())
	return c
}

func (g *global) databaseMigrate() *cobra.Command {
	return &cobra.Command{
		Use: "migrate", Short: "Bring the database up to date, as every command does by itself",
		Long:    "Makes or changes the tables as this version wants them. Every command does so by itself; this one does nothing else, for an account that alone may change tables.",
		Example: "  holdfast db migrate\n  holdfast db migrate --db postgres://holdfast@db.example/holdfast", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			path, err := app.MigrateDatabase(cmd.Context(), g.state, g.db)
			if err == nil {
				fmt.Fprintf(g.stdout, "%s is up to date.\n", path)
			}
			return err
		},
	}
}

func (g *global) databaseCopy() *cobra.Command {
	var from, to string
	c := &cobra.Command{
		Use: "copy --to DATABASE", Short: "Fill an empty database with all that another holds",
		Long: `Copies every table in one transaction and compares the counts: afterwards all of it is there, or nothing. The database to be
filled must hold nothing; what is copied stays as it is. A password stands in PGPASSWORD or ~/.pgpass, not in the address.`,
		Example: "  holdfast db copy --to postgres://holdfast@db.example/holdfast\n  holdfast db copy --from postgres://holdfast@db.example/holdfast --to sqlite:copy.db", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			sum := 0
			out, err := app.CopyDatabase(cmd.Context(), g.state, from, to, func(c app.TableCount) { fmt.Fprintf(g.stderr, "%-20s %9d rows\n", c.Table, c.Rows) })
			if err != nil {
				return err
			}
			for _, c := range out {
				sum += c.Rows
			}
			fmt.Fprintf(g.stdout, "%s copied from %s, and counted on both sides.\n", count(sum, "row"), count(len(out), "table"))
			return nil
		},
	}
	c.Flags().StringVar(&from, "from", "", "database to read (default: that of the state folder)")
	c.Flags().StringVar(&to, "to", "", "database to fill, which holds nothing yet")
	return c
}
