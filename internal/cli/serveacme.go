package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"holdfast.example/holdfast/internal/app"
)

// acmeFlags are those of certificates from an authority.
func acmeFlags(c *cobra.Command, o *app.ACMEOptions) {
	var names []string
	if n := env("HOLDFAST_ACME", ""); n != "" {
		names = strings.Split(n, ",")
	}
	c.Flags().StringSliceVar(&o.Names, "acme", names, "names for which an authority gives the certificate, with commas between them; this accepts its terms of service")
	c.Flags().StringVar(&o.Directory, "acme-directory", env("HOLDFAST_ACME_DIRECTORY", ""), "address of the authority (default: Let's Encrypt)")
	c.Flags().StringVar(&o.Email, "acme-email", env("HOLDFAST_ACME_EMAIL", ""), "where the authority writes to")
	c.Flags().StringVar(&o.CA, "acme-ca", env("HOLDFAST_ACME_CA", ""), "file in PEM of who vouches for the authority's own address (default: whom the system trusts)")
	c.Flags().StringVar(&o.HTTP, "acme-http", env("HOLDFAST_ACME_HTTP", ""), "address and port, :80 for example, where the authority may come too, and from where people are sent on to https; empty: none")
	c.Flags().StringVar(&o.KeyID, "acme-eab-kid", env("HOLDFAST_ACME_EAB_KID", ""), "id of an account that the authority gave beforehand")
	c.Flags().StringVar(&o.KeyFile, "acme-eab-key-file", env("HOLDFAST_ACME_EAB_KEY_FILE", ""), "file of its key, in base64url as the authority gave it")
}
