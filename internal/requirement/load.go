package requirement

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sort"
	"sync"
)

// Load reads the requirements from kinds.yaml and requirements/*.yaml of the catalogue. Errors name
// file and line; all faults are reported at once, joined.
func Load(fsys fs.FS) (*Catalogue, error) {
	files, err := fs.Glob(fsys, "requirements/*.yaml")
	if err != nil {
		return nil, fmt.Errorf("list the requirements of the catalogue: %w", err)
	}
	if len(files) == 0 {
		return nil, errors.New("load the catalogue: it has no requirements/*.yaml")
	}
	// Parsing is nearly all of the time that this takes, at the start of most commands: so the files
	// are parsed side by side. They are read in order, which keeps the errors in order.
	names := append([]string{"kinds.yaml"}, files...)
	parsed := make([]parsedFile, len(names))
	var wg sync.WaitGroup
	for i, name := range names {
		wg.Go(func() { parsed[i] = parseFile(fsys, name) })
	}
	wg.Wait()
	var faults faultList
	l := loader{faults: &faults, cat: &Catalogue{byID: map[string]*Requirement{}, kinds: map[string]Kind{}}}
	for i, p := range parsed {
		switch {
		case p.err != nil:
			faults.add("%w", p.err)
		case i == 0:
			l.readKinds(node{file: p.name, ast: p.body, faults: &faults})
		default:
			l.section(node{file: p.name, ast: p.body, faults: &faults})
		}
	}
	if err := faults.err(); err != nil {
		return nil, err
	}
	sort.Slice(l.cat.all, func(i, j int) bool { return Before(l.cat.all[i].ID, l.cat.all[j].ID) })
	return l.cat, nil
}

type loader struct {
	faults *faultList
	cat    *Catalogue
}

func (l *loader) readKinds(n node) {
	for _, e := range n.entries() {
		f := e.value.fields()
		k := Kind{Name: e.key, What: f.text("what"), Collected: f.flag("collected")}
		f.done()
		if k.What == "" {
			e.value.fault("what: missing; say in words what the evidence is")
		}
		l.cat.kinds[e.key] = k
	}
}

func (l *loader) section(n node) {
	f := n.fields()
	section, title := f.text("section"), f.text("title")
	reach := Reach(f.word("scope", string(InProduction), string(InPreProduction), string(InPairs)))
	items := f.list("requirements")
	f.done()
	if section == "" || title == "" {
		n.fault("section and title: a file names its section, such as A.5.1, and its title")
	}
	for _, item := range items {
		r, at := l.requirement(item)
		r.Section = title
		if r.Reach == "" {
			r.Reach = reach
		}
		if r.Reach == "" {
			item.fault("scope: missing here and in the file; say production, preproduction or pairs")
		}
		if len(r.ID) <= len(section) || r.ID[:len(section)+1] != section+"." {
			at.fault(fmt.Sprintf("id: %q is not in section %q", r.ID, section))
		}
		if _, twice := l.cat.byID[r.ID]; twice {
			at.fault(fmt.Sprintf("id: %q stands there twice", r.ID))
			continue
		}
		l.cat.byID[r.ID] = r
		l.cat.all = append(l.cat.all, r)
	}
}

// requirement reads one entry and gives it with the place of its id.
func (l *loader) requirement(n node) (*Requirement, node) {
	f := n.fields()
	at := f.at("id")
	r := &Requirement{
		ID:        f.text("id"),
		Title:     f.text("title"),
		Level:     readLevel(f),
		From:      readClass(f),
		Reach:     Reach(f.word("scope", string(InProduction), string(InPreProduction), string(InPairs))),
		HoldsWhen: f.text("holds_when"),
		Needs:     l.needs(f),
	}
	r.NeedsEstate = f.flag("needs_estate")
	r.InternetOnly = f.word("exposure", "internet") == "internet"
	if name := f.text("applies_to"); name != "" {
		k := l.kind(f.at("applies_to"), name)
		r.AppliesTo = &k
	}
	if f.has("raised") {
		rf := f.at("raised").fields()
		r.Raised = &Raise{From: readClass(rf), Level: readLevel(rf)}
		rf.done()
		if r.Raised.Level.rank() >= r.Level.rank() {
			f.at("raised").fault("raised: must be more binding than the level of the requirement")
		}
	}
	for _, item := range f.list("parts") {
		pf := item.fields()
		p := Part{ID: pf.text("id"), Level: readLevel(pf), From: readClass(pf), Text: pf.text("text"), Needs: l.needs(pf)}
		pf.done()
		if p.ID == "" || p.Text == "" || r.part(p.ID) != nil {
			item.fault("part: id and text are needed, and the id only once")
		}
		r.Parts = append(r.Parts, p)
	}
	for _, item := range f.list("decided_by") {
		df := item.fields()
		by := df.word("by", string(ByChecks), string(ByGate), string(ByWorkflow), string(ByAttestation), string(ByNothing))
		d := Decider{By: By(by), What: df.text("what")}
		df.done()
		if d.By == "" || d.What == "" {
			item.fault("decided_by: by and what are needed")
		}
		r.DecidedBy = append(r.DecidedBy, d)
	}
	if f.has("crosswalk") {
		cf := f.at("crosswalk").fields()
		r.Crosswalk = Crosswalk{ISO27001: cf.texts("iso27001"), NIST80053: cf.texts("nist80053"), CIS8: cf.texts("cis8")}
		cf.done()
	}
	f.done()
	if r.ID == "" || r.Title == "" || r.HoldsWhen == "" || len(r.DecidedBy) == 0 || len(r.Needs) == 0 {
		n.fault("requirement: id, title, holds_when, needs and decided_by are needed")
	}
	return r, at
}

// needs reads a list of kinds of evidence, each only once.
func (l *loader) needs(f *fields) []Kind {
	var out []Kind
	for _, item := range f.list("needs") {
		k := l.kind(item, item.text())
		if slices.Contains(out, k) {
			item.fault(fmt.Sprintf("needs: %q stands there twice", k.Name))
			continue
		}
		out = append(out, k)
	}
	return out
}

func (l *loader) kind(n node, name string) Kind {
	k, ok := l.cat.kinds[name]
	if !ok {
		n.fault(fmt.Sprintf("%q is not a kind of evidence in kinds.yaml", name))
	}
	return k
}

func readLevel(f *fields) Level {
	l := f.word("level", string(Must), string(Should), string(May))
	if l == "" {
		f.node.fault("level: missing; say must, should or may")
	}
	return Level(l)
}

// readClass reads "from". Only high exists: the standard has no condition for Very High alone.
func readClass(f *fields) Class { return Class(f.word("from", string(High))) }
