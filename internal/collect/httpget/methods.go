package httpget

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"holdfast.example/holdfast/internal/subject/website"
)

// methods tries TRACE and TRACK, and asks which others there are.
func (s *site) methods(ctx context.Context, f *website.Fact) error {
	for _, m := range []string{"TRACE", "TRACK"} {
		mark := random()
		r, err := s.ask(ctx, m, s.URL, http.Header{"X-Holdfast": {mark}})
		if err != nil {
			return err
		}
		echo := strings.Contains(r.body, mark)
		if r.cut != nil && !echo {
			return fmt.Errorf("read the answer to %s: %w", m, r.cut)
		}
		f.Methods = append(f.Methods, website.Method{Name: m, Status: r.status, Echo: echo})
		if s.refused == nil && r.status >= 400 {
			s.refused = &website.ErrorPage{Cause: "method", Status: r.status, Tells: versions.FindString(r.body)}
		}
	}
	r, err := s.ask(ctx, http.MethodOptions, s.URL, nil)
	if err != nil {
		return err
	}
	f.Allow = allowed(append(r.header.Values("Allow"), r.header.Values("Public")...))
	if s.Write {
		return s.writers(ctx, f)
	}
	return nil
}

// allowed are the methods that Allow headers name, each once, in order of their names.
func allowed(values []string) (out []string) {
	for _, v := range values {
		for m := range strings.SplitSeq(v, ",") {
			if m = clean(strings.ToUpper(strings.TrimSpace(m))); m != "" && len(m) < 30 && !slices.Contains(out, m) && len(out) < 50 {
				out = append(out, m)
			}
		}
	}
	slices.Sort(out)
	return out
}
