package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"holdfast.example/holdfast/internal/app"
)

func (g *global) backup() *cobra.Command {
	o := app.BackupOptions{}
	c := &cobra.Command{
		Use: "backup [FILE]", Short: "Write everything that cannot be made again into one file, while all goes on",
		Long: `Writes database, ledger, keys and the authority of agents into one file that its owner alone can read: keep it as you keep
keys. Nothing has to stop for it: ledger and database are copied in a state in which each has what the other says. Left
out are reports of agents that are under way, and advisories, which can be had again (--advisories keeps them).`,
		Example: "  holdfast backup\n  holdfast backup /backup/holdfast-$(date +%F).tar.zst\n  holdfast --state /tmp/look restore /backup/holdfast-2026-11-26.tar.zst && holdfast --state /tmp/look ledger verify", Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			now := time.Now()
			o.State, o.DB, o.Version, o.File = g.state, g.db, g.version, "holdfast-"+now.UTC().Format("2006-01-02-150405")+".tar.zst"
			if len(args) > 0 {
				o.File = args[0]
			}
			m, err := app.Backup(cmd.Context(), o, now)
			if err != nil {
				return err
			}
			fmt.Fprintf(g.stdout, "%s: %s, %s. To take it back: holdfast --state DIR restore FILE\n", o.File, count(len(m.Files), "file"), megabytes(total(m)))
			return nil
		},
	}
	c.Flags().BoolVar(&o.Force, "force", false, "replace a file that is there")
	c.Flags().BoolVar(&o.Advisories, "advisories", false, "keep the index of advisories too")
	return c
}

func (g *global) restore() *cobra.Command {
	return &cobra.Command{
		Use: "restore FILE", Short: "Take a backup back as a state folder",
		Long: `Takes a backup back into the state folder (--state), which must be empty or not there yet. Everything is checked before
anything is put in place: afterwards the folder is whole, or as it was. Then: holdfast ledger verify.`,
		Example: "  holdfast --state /var/lib/holdfast restore holdfast-2026-11-26.tar.zst", Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			m, err := app.Restore(g.state, args[0])
			if err != nil {
				return err
			}
			fmt.Fprintf(g.stdout, "Restored as of %s (Holdfast %s): %s, %s. Next: holdfast ledger verify\n", m.At.Format("2006-01-02 15:04:05 MST"), m.Version, count(len(m.Files), "file"), megabytes(total(m)))
			return nil
		},
	}
}

func total(m app.BackupManifest) (n int64) {
	for _, f := range m.Files {
		n += f.Size
	}
	return n
}

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }
