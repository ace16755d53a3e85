package estate

import (
	"path"
	"reflect"
	"slices"
	"strings"

	"holdfast.example/holdfast/internal/estate/grammar"
	"holdfast.example/holdfast/internal/estate/scalar"
	"holdfast.example/holdfast/internal/estate/tree"
)

// Parse reads and checks the files of one estate. It tells all problems at once, sorted by file,
// line and column. The estate is nil when one of them is more than a warning.
func Parse(files []File, opts Options) (*Estate, []Problem) {
	if len(files) == 0 {
		return nil, []Problem{{File: "estate", Line: 1, Column: 1, Text: "there is no file to read"}}
	}
	files = slices.Clone(files)
	slices.SortStableFunc(files, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	d := &decoder{opts: opts, files: files, plans: grammar.Plans{}, names: map[string]map[string]pos{}, placed: map[reflect.Type]int{}}
	e := &Estate{}
	l := &loader{decoder: d, sections: d.plans.Of(reflect.TypeFor[Estate]()), roots: make([]*tree.Node, len(files))}
	l.parts = make([][]part, len(l.sections.Fields))
	for i := range files {
		l.read(int32(i))
	}
	l.decode(e)
	if !l.broken {
		d.resolve(e)
	}
	return l.result(e)
}

// loader brings the sections of all files together.
type loader struct {
	*decoder
	sections *grammar.Plan
	roots    []*tree.Node
	parts    [][]part // by field of Estate
	broken   bool     // a file could not be read at all, so what it declares is not known
}

// part is what one file says on a section. Several entries of a list lie in one part.
type part struct {
	file  int32
	key   *tree.Node // nil in a file that holds entries only
	value *tree.Node
}

// read takes one file apart into sections.
func (l *loader) read(i int32) {
	l.file = i
	root, err := tree.Read(l.files[i].Data)
	if err != nil {
		l.broken = true
		l.wrong(pos{file: i, line: int32(err.Line), column: int32(err.Column)}, err.Text)
		return
	}
	l.roots[i] = root
	if root.Kind == tree.Null || root.Kind == tree.Map && len(root.List) == 0 {
		l.wrong(l.at(root), "the file declares nothing")
		return
	}
	if section := l.folder(l.files[i].Name); section >= 0 && !l.hasSections(root) {
		value := root
		if root.Kind == tree.Map {
			value = &tree.Node{Kind: tree.List, Line: root.Line, Column: root.Column, List: []*tree.Node{root}}
		}
		l.parts[section] = append(l.parts[section], part{i, nil, value})
		return
	}
	if root.Kind != tree.Map {
		l.wrong(l.at(root), "an estate file begins with its sections, such as organization: or systems:")
		return
	}
	l.pairs(root, func(key, value *tree.Node) {
		s, ok := l.sections.ByName[key.Text]
		if !ok {
			l.wrong(l.keyAt(key), "unknown section "+scalar.Quote(key.Text)+l.didYouMean(key.Text, l.sections.Names()))
			return
		}
		if value.Kind != tree.Null {
			l.parts[s] = append(l.parts[s], part{i, key, value})
		}
	})
}

// folder tells which list the entries of a file in a folder of that name belong to, or -1.
func (l *loader) folder(name string) int {
	folder := path.Base(path.Dir(strings.ReplaceAll(name, `\`, "/")))
	if s, ok := l.sections.ByName[folder]; ok && grammar.IsEntries(l.sections.Fields[s].Type) {
		return s
	}
	return -1
}

// hasSections tells a file with sections from one with an entry. The keys alone do not: an
// entry may say environments: [prod] as well.
func (l *loader) hasSections(root *tree.Node) bool {
	if root.Kind != tree.Map {
		return false
	}
	for i := 0; i < len(root.List); i += 2 {
		s, ok := l.sections.ByName[root.List[i].Text]
		value := root.List[i+1]
		switch {
		case !ok:
		case l.sections.Fields[s].Name == "organization":
			return true
		case grammar.IsEntries(l.sections.Fields[s].Type) && value.Kind == tree.List && len(value.List) > 0 && value.List[0].Kind == tree.Map:
			return true
		}
	}
	return false
}

// decode fills the estate section by section.
func (l *loader) decode(e *Estate) {
	v := reflect.ValueOf(e).Elem()
	for s := range l.sections.Fields {
		f := &l.sections.Fields[s]
		parts, fv := l.parts[s], v.Field(f.Index)
		switch {
		case f.Type.Kind() == reflect.Slice:
			l.join(parts, fv, f)
		case len(parts) > 0:
			l.file = parts[0].file
			l.value(parts[0].value, fv, f)
			first := l.keyAt(parts[0].key)
			for _, again := range parts[1:] {
				l.file = again.file
				l.wrong(l.keyAt(again.key), f.Name+": given twice; first at "+l.place(first))
			}
		case f.Required && !l.broken:
			l.wrong(pos{line: 1, column: 1}, f.Name+" is missing")
		}
	}
	l.fill(v, l.sections)
}

// join reads the parts of a list into one, whose memory is taken at once.
func (l *loader) join(parts []part, v reflect.Value, f *grammar.Field) {
	total := 0
	for _, p := range parts {
		l.file = p.file
		if p.value.Kind != tree.List {
			l.wrong(l.at(p.value), f.Name+": "+p.value.Is()+" stands where a list is needed")
			continue
		}
		total += len(p.value.List)
	}
	if len(parts) == 0 {
		return
	}
	v.Set(reflect.MakeSlice(f.Type, total, total))
	next := 0
	for _, p := range parts {
		l.file = p.file
		for _, entry := range p.value.List {
			if p.value.Kind != tree.List {
				break
			}
			if entry.Kind == tree.Null {
				l.wrong(l.at(entry), f.Name+": an entry is empty")
			}
			element := v.Index(next)
			l.owner = element.Addr().Interface()
			l.value(entry, element, f)
			next++
		}
	}
	l.owner = nil
}

func (l *loader) result(e *Estate) (*Estate, []Problem) {
	problems := l.located()
	if l.failed {
		return nil, problems
	}
	e.buildIndex()
	e.Digest = e.digest(l.plans)
	return e, problems
}
