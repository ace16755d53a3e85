// Package tree reads a file in the part of YAML that an estate needs: maps, lists and scalars in block
// and flow style, each with its place. Anchors, aliases, tags, merge keys and second documents are
// refused, so a file never grows while it is read.
//
// It knows nothing of what a file declares, and it does not write YAML.
package tree

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/token"
)

// The limits keep a hostile or mistaken file from costing more than an honest large one.
const (
	maxFile  = 8 << 20
	maxDepth = 32
	maxParts = 2_500_000
)

// Kind is what stands at a place of a file.
type Kind uint8

const (
	Null Kind = iota
	Text
	List
	Map
)

// Node is a value of a file with its place; lines and columns count from 1, columns in characters. A
// map keeps its keys and values in turn in List, in the order of the file, with duplicates.
type Node struct {
	Kind   Kind
	Quoted bool
	Line   int32
	Column int32
	Text   string
	List   []*Node
}

// Get returns the value under key, or nil.
func (n *Node) Get(key string) *Node {
	if n == nil || n.Kind != Map {
		return nil
	}
	for i := 0; i < len(n.List); i += 2 {
		if n.List[i].Text == key {
			return n.List[i+1]
		}
	}
	return nil
}

// Is names the kind as a sentence needs it.
func (n *Node) Is() string {
	switch n.Kind {
	case List:
		return "a list"
	case Map:
		return "a map"
	case Null:
		return "nothing"
	default:
		return "a single value"
	}
}

// Error is what stops the reading of one file.
type Error struct {
	Line, Column int
	Text         string
}

// Read turns a file into nodes; an empty file is an empty map. It takes tokens from goccy's lexer and
// puts them together itself: goccy's own parser needs three times as long for the same file.
func Read(data []byte) (root *Node, err *Error) {
	text, err := clean(data)
	if err != nil {
		return nil, err
	}
	defer func() {
		// The lexer is not ours; should it break on a file, that file is at fault for the user.
		if recover() != nil {
			root, err = nil, &Error{1, 1, "the file cannot be read as YAML"}
		}
	}()
	b := &builder{tokens: significant(lexer.Tokenize(text))}
	return b.document()
}

// clean refuses what YAML cannot hold and takes away what does not matter: a byte order mark and
// carriage returns at the end of lines.
func clean(data []byte) (string, *Error) {
	if len(data) > maxFile {
		return "", &Error{1, 1, fmt.Sprintf("the file has %d bytes; at most %d MiB are read, so split it", len(data), maxFile>>20)}
	}
	for _, bom := range []string{"\xff\xfe", "\xfe\xff"} {
		if bytes.HasPrefix(data, []byte(bom)) {
			return "", &Error{1, 1, "the file is in UTF-16; save it as UTF-8"}
		}
	}
	text := strings.TrimPrefix(string(data), "\ufeff")
	if strings.Contains(text, "\r\n") {
		text = strings.ReplaceAll(text, "\r\n", "\n")
	}
	// A token takes a hundred times the memory of the character that it may be made of.
	if parts := strings.Count(text, "\n") + count(text, "[]{},:-&*?!%|>"); parts > maxParts {
		return "", &Error{1, 1, "the file has too many lines, brackets and commas to be read at once; split it"}
	}
	line, start := 1, 0
	for i, r := range text {
		switch {
		case r == '\n':
			line, start = line+1, i+1
		case r == utf8.RuneError && strings.HasPrefix(text[i:], "\ufffd"):
			// A replacement character that really stands there is text as any other.
		case r == utf8.RuneError:
			return "", &Error{line, utf8.RuneCountInString(text[start:i]) + 1, fmt.Sprintf("byte 0x%02x is not UTF-8; save the file as UTF-8", text[i])}
		case r < ' ' && r != '\t', r == 0x7f, r >= 0x80 && r < 0xa0, r == '\u2028', r == '\u2029', r == '\ufeff':
			return "", &Error{line, utf8.RuneCountInString(text[start:i]) + 1, fmt.Sprintf("control character U+%04X cannot stand in an estate", r)}
		}
	}
	return text, nil
}

// count tells how many characters of s belong to a set.
func count(s, set string) int {
	var in [256]bool
	for i := range len(set) {
		in[set[i]] = true
	}
	n := 0
	for i := range len(s) {
		if in[s[i]] {
			n++
		}
	}
	return n
}

// significant drops comments. An end of file is no token, so nil stands for it.
func significant(all token.Tokens) []*token.Token {
	kept := all[:0]
	for _, t := range all {
		if t.Type != token.CommentType && t.Type != token.SpaceType {
			kept = append(kept, t)
		}
	}
	return kept
}
