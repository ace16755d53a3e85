package app

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"time"

	"holdfast.example/holdfast/internal/collect/inventory"
	"holdfast.example/holdfast/internal/collect/ssh"
	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/subject/components"
)

// sshOptions reads ssh://user@host[:port].
func sshOptions(s string, o Options) (ssh.Options, error) {
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" {
		return ssh.Options{}, fmt.Errorf("target %q is no address; want ssh://user@host[:port]", s)
	}
	if u.Path != "" && u.Path != "/" || u.RawQuery != "" {
		return ssh.Options{}, fmt.Errorf("target %q has something after the host; want ssh://user@host[:port]", s)
	}
	opt := ssh.Options{User: u.User.Username(), Host: u.Hostname(), Deep: o.Deep, Timeout: 10 * time.Second}
	if o.Timeout > 0 && o.Timeout < opt.Timeout {
		opt.Timeout = o.Timeout
	}
	if p := u.Port(); p != "" {
		if opt.Port, err = strconv.Atoi(p); err != nil || opt.Port < 1 || opt.Port > 65535 {
			return ssh.Options{}, fmt.Errorf("target %q: port %s is not between 1 and 65535", s, p)
		}
	}
	// What is not set here is as for the user's own ssh.
	opt.ConfigFile = os.Getenv("HOLDFAST_SSH_CONFIG")
	if k := os.Getenv("HOLDFAST_SSH_KNOWN_HOSTS"); k != "" {
		opt.KnownHosts = []string{k}
	}
	if k := os.Getenv("HOLDFAST_SSH_IDENTITY"); k != "" {
		opt.IdentityFiles = []string{k}
	}
	return opt, nil
}

func dialSSH(ctx context.Context, o ssh.Options) (transport, error) { return ssh.Dial(ctx, o) }

// searchSSH looks for components over a connection.
func searchSSH(ctx context.Context, tr transport, deep bool) components.Fact {
	var f components.Fact
	unread := func(p *fact.Problem) components.Fact {
		f.Note(components.PartFiles, p)
		return f
	}
	far, ok := tr.(*ssh.Transport)
	if !ok {
		return unread(&fact.Problem{Cause: fact.Unsupported, Source: tr.Name(), Text: "it cannot be searched"})
	}
	s, err := inventory.Search(nil, deep)
	if err != nil {
		return unread(&fact.Problem{Cause: fact.Failed, Source: tr.Name(), Text: err.Error()})
	}
	tree := far.Search(ctx, s)
	return inventory.Far(ctx, tree, tr.Name(), s, tree.Gaps())
}
