package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"holdfast.example/holdfast/internal/app"
	"holdfast.example/holdfast/internal/report"
)

func (g *global) serve() *cobra.Command {
	o := app.ServeOptions{Version: g.version}
	c := &cobra.Command{
		Use: "serve", Short: "The control plane: pages for people, a place for agents to report to",
		Long: `Serves findings, decisions, agents and the ledger to a browser on this machine, and takes what agents report. The pages
are on loopback alone, or with a certificate (--acme, --tls-cert) on any address, under one name. The link that it prints logs in once, within ten minutes; under Passkeys one then adds passkeys, for people of the
estate (without one: for the account that serves), who log in by them from then on. Whom the estate has no more is out
within ten seconds.

Everyone sees and does what their roles in the estate give: security, auditors and administrators see all, teams and
management their own. Decisions are asked for and taken in the browser too, each with a passkey that was just shown.

With --oidc-issuer people log in at a provider by OpenID Connect too, where it says that they showed two factors (--oidc-acr,
--oidc-amr) and names somebody of the estate (--oidc-claim: the verified e-mail address, or the subject; any other claim is an
id of the estate, and must be one that people cannot change themselves). The provider sends them back to
ADDRESS/log-in/provider/back. The secret of the client stands in a file that others cannot read; without one it is a public
client.

It looks at the systems of the estate at their interval, two at once, those that an agent speaks for excepted; without an
estate at this machine. What does not answer is tried again after five minutes, then ten, and so on.

Agents (holdfast agent --help) are listened for on an address of its own, on loopback too until --agents names another.

Several control planes serve one PostgreSQL (--db); with --nats they serve the same agents too, and any of them may go away. What they
must share, and what the NATS cluster must allow: docs/operations.md, "Several control planes".

With --acme an authority gives the certificate and renews it: Let's Encrypt, or the one of --acme-directory. It has to reach the
name on port 443, or on 80 with --acme-http. Giving --acme accepts the authority's terms of service: read them first.

It ends with Ctrl-C; sessions end with it, passkeys and agents stay.`,
		Example: "  holdfast serve\n  holdfast serve -f estate/ --agents 10.0.0.5:8471 --listen :443 --tls-cert hub.pem --tls-key hub.key\n  holdfast serve -f estate/ --listen :443 --acme hub.example.org --acme-http :80\n  holdfast serve --listen :443 --acme hub.corp.example --acme-directory https://ca.corp.example/acme/acme/directory --acme-ca root.pem\n  holdfast serve -f estate/ --db postgres://holdfast@db.example/holdfast --agents :8471 --agents-address hub-1.example:8471 \\\n    --nats tls://nats-1.example:4222,tls://nats-2.example:4222,tls://nats-3.example:4222 --nats-creds /etc/holdfast/nats.creds\n  holdfast serve -f estate/ --listen 127.0.0.1:9000 --traces http://127.0.0.1:4318\n  holdfast serve -f estate/ --listen :443 --tls-cert hub.pem --tls-key hub.key \\\n    --oidc-issuer https://id.example/realms/northwind --oidc-client holdfast --oidc-secret-file /etc/holdfast/oidc --oidc-name \"Northwind ID\"", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.State, o.DB = g.state, g.db
			o.Words = func(e app.LedgerEntry) string { return report.Clean(entryWords(e)) }
			o.Log = g.log()
			o.Ready = func(s app.Served) {
				fmt.Fprintf(g.stdout, "Serving on %s\nLog in, once and within ten minutes: %s\n", s.Address, s.Link)
				if s.SelfMade != "" {
					fmt.Fprintf(g.stdout, "The certificate is self-made: compare what the browser shows with SHA-256 %s\nPasskeys want one that browsers trust (--tls-cert); a password with codes works meanwhile.\n", s.SelfMade)
				}
				if s.Agents != "" {
					fmt.Fprintf(g.stdout, "Listening for agents on %s; a token for one: holdfast agent invite --env ENVIRONMENT\n", s.Agents)
				}
			}
			return app.Serve(cmd.Context(), o)
		},
	}
	c.Flags().StringVarP(&o.Estate, "file", "f", env("HOLDFAST_FILE", ""), "estate: a file or a folder")
	c.Flags().StringVar(&o.Agents, "agents", env("HOLDFAST_AGENTS", "127.0.0.1:8471"), "address and port on which agents are listened for; empty: none")
	c.Flags().StringVar(&o.AgentsAddress, "agents-address", env("HOLDFAST_AGENTS_ADDRESS", ""), "host:port under which agents reach it (default: where it listens)")
	c.Flags().StringVar(&o.NATS.Addresses, "nats", env("HOLDFAST_NATS", ""), "servers of a NATS cluster with JetStream on which reports of agents wait, nats://host:4222 with commas between them; empty: on the own disk")
	c.Flags().StringVar(&o.NATS.Credentials, "nats-creds", env("HOLDFAST_NATS_CREDS", ""), "file of credentials for it (user JWT and seed)")
	c.Flags().StringVar(&o.NATS.CA, "nats-ca", env("HOLDFAST_NATS_CA", ""), "file of the authorities that its certificates come from, in PEM (default: those of the machine)")
	c.Flags().StringVar(&o.NATS.Cert, "nats-cert", env("HOLDFAST_NATS_CERT", ""), "client certificate for it, in PEM")
	c.Flags().StringVar(&o.NATS.Key, "nats-key", env("HOLDFAST_NATS_KEY", ""), "its private key, in PEM")
	c.Flags().StringVar(&o.TLSCert, "tls-cert", env("HOLDFAST_TLS_CERT", ""), "certificate with its chain, in PEM; a renewed file is taken up by itself")
	c.Flags().StringVar(&o.TLSKey, "tls-key", env("HOLDFAST_TLS_KEY", ""), "its private key, in PEM")
	c.Flags().BoolVar(&o.TLSSelf, "tls-self", false, "make a certificate for --name that nobody vouches for, for the first hour")
	c.Flags().StringVar(&o.Name, "name", env("HOLDFAST_NAME", ""), "name under which people go there; passkeys are bound to it (default: the first of the certificate)")
	c.Flags().BoolVar(&o.Scan, "scan", true, "look at what the estate declares, again and again; without an estate at this machine")
	c.Flags().DurationVar(&o.ScanEvery, "scan-every", 0, "how often at least (0: by the risk class of what runs there, from every hour to every 24h, and policy.scan_interval of the estate)")
	c.Flags().StringVar(&o.Metrics, "metrics", env("HOLDFAST_METRICS", ""), "address of this machine and port for a Prometheus to ask /metrics, 127.0.0.1:8472 for example; empty: none")
	c.Flags().StringVar(&o.Breached, "breached", env("HOLDFAST_BREACHED", ""), "file of breached passwords that nobody may take, one a line, beside those that come with Holdfast")
	c.Flags().IntVar(&o.Keep, "keep", 1095, "days for which runs are kept with what they saw (0: for ever); what was seen last, findings, decisions and the ledger stay, and what a hold keeps")
	c.Flags().StringVar(&o.OIDC.Issuer, "oidc-issuer", env("HOLDFAST_OIDC_ISSUER", ""), "address of a provider where people log in by OpenID Connect; empty: none")
	c.Flags().StringVar(&o.OIDC.Client, "oidc-client", env("HOLDFAST_OIDC_CLIENT", ""), "client id under which the provider knows this control plane")
	c.Flags().StringVar(&o.OIDC.SecretFile, "oidc-secret-file", env("HOLDFAST_OIDC_SECRET_FILE", ""), "file with the secret of the client, which others cannot read; empty: a public client")
	c.Flags().StringVar(&o.OIDC.Claim, "oidc-claim", env("HOLDFAST_OIDC_CLAIM", ""), "claim that names the person: email (verified), sub (subject.sub of the estate) or one that is an id of the estate (default email)")
	c.Flags().StringSliceVar(&o.OIDC.ACR, "oidc-acr", envList("HOLDFAST_OIDC_ACR"), "acr values of the provider that mean two factors; they are asked for")
	c.Flags().StringSliceVar(&o.OIDC.AMR, "oidc-amr", envList("HOLDFAST_OIDC_AMR"), "amr values that mean two factors, several that do together joined by + (default, without --oidc-acr too: mfa, or otp, hwk, swk or sc with pwd, pin or biometrics)")
	c.Flags().StringVar(&o.OIDC.Name, "oidc-name", env("HOLDFAST_OIDC_NAME", ""), "what people call the provider (default: its host)")
	c.Flags().DurationVar(&o.Every, "every", 5*time.Minute, "time between the reports of an agent")
	c.Flags().StringVar(&o.Listen, "listen", env("HOLDFAST_LISTEN", "127.0.0.1:8470"), "address and port; of this machine alone without a certificate; port 0 takes a free one")
	acmeFlags(c, &o.ACME)
	traceFlags(c, &o.Traces)
	return c
}
