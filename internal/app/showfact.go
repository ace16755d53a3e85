package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"holdfast.example/holdfast/internal/estate"
	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
	"holdfast.example/holdfast/internal/subject/all"
)

// ShowFact writes the fact of one kind of each target as JSON, for whoever writes a check of their
// own. Its fingerprints are made with the key of the state folder, as in every assessment.
func ShowFact(ctx context.Context, w io.Writer, o Options, kind string) error {
	var source *host.Source
	var kinds []string
	for _, s := range all.Sources() {
		kinds = append(kinds, s.Kind.Name)
		if s.Kind.Name == kind {
			source = &s
		}
	}
	if source == nil {
		text := fmt.Sprintf("--fact %s: there is no such kind", kind)
		if n := estate.Nearest(kind, kinds); n != "" {
			text += fmt.Sprintf("; did you mean %q?", n)
		}
		return &UsageError{text}
	}
	state, err := StateDir(o.State)
	if err != nil {
		return err
	}
	key, err := loadKey(state)
	if err != nil {
		return err
	}
	wd := &world{sources: []host.Source{*source}, now: time.Now}
	targets, err := wd.hostTargets(o, "doctor --fact")
	if err != nil {
		return err
	}
	for _, t := range targets {
		l := wd.look(ctx, t, key, o.Timeout)
		if l.problem != nil {
			return fmt.Errorf("%s: %w", t.text, l.problem)
		}
		data, err := fact.Canonical(l.facts[kind])
		if err != nil {
			return err
		}
		var out bytes.Buffer
		if err := json.Indent(&out, data, "", "  "); err != nil {
			return err
		}
		fmt.Fprintln(w, out.String())
	}
	return nil
}
