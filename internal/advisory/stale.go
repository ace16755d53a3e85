package advisory

import (
	"fmt"
	"io/fs"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
)

// Origin is where a feed comes from and how old it may be.
type Origin struct {
	Feed  string `yaml:"feed"`
	URL   string `yaml:"url"` // {ecosystem} stands for the name of one
	Limit Limit  `yaml:"limit"`
	Bytes int64  `yaml:"bytes"` // the most that is downloaded
	For   string `yaml:"for"`

	Sizes map[string]int `yaml:"sizes"` // MB of a download, roughly, by ecosystem or feed
}

// Limit is a time as it stands in the catalogue: 48h.
type Limit time.Duration

// UnmarshalYAML reads a time of an hour or more.
func (l *Limit) UnmarshalYAML(data []byte) error {
	d, err := time.ParseDuration(strings.TrimSpace(string(data)))
	if err != nil || d < time.Hour {
		return fmt.Errorf("%q is no time of an hour or more, like 48h", data)
	}
	*l = Limit(d)
	return nil
}

// Origins say where all feeds come from.
type Origins []Origin

// OSV is the name under which all ecosystems stand in the catalogue.
const OSV = "osv"

// LoadOrigins reads advisories.yaml of the catalogue. All four feeds have to be there.
func LoadOrigins(catalogue fs.FS) (Origins, error) {
	const name = "advisories.yaml"
	data, err := fs.ReadFile(catalogue, name)
	if err != nil {
		return nil, err
	}
	var list Origins
	if err := yaml.UnmarshalWithOptions(data, &list, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("catalog/%s: %w", name, err)
	}
	var seen []string
	for _, o := range list {
		u, err := url.Parse(o.URL)
		switch {
		case !slices.Contains([]string{OSV, KEV, EPSS, EOL}, o.Feed):
			err = fmt.Errorf("no such feed, want one of osv, kev, epss, eol")
		case slices.Contains(seen, o.Feed):
			err = fmt.Errorf("stands there twice")
		case err != nil || u.Scheme != "https" || u.Host == "":
			err = fmt.Errorf("url %q is none of https", o.URL)
		case strings.Contains(o.URL, "{ecosystem}") != (o.Feed == OSV):
			err = fmt.Errorf("{ecosystem} belongs to the url of osv, and there only")
		case o.Limit == 0 || o.Bytes <= 0 || o.For == "":
			err = fmt.Errorf("limit, bytes and for are needed")
		}
		if err != nil {
			return nil, fmt.Errorf("catalog/%s: feed %q: %w", name, o.Feed, err)
		}
		seen = append(seen, o.Feed)
	}
	if len(seen) != 4 {
		return nil, fmt.Errorf("catalog/%s: it has %v, want osv, kev, epss and eol", name, seen)
	}
	return list, nil
}

// Of gives the origin of a feed; every one that has no own is an ecosystem.
func (o Origins) Of(feed string) Origin {
	i := slices.IndexFunc(o, func(x Origin) bool { return x.Feed == feed })
	if i < 0 {
		i = slices.IndexFunc(o, func(x Origin) bool { return x.Feed == OSV })
	}
	if i < 0 {
		return Origin{}
	}
	out := o[i]
	out.URL = strings.ReplaceAll(out.URL, "{ecosystem}", url.PathEscape(feed))
	return out
}

// Size is roughly what the download of feeds takes, in MB; of those whose size nobody wrote down, nothing.
func (o Origins) Size(feeds []string) (mb int) {
	for _, f := range feeds {
		mb += o.Of(f).Sizes[f]
	}
	return mb
}

// Stale tells how old a feed is and whether it is older than it may be: then that nothing is found means nothing. Age
// counts from when the server was asked. Two things can be older than that: what came from a file is as old as its
// newest record, and the scores of EPSS are of one day each, also on a mirror that stands still.
func (o Origins) Stale(f Feed, now time.Time) (age, limit time.Duration, stale bool) {
	age, limit = now.Sub(f.Checked), time.Duration(o.Of(f.Name).Limit)
	if (f.Offline || f.Name == EPSS) && !f.Modified.IsZero() {
		age = max(age, now.Sub(f.Modified))
	}
	return age, limit, age > limit
}
