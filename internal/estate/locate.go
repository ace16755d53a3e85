package estate

import "strconv"

// located turns what was found into problems, with paths. Paths are found by their place only now:
// carrying them along for every value of every estate would cost more than all else.
func (l *loader) located() []Problem {
	wanted := make([]map[pos]string, len(l.files))
	for _, p := range l.problems {
		if wanted[p.file] == nil {
			wanted[p.file] = map[pos]string{}
		}
		wanted[p.file][p.pos] = ""
	}
	for i, paths := range wanted {
		if root := l.roots[i]; root != nil && paths != nil {
			prefix := ""
			if s := l.folder(l.files[i].Name); s >= 0 && !l.hasSections(root) {
				prefix = l.sections.fields[s].name
			}
			find(root, prefix, int32(i), paths)
		}
	}
	problems := make([]Problem, 0, len(l.problems))
	seen := map[Problem]bool{}
	for _, p := range l.problems {
		text := Problem{
			File: l.files[p.file].Name, Line: int(p.line), Column: int(p.column),
			Path: wanted[p.file][p.pos], Text: p.text, Warning: p.warn,
		}
		if !seen[text] {
			problems = append(problems, text)
		}
		seen[text] = true
	}
	sortProblems(problems)
	return problems
}

// find fills in the paths of the wanted places, the outermost value first.
func find(n *node, path string, file int32, wanted map[pos]string) {
	note := func(n *node, path string, isKey bool) {
		p := pos{file, n.line, n.column, isKey}
		if known, ok := wanted[p]; ok && known == "" {
			wanted[p] = path
		}
	}
	note(n, path, false)
	for i, child := range n.list {
		switch {
		case n.kind == listNode:
			find(child, path+"["+strconv.Itoa(i)+"]", file, wanted)
		case i%2 == 0:
			below := child.text
			if path != "" {
				below = path + "." + child.text
			}
			note(child, below, true)
			find(n.list[i+1], below, file, wanted)
		}
	}
}
