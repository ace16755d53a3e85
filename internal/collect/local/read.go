package local

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"
	"syscall"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
)

// readFile reads at most max bytes of a regular file. A larger file is a problem, never a cut.
func readFile(t tree, p string, max int64) host.File {
	if max <= 0 {
		max = host.MaxFile
	}
	out := host.File{Info: host.Info{Path: p, Real: p}}
	f, real, err := t.open(p)
	if err != nil {
		out.Err = problem(p, err)
		return out
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		out.Err = problem(p, err)
		return out
	}
	out.Info = info(p, real, st)
	if !st.Mode().IsRegular() {
		out.Err = &fact.Problem{Cause: fact.NotRegular, Source: p, Text: "it is a " + sort(st.Mode())}
		return out
	}
	data, err := io.ReadAll(io.LimitReader(f, max+1))
	switch {
	case err != nil:
		out.Err = problem(p, err)
	case int64(len(data)) > max:
		out.Err = &fact.Problem{Cause: fact.TooLarge, Source: p, Text: "more than " + strconv.FormatInt(max>>10, 10) + " KiB"}
	default:
		out.Data = data
	}
	return out
}

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

// problem turns an error of the file system into a Problem with its cause.
func problem(p string, err error) *fact.Problem {
	out := &fact.Problem{Cause: fact.Failed, Source: p}
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.ESRCH):
		out.Cause = fact.NotFound
	case errors.Is(err, fs.ErrPermission):
		out.Cause, out.How = fact.Denied, "sudo cat "+p
	case errors.Is(err, errOutside), strings.Contains(err.Error(), "escapes from parent"):
		out.Cause = fact.Outside
	case isLoop(err):
		out.Text = "a loop of symbolic links"
	default:
		var pe *os.PathError
		if errors.As(err, &pe) {
			err = pe.Err
		}
		out.Text = err.Error()
	}
	return out
}

func isLoop(err error) bool { return errors.Is(err, errLoop) || errors.Is(err, syscall.ELOOP) }

// glob gives the existing paths that match a pattern, in no order, at most host.MaxMatches. A
// folder that is missing matches nothing; one that cannot be listed is a problem.
func glob(t tree, pattern string) ([]string, *fact.Problem) {
	if !host.IsPattern(pattern) {
		if _, err := t.lstat(pattern); err != nil {
			p := problem(pattern, err)
			if p.Cause == fact.NotFound {
				return nil, nil
			}
			return nil, p
		}
		return []string{pattern}, nil
	}
	found := []string{"/"}
	var denied *fact.Problem
	for _, part := range strings.Split(strings.Trim(pattern, "/"), "/") {
		var next []string
		for _, dir := range found {
			if !host.IsPattern(part) {
				p := path.Join(dir, part)
				_, err := t.lstat(p)
				if err == nil {
					next = append(next, p)
				} else if p := problem(p, err); p.Cause != fact.NotFound && !isLoop(err) && denied == nil {
					denied = p // through a loop of links there is nothing to see
				}
				continue
			}
			names, err := t.names(dir)
			if err != nil {
				if p := problem(dir, err); p.Cause != fact.NotFound && denied == nil {
					denied = p
				}
				continue
			}
			for _, n := range names {
				if strings.HasPrefix(n, ".") && !strings.HasPrefix(part, ".") {
					continue
				}
				if ok, _ := path.Match(part, n); ok {
					next = append(next, path.Join(dir, n))
				}
			}
			if len(next) > host.MaxMatches {
				return nil, &fact.Problem{Cause: fact.TooLarge, Source: pattern, Text: "matches more than " + strconv.Itoa(host.MaxMatches) + " paths"}
			}
		}
		found = next
	}
	return found, denied
}
