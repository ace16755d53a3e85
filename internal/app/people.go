package app

import (
	"context"
	"slices"
	"time"

	"holdfast.example/holdfast/internal/access"
	"holdfast.example/holdfast/internal/estate"
	"holdfast.example/holdfast/internal/web"
)

// peopleTime is how long the people of the estate are taken for those of now.
const peopleTime = 10 * time.Second

// People are those of the estate who work here today. Without an estate it is the account that serves.
func (p *pages) People(context.Context) ([]web.Person, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.today(time.Now())
}

// today gives the people, and reads the estate again when it is time.
func (p *pages) today(now time.Time) ([]web.Person, error) {
	if now.Before(p.until) {
		return p.people, nil
	}
	if p.o.Estate == "" {
		name, err := account()
		if err != nil {
			return nil, err
		}
		p.people, p.until = []web.Person{{ID: name, Name: "(account of this machine)"}}, now.Add(peopleTime)
		return p.people, nil
	}
	e, err := soundEstate(p.o.Estate)
	if err != nil {
		return nil, err
	}
	var out []web.Person
	for _, x := range e.People {
		if here(x, now) {
			out = append(out, web.Person{ID: x.ID, Name: x.Name})
		}
	}
	p.estate, p.people, p.until = e, out, now.Add(peopleTime)
	return out, nil
}

// Viewer tells what somebody may today: by the roles that the estate gives. Who came by the link of the terminal, and without
// an estate who serves, runs the control plane.
func (p *pages) Viewer(_ context.Context, person string) (access.Viewer, error) {
	if person == "" {
		return p.rules.As("", access.Administrator), nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	people, err := p.today(time.Now())
	if err != nil {
		return access.Viewer{}, err
	}
	i := slices.IndexFunc(people, func(x web.Person) bool { return x.ID == person })
	switch {
	case i < 0:
		return access.Viewer{}, web.ErrNone
	case p.estate == nil:
		v := p.rules.As(person, access.Administrator)
		v.Name = person
		return v, nil
	}
	return p.rules.Of(person, p.estate), nil
}

// known gives the estate as it was read last; nil: there is none, or it cannot be read, which whoever asks then finds.
func (p *pages) known() *estate.Estate {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, err := p.today(time.Now()); err != nil {
		return nil
	}
	return p.estate
}
