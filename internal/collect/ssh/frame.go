package ssh

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"holdfast.example/holdfast/internal/host"
)

// errFrame says that a script did not answer in its form: a shell that prints greetings, a missing
// tool, a connection cut in the middle.
var errFrame = errors.New("the answer of the remote shell is incomplete or not in the expected form")

// tokens reads what a script printed.
type tokens struct{ rest []byte }

// until gives what stands before sep, and goes behind it.
func (t *tokens) until(sep []byte) ([]byte, error) {
	before, after, ok := bytes.Cut(t.rest, sep)
	if !ok {
		return nil, errFrame
	}
	t.rest = after
	return before, nil
}

// next gives the tag and the text of the next token.
func (t *tokens) next() (tag byte, text string, err error) {
	b, err := t.until([]byte{0})
	if err != nil || len(b) == 0 {
		return 0, "", errFrame
	}
	return b[0], string(b[1:]), nil
}

// expect gives the text of the next token, which must have the tag.
func (t *tokens) expect(tag byte) (string, error) {
	got, text, err := t.next()
	if err == nil && got != tag {
		err = errFrame
	}
	return text, err
}

// list gives tokens up to the one that is the word.
func (t *tokens) list(word string) ([]string, error) {
	var out []string
	for {
		b, err := t.until([]byte{0})
		if err != nil {
			return nil, err
		}
		if string(b) == word {
			return out, nil
		}
		out = append(out, string(b))
	}
}

// status is one line of stat.
type status struct {
	ok          bool
	mode        fs.FileMode
	uid, gid    int
	size        int64
	inode, devs uint64
}

func (s status) info(p, real string) host.Info {
	return host.Info{Path: p, Real: real, Mode: s.mode, UID: s.uid, GID: s.gid, Size: s.size, Inode: s.inode, Device: s.devs}
}

// parseStatus reads "81a4 0 0 1234 5678 2049": mode in hexadecimal, owner, group, size, inode, device.
func parseStatus(line string) (status, error) {
	if strings.TrimSpace(line) == "-" {
		return status{}, nil
	}
	f := strings.Fields(line)
	if len(f) != 6 {
		return status{}, errFrame
	}
	s := status{ok: true}
	mode, err0 := strconv.ParseUint(f[0], 16, 32)
	uid, err1 := strconv.ParseUint(f[1], 10, 32)
	gid, err2 := strconv.ParseUint(f[2], 10, 32)
	var err3, err4, err5 error
	s.size, err3 = strconv.ParseInt(f[3], 10, 64)
	s.inode, err4 = strconv.ParseUint(f[4], 10, 64)
	s.devs, err5 = strconv.ParseUint(f[5], 10, 64)
	s.mode, s.uid, s.gid = fileMode(uint32(mode)), int(uid), int(gid)
	if errors.Join(err0, err1, err2, err3, err4, err5) != nil {
		return status{}, errFrame
	}
	return s, nil
}

// The bits of st_mode on Linux, which do not differ between its architectures.
const (
	typeMask = 0o170000
	typeSock = 0o140000
	typeLink = 0o120000
	typeFile = 0o100000
	typeBlk  = 0o060000
	typeDir  = 0o040000
	typeChr  = 0o020000
	typeFifo = 0o010000
)

func fileMode(m uint32) fs.FileMode {
	out := fs.FileMode(m & 0o777)
	switch m & typeMask {
	case typeSock:
		out |= fs.ModeSocket
	case typeLink:
		out |= fs.ModeSymlink
	case typeBlk:
		out |= fs.ModeDevice
	case typeDir:
		out |= fs.ModeDir
	case typeChr:
		out |= fs.ModeDevice | fs.ModeCharDevice
	case typeFifo:
		out |= fs.ModeNamedPipe
	case typeFile:
	default:
		out |= fs.ModeIrregular
	}
	if m&0o4000 != 0 {
		out |= fs.ModeSetuid
	}
	if m&0o2000 != 0 {
		out |= fs.ModeSetgid
	}
	if m&0o1000 != 0 {
		out |= fs.ModeSticky
	}
	return out
}

// sort words the type of what is not a regular file.
func sort(m fs.FileMode) string {
	switch {
	case m.IsDir():
		return "folder"
	case m&fs.ModeNamedPipe != 0:
		return "named pipe"
	case m&fs.ModeSocket != 0:
		return "socket"
	case m&fs.ModeDevice != 0:
		return "device"
	}
	return "special file"
}

// entry is one path that was found.
type entry struct {
	path string
	dir  string // its folder with links resolved, "" when that could not be told
	link bool
	live bool // of a link: it leads somewhere
}

// looked is the answer to one pattern or one folder on the way.
type looked struct {
	done    bool
	why     byte // of a pattern that found nothing: n not there, d denied, o loop of links
	many    bool
	entries []entry
	denied  []string // folders on the way that cannot be listed or entered
}

// parseLook reads the answers of lookScript to n questions. With an error come the answers before it.
func parseLook(out []byte, n int) ([]looked, error) {
	all := make([]looked, n)
	t := tokens{out}
	cur, dir, way := -1, "", ""
	spoil := func(err error) ([]looked, error) {
		if cur >= 0 {
			all[cur] = looked{}
		}
		return all, err
	}
	for {
		tag, text, err := t.next()
		if err != nil {
			return spoil(err)
		}
		if tag != 'g' && tag != '.' && cur < 0 {
			return all, errFrame
		}
		switch tag {
		case '.':
			return all, nil
		case 'g':
			i, err := strconv.Atoi(text)
			if err != nil || i != cur+1 || i >= n {
				return spoil(fmt.Errorf("%w: answer %q after %d", errFrame, clip(text, 20), cur))
			}
			cur, way = i, ""
			all[i].done = true
		case 'r':
			dir = text
		case 'p', 'l', 'x':
			all[cur].entries = append(all[cur].entries, entry{path: text, dir: dir, link: tag != 'p', live: tag == 'l'})
		case 't':
			all[cur].many = true
		case 'd':
			all[cur].denied = append(all[cur].denied, text)
		case 'w':
			way = text
		case '!':
			switch {
			case way == "" && text != "":
				all[cur].why = text[0]
			case text == "d":
				all[cur].denied = append(all[cur].denied, way)
			}
			way = ""
		default:
			return spoil(errFrame)
		}
	}
}

// parseStatuses reads the answer of s or S to one batch, a line for each path.
func parseStatuses(in *tokens, tag byte, n int) ([]status, error) {
	text, err := in.expect(tag)
	if err != nil {
		return nil, err
	}
	out := make([]status, 0, n)
	for line := range strings.Lines(text) {
		s, err := parseStatus(line)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	if len(out) != n {
		return nil, errFrame
	}
	return out, nil
}
