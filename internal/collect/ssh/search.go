package ssh

import (
	"context"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
)

// Limits of a search. What exceeds them is a gap.
const (
	searchFound = 200_000   // files
	searchNodes = 1_000_000 // files and the folders on the way to them
	searchBytes = 64 << 20  // of the list
	searchFile  = 16 << 20  // of one file that is read whole
	searchWhole = 64 << 20  // of all of them
	searchParts = 256 << 20 // of what is read in parts
	programMax  = 4 << 30   // of a program that is looked through for a mark
	markBatch   = 100       // files of one grep
)

const searchSource = "search of the file systems"

// searchScript lists files by one find, its words following in the roots that are there. The time of find is
// set behind it. stat writes the records where find, that of busybox, cannot.
const searchScript = prelude + `T=
timeout 5 true >/dev/null 2>&1 </dev/null && T=timeout
l() {
  c=$1
  shift
  while [ $c -gt 0 ]; do
    c=$((c-1)) p=$1
    shift
    if [ -d "$p" ]; then set -- "$@" "$p"; fi
  done
  [ $# -gt 0 ] || return 0
  x "$@"
}
`

// Search lists the files that s describes, reads those that are read whole, and tells programs that hold a mark from
// others. The tree is for use until ctx ends; what could not be seen is in its Gaps.
func (t *Transport) Search(ctx context.Context, s host.Search) *Tree {
	watch, rest := context.WithCancel(ctx)
	var watching sync.WaitGroup
	watching.Go(func() { t.watch(watch) })
	defer watching.Wait()
	defer rest()
	tree := &Tree{t: t, ctx: ctx, search: s, root: !t.root() && t.sudo == sudoAll, nodes: map[string]*node{".": {name: ".", status: status{ok: true, mode: fs.ModeDir | 0o755}}}}
	tree.left.Store(searchParts)
	r := t.run(ctx, job{script: mountScript, root: tree.root, limit: 4 << 20, time: commandTime})
	if r.err != nil {
		tree.gap(trouble(searchSource, r.err))
		return tree
	}
	limit := walkTime
	if end, ok := ctx.Deadline(); ok {
		limit = min(limit, time.Until(end)*2/3)
	}
	script, word := start(searchScript)
	script.WriteString("T=${T:+$T " + strconv.Itoa(max(1, int(limit.Seconds()))) + "}\n" + searchText(s, s.Foreign(string(r.stdout))))
	r = t.run(ctx, job{script: script.String(), root: tree.root, limit: searchBytes, time: limit + commandTime})
	tree.take(r, word)
	tree.mark(ctx)
	tree.readWhole(ctx)
	return tree
}

// searchText gives the lines that start the search.
func searchText(s host.Search, foreign []string) string {
	var pass, files []string
	for _, n := range s.PassNames {
		pass = append(pass, "-name "+quote(literal(n)))
	}
	for _, e := range s.PassEnds {
		pass = append(pass, "-path "+quote("*"+literal(e)))
	}
	for _, p := range outermost(append(slices.Clone(s.PassPaths), foreign...)) {
		pass = append(pass, "-path "+quote(literal(p)))
	}
	for _, n := range s.Names {
		files = append(files, "-name "+quote(literal(n)))
	}
	for _, e := range s.Ends {
		files = append(files, "-name "+quote("*"+literal(e)))
	}
	// Most files of a tree are sources and the like: what no name that is looked for ends in is sorted out first, by few
	// comparisons, the rest where it costs a question to the file system.
	sources, program := "", ""
	for _, e := range s.Plain {
		not := " ! -name " + quote("*"+literal(e))
		if slices.ContainsFunc(append(slices.Clone(s.Names), s.Ends...), func(n string) bool { return strings.HasSuffix(n, e) }) {
			program += not
		} else {
			sources += not
		}
	}
	if len(s.Marks) > 0 {
		files = append(files, `'(' -perm -100 -o -perm -010 -o -perm -001 ')' -size +`+strconv.Itoa(host.MinProgram)+"c"+program)
	}
	// Files come before folders: find would compare each of them with the names of folders, which it takes for cheaper
	// than to look at its type.
	which := `-type f` + sources + ` '(' ` + strings.Join(files, " -o ") + ` ')'`
	rest := ""
	if len(pass) > 0 {
		rest = ` -o ! -type d -o '(' ` + strings.Join(pass, " -o ") + ` ')' -prune`
	}
	text := `x() {
  if find / -maxdepth 0 -printf '' >/dev/null 2>&1; then
    $T find -H "$@" -mindepth 1 ` + which + ` -printf "$N s %m %y %U %G %s %i %D %p $N\n"` + rest + `
  else
    $T find -H "$@" -mindepth 1 ` + which + ` -exec stat -c "$N x %f %u %g %s %i %d %n $N" '{}' +` + rest + `
  fi
}
`
	text += "l " + strconv.Itoa(len(s.Roots))
	for _, r := range s.Roots {
		text += " " + quote(path.Clean(r))
	}
	return text + "\nprintf '%s r %s\\n' \"$N\" $?\n"
}

// outermost leaves out what lies below another: it is not reached, and each costs a comparison for every folder.
func outermost(all []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(p string) bool {
		return p == "" || p == "/" || slices.ContainsFunc(all, func(o string) bool { return strings.HasPrefix(p, o+"/") })
	})
}

// take builds the tree from the answer of find. A record ends where the random word stands, which no name holds.
func (tree *Tree) take(r result, word string) {
	in, ended := tokens{r.stdout}, ""
	found, lost := 0, 0
	for ended == "" {
		if _, err := in.until([]byte(word + " ")); err != nil {
			break
		}
		kind, err := in.until([]byte(" "))
		if err != nil {
			break
		}
		if string(kind) == "r" {
			if code, err := in.until([]byte("\n")); err == nil {
				ended = string(code)
			}
			break
		}
		rest, err := in.until([]byte(" " + word + "\n"))
		if err != nil {
			break
		}
		if i, err := special(string(kind), string(rest)); err != nil {
			lost++
		} else if found++; found <= searchFound && !tree.add(i.Path, status{ok: true, mode: i.Mode, uid: i.UID, gid: i.GID, size: i.Size, inode: i.Inode, devs: i.Device}) {
			lost++
		}
	}
	denied, odd := unlisted(r.stderr)
	tree.gaps = append(tree.gaps, denied...)
	fail := func(c fact.Cause, text string) { tree.gap(&fact.Problem{Cause: c, Source: searchSource, Text: text}) }
	switch {
	case r.err != nil:
		tree.gap(trouble(searchSource, r.err))
	case ended == "124" || ended == "137" || ended == "143":
		fail(fact.TimedOut, "")
	case ended == "126" || ended == "127":
		fail(fact.Unsupported, "find cannot be run")
	case ended != "" && (odd != "" || ended != "0" && ended != "1"):
		fail(fact.Failed, "find ended by "+ended+": "+clip(odd, 200))
	case ended == "":
		tree.gap(trouble(searchSource, errFrame))
	}
	if found > searchFound {
		fail(fact.TooLarge, "more than "+strconv.Itoa(searchFound)+" files")
	}
	if lost > 0 {
		fail(fact.NotParsable, strconv.Itoa(lost)+" files of odd names")
	}
}

// unlisted reads from the words of find which folders it could not open, and what else it said. GNU's find quotes and
// escapes names, busybox's does neither. A file that went away meanwhile is nothing to speak of.
func unlisted(said string) (denied []error, odd string) {
	for line := range strings.Lines(said) {
		line = strings.TrimSuffix(line, "\n")
		p, ok := strings.CutSuffix(line, ": Permission denied")
		switch {
		case ok:
		case odd == "" && !strings.HasSuffix(line, ": No such file or directory"):
			odd = line
			continue
		default:
			continue
		}
		p = strings.TrimPrefix(p, "find: ")
		if q, ok := strings.CutPrefix(p, "'"); ok && strings.HasSuffix(q, "'") {
			p = strings.NewReplacer(`\\`, `\`, `\'`, `'`, `\n`, "\n", `\t`, "\t").Replace(strings.TrimSuffix(q, "'"))
		}
		denied = append(denied, &fs.PathError{Op: "ls", Path: p, Err: fs.ErrPermission})
	}
	return denied, odd
}
