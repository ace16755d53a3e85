package ssh

import (
	"context"
	"errors"
	"slices"
	"strings"

	"holdfast.example/holdfast/internal/host"
)

// Limits of a search for lines.
const (
	lineBatch = 5000
	lineMax   = 100_000 // lines to look for
)

// lineScript prints the lines of files that are among the given ones: g LINES. x is a grep of those files. It writes a NUL
// behind a name where it can, else a colon.
const lineScript = prelude + timeoutScript + `Z=
grep -Z x /dev/null >/dev/null 2>&1
[ $? -lt 2 ] && Z=-Z
g() {
  printf '%s\n' "$@" | x 2>/dev/null
  printf '%s %s\n' "$N" $?
}
`

// Lines tells which of the lines stand in the files of a pattern as they are, and in which. A line break in one of them
// makes it no line.
func (tree *Tree) Lines(ctx context.Context, pattern string, among []string, found func(file, line string)) error {
	among = slices.DeleteFunc(slices.Clone(among), func(l string) bool { return l == "" || strings.ContainsAny(l, "\n\x00") })
	word, _, ok := glob("/" + pattern)
	if !ok || !host.IsPattern(pattern) {
		return errors.New("no pattern: " + pattern)
	}
	if len(among) > lineMax {
		return errors.New("too many files")
	}
	for batch := range slices.Chunk(among, lineBatch) {
		script, end := start(lineScript)
		script.WriteString("x() { $T grep -H $Z -a -x -F -f - -- " + word + "; }\ng")
		for _, l := range batch {
			script.WriteString(" " + quote(l))
		}
		script.WriteString("\n")
		r := tree.t.run(ctx, job{script: script.String(), root: tree.root, limit: 32 << 20, time: filesTime})
		in := tokens{r.stdout}
		text, err := in.until([]byte(end + " "))
		if err == nil {
			var code []byte
			// 1 is nothing found, 2 that there are no such files; a grep that ended by its time tells less than there is.
			if code, err = in.until([]byte("\n")); err == nil && len(code) > 1 {
				err = errTime
			}
		}
		if err != nil {
			if r.err != nil {
				err = r.err
			}
			return asError(trouble("", err))
		}
		for line := range strings.Lines(string(text)) {
			line = strings.TrimSuffix(line, "\n")
			file, l, ok := strings.Cut(line, "\x00")
			if !ok {
				// A name of dpkg's holds a colon itself, a line starts with a slash.
				if i := strings.Index(line, ":/"); i >= 0 {
					file, l, ok = line[:i], line[i+1:], true
				}
			}
			if ok {
				found(file, l)
			}
		}
	}
	return nil
}
