package estate

import (
	"path"
	"reflect"
	"slices"
	"strings"
)

// Parse reads and checks the files of one estate. It tells all problems at once, sorted by file,
// line and column. The estate is nil when one of them is more than a warning.
func Parse(files []File, opts Options) (*Estate, []Problem) {
	if len(files) == 0 {
		return nil, []Problem{{File: "estate", Line: 1, Column: 1, Text: "there is no file to read"}}
	}
	files = slices.Clone(files)
	slices.SortStableFunc(files, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	d := &decoder{opts: opts, files: files, plans: plans{}, names: map[string]map[string]pos{}}
	e := &Estate{}
	l := &loader{decoder: d, sections: d.plans.of(reflect.TypeFor[Estate]()), roots: make([]*node, len(files))}
	l.parts = make([][]part, len(l.sections.fields))
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
	sections *plan
	roots    []*node
	parts    [][]part // by field of Estate
	broken   bool     // a file could not be read at all, so what it declares is not known
}

// part is what one file says on a section. Several entries of a list lie in one part.
type part struct {
	file  int32
	key   *node // nil in a file that holds entries only
	value *node
}

// read takes one file apart into sections.
func (l *loader) read(i int32) {
	l.file = i
	root, err := readTree(l.files[i].Data)
	if err != nil {
		l.broken = true
		l.wrong(pos{file: i, line: int32(err.line), column: int32(err.column)}, err.text)
		return
	}
	l.roots[i] = root
	if root.kind == nullNode || root.kind == mapNode && len(root.list) == 0 {
		l.wrong(l.at(root), "the file declares nothing")
		return
	}
	if section := l.folder(l.files[i].Name); section >= 0 && !l.hasSections(root) {
		value := root
		if root.kind == mapNode {
			value = &node{kind: listNode, line: root.line, column: root.column, list: []*node{root}}
		}
		l.parts[section] = append(l.parts[section], part{i, nil, value})
		return
	}
	if root.kind != mapNode {
		l.wrong(l.at(root), "an estate file begins with its sections, such as organization: or systems:")
		return
	}
	l.pairs(root, func(key, value *node) {
		s, ok := l.sections.byName[key.text]
		if !ok {
			l.wrong(l.keyAt(key), "unknown section "+show(key.text)+didYouMean(key.text, l.sections.names()))
			return
		}
		if value.kind != nullNode {
			l.parts[s] = append(l.parts[s], part{i, key, value})
		}
	})
}

// folder tells which list the entries of a file in a folder of that name belong to, or -1.
func (l *loader) folder(name string) int {
	folder := path.Base(path.Dir(strings.ReplaceAll(name, `\`, "/")))
	if s, ok := l.sections.byName[folder]; ok && isEntries(l.sections.fields[s].typ) {
		return s
	}
	return -1
}

func isEntries(t reflect.Type) bool { return t.Kind() == reflect.Slice && isPlainStruct(t.Elem()) }

// hasSections tells a file with sections from one with an entry. The keys alone do not: an
// entry may say environments: [prod] as well.
func (l *loader) hasSections(root *node) bool {
	if root.kind != mapNode {
		return false
	}
	for i := 0; i < len(root.list); i += 2 {
		s, ok := l.sections.byName[root.list[i].text]
		value := root.list[i+1]
		switch {
		case !ok:
		case l.sections.fields[s].name == "organization":
			return true
		case isEntries(l.sections.fields[s].typ) && value.kind == listNode && len(value.list) > 0 && value.list[0].kind == mapNode:
			return true
		}
	}
	return false
}

// decode fills the estate section by section.
func (l *loader) decode(e *Estate) {
	v := reflect.ValueOf(e).Elem()
	for s := range l.sections.fields {
		f := &l.sections.fields[s]
		parts, fv := l.parts[s], v.Field(f.index)
		switch {
		case f.typ.Kind() == reflect.Slice:
			l.join(parts, fv, f)
		case len(parts) > 0:
			l.file = parts[0].file
			l.value(parts[0].value, fv, f)
			first := l.keyAt(parts[0].key)
			for _, again := range parts[1:] {
				l.file = again.file
				l.wrong(l.keyAt(again.key), f.name+": given twice; first at "+l.place(first))
			}
		case f.required && !l.broken:
			l.wrong(pos{line: 1, column: 1}, f.name+" is missing")
		}
	}
	l.fill(v, l.sections)
}

// join reads the parts of a list into one, whose memory is taken at once.
func (l *loader) join(parts []part, v reflect.Value, f *field) {
	total := 0
	for _, p := range parts {
		l.file = p.file
		if p.value.kind != listNode {
			l.wrong(l.at(p.value), f.name+": "+p.value.is()+" stands where a list is needed")
			continue
		}
		total += len(p.value.list)
	}
	if len(parts) == 0 {
		return
	}
	v.Set(reflect.MakeSlice(f.typ, total, total))
	next := 0
	for _, p := range parts {
		l.file = p.file
		for _, entry := range p.value.list {
			if p.value.kind != listNode {
				break
			}
			if entry.kind == nullNode {
				l.wrong(l.at(entry), f.name+": an entry is empty")
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
	failed := false
	for _, p := range l.problems {
		failed = failed || !p.warn
	}
	problems := l.located()
	if failed {
		return nil, problems
	}
	e.buildIndex()
	e.Digest = e.digest(l.plans)
	return e, problems
}
