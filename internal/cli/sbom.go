package cli

import (
	"io"
	"time"

	"github.com/spf13/cobra"

	"holdfast.example/holdfast/internal/app"
)

// sbom writes what was last seen of the software of a subject.
func (g *global) sbom() *cobra.Command {
	var format, output string
	c := &cobra.Command{
		Use: "sbom [SUBJECT]", Short: "The software of a subject as a list of components (CycloneDX, SPDX)",
		Long: `Writes what was last seen of the software of a subject: packages of the distribution and components of applications.
What could not be seen stands in it too. To assess such a list: holdfast assess sbom:FILE`,
		Example: "  holdfast sbom > host.cdx.json\n  holdfast sbom prod/web-1 --format spdx -o web-1.spdx.json\n  holdfast --server https://hub.example sbom prod/web-1 > web-1.cdx.json",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			write := app.WriteCycloneDX
			switch format {
			case "cyclonedx":
			case "spdx":
				write = app.WriteSPDX
			default:
				return usage("--format %q is not one of cyclonedx, spdx%s", format, didYouMean(format, []string{"cyclonedx", "spdx"}))
			}
			subject := ""
			if len(args) > 0 {
				subject = args[0]
			}
			if r, err := g.remote(); err != nil {
				return err
			} else if r != nil {
				if subject == "" {
					return usage("with --server name a system: holdfast sbom prod/web-1")
				}
				data, err := r.SBOM(cmd.Context(), subject, format)
				if err != nil {
					return err
				}
				return g.into(output, func(w io.Writer) error { _, err := w.Write(data); return err })
			}
			v, err := app.InventoryOf(cmd.Context(), g.state, g.db, g.version, subject, time.Now())
			if err != nil {
				return err
			}
			return g.into(output, func(w io.Writer) error { return write(w, *v) })
		},
	}
	c.Flags().StringVar(&format, "format", "cyclonedx", "cyclonedx (1.6) or spdx (2.3), both in JSON")
	c.Flags().StringVarP(&output, "output", "o", "", "write it to this file")
	return c
}
