package cli

import (
	"cmp"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"holdfast.example/holdfast/internal/agent"
	"holdfast.example/holdfast/internal/app"
	"holdfast.example/holdfast/internal/report"
)

func (g *global) agent() *cobra.Command {
	c := &cobra.Command{Use: "agent", Short: "Collectors inside environments: they dial out, look at their machine and report",
		Long: `An agent looks at the machine that it runs on and reports to the control plane (holdfast serve). It dials out only; nobody
dials in. It joins by a token that works once, within ten minutes, and pins the control plane's key; after that it has a
certificate for a day, which it renews by itself. It may speak of its own machine and hear its own jobs, and nothing else.

  holdfast agent invite --env production        # at the control plane: prints a token
  sudo holdfast join TOKEN                      # on the machine: joins, looks, goes on looking

While the control plane is away, reports wait on disk. An agent that is silent for three intervals makes what it sees
unknown, never green.`}
	c.AddCommand(g.agentInvite(), g.agentList(), g.agentRevoke(), g.agentRun())
	return c
}

func (g *global) agentInvite() *cobra.Command {
	o := app.Invitation{}
	c := &cobra.Command{
		Use: "invite --env ENVIRONMENT", Short: "Make a token for one agent",
		Long: `Prints a token for holdfast join. It works once, within ten minutes, for an agent of that environment. With --system the
agent speaks for that system of the estate, else for its host by name. Run it where the control plane runs.`,
		Example: "  holdfast agent invite --env production\n  holdfast agent invite -f estate.yaml --env production --system web-1 --address hub.example.org:8471", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.State, o.DB, o.Version = g.state, g.db, g.version
			t, err := app.Invite(cmd.Context(), o, time.Now())
			if err != nil {
				return err
			}
			fmt.Fprintln(g.stdout, t)
			fmt.Fprintf(g.stderr, "For one agent of %s, until %s. On its machine: sudo holdfast join TOKEN\n", o.Environment, time.Now().Add(agent.InvitationTime).Format("15:04"))
			return nil
		},
	}
	c.Flags().StringVar(&o.Environment, "env", "", "environment that the agent is in")
	c.Flags().StringVar(&o.System, "system", "", "declared system that it runs on")
	c.Flags().StringVar(&o.Address, "address", env("HOLDFAST_AGENTS_ADDRESS", ""), "host:port under which agents reach the control plane; else where it listens")
	c.Flags().StringVarP(&o.Estate, "file", "f", env("HOLDFAST_FILE", ""), "estate: a file or a folder")
	return c
}

func (g *global) agentList() *cobra.Command {
	var format string
	c := &cobra.Command{
		Use: "list", Short: "All agents: when each was heard last, and what it cannot see",
		Example: "  holdfast agent list\n  holdfast agent list --format json | jq '.[] | select(.gaps)'", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if format != "text" && format != "json" {
				return usage("--format %q is not one of text, json", format)
			}
			all, err := from(g, func(r *app.Remote) ([]agent.Agent, error) { return r.Agents(cmd.Context()) },
				func() ([]agent.Agent, error) { return app.Agents(cmd.Context(), g.state, g.db) })
			if err != nil {
				return err
			}
			if format == "json" {
				return writeJSON(g.stdout, append([]agent.Agent{}, all...))
			}
			if len(all) == 0 {
				fmt.Fprintln(g.stdout, "No agent has joined yet. A token for one: holdfast agent invite --env ENVIRONMENT")
				return nil
			}
			w := tabwriter.NewWriter(g.stdout, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "AGENT\tENVIRONMENT\tSEES\tSTATE\tVERSION")
			for _, a := range all {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", a.ID, a.Environment, report.Clean(cmp.Or(a.Name, a.Subject, "nothing yet")), report.Clean(app.AgentWords(a, time.Now())), report.Clean(a.Program))
			}
			return w.Flush()
		},
	}
	c.Flags().StringVar(&format, "format", env("HOLDFAST_FORMAT", "text"), "text or json")
	return c
}

func (g *global) agentRevoke() *cobra.Command {
	return &cobra.Command{
		Use: "revoke AGENT", Short: "Keep an agent out, at once and for good",
		Long:    "Ends the connection of an agent within a second, and lets it in no more. What it reported stays. To have it back, let it join again.",
		Example: "  holdfast agent revoke A-ABCDEFGH23", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := app.RevokeAgent(cmd.Context(), g.state, g.db, g.version, args[0], time.Now()); err != nil {
				return err
			}
			fmt.Fprintf(g.stdout, "Agent %s is out.\n", args[0])
			return nil
		},
	}
}

func (g *global) agentRun() *cobra.Command {
	o := app.AgentOptions{}
	c := &cobra.Command{
		Use: "run", Short: "Look at this machine again and again, and report: what the service does",
		Example: "  sudo holdfast agent run\n  holdfast --state /var/lib/holdfast agent run --max-memory 100 --max-cpu 5", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return g.runAgent(cmd, o) },
	}
	agentFlags(c, &o)
	return c
}

func (g *global) join() *cobra.Command {
	var only bool
	o := app.AgentOptions{}
	c := &cobra.Command{
		Use: "join TOKEN", Short: "Make this machine an agent, and go on looking at it",
		Long: `Joins the control plane that made the token (holdfast agent invite) and goes on as holdfast agent run does. The token
names the control plane's key: nothing is told to a server that does not have it. As root everything can be seen.`,
		Example: "  sudo holdfast join hfj_…\n  sudo holdfast --state /var/lib/holdfast join --only hfj_… && systemctl enable --now holdfast-agent", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			i, err := app.Join(cmd.Context(), g.state, args[0])
			if err != nil {
				return err
			}
			fmt.Fprintf(g.stdout, "Joined %s as agent %s of environment %s.\n", i.Address, i.ID, i.Environment)
			if only {
				return nil
			}
			return g.runAgent(cmd, o)
		},
	}
	c.Flags().BoolVar(&only, "only", false, "join and end; the service does the rest")
	agentFlags(c, &o)
	return c
}

func agentFlags(c *cobra.Command, o *app.AgentOptions) {
	c.Flags().BoolVar(&o.Deep, "deep", false, "walk every local file in each look")
	c.Flags().Int64Var(&o.MaxMemory, "max-memory", 100, "MiB of memory to stay below")
	c.Flags().IntVar(&o.MaxCPU, "max-cpu", 20, "percent of one processor to stay below, on the average from one look to the next: looks come later where that is not enough")
	c.Flags().Int64Var(&o.MaxSpool, "max-spool", 64, "MiB on disk for reports that wait")
}

func (g *global) runAgent(cmd *cobra.Command, o app.AgentOptions) error {
	if o.MaxMemory < 20 || o.MaxSpool < 1 || o.MaxCPU < 1 || o.MaxCPU > 100 {
		return usage("--max-memory wants at least 20, --max-spool at least 1, --max-cpu 1 to 100")
	}
	o.State, o.Version, o.Log = g.state, g.version, g.log()
	o.MaxMemory <<= 20
	o.MaxSpool <<= 20
	return app.RunAgent(cmd.Context(), o)
}

// log says what happens while a command runs on: a line each, with the time, on stderr.
func (g *global) log() func(string, ...any) {
	return func(format string, args ...any) {
		fmt.Fprintf(g.stderr, "%s %s\n", time.Now().Format(time.RFC3339), report.Clean(fmt.Sprintf(format, args...)))
	}
}
