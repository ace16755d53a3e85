package app

import (
	"context"
	"errors"
	"time"

	"holdfast.example/holdfast/internal/access"
	"holdfast.example/holdfast/internal/event"
	"holdfast.example/holdfast/internal/run"
	"holdfast.example/holdfast/internal/store/relational"
	"holdfast.example/holdfast/internal/web"
)

func (p *pages) Tokens(ctx context.Context) (out []access.Token, err error) {
	err = withStore(ctx, p.o.State, p.o.DB, func(s *relational.Store) error { out, err = s.Tokens(ctx); return err })
	return out, err
}

func (p *pages) Token(ctx context.Context, digest string) (out access.Token, err error) {
	err = withStore(ctx, p.o.State, p.o.DB, func(s *relational.Store) error { out, err = s.Token(ctx, digest); return err })
	return out, none(err)
}

func (p *pages) AddToken(ctx context.Context, t access.Token, digest string, e ...event.Event) error {
	return p.change(ctx, func(s *relational.Store) error { return s.AddToken(ctx, t, digest, e...) })
}

func (p *pages) UseToken(ctx context.Context, id string, at time.Time) error {
	return none(p.change(ctx, func(s *relational.Store) error { return s.UseToken(ctx, id, at) }))
}

func (p *pages) RevokeToken(ctx context.Context, id string, at time.Time, e ...event.Event) error {
	return none(p.change(ctx, func(s *relational.Store) error { return s.RevokeToken(ctx, id, at, e...) }))
}

func (p *pages) Begin(ctx context.Context, person, key, asked string, now time.Time) (was *web.Answer, err error) {
	err = withStore(ctx, p.o.State, p.o.DB, func(s *relational.Store) error {
		a, err := s.Begin(ctx, person, key, asked, now)
		if a != nil {
			was = &web.Answer{Asked: a.Asked, Status: a.Status, Body: a.Body}
		}
		return err
	})
	return was, err
}

func (p *pages) Answered(ctx context.Context, person, key string, a web.Answer) error {
	return withStore(ctx, p.o.State, p.o.DB, func(s *relational.Store) error {
		return s.Answered(ctx, person, key, relational.Answer{Asked: a.Asked, Status: a.Status, Body: a.Body})
	})
}

// none says in the words of the pages that there is no such thing.
func none(err error) error {
	if errors.Is(err, run.ErrNone) {
		return web.ErrNone
	}
	return err
}
