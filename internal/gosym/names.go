// Package gosym tells which packages, functions and methods are linked into a Go program, from the names that the runtime
// keeps for its traces: also those of functions that were inlined everywhere, and also in a program without a symbol table.
// It reads through an io.ReaderAt what it needs, and no more than Limit.
//
// Source: runtime/symtab.go (pcHeader) and cmd/link/internal/ld/pcln.go of Go 1.18 to 1.26; docs/design/010-go-symbols.md.
package gosym

import (
	"debug/buildinfo"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Limit is the most bytes of names that are read.
const Limit = 32 << 20

// ErrNone says that the file is no Go program whose names can be read: no ELF, older than Go 1.18, or without its table.
var ErrNone = errors.New("no table of Go's functions")

// Magic numbers of the table, by the Go release that began with it.
const (
	magic118 = 0xfffffff0
	magic120 = 0xfffffff1
)

// Of gives the set of all that is linked into a program.
func Of(r io.ReaderAt) (Set, error) {
	f, err := elf.NewFile(r)
	if err != nil {
		return nil, ErrNone
	}
	var table *elf.Section
	for _, name := range []string{".gopclntab", ".data.rel.ro.gopclntab"} { // the second of position-independent programs
		if table = f.Section(name); table != nil {
			break
		}
	}
	if table == nil {
		return nil, ErrNone
	}
	names, err := nameTable(table, f.ByteOrder, table.FileSize)
	if err != nil {
		return nil, err
	}
	main := ""
	if info, err := buildinfo.Read(r); err == nil {
		main = info.Path
	}
	return collect(string(names), main), nil
}

// nameTable reads the part of the table that holds the names, each ended by NUL.
func nameTable(r io.ReaderAt, order binary.ByteOrder, size uint64) ([]byte, error) {
	head := make([]byte, 8+8*8)
	if n, err := r.ReadAt(head, 0); n < len(head) {
		return nil, fmt.Errorf("%w: %v", ErrNone, err)
	}
	word := int(head[7])
	if magic := order.Uint32(head); magic != magic118 && magic != magic120 || head[4] != 0 || head[5] != 0 || word != 4 && word != 8 {
		return nil, ErrNone
	}
	// nfunc, nfiles, textStart, funcnameOffset, cuOffset, …
	at := func(n int) uint64 {
		if word == 4 {
			return uint64(order.Uint32(head[8+4*n:]))
		}
		return order.Uint64(head[8+8*n:])
	}
	from, to := at(3), at(4)
	if from < uint64(8+8*word) || to <= from || to > size || to-from > Limit {
		return nil, fmt.Errorf("%w: its names lie from %d to %d of %d", ErrNone, from, to, size)
	}
	out := make([]byte, to-from)
	if n, err := r.ReadAt(out, int64(from)); n < len(out) {
		return nil, fmt.Errorf("read the names of functions: %w", err)
	}
	return out, nil
}

// collect puts all that the names say into a set. The names of a main package begin with "main": they are entered by the
// path of the package, too.
func collect(names, main string) Set {
	b := newBuilder()
	for name := range strings.SplitSeq(names, "\x00") {
		path, symbol := split(name)
		if path == "" {
			continue
		}
		b.add(path, symbol)
		if path == "main" && main != "" {
			b.add(main, symbol)
		}
	}
	return b.set()
}

// split parts "golang.org/x/net/html.(*Tokenizer).Next.func1" into the path of the package and "Tokenizer.Next.func1".
// What stands in brackets are types of a generic function. The linker writes dots of the last part of a path as %2e.
func split(name string) (path, symbol string) {
	if strings.HasPrefix(name, "go:") || strings.HasPrefix(name, "type:") {
		return "", ""
	}
	for {
		i := strings.IndexByte(name, '[')
		if i < 0 {
			break
		}
		j := closing(name[i:])
		if j < 0 {
			return "", ""
		}
		name = name[:i] + name[i+j+1:]
	}
	last := strings.LastIndexByte(name, '/') + 1
	dot := strings.IndexByte(name[last:], '.')
	if dot <= 0 {
		return "", ""
	}
	path, symbol = name[:last+dot], name[last+dot+1:]
	if rest, ok := strings.CutPrefix(symbol, "(*"); ok {
		receiver, method, _ := strings.Cut(rest, ")")
		symbol = receiver + method
	}
	return unescaped(path), strings.TrimSuffix(symbol, "-fm")
}

// closing is where the bracket that a text begins with is closed.
func closing(s string) int {
	depth := 0
	for i := range len(s) {
		switch s[i] {
		case '[':
			depth++
		case ']':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

func unescaped(path string) string {
	if !strings.Contains(path, "%") {
		return path
	}
	var b strings.Builder
	for i := 0; i < len(path); i++ {
		var c byte
		if path[i] == '%' && i+2 < len(path) {
			if _, err := fmt.Sscanf(path[i+1:i+3], "%02x", &c); err == nil {
				b.WriteByte(c)
				i += 2
				continue
			}
		}
		b.WriteByte(path[i])
	}
	return b.String()
}
