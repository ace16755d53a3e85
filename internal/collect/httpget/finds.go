package httpget

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"holdfast.example/holdfast/internal/subject/website"
)

// finds looks for what should not answer. An entry that a random name beside it matches too is no find: such a site
// answers alike to everything.
func (s *site) finds(ctx context.Context, f *website.Fact) error {
	name := random()
	path := func(p website.Path) string { return strings.ReplaceAll(p.Path, "{random}", name) }
	// Of each answer is kept which entries it matches, with its status: bodies are too large to keep.
	answers, alike := map[string]map[string]int{}, map[string]map[string]int{}
	var mu sync.Mutex
	var last error
	failed := 0
	var g errgroup.Group
	g.SetLimit(atOnce)
	fetch := func(into map[string]map[string]int, at string, concerned []website.Path) {
		g.Go(func() error {
			mu.Lock()
			hopeless := failed > maxFailed
			mu.Unlock()
			if hopeless {
				return nil
			}
			r, err := s.ask(ctx, http.MethodGet, s.at(at), nil)
			err = cmp.Or(err, r.cut)
			matched := map[string]int{}
			for _, p := range concerned {
				if err == nil && matches(p, r) {
					matched[p.ID] = r.status
				}
			}
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				failed, last = failed+1, err
			} else {
				into[at] = matched
			}
			return nil
		})
	}
	entries := map[string][]website.Path{}
	for _, p := range s.Paths {
		entries[path(p)] = append(entries[path(p)], p)
	}
	for at, concerned := range entries {
		fetch(answers, at, concerned)
	}
	_ = g.Wait()
	for _, p := range s.Paths {
		if _, ok := answers[path(p)]; ok {
			f.Tried++
		}
	}
	others := map[string][]website.Path{}
	for _, p := range s.Paths {
		if _, hit := answers[path(p)][p.ID]; hit && beside(p, name) != "" {
			others[beside(p, name)] = append(others[beside(p, name)], p)
		}
	}
	for at, concerned := range others {
		fetch(alike, at, concerned)
	}
	_ = g.Wait()
	for _, p := range s.Paths {
		status, hit := answers[path(p)][p.ID]
		if other := beside(p, name); hit && other != "" {
			matched, ok := alike[other]
			_, too := matched[p.ID]
			hit = ok && !too
		}
		if hit {
			f.Finds = append(f.Finds, website.Find{ID: p.ID, Path: p.Path, Status: status, Sort: p.Sort, Product: p.Product, Severity: p.Severity, Text: p.Text})
		}
	}
	if failed > 0 { // what was found stays found
		return fmt.Errorf("%d requests failed, the last one: %w", failed, last)
	}
	return nil
}

// maxFailed requests end the search: the site has had enough.
const maxFailed = 3

func matches(p website.Path, r reply) bool {
	var head strings.Builder
	_ = r.header.Write(&head)
	return p.Matches(r.status, r.header.Get("Content-Type"), head.String(), r.body)
}

// beside gives a path that nobody has and that only a site which answers alike to everything answers alike: with the
// folder and the ending of the entry's, for a handler of names that nobody has with another ending. Of the root there is none.
func beside(p website.Path, name string) string {
	path, _, _ := strings.Cut(p.Path, "?")
	switch {
	case p.Sort == "handler" && strings.Contains(path, "{random}"):
		return "/" + name + ".txt"
	case path == "/" || strings.Contains(path, "{random}"):
		return ""
	case strings.HasSuffix(path, "/"):
		return "/" + name + "/"
	}
	i := strings.LastIndexByte(path, '/') + 1
	folder, file := path[:i], path[i:]
	if strings.HasPrefix(folder, "/.") {
		folder = "/." + name + "/"
	}
	ending := ""
	if i := strings.LastIndexByte(file, '.'); i > 0 {
		ending = file[i:]
	}
	if file[0] == '.' {
		name = "." + name
	}
	return folder + name + ending
}
