package app

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"holdfast.example/holdfast/internal/access"
	"holdfast.example/holdfast/internal/waiver"
	"holdfast.example/holdfast/internal/web"
)

// Decisions gives the decisions about findings that a viewer sees: what waits first, then what is in force.
func (p *pages) Decisions(ctx context.Context, v access.Viewer) ([]web.Decision, error) {
	o := WaiverOptions{known: p.known(), State: p.o.State, DB: p.o.DB, Estate: p.o.Estate}
	list, err := Waivers(ctx, o, true, time.Now())
	if err != nil {
		return nil, err
	}
	var out []web.Decision
	for _, w := range list {
		sees, err := p.seesAny(ctx, v, w.Waiver)
		if err != nil {
			return nil, err
		}
		if sees {
			out = append(out, web.Decision{Waiver: w.Waiver, State: w.State, Hides: len(w.Hides), Note: w.Note})
		}
	}
	slices.SortStableFunc(out, func(a, b web.Decision) int {
		return cmp.Or(cmp.Compare(waiting(a.State), waiting(b.State)), b.RequestedAt.Compare(a.RequestedAt))
	})
	return out, nil
}

func waiting(s waiver.State) int {
	return slices.Index([]waiver.State{waiver.Requested, waiver.InForce}, s) & 3
}

// seesAny tells whether a viewer sees one of the findings that a decision is about, or asked for it.
func (p *pages) seesAny(ctx context.Context, v access.Viewer, w waiver.Waiver) (bool, error) {
	if v.All || v.Person != "" && w.RequestedBy.Person == v.Person {
		return true, nil
	}
	for _, c := range w.Covers {
		switch _, err := p.Finding(ctx, v, c.Finding); {
		case err == nil:
			return true, nil
		case !errors.Is(err, web.ErrNone):
			return false, err
		}
	}
	return false, nil
}

// Ask asks for a decision in the name of who logged in.
func (p *pages) Ask(ctx context.Context, v access.Viewer, id string, w waiver.Waiver, until string) error {
	if v.Person == "" {
		return web.ErrNone
	}
	if _, err := p.Finding(ctx, v, id); err != nil {
		return err
	}
	_, err := AddWaiver(ctx, WaiverOptions{known: p.known(), State: p.o.State, DB: p.o.DB, Estate: p.o.Estate, Selection: Selection{Findings: []string{id}}, Waiver: w, Until: until, Person: v.Person})
	return mistaken(err)
}

// Decide approves, refuses or revokes in the name of who logged in.
func (p *pages) Decide(ctx context.Context, v access.Viewer, id string, action waiver.Action, why string) error {
	if v.Person == "" {
		return web.ErrNone
	}
	all, err := p.Decisions(ctx, v)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(all, func(d web.Decision) bool { return d.ID == id }) {
		return web.ErrNone
	}
	_, err = DecideWaiver(ctx, WaiverOptions{known: p.known(), State: p.o.State, DB: p.o.DB, Estate: p.o.Estate, Person: v.Person}, id, action, why)
	return mistaken(err)
}

// mistaken makes a mistake of who wanted something one that a page tells, in the words of a page.
func mistaken(err error) error {
	var usage *UsageError
	if errors.As(err, &usage) {
		return &web.Refused{Text: strings.ReplaceAll(usage.Text, ": --", ": ")}
	}
	return err
}
