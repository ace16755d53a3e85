package estate

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
)

type nodeKind uint8

const (
	nullNode nodeKind = iota
	textNode
	listNode
	mapNode
)

// node is a value of a file with its place. A map keeps its keys and values in turn in list, in the
// order of the file, with duplicates.
type node struct {
	kind   nodeKind
	quoted bool
	line   int32
	column int32
	text   string
	list   []*node
}

// get returns the value under key, or nil.
func (n *node) get(key string) *node {
	if n == nil || n.kind != mapNode {
		return nil
	}
	for i := 0; i < len(n.list); i += 2 {
		if n.list[i].text == key {
			return n.list[i+1]
		}
	}
	return nil
}

func (n *node) is() string {
	switch n.kind {
	case listNode:
		return "a list"
	case mapNode:
		return "a map"
	case nullNode:
		return "nothing"
	default:
		return "a single value"
	}
}

// syntaxError is what stops the reading of one file.
type syntaxError struct {
	line, column int
	text         string
}

// readTree turns a file into nodes. It takes tokens from goccy's lexer and puts them together
// itself: goccy's parser needs four times as long for the same file, and an estate uses a small part
// of YAML only. Anchors, aliases, tags, merge keys and second documents are refused, so a
// file never grows while it is read.
func readTree(data []byte) (root *node, err *syntaxError) {
	text, err := clean(data)
	if err != nil {
		return nil, err
	}
	defer func() {
		// The lexer is not ours; should it break on a file, that file is at fault for the user.
		if recover() != nil {
			root, err = nil, &syntaxError{1, 1, "the file cannot be read as YAML"}
		}
	}()
	b := &builder{tokens: significant(lexer.Tokenize(text))}
	return b.document()
}

// clean refuses what YAML cannot hold and takes away what does not matter: a byte order mark and
// carriage returns at the end of lines.
func clean(data []byte) (string, *syntaxError) {
	if len(data) > maxFile {
		return "", &syntaxError{1, 1, fmt.Sprintf("the file has %d bytes; at most %d MiB are read, so split it", len(data), maxFile>>20)}
	}
	for _, bom := range []string{"\xff\xfe", "\xfe\xff"} {
		if bytes.HasPrefix(data, []byte(bom)) {
			return "", &syntaxError{1, 1, "the file is in UTF-16; save it as UTF-8"}
		}
	}
	text := strings.TrimPrefix(string(data), "\ufeff")
	if strings.Contains(text, "\r\n") {
		text = strings.ReplaceAll(text, "\r\n", "\n")
	}
	line, start := 1, 0
	for i, r := range text {
		switch {
		case r == '\n':
			line, start = line+1, i+1
		case r == utf8.RuneError && strings.HasPrefix(text[i:], "\ufffd"):
			// A replacement character that really stands there is text as any other.
		case r == utf8.RuneError:
			return "", &syntaxError{line, utf8.RuneCountInString(text[start:i]) + 1, fmt.Sprintf("byte 0x%02x is not UTF-8; save the file as UTF-8", text[i])}
		case r < ' ' && r != '\t', r == 0x7f, r >= 0x80 && r < 0xa0, r == '\u2028', r == '\u2029', r == '\ufeff':
			return "", &syntaxError{line, utf8.RuneCountInString(text[start:i]) + 1, fmt.Sprintf("control character U+%04X cannot stand in an estate", r)}
		}
	}
	return text, nil
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
