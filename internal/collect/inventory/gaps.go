package inventory

import (
	"errors"
	"io/fs"
)

// note records why something was not looked at; the first few are kept.
func (w *walk) note(text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cuts++
	if len(w.cut) < 10 {
		w.cut = append(w.cut, text)
	}
}

// missed records that a file or a folder cannot be read; by is what would show it to root.
func (w *walk) missed(p, by string, err error) {
	var of *fs.PathError
	if p == "" && errors.As(err, &of) {
		p, by = of.Path, of.Op
	}
	text := reason(err)
	if p != "" {
		text = p + ": " + text
	}
	w.note(text)
	if errors.Is(err, fs.ErrPermission) {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.denied++; w.how == "" && p != "" {
			w.how = "sudo " + by + " " + p
		}
	}
}

// reason is an error without the path, which stands before it.
func reason(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}
