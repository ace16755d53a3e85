package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"holdfast.example/holdfast/internal/app"
	"holdfast.example/holdfast/internal/report"
)

func (g *global) advisory() *cobra.Command {
	c := &cobra.Command{Use: "advisory", Short: "Advisories: what is known of vulnerabilities, and how old that is"}
	c.AddCommand(g.advisoryUpdate(), g.advisoryImport(), g.advisoryStats(), g.advisoryAffected())
	return c
}

func (g *global) waiting(holder string) {
	fmt.Fprintf(g.stderr, "waiting for %s\n", report.Clean(holder))
}

func (g *global) advisoryUpdate() *cobra.Command {
	o := app.UpdateOptions{Version: g.version, Waiting: g.waiting}
	var offline string
	c := &cobra.Command{
		Use: "update [FEED ...]", Short: "Fetch advisories: of the ecosystems that were seen here, or of those named",
		Long: `Fetches what changed of the ecosystems that were seen here (OSV), of what is known to be exploited (KEV), of how likely
exploitation is (EPSS), and of when products end. A feed that fails keeps what it has. Without a network: fetch
the files elsewhere, and take them by --offline.`,
		Example: "  holdfast advisory update\n  holdfast advisory update Debian npm kev\n  holdfast advisory update --mirror https://mirror.northwind.example/advisories\n  holdfast advisory update --offline feeds.zip",
		Args:    cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if offline != "" {
				return g.importAdvisories(cmd, []string{offline}, "")
			}
			o.State, o.DB, o.Feeds = g.state, g.db, args
			feeds, r, err := app.UpdateAdvisories(cmd.Context(), o)
			for _, f := range feeds {
				switch {
				case f.Err != nil:
				case f.Unchanged:
					fmt.Fprintf(g.stdout, "%-12s is current\n", f.Feed)
				default:
					fmt.Fprintf(g.stdout, "%-12s fetched, %.1f MB\n", f.Feed, float64(f.Bytes)/1e6)
				}
			}
			if r != nil {
				g.imported("", r)
			}
			return err
		},
	}
	c.Flags().StringVar(&o.Mirror, "mirror", env("HOLDFAST_MIRROR", ""), "address under which the feeds lie, in place of their origins: ECOSYSTEM/all.zip and the lists by their names")
	c.Flags().StringVar(&offline, "offline", "", "take a folder or archive in place of the network")
	return c
}

func (g *global) advisoryImport() *cobra.Command {
	var asOf string
	c := &cobra.Command{
		Use: "import PATH ...", Short: "Take advisories from files: OSV records, KEV, EPSS, end-of-life dates",
		Long: `Takes folders, zip, tar.gz and tar.zst archives, single records and lists. What a file is, it tells by its content:
records in the OSV form, the catalogue of known exploited vulnerabilities (KEV), EPSS scores, end-of-life dates. A
record replaces only an older one. Either all of it counts afterwards, or after an error nothing; single records that
cannot be read are named and left out. What was assessed before is compared anew by: holdfast assess --from last

How current a file is, nobody says but its newest record; who knows better says so by --as-of.`,
		Example: "  holdfast advisory import all.zip\n  holdfast advisory import feeds/ --as-of 2026-11-24",
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage("%s takes the files or folders to import", c.CommandPath())
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return g.importAdvisories(cmd, args, asOf) },
	}
	c.Flags().StringVar(&asOf, "as-of", "", "how current the files are (2026-11-24), when that is not the day of their newest record")
	return c
}

func (g *global) importAdvisories(cmd *cobra.Command, paths []string, asOf string) error {
	var at time.Time
	if asOf != "" {
		var err error
		if at, err = time.Parse(time.DateOnly, asOf); err != nil || at.After(time.Now()) {
			return usage("--as-of %q is no day until today; write it as 2026-11-24", asOf)
		}
	}
	for _, path := range paths {
		r, err := app.ImportAdvisories(cmd.Context(), g.state, path, at, g.waiting)
		if err != nil {
			return &app.UsageError{Text: err.Error()}
		}
		g.imported(path, r)
	}
	return nil
}

func (g *global) imported(path string, r *app.AdvisoryImport) {
	for _, f := range r.Feeds {
		fmt.Fprintf(g.stdout, "%-12s %d read: %d new, %d changed; %d in all\n", f.Name, f.Read, f.Added, f.Changed, f.Records)
	}
	if len(r.Feeds) == 0 && path != "" {
		fmt.Fprintf(g.stdout, "%s holds no advisories\n", path)
	}
	if r.Corrupt > 0 {
		fmt.Fprintf(g.stderr, "%s could not be read and were left out:\n", count(r.Corrupt, "record"))
		for _, line := range r.First {
			fmt.Fprintf(g.stderr, "  %s\n", report.Clean(line))
		}
	}
}

// advisories is the JSON of "advisory stats": holdfast.advisories/v1.
type advisories struct {
	Schema string             `json:"schema"`
	AsOf   time.Time          `json:"as_of"`
	Feeds  []app.AdvisoryFeed `json:"feeds"`
}

func (g *global) advisoryStats() *cobra.Command {
	var format string
	c := &cobra.Command{
		Use: "stats", Short: "The feeds that are here, with their age", Example: "  holdfast advisory stats\n  holdfast advisory stats --format json", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if format != "text" && format != "json" {
				return usage("--format %q is not one of text, json", format)
			}
			now := time.Now()
			feeds, err := app.AdvisoryFeeds(g.state, now)
			if err != nil {
				return err
			}
			if format == "json" {
				return writeJSON(g.stdout, advisories{"holdfast.advisories/v1", now.UTC().Truncate(time.Second), feeds})
			}
			for _, f := range feeds {
				state := "current"
				if f.Stale {
					state = fmt.Sprintf("TOO OLD, may be %d hours: what it does not know is unknown", f.LimitHours)
				}
				fmt.Fprintf(g.stdout, "%-12s %8d records, %d hours old; %s; from %s\n", f.Name, f.Records, f.AgeHours, state, report.Clean(f.Source))
			}
			if len(feeds) == 0 {
				fmt.Fprintln(g.stdout, "No advisories are here: holdfast advisory update")
			}
			return nil
		},
	}
	c.Flags().StringVar(&format, "format", env("HOLDFAST_FORMAT", "text"), "text or json")
	return c
}
