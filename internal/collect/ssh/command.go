package ssh

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
)

// commandTries is how many channels a round of commands may take: a command that hangs, or prints
// without end, costs one, and those behind it are run in the next.
const commandTries = 4

// sudoRun stands before a command that is run as root.
const sudoRun = "sudo -n --"

// order is a command to run, through sudo or not.
type order struct {
	cmd  *host.Command
	sudo bool
}

// commands runs the needs' commands one after another in one channel.
func (t *Transport) commands(ctx context.Context, needs []host.Need, ev *host.Evidence) {
	var todo []order
	for _, n := range needs {
		todo = append(todo, order{n.Command, n.Command.Root && !t.root() && t.sudo != sudoNone})
	}
	for try := 0; len(todo) > 0; try++ {
		script, word := commandText(todo)
		r := t.run(ctx, job{script: script, limit: 4 * host.MaxOutput, time: commandTime * time.Duration(min(1+len(todo), 3))})
		outs, end := parseCommands(r, word, todo, t.root())
		var again []order
		for i, o := range outs {
			if todo[i].sudo && o.Err != nil && o.Exit == 1 && len(o.Stdout) == 0 && strings.HasPrefix(strings.TrimSpace(o.Stderr), "sudo:") {
				again = append(again, order{todo[i].cmd, false}) // sudo refused; see what the user may see
				continue
			}
			ev.PutOutput(todo[i].cmd.Name, o)
		}
		rest := todo[len(outs):]
		lost := r.err == nil || !errors.Is(r.err, errTime) && !errors.Is(r.err, errSize) || try+1 >= commandTries
		for i, o := range rest {
			if i > 0 && !lost {
				again = append(again, o)
				continue
			}
			ev.PutOutput(o.cmd.Name, host.Output{Exit: -1, Err: trouble(o.cmd.String(), end)})
		}
		todo = again
	}
}

func commandText(orders []order) (text, word string) {
	script, word := start(commandScript)
	for i, o := range orders {
		prefix := ""
		if o.sudo {
			prefix = sudoRun
		}
		script.WriteString("c " + strconv.Itoa(i) + " " + quote(prefix))
		for _, a := range o.cmd.Argv {
			script.WriteString(" " + quote(a))
		}
		script.WriteString("\n")
	}
	return script.String(), word
}

// parseCommands reads the outputs of the commands that came to an end, and why the next did not.
func parseCommands(r result, word string, orders []order, root bool) (outs []host.Output, end error) {
	out, errOut := tokens{r.stdout}, tokens{[]byte(r.stderr)}
	for i, o := range orders {
		data, err := out.until([]byte("\n" + word + " " + strconv.Itoa(i) + " "))
		code, err2 := out.until([]byte("\n"))
		if err != nil || err2 != nil {
			if end = r.err; end == nil {
				end = errFrame
			}
			return outs, end
		}
		said, err := errOut.until([]byte("\n" + word + "\n"))
		if err != nil {
			said = nil
		}
		outs = append(outs, output(o, data, string(said), string(code), root))
	}
	return outs, nil
}

func output(o order, data []byte, said, code string, root bool) host.Output {
	c := o.cmd
	out := host.Output{Stdout: slices.Clone(data), Stderr: said[:min(len(said), 1<<10)], Exit: -1}
	if code == "-" {
		return host.Output{Exit: -1, Err: &fact.Problem{Cause: fact.NotFound, Source: c.String()}}
	}
	out.Exit, _ = strconv.Atoi(code)
	switch {
	case len(data) > host.MaxOutput:
		out.Stdout, out.Err = nil, &fact.Problem{Cause: fact.TooLarge, Source: c.String()}
	case out.Exit == 0, slices.Contains(c.Exits, out.Exit):
	case out.Exit == 124:
		out.Err = &fact.Problem{Cause: fact.TimedOut, Source: c.String()}
	default:
		out.Err = host.Refused(c, out.Stderr, "exit status "+code, root || o.sudo && !strings.HasPrefix(strings.TrimSpace(said), "sudo:"))
	}
	return out
}
