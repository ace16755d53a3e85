package ssh

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
)

const walkSource = "walk of the file systems"

// The walk is one find from the root that does not enter what is no local storage. Names of files are
// sent only for what is reported; awk counts the rest and keeps one example for each owner, so that
// a million files are no million lines. The random word marks the lines of find: a name that holds a
// line break cannot pass for one.
const walkScript = prelude + `T=
timeout 5 true >/dev/null 2>&1 </dev/null && T='timeout 30'
set --
for p in /*; do [ -L "$p" ] || set -- "$@" "$p"; done
stat -c "$N o %u %g %n" -- "$@" 2>/dev/null
W='
r { print; if (substr($0, length($0)-31) == n) r = 0; next }
substr($0, 1, 32) != n { if (++c > 5000000) exit; next }
$2 == "r" { print; next }
$2 == "x" {
  t = substr($3, length($3)-3, 1); b = substr($3, length($3)-2, 1); o = index("2367abef", substr($3, length($3), 1))
  if (t == "8" && (o || index("456789abcdef", b)) || t == "4" && o && !index("2367abef", b)) {
    if (++f > 20000) exit
    print
    if (substr($0, length($0)-31) != n) r = 1
  }
  if (++c > 5000000) exit
  if (!(("u" $4) in s) || !(("g" $5) in s)) {
    s["u" $4]; s["g" $5]; p = $0
    for (i = 0; i < 8; i++) sub(/^[^ ]* /, "", p)
    sub(" " n "$", "", p)
    print n " o " $4 " " $5 " " p
  }
  next
}
$2 == "o" {
  if (++c > 5000000) exit
  if (!(("u" $3) in s) || !(("g" $4) in s)) { s["u" $3]; s["g" $4]; print }
  next
}
$2 == "s" { if (++f > 20000) exit; print; if (substr($0, length($0)-31) != n) r = 1 }
END { print n " c " c + 0 }'
`

// walk reports files with special permissions and the owners of all files.
func (t *Transport) walk(ctx context.Context) host.Special {
	root := !t.root() && t.sudo == sudoAll
	r := t.run(ctx, job{script: mountScript, root: root, limit: 4 << 20, time: commandTime})
	if r.err != nil {
		return host.Special{Err: trouble(walkSource, r.err)}
	}
	script, word := start(walkScript)
	script.WriteString(walkText(foreign(string(r.stdout)), t.deep))
	r = t.run(ctx, job{script: script.String(), root: root, limit: 32 << 20, time: walkTime + commandTime})
	s, err := parseWalk(r.stdout, r.stderr, word)
	s.Whole = t.deep
	switch {
	case r.err != nil:
		s.Err = trouble(walkSource, r.err)
	case err != nil:
		s.Err = trouble(walkSource, err)
	}
	return s
}

// walkText gives the line that starts the walk; skip are folders not to enter, whose content belongs
// to another machine or to the kernel. A bulky folder is looked at, and not entered.
func walkText(skip []string, deep bool) string {
	foreign, bulky := "", ""
	if len(skip) > 0 {
		var tests []string
		for _, p := range skip {
			tests = append(tests, "-path "+quote(literal(p)))
		}
		foreign = `'(' ` + strings.Join(tests, " -o ") + ` ')' -prune -o`
	}
	if !deep {
		bulky = `'(' -type d '(' ` + strings.Join(bulk(), " -o ") + ` ')' -prune -o ! -name '' ')'`
	}
	which := foreign + " " + bulky
	return `{
if find / -maxdepth 0 -printf '' >/dev/null 2>&1; then
  $T find / -mindepth 1 ` + which + ` ! -type l '(' -uid 0 -gid 0 -printf '\n' -o -printf "$N o %U %G %p\n" ')' \
    '(' -type f -perm /6002 -o -type d -perm -0002 ! -perm -1000 ')' -printf "$N s %m %y %U %G %s %i %D %p $N\n"
else
  $T find / -mindepth 1 ` + which + ` ! -type l -exec stat -c "$N x %f %u %g %s %i %d %n $N" {} +
fi </dev/null
printf '%s r %s\n' "$N" $?
} | awk -v "n=$N" "$W"
`
}

// literal is a pattern of find that means p and nothing else.
func literal(p string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(p)
}

// bulk says to find what host.Bulky says: in its -path a star also stands for slashes.
func bulk() []string {
	var tests []string
	for _, p := range host.BulkPaths {
		tests = append(tests, "-path "+quote(p))
	}
	for _, n := range host.BulkNames {
		tests = append(tests, "-name "+quote(n))
	}
	for _, e := range host.BulkEnds {
		tests = append(tests, "-path "+quote("*"+e))
	}
	deeper := "-path " + quote(strings.Repeat("/*", host.BulkDepth+1))
	for _, p := range host.NeverBulk {
		deeper += " ! -path " + quote(p+"*")
	}
	return append(tests, deeper)
}

// foreign gives the mount points that are no local storage, from /proc/self/mountinfo. Of several
// mounts at one place the last is the one that is seen.
func foreign(mountinfo string) []string {
	var out []string
	for line := range strings.Lines(mountinfo) {
		before, after, ok := strings.Cut(line, " - ")
		fields, kind := strings.Fields(before), strings.Fields(after)
		if !ok || len(fields) < 5 || len(kind) < 1 {
			continue
		}
		p := strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(fields[4])
		out = slices.DeleteFunc(out, func(o string) bool { return o == p })
		if strings.HasPrefix(p, "/") && p != "/" && !host.LocalStorage(kind[0]) {
			out = append(out, p)
		}
	}
	// What lies below another of them is not reached, and each costs a comparison for every file.
	all := slices.Clone(out)
	return slices.DeleteFunc(out, func(p string) bool {
		return slices.ContainsFunc(all, func(o string) bool { return strings.HasPrefix(p, o+"/") })
	})
}

// parseWalk reads the records of the walk.
func parseWalk(out []byte, said, word string) (host.Special, error) {
	s := host.Special{UIDs: map[int]string{}, GIDs: map[int]string{}}
	counted, ended := false, ""
	text := string(out)
	for text != "" {
		var line string
		line, text, _ = strings.Cut(text, "\n")
		kind, rest, ok := strings.Cut(strings.TrimPrefix(line, word+" "), " ")
		if !ok || !strings.HasPrefix(line, word+" ") {
			continue
		}
		switch kind {
		case "o":
			f := strings.SplitN(rest, " ", 3)
			if len(f) != 3 {
				return s, errFrame
			}
			uid, err1 := strconv.Atoi(f[0])
			gid, err2 := strconv.Atoi(f[1])
			if errors.Join(err1, err2) != nil {
				return s, errFrame
			}
			note(s.UIDs, uid, f[2])
			note(s.GIDs, gid, f[2])
		case "s", "x":
			for !strings.HasSuffix(rest, " "+word) {
				var more string
				if text == "" {
					return s, errFrame
				}
				more, text, _ = strings.Cut(text, "\n")
				rest += "\n" + more
			}
			i, err := special(kind, strings.TrimSuffix(rest, " "+word))
			if err != nil {
				return s, err
			}
			if s.Files = append(s.Files, i); kind == "x" {
				note(s.UIDs, i.UID, i.Path)
				note(s.GIDs, i.GID, i.Path)
			}
		case "c":
			n, err := strconv.Atoi(rest)
			if err != nil {
				return s, errFrame
			}
			s.Count, counted = n, true
		case "r":
			ended = rest
		}
	}
	s.Denied = closed(said)
	slices.SortFunc(s.Files, func(a, b host.Info) int { return cmp.Compare(a.Path, b.Path) })
	switch {
	case s.Count > host.MaxWalk:
		s.Err = &fact.Problem{Cause: fact.TooLarge, Source: walkSource, Text: "more than 5 million files"}
	case len(s.Files) >= host.MaxSpecial:
		s.Err = &fact.Problem{Cause: fact.TooLarge, Source: walkSource, Text: "more than 20,000 files with special permissions"}
	case ended == "124" || ended == "137":
		s.Err = &fact.Problem{Cause: fact.TimedOut, Source: walkSource}
	case !counted || ended == "":
		return s, errFrame
	case ended == "126" || ended == "127":
		return s, fmt.Errorf("%w: find cannot be run", errFrame)
	}
	return s, nil
}

// special reads "4755 f 0 0 72704 1234 2049 /usr/bin/su" of find, or with the mode in hexadecimal and
// without type that of stat.
func special(kind, rest string) (host.Info, error) {
	if kind == "x" {
		f := strings.SplitN(rest, " ", 7)
		if len(f) != 7 {
			return host.Info{}, errFrame
		}
		s, err := parseStatus(strings.Join(f[:6], " "))
		return s.info(f[6], f[6]), err
	}
	f := strings.SplitN(rest, " ", 8)
	if len(f) != 8 {
		return host.Info{}, errFrame
	}
	mode, err := strconv.ParseUint(f[0], 8, 16)
	if err != nil {
		return host.Info{}, errFrame
	}
	bits := uint64(typeFile)
	if f[1] == "d" {
		bits = typeDir
	}
	s, err := parseStatus(strconv.FormatUint(mode|bits, 16) + " " + strings.Join(f[2:7], " "))
	return s.info(f[7], f[7]), err
}

// note keeps the smallest path as example of an owner.
func note(m map[int]string, id int, p string) {
	if old, ok := m[id]; !ok || p < old {
		m[id] = p
	}
}

// closed reads from the words of find which folders it could not open.
func closed(said string) []string {
	var out []string
	for line := range strings.Lines(said) {
		p, ok := strings.CutPrefix(strings.TrimSpace(line), "find: ")
		if !ok {
			continue
		}
		p, ok = strings.CutSuffix(p, ": Permission denied")
		if p = strings.Trim(p, `'`); ok && path.IsAbs(p) && len(out) < 20 {
			out = append(out, p)
		}
	}
	slices.Sort(out)
	return out
}
