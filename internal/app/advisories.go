package app

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"holdfast.example/holdfast/catalog"
	"holdfast.example/holdfast/internal/advisory"
	"holdfast.example/holdfast/internal/store/relational"
	"holdfast.example/holdfast/internal/subject/all"
	"holdfast.example/holdfast/internal/subject/components"
	"holdfast.example/holdfast/internal/subject/linuxhost"
	"holdfast.example/holdfast/internal/vuln"
	"holdfast.example/holdfast/internal/vuln/version"
)

// orders gives the order of versions of an ecosystem.
func orders(ecosystem string) (vuln.Order, bool) {
	o, ok := version.For(ecosystem)
	return o, ok
}

// advisoryStore is where the advisories of a state folder lie.
func advisoryStore(stateFlag string) (*advisory.Store, error) {
	state, err := StateDir(stateFlag)
	if err != nil {
		return nil, err
	}
	return advisory.At(filepath.Join(state, "advisories"), orders), nil
}

// errNoAdvisories says that none were imported; who says so says also what to do.
var errNoAdvisories = errors.New("no advisories are here")

// know opens the advisories. Without any, what is vulnerable is unknown.
func (w *world) know(ctx context.Context, store *relational.Store, state string, now time.Time) error {
	w.advisories, w.forget = &advisories{missing: errNoAdvisories}, func() {}
	if !w.judges("vulnerabilities") {
		return nil
	}
	kept := advisory.At(filepath.Join(state, "advisories"), orders)
	ix, err := kept.Index(ctx, now)
	switch {
	case errors.Is(err, advisory.ErrEmpty):
		return nil
	case err != nil:
		w.advisories.missing = err
		w.warnings = append(w.warnings, "advisories: "+err.Error())
		return nil
	}
	names, err := store.Names(ctx)
	if err != nil {
		ix.Close()
		return err
	}
	stale, err := staleness(ix.Feeds(), now)
	if err != nil {
		ix.Close()
		return err
	}
	a := &advisories{Source: ix, names: names, stale: stale, edition: edition(ix.Feeds()), damage: ix.Err}
	a.ends = ends{of: ix.EOL, day: now}
	if err := stale(advisory.EOL); err != nil {
		a.ends.stale = errors.New("the dates of endoflife.date are missing or too old")
	}
	a.renew = func() error {
		if err := kept.Rebuild(ctx, now); err != nil {
			return err
		}
		again, err := kept.Index(ctx, now)
		if err != nil {
			return err
		}
		ix.Close()
		ix = again
		a.Source, a.damage, a.ends.of = again, again.Err, again.EOL
		return nil
	}
	w.advisories, w.forget = a, func() { ix.Close() }
	return nil
}

// edition names what the feeds hold: when each last changed.
func edition(feeds []advisory.Feed) string {
	var b strings.Builder
	for _, f := range feeds {
		fmt.Fprintf(&b, "%s %s;", f.Name, f.Imported.Format(time.RFC3339Nano))
	}
	return b.String()
}

// staleness tells for an ecosystem why nothing found means nothing: its feed is missing or too old.
func staleness(feeds []advisory.Feed, now time.Time) (func(ecosystem string) error, error) {
	origins, err := advisory.LoadOrigins(catalog.FS)
	if err != nil {
		return nil, err
	}
	at := map[string]advisory.Feed{}
	for _, f := range feeds {
		at[f.Name] = f
	}
	return func(ecosystem string) error {
		base := vuln.Base(ecosystem)
		f, ok := at[base]
		if !ok || f.Records == 0 {
			return fmt.Errorf("there are none of %s", base)
		}
		if age, limit, stale := origins.Stale(f, now); stale {
			return fmt.Errorf("those of %s are %s old, and may be %s", base, hours(age), hours(limit))
		}
		return nil
	}, nil
}

// fetching says by which command the advisories of ecosystems come, and roughly how much that loads.
func fetching(ecosystems []string) string {
	const command = "holdfast advisory update"
	origins, err := advisory.LoadOrigins(catalog.FS)
	if err != nil {
		return command
	}
	feeds := []string{}
	for _, e := range ecosystems {
		if base := vuln.Base(e); !slices.Contains(feeds, base) {
			feeds = append(feeds, base)
		}
	}
	slices.Sort(feeds)
	if mb := origins.Size(append(slices.Clone(feeds), advisory.KEV, advisory.EPSS, advisory.EOL)); mb > 0 && len(feeds) > 0 {
		return fmt.Sprintf("%s (some %d MB: %s, and the lists of what is exploited, likely and past its end)", command, mb, strings.Join(feeds, ", "))
	}
	return command
}

// hours tells an age as people say it.
func hours(d time.Duration) string {
	if d >= 72*time.Hour {
		return fmt.Sprintf("%d days", int(d.Hours()/24))
	}
	return fmt.Sprintf("%d hours", int(d.Hours()))
}

// What imports and updates of advisories tell.
type (
	AdvisoryImport = advisory.Result
	AdvisoryUpdate = advisory.Updated
)

// ImportAdvisories takes advisories from a file or folder. AsOf tells how current it is; zero: as its newest record.
func ImportAdvisories(ctx context.Context, stateFlag, path string, asOf time.Time, waiting func(holder string)) (*AdvisoryImport, error) {
	store, err := advisoryStore(stateFlag)
	if err != nil {
		return nil, err
	}
	return store.Import(ctx, path, time.Now(), advisory.Options{AsOf: asOf, Waiting: waiting})
}

// AdvisoryFeed is a feed with its age.
type AdvisoryFeed struct {
	advisory.Feed
	AgeHours   int    `json:"age_hours"`
	LimitHours int    `json:"limit_hours"`
	Stale      bool   `json:"stale"` // older than it may be: that nothing is found means nothing
	For        string `json:"for"`
}

// AdvisoryFeeds tells what is here; none is no error.
func AdvisoryFeeds(stateFlag string, now time.Time) ([]AdvisoryFeed, error) {
	store, err := advisoryStore(stateFlag)
	if err != nil {
		return nil, err
	}
	origins, err := advisory.LoadOrigins(catalog.FS)
	if err != nil {
		return nil, err
	}
	feeds, err := store.Feeds()
	if err != nil && !errors.Is(err, advisory.ErrEmpty) {
		return nil, err
	}
	out := []AdvisoryFeed{}
	for _, f := range feeds {
		age, limit, stale := origins.Stale(f, now)
		out = append(out, AdvisoryFeed{f, int(age.Hours()), int(limit.Hours()), stale, origins.Of(f.Name).For})
	}
	return out, nil
}

// UpdateOptions say what an update of advisories fetches.
type UpdateOptions struct {
	State, DB string
	Feeds     []string // none: what was seen here, and the lists for all
	Mirror    string   // address under which the feeds lie in place of their origins
	Version   string
	Waiting   func(holder string)
	Progress  func(feed string, got, of int64)
}

// UpdateAdvisories fetches the feeds of the ecosystems that were seen here, with what is known of exploitation and of
// the end of products.
func UpdateAdvisories(ctx context.Context, o UpdateOptions) ([]AdvisoryUpdate, *AdvisoryImport, error) {
	store, err := advisoryStore(o.State)
	if err != nil {
		return nil, nil, err
	}
	origins, err := advisory.LoadOrigins(catalog.FS)
	if err != nil {
		return nil, nil, err
	}
	if o.Mirror != "" {
		base := strings.TrimSuffix(o.Mirror, "/")
		for i := range origins {
			at, err := url.Parse(origins[i].URL)
			if err != nil {
				return nil, nil, err
			}
			origins[i].URL = base + "/" + path.Base(at.Path)
			if origins[i].Feed == advisory.OSV {
				origins[i].URL = base + "/{ecosystem}/all.zip"
			}
		}
	}
	if len(o.Feeds) == 0 {
		if o.Feeds, err = feedsSeen(ctx, o.State, o.DB, store); err != nil {
			return nil, nil, err
		}
	}
	return store.Update(ctx, time.Now(), advisory.Plan{Feeds: o.Feeds, Origins: origins, Agent: "Holdfast/" + o.Version, Waiting: o.Waiting, Grew: o.Progress})
}

// feedsSeen are the ecosystems of what was assessed and of what is here already, and the lists.
func feedsSeen(ctx context.Context, stateFlag, db string, store *advisory.Store) ([]string, error) {
	state, err := StateDir(stateFlag)
	if err != nil {
		return nil, err
	}
	s, err := openStore(ctx, state, db)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	hosts, err := s.Latest(ctx, linuxhost.Fact{}.Kind().String(), time.Now(), (&world{sources: all.Sources()}).decode)
	if err != nil {
		return nil, err
	}
	out := []string{advisory.KEV, advisory.EPSS, advisory.EOL}
	add := func(name string) {
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	for _, o := range hosts {
		if f, ok := o.Fact.(linuxhost.Fact); ok {
			if ecosystem, known := vuln.OfRelease(f.OS.ID, f.OS.Version); known {
				add(vuln.Base(ecosystem))
			}
		}
	}
	listed, err := s.Latest(ctx, components.Fact{}.Kind().String(), time.Now(), (&world{}).decode)
	if err != nil {
		return nil, err
	}
	for _, o := range listed {
		if f, ok := o.Fact.(components.Fact); ok {
			for _, p := range f.Packages {
				add(vuln.Base(p.Ecosystem))
			}
		}
	}
	feeds, err := store.Feeds()
	if err != nil && !errors.Is(err, advisory.ErrEmpty) {
		return nil, err
	}
	for _, f := range feeds {
		add(f.Name)
	}
	if len(out) == 3 {
		return nil, &UsageError{"nothing was assessed here yet, so nobody knows which ecosystems matter: holdfast assess, or name them: holdfast advisory update Debian npm"}
	}
	return out, nil
}
