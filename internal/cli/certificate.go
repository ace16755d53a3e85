package cli

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"holdfast.example/holdfast/internal/app"
	"holdfast.example/holdfast/internal/estate/scalar"
	"holdfast.example/holdfast/internal/report"
)

func (g *global) certificate() *cobra.Command {
	c := &cobra.Command{Use: "certificate", Short: "Certificates: which end when, where they are used, and whose they are"}
	c.AddCommand(g.certificateList())
	return c
}

// certificates is the JSON of "certificate list": holdfast.certificates/v1.
type certificates struct {
	Schema       string            `json:"schema"`
	AsOf         time.Time         `json:"as_of"`
	Certificates []app.Certificate `json:"certificates"`
}

func (g *global) certificateList() *cobra.Command {
	var q app.CertificateQuery
	var format, now, within string
	c := &cobra.Command{
		Use: "list", Short: "Certificates of the endpoints that were assessed, the first to end first",
		Long: `Lists the certificates that endpoints showed when they were last assessed. With an estate each
says whose it is: the system, the application and its team. It connects to nothing.`,
		Example: "  holdfast certificate list\n  holdfast certificate list -f estate.yaml --within 30d\n  holdfast certificate list --format csv > certificates.csv\n  holdfast --server https://hub.example certificate list --within 30d",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			q.State, q.DB, q.Now = g.state, g.db, time.Now()
			if now != "" {
				if q.Now, err = time.Parse(time.RFC3339, now); err != nil {
					return usage("--now %q is no time; write it as 2026-11-23T12:00:00Z", now)
				}
			}
			if within != "" {
				if q.Within, err = scalar.ParseDuration(within); err != nil {
					return usage("--within %q %v", within, err)
				}
			}
			write, ok := map[string]func(io.Writer, []app.Certificate, time.Time) error{"text": certificateText, "json": certificateJSON, "csv": certificateCSV}[format]
			if !ok {
				return usage("--format %q is not one of text, json, csv", format)
			}
			list, err := from(g, func(r *app.Remote) ([]app.Certificate, error) {
				if now != "" {
					return nil, usage("with --server there is no --now")
				}
				return r.Certificates(cmd.Context(), q)
			}, func() ([]app.Certificate, error) { return app.Certificates(cmd.Context(), q) })
			if err != nil {
				return err
			}
			return write(g.stdout, list, q.Now)
		},
	}
	f := c.Flags()
	f.StringVarP(&q.Estate, "file", "f", env("HOLDFAST_FILE", ""), "estate: a file or a folder; says whose a certificate is")
	f.StringVar(&within, "within", "", "only those that end within this time, or have ended: 30d, 3mo")
	f.StringSliceVar(&q.Apps, "app", nil, "only of these applications of the estate")
	f.StringSliceVar(&q.Envs, "env", nil, "only of these environments of the estate")
	f.StringVar(&format, "format", env("HOLDFAST_FORMAT", "text"), "text, json or csv")
	f.StringVar(&now, "now", "", "as of this time (RFC 3339)")
	return c
}

func certificateText(w io.Writer, list []app.Certificate, _ time.Time) error {
	for _, c := range list {
		left := count(c.DaysLeft, "day") + " left"
		switch c.Status {
		case "ended":
			left = "ENDED " + count(-c.DaysLeft, "day") + " ago"
		case "ending":
			left = "ENDS in " + count(c.DaysLeft, "day")
		case "future":
			left = "not valid before " + c.NotBefore.Format(time.DateOnly)
		}
		fmt.Fprintf(w, "%s  %-18s  %s\n", c.NotAfter.Format(time.DateOnly), left, report.Clean(strings.Join(c.Names, ", ")))
		fmt.Fprintf(w, "            %s, signed %s by %s\n", c.Key, c.Signature, report.Clean(c.Issuer))
		for _, u := range c.UsedAt {
			whose := ""
			if u.System != "" {
				whose = "  " + u.System + ", " + strings.Join(u.Applications, ", ") + ", team " + strings.Join(u.Teams, ", ")
			}
			fmt.Fprintf(w, "            used at %s (%s)%s, seen %s\n", u.Endpoint, u.Address, whose, u.SeenAt.Format(time.DateOnly))
		}
	}
	if len(list) == 0 {
		fmt.Fprintln(w, "No certificates. Those of endpoints that were assessed stand here: holdfast assess https://shop.example")
		return nil
	}
	fmt.Fprintf(w, "\n%s\n", count(len(list), "certificate"))
	return nil
}

func certificateJSON(w io.Writer, list []app.Certificate, now time.Time) error {
	return writeJSON(w, certificates{"holdfast.certificates/v1", now.UTC().Truncate(time.Second), list})
}

// certificateCSV writes one row for each use of each certificate.
func certificateCSV(w io.Writer, list []app.Certificate, _ time.Time) error {
	rows := [][]string{{"not_after", "days_left", "status", "names", "subject", "issuer", "key", "signature", "fingerprint", "endpoint", "address", "system", "environment", "applications", "teams", "seen_at"}}
	for _, c := range list {
		for _, u := range c.UsedAt {
			rows = append(rows, []string{c.NotAfter.Format(time.RFC3339), strconv.Itoa(c.DaysLeft), c.Status, strings.Join(c.Names, " "), c.Subject, c.Issuer, c.Key, c.Signature, c.Fingerprint,
				u.Endpoint, u.Address, u.System, u.Environment, strings.Join(u.Applications, " "), strings.Join(u.Teams, " "), u.SeenAt.Format(time.RFC3339)})
		}
	}
	out := csv.NewWriter(w)
	out.UseCRLF = true
	for _, row := range rows {
		for i := range row {
			if i != 1 { // a number below 0 is no formula
				row[i] = report.PlainCell(row[i])
			}
		}
		if err := out.Write(row); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}
