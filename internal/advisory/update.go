package advisory

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// Plan is what an update fetches.
type Plan struct {
	Feeds   []string     // ecosystems as OSV names them, and kev, epss, eol
	Origins Origins      // from where
	Client  *http.Client // nil: one that follows no way from https to http
	Agent   string       // User-Agent
	Sums    bool         // ask for ADDRESS.sha256 beside each, too
	Stall   time.Duration
	Waiting Waiting
	Grew    func(feed string, got, of int64) // of is -1 when the server does not say
}

// Updated is what an update did to one feed.
type Updated struct {
	Feed      string `json:"feed"`
	URL       string `json:"url"`
	Unchanged bool   `json:"unchanged,omitempty"` // the server has no other edition than the one that is here
	Bytes     int64  `json:"bytes,omitempty"`
	Err       error  `json:"-"`
}

// Update fetches feeds and imports what changed. A feed that fails keeps what it has and stands in the error; the
// others go on. What a server no longer has of an ecosystem is gone here, too.
func (s *Store) Update(ctx context.Context, now time.Time, p Plan) ([]Updated, *Result, error) {
	release, err := s.lock(ctx, "update", now, p.Waiting)
	if err != nil {
		return nil, nil, err
	}
	defer release()
	m, err := s.manifest()
	if errors.Is(err, ErrEmpty) {
		m = &manifest{Feeds: map[string]*entry{}}
	} else if err != nil {
		return nil, nil, err
	}
	var out []Updated
	var got []fetched
	same := map[string]bool{}
	var errs []error
	for _, feed := range p.Feeds {
		u, f, err := s.fetch(ctx, m, feed, p)
		switch {
		case errors.Is(err, errUnchanged):
			u.Unchanged, same[feed] = true, true
		case err != nil:
			u.Err = err
			errs = append(errs, fmt.Errorf("update %s: %w", feed, err))
			if ctx.Err() != nil {
				return append(out, u), nil, errors.Join(errs...)
			}
		default:
			got = append(got, f)
		}
		out = append(out, u)
	}
	result, failed, err := s.takeAll(ctx, now, got, same)
	for feed, e := range failed {
		errs = append(errs, fmt.Errorf("update %s: %w", feed, e))
		for i := range out {
			if out[i].Feed == feed {
				out[i].Err = e
			}
		}
	}
	return out, result, errors.Join(append(errs, err)...)
}

// fetched is a feed that was downloaded and not imported yet.
type fetched struct {
	feed, path string
	edition    edition
}

func (s *Store) fetch(ctx context.Context, m *manifest, feed string, p Plan) (Updated, fetched, error) {
	o := p.Origins.Of(feed)
	u := Updated{Feed: feed, URL: o.URL}
	if feed == "" || strings.ContainsAny(feed, "/\\:\x00") || !filepath.IsLocal(feed) {
		return u, fetched{}, fmt.Errorf("%q is no feed; ecosystems are named without a release, Debian for example", feed)
	}
	at, err := url.Parse(o.URL)
	if err != nil || at.Host == "" {
		return u, fetched{}, fmt.Errorf("its address %q is none", o.URL)
	}
	d := &download{client: p.Client, agent: p.Agent, url: o.URL, limit: o.Bytes, stall: p.Stall, sums: p.Sums}
	if d.client == nil {
		d.client = &http.Client{CheckRedirect: noDowngrade}
	}
	if d.agent == "" {
		d.agent = "holdfast"
	}
	if d.stall == 0 {
		d.stall = time.Minute
	}
	if p.Grew != nil {
		d.grew = func(got, of int64) { p.Grew(feed, got, of) }
	}
	name := path.Base(at.Path)
	if name == "/" || name == "." {
		name = "list"
	}
	d.path = filepath.Join(s.path("download"), feed, name)
	if e := m.Feeds[feed]; e != nil {
		d.old = edition{e.URL, e.ETag, e.LastModified}
	}
	e, err := d.run(ctx)
	if err != nil {
		return u, fetched{}, err
	}
	if st, err := os.Stat(d.path); err == nil {
		u.Bytes = st.Size()
	}
	return u, fetched{feed, d.path, e}, nil
}

func noDowngrade(req *http.Request, via []*http.Request) error {
	if len(via) >= 10 {
		return errors.New("it leads on ten times")
	}
	if via[0].URL.Scheme == "https" && req.URL.Scheme != "https" {
		return fmt.Errorf("it leads from https to %s", req.URL.Redacted())
	}
	return nil
}

// takeAll imports downloads in one go. One that cannot be taken must leave nothing behind in the import of the others:
// then all begins again without it.
func (s *Store) takeAll(ctx context.Context, now time.Time, got []fetched, same map[string]bool) (*Result, map[string]error, error) {
	failed := map[string]error{}
	for {
		i, err := s.begin(now, Options{})
		if err != nil {
			return nil, failed, err
		}
		for feed := range same {
			i.next.Feeds[feed].Checked = now.UTC()
		}
		again := false
		for _, f := range got {
			if failed[f.feed] != nil {
				continue
			}
			i.whole[f.feed] = f.edition
			if i.only = f.feed; i.recent != f.feed {
				i.recent = ""
			}
			if err := i.take(ctx, f.path); err != nil {
				if ctx.Err() != nil {
					i.abandon()
					return nil, failed, ctx.Err()
				}
				failed[f.feed], again = err, true
			} else if i.feeds[f.feed] == nil {
				failed[f.feed], again = errors.New("what came has no records of this feed"), true
			}
			if again {
				_ = os.Remove(f.path)
				break
			}
		}
		if again {
			i.abandon()
			continue
		}
		var result *Result
		if len(i.feeds) > 0 || len(same) > 0 {
			result, err = i.finish(ctx)
		}
		i.abandon()
		if err == nil {
			for _, f := range got {
				_ = os.Remove(f.path)
				_ = os.Remove(f.path + ".json")
			}
		}
		return result, failed, err
	}
}
