package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"holdfast.example/holdfast/internal/finding"
	"holdfast.example/holdfast/internal/report"
	"holdfast.example/holdfast/internal/scanresult"
	"holdfast.example/holdfast/internal/subject/vulnerabilities"
	"holdfast.example/holdfast/internal/vuln"
)

// Told is what a document says of the open findings here.
type Told struct {
	Schema  string      `json:"schema"` // holdfast.vex/v1
	Author  string      `json:"author"`
	About   []ToldAbout `json:"about"`
	Nowhere int         `json:"nowhere"` // statements about what is not open here, or is part of another product
	Others  int         `json:"others"`  // statements of another kind
}

// ToldAbout is a finding of which somebody says that it is no fault.
type ToldAbout struct {
	Finding string `json:"finding"`
	Subject string `json:"subject"`
	Detail  string `json:"detail"`
	Reason  string `json:"reason"` // who says so, and why
	New     bool   `json:"new"`    // it was not told before
}

// ReadVEX writes into the history of open findings what a document says against them. It settles nothing: a vendor's word
// is evidence for a decision, which a person asks for and another one takes.
func ReadVEX(ctx context.Context, o ImportOptions) (*Told, error) {
	in := o.Stdin
	if o.File != "-" {
		f, err := os.Open(o.File)
		if err != nil {
			return nil, &UsageError{"read statements: " + err.Error()}
		}
		defer f.Close()
		in = f
	}
	data, err := io.ReadAll(io.LimitReader(in, 257<<20)) // what is longer is refused by the parser
	if err != nil {
		return nil, &UsageError{"read statements: " + err.Error()}
	}
	v, err := scanresult.ParseVEX(data)
	if err != nil {
		return nil, &UsageError{"read statements " + o.File + ": " + err.Error()}
	}
	d, err := openDesk(ctx, o.State, o.DB, o.Estate, nil, time.Now())
	if err != nil {
		return nil, err
	}
	defer d.store.Close()
	names, err := d.store.Names(ctx)
	if err != nil {
		return nil, err
	}
	list, err := d.store.Findings(ctx)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(data)
	out := &Told{Schema: "holdfast.vex/v1", Author: v.Author, About: []ToldAbout{}, Others: v.Others}
	for _, s := range v.Said {
		found := false
		for _, f := range list {
			if f.State != finding.Open || f.Check != vulnerabilities.Known.ID || !speaksOf(s, f, names) {
				continue
			}
			found = true
			t := ToldAbout{Finding: f.ID, Subject: f.Subject, Detail: f.Detail, Reason: v.Author + " says that it is not affected: " + s.Why}
			_, history, err := d.store.Finding(ctx, f.ID)
			if err != nil {
				return nil, err
			}
			if t.New = !slices.ContainsFunc(history, func(e finding.Event) bool { return e.Happened == finding.Told && e.Reason == t.Reason }); t.New {
				if err := d.store.Tell(ctx, finding.Event{Finding: f.ID, At: d.now, Run: "vex " + hex.EncodeToString(sum[:6]), Happened: finding.Told, Reason: t.Reason}); err != nil {
					return nil, err
				}
			}
			out.About = append(out.About, t)
		}
		if !found {
			out.Nowhere++
		}
	}
	return out, nil
}

// speaksOf tells whether a statement is about a finding: the same vulnerability by any of its names, the same package in
// the same version where one is told, and within the subject where it is about a part of something.
func speaksOf(s scanresult.Said, f finding.Finding, names map[string]string) bool {
	flaw := flawOf(f)
	key, _, _ := strings.Cut(strings.TrimPrefix(f.Key, "vulnerability:"), "@")
	ids := append([]string{s.ID}, s.Aliases...)
	if vuln.IsCVE(s.ID) {
		ids = ids[:1] // another name may stand for several flaws
	}
	same := slices.ContainsFunc(ids, func(n string) bool {
		return n == flaw.ID || n == key || names[n] == key || slices.Contains(flaw.Aliases, n)
	})
	p := s.Package
	named := vuln.Base(p.Ecosystem) == vuln.Base(flaw.Ecosystem) && vuln.Name(p.Ecosystem, p.Name) == vuln.Name(flaw.Ecosystem, flaw.Package)
	version := p.Version == "" || strings.TrimPrefix(p.Version, "v") == strings.TrimPrefix(flaw.Version, "v")
	return same && named && version && (s.Within == "" || s.Within == report.ProductOf(f.Subject))
}
