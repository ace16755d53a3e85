package cli

import (
	"cmp"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"holdfast.example/holdfast/internal/app"
)

// Why commands work on this machine alone, after their name.
const (
	looksHere   = "looks from this machine"
	stateHere   = "works on the state folder of the control plane: run it there"
	decidesHere = "decides, which wants a person with a fresh passkey: do it in the browser"
	ownHere     = "shows what comes with this program"
	importsHere = "reads files of this machine into the state folder of the control plane: run it there"
	factsHere   = "is made from all that was seen, which lies on the machine of the control plane: run it there"
	runsHere    = "runs on this machine"
)

// overServer says of each command what --server means for it: empty, a control plane is asked in place of this machine; else why not.
var overServer = map[string]string{
	"agent invite":          "makes a token for a machine, which wants an account of the control plane's machine: run it there",
	"agent list":            "",
	"agent revoke":          "keeps a machine out, which wants an account of the control plane's machine: run it there",
	"agent run":             runsHere,
	"advisory affected":     factsHere,
	"advisory import":       importsHere,
	"advisory stats":        stateHere,
	"advisory update":       stateHere,
	"assess":                looksHere,
	"backup":                stateHere,
	"certificate list":      "",
	"check":                 ownHere,
	"completion":            ownHere,
	"db copy":               stateHere,
	"db migrate":            stateHere,
	"demo":                  runsHere,
	"discover":              looksHere,
	"doctor":                looksHere,
	"drift approve":         decidesHere,
	"drift baseline list":   factsHere,
	"drift list":            "",
	"drift show":            "",
	"estate history":        stateHere,
	"estate schema":         ownHere,
	"estate show":           "reads files of this machine",
	"estate validate":       "reads files of this machine",
	"evidence":              factsHere,
	"finding claim":         decidesHere,
	"finding import":        importsHere,
	"finding list":          "",
	"finding retest":        "looks from the machine of the control plane: run it there",
	"finding show":          "",
	"finding vex":           importsHere,
	"hold add":              stateHere,
	"hold list":             stateHere,
	"hold release":          stateHere,
	"join":                  runsHere,
	"ledger export":         stateHere,
	"ledger list":           "",
	"ledger prove":          stateHere,
	"ledger rotate-key":     stateHere,
	"ledger verify":         "verifies what lies here, also an export or a bundle that came from elsewhere, and believes no server",
	"ledger witness add":    stateHere,
	"ledger witness ask":    stateHere,
	"ledger witness list":   stateHere,
	"ledger witness remove": stateHere,
	"man":                   ownHere,
	"report":                factsHere,
	"report schema":         ownHere,
	"report sla":            factsHere,
	"requirement":           ownHere,
	"restore":               stateHere,
	"sbom":                  "",
	"serve":                 runsHere,
	"version":               ownHere,
	"waiver add":            "",
	"waiver approve":        decidesHere,
	"waiver list":           "",
	"waiver refuse":         decidesHere,
	"waiver revoke":         decidesHere,
	"waiver show":           "",
	"witness serve":         runsHere,
}

// remote gives the control plane that --server names; nil: none.
func (g *global) remote() (*app.Remote, error) {
	if g.server == "" {
		return nil, nil
	}
	return app.Dial(g.server, os.Getenv("HOLDFAST_TOKEN"))
}

// from gets something from the server if there is one, else from here.
func from[T any](g *global, there func(*app.Remote) (T, error), here func() (T, error)) (out T, err error) {
	r, err := g.remote()
	switch {
	case err != nil:
		return out, err
	case r != nil:
		return there(r)
	}
	return here()
}

// reached refuses --server where it means nothing. In the environment it is for the commands that can.
func (g *global) reached(cmd *cobra.Command) error {
	why, known := overServer[named(cmd)]
	over := known && why == ""
	if cmd.Flags().Changed("server") && !over {
		var asked []string
		for name, why := range overServer {
			if why == "" {
				asked = append(asked, name)
			}
		}
		slices.Sort(asked)
		return usage("%s %s; what a server is asked for: %s", cmd.CommandPath(), cmp.Or(why, runsHere), strings.Join(asked, ", "))
	}
	if g.server != "" && cmd.Flags().Changed("file") && over {
		return usage("with --server there is no -f: the server knows its estate")
	}
	return nil
}

// named is a command without the name of the program.
func named(cmd *cobra.Command) string {
	return strings.TrimPrefix(cmd.CommandPath(), cmd.Root().Name()+" ")
}
