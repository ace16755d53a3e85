package estate

import (
	"bytes"
	"fmt"
	"strconv"
	"unicode/utf8"

	"holdfast.example/holdfast/internal/estate/tree"
)

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
				prefix = l.sections.Fields[s].Name
				if root.Kind == tree.Map {
					prefix += "[0]"
				}
			}
			find(root, prefix, int32(i), paths)
		}
	}
	problems, ends := make([]Problem, 0, len(l.problems)), make([][]int, len(l.files))
	seen := map[Problem]bool{}
	for _, p := range l.problems {
		text := Problem{
			File: l.files[p.file].Name, Line: int(p.line), Column: int(p.column),
			Path: wanted[p.file][p.pos], Text: p.text, Warning: p.warn,
		}
		if ends[p.file] == nil {
			ends[p.file] = lineEnds(l.files[p.file].Data)
		}
		// The lexer may place the end of a broken file on a line behind it.
		text.Line = min(max(text.Line, 1), len(ends[p.file]))
		text.Column = min(max(text.Column, 1), ends[p.file][text.Line-1])
		if !seen[text] {
			problems = append(problems, text)
		}
		seen[text] = true
	}
	sortProblems(problems)
	if l.untold > 0 {
		end := problems[len(problems)-1]
		end.Path, end.Text, end.Warning = "", fmt.Sprintf("%d more problems are not listed", l.untold), !l.failed
		problems = append(problems, end)
	}
	return problems
}

// find fills in the paths of the wanted places, the outermost value first.
func find(n *tree.Node, path string, file int32, wanted map[pos]string) {
	note := func(n *tree.Node, path string, isKey bool) {
		p := pos{file, n.Line, n.Column, isKey}
		if known, ok := wanted[p]; ok && known == "" {
			wanted[p] = path
		}
	}
	note(n, path, false)
	for i, child := range n.List {
		switch {
		case n.Kind == tree.List:
			find(child, path+"["+strconv.Itoa(i)+"]", file, wanted)
		case i%2 == 0:
			below := child.Text
			if path != "" {
				below = path + "." + child.Text
			}
			note(child, below, true)
			find(n.List[i+1], below, file, wanted)
		}
	}
}

// lineEnds are the columns behind the last character of each line.
func lineEnds(data []byte) []int {
	var ends []int
	for line := range bytes.SplitSeq(data, []byte("\n")) {
		ends = append(ends, utf8.RuneCount(line)+1)
	}
	return ends
}
