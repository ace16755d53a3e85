package tree

import (
	"strings"

	"github.com/goccy/go-yaml/token"
)

// builder puts tokens together to nodes by recursive descent. The column of a token is its
// indentation: that is all that block style needs.
type builder struct {
	tokens []*token.Token
	next   int
	depth  int
}

func (b *builder) peek() *token.Token { return b.ahead(0) }

func (b *builder) ahead(n int) *token.Token {
	if b.next+n < len(b.tokens) {
		return b.tokens[b.next+n]
	}
	return nil
}

func refuse(t *token.Token, text string) *Error {
	return &Error{t.Position.Line, max(t.Position.Column, 1), text}
}

// last refuses at the last token, for what is missing at the end of the file.
func (b *builder) last(text string) *Error {
	if len(b.tokens) == 0 {
		return &Error{1, 1, text}
	}
	return refuse(b.tokens[len(b.tokens)-1], text)
}

func nodeAt(t *token.Token, kind Kind) *Node {
	return &Node{Kind: kind, Line: int32(t.Position.Line), Column: int32(max(t.Position.Column, 1))}
}

// document reads the one document of a file; an empty file is an empty map.
func (b *builder) document() (*Node, *Error) {
	if t := b.peek(); t != nil && t.Type == token.DocumentHeaderType {
		b.next++
	}
	root := &Node{Kind: Map, Line: 1, Column: 1}
	if t := b.peek(); t != nil && t.Type != token.DocumentEndType {
		var err *Error
		if root, err = b.block(0); err != nil {
			return nil, err
		}
	}
	if t := b.peek(); t != nil && t.Type == token.DocumentEndType {
		b.next++
	}
	t := b.peek()
	switch {
	case t == nil:
		return root, nil
	case t.Type == token.DocumentHeaderType:
		return nil, refuse(t, "a file holds one document; put what follows --- into a file of its own")
	default:
		return nil, b.unexpected(t)
	}
}

// block reads the value that begins at the next token, which stands deeper than column outer.
func (b *builder) block(outer int) (*Node, *Error) {
	t := b.peek()
	b.depth++
	defer func() { b.depth-- }()
	if b.depth > maxDepth {
		return nil, refuse(t, "nested too deep")
	}
	if t.Type == token.SequenceEntryType {
		return b.blockList(t.Position.Column)
	}
	if b.isKey() {
		return b.blockMap(t.Position.Column)
	}
	return b.inline()
}

// isKey tells whether the next tokens are a key and its colon.
func (b *builder) isKey() bool {
	t, colon := b.peek(), b.ahead(1)
	return colon != nil && colon.Type == token.MappingValueType && isScalar(t) &&
		endLine(t) == t.Position.Line && colon.Position.Line == t.Position.Line
}

func (b *builder) blockList(column int) (*Node, *Error) {
	list := nodeAt(b.peek(), List)
	for t := b.peek(); t != nil && t.Type == token.SequenceEntryType && t.Position.Column == column; t = b.peek() {
		b.next++
		value, err := b.valueAfter(t, column, false)
		if err != nil {
			return nil, err
		}
		list.List = append(list.List, value)
	}
	return list, b.deeper(column)
}

func (b *builder) blockMap(column int) (*Node, *Error) {
	m := nodeAt(b.peek(), Map)
	for t := b.peek(); t != nil && t.Position.Column == column && b.isKey(); t = b.peek() {
		key := nodeAt(t, Text)
		key.Text = t.Value
		colon := b.ahead(1)
		b.next += 2
		value, err := b.valueAfter(colon, column, true)
		if err != nil {
			return nil, err
		}
		m.List = append(m.List, key, value)
	}
	return m, b.deeper(column)
}

// valueAfter reads what follows a dash or a colon of a block at column; nothing is null. A list may
// stand at the column of its key.
func (b *builder) valueAfter(mark *token.Token, column int, isMap bool) (*Node, *Error) {
	t := b.peek()
	null := nodeAt(mark, Null)
	if t == nil || t.Type == token.DocumentEndType || t.Type == token.DocumentHeaderType {
		return null, nil
	}
	if t.Position.Line > mark.Position.Line {
		list := isMap && t.Type == token.SequenceEntryType && t.Position.Column == column
		if t.Position.Column <= column && !list {
			return null, nil
		}
		return b.block(column)
	}
	if !isMap {
		return b.block(column)
	}
	if t.Type == token.SequenceEntryType {
		return nil, refuse(t, "a list with dashes begins on the line below its key")
	}
	value, err := b.inline()
	if err != nil {
		return nil, err
	}
	if next := b.peek(); next != nil && next.Type == token.MappingValueType {
		if next.Position.Line > t.Position.Line {
			return nil, refuse(next, "this key is indented deeper than the key above, which has a value already")
		}
		return nil, refuse(next, `a second ": " on one line; quote the value when it contains one`)
	}
	return value, nil
}

// inline reads a scalar or a flow value and sees to it that the line ends there.
func (b *builder) inline() (*Node, *Error) {
	t := b.peek()
	var value *Node
	var err *Error
	switch {
	case t.Type == token.LiteralType || t.Type == token.FoldedType:
		return b.blockText()
	case t.Type == token.MappingStartType || t.Type == token.SequenceStartType:
		value, err = b.flow()
	default:
		value, err = b.scalar()
	}
	if err != nil {
		return nil, err
	}
	line := endLine(b.tokens[b.next-1])
	if next := b.peek(); next != nil && next.Position.Line <= line && next.Type != token.MappingValueType {
		return nil, b.unexpected(next)
	}
	return value, nil
}

func (b *builder) blockText() (*Node, *Error) {
	value := nodeAt(b.peek(), Text)
	value.Quoted = true
	b.next++
	if t := b.peek(); t != nil && t.Position.Column == 0 {
		value.Text = t.Value
		b.next++
	} else if t != nil && t.Type == token.InvalidType {
		return nil, b.unexpected(t)
	}
	return value, nil
}

// deeper refuses a line that is indented more than the block which it follows.
func (b *builder) deeper(column int) *Error {
	if t := b.peek(); t != nil && t.Position.Column >= column {
		return b.unexpected(t)
	}
	return nil
}

func isScalar(t *token.Token) bool {
	switch t.Type {
	case token.StringType, token.IntegerType, token.FloatType, token.BoolType, token.NullType,
		token.SingleQuoteType, token.DoubleQuoteType, token.InfinityType, token.NanType,
		token.BinaryIntegerType, token.OctetIntegerType, token.HexIntegerType:
		return true
	}
	return false
}

// endLine is the line that a token ends on; only text in quotes may span several.
func endLine(t *token.Token) int {
	if t.Type == token.SingleQuoteType || t.Type == token.DoubleQuoteType {
		return t.Position.Line + strings.Count(strings.TrimSpace(t.Origin), "\n")
	}
	return t.Position.Line
}
