package tree

import (
	"strings"

	"github.com/goccy/go-yaml/token"
)

// flow reads a value in flow style: {a: b}, [a, b] or a scalar.
func (b *builder) flow() (*Node, *Error) {
	t := b.peek()
	b.depth++
	defer func() { b.depth-- }()
	switch {
	case b.depth > maxDepth:
		return nil, refuse(t, "nested too deep")
	case t == nil:
		return nil, b.last("the file ends inside a list or map; a ] or } is missing")
	case t.Type == token.MappingStartType:
		return b.flowMap()
	case t.Type == token.SequenceStartType:
		return b.flowList()
	default:
		return b.flowScalar()
	}
}

func (b *builder) flowList() (*Node, *Error) {
	open := b.peek()
	list := nodeAt(open, List)
	b.next++
	for {
		t := b.peek()
		switch {
		case t == nil:
			return nil, refuse(open, "this list is not closed; a ] is missing")
		case t.Type == token.SequenceEndType:
			b.next++
			return list, nil
		case t.Type == token.CollectEntryType:
			return nil, refuse(t, "nothing stands before this comma")
		}
		value, err := b.flow()
		if err != nil {
			return nil, err
		}
		list.List = append(list.List, value)
		if t := b.peek(); t != nil && t.Type == token.MappingValueType {
			return nil, refuse(t, `a pair in a list needs braces, as in [{key: value}]; quote the text when it contains ": "`)
		}
		if err := b.comma(token.SequenceEndType, "]"); err != nil {
			return nil, err
		}
	}
}

func (b *builder) flowMap() (*Node, *Error) {
	open := b.peek()
	m := nodeAt(open, Map)
	b.next++
	for {
		t := b.peek()
		switch {
		case t == nil:
			return nil, refuse(open, "this map is not closed; a } is missing")
		case t.Type == token.MappingEndType:
			b.next++
			return m, nil
		case !isScalar(t):
			return nil, b.unexpected(t)
		}
		key := nodeAt(t, Text)
		key.Text = t.Value
		b.next++
		value := nodeAt(t, Null)
		if colon := b.peek(); colon != nil && colon.Type == token.MappingValueType {
			b.next++
			value = nodeAt(colon, Null)
			if v := b.peek(); v == nil || v.Type != token.CollectEntryType && v.Type != token.MappingEndType {
				var err *Error
				if value, err = b.flow(); err != nil {
					return nil, err
				}
			}
		}
		m.List = append(m.List, key, value)
		if err := b.comma(token.MappingEndType, "}"); err != nil {
			return nil, err
		}
	}
}

// comma takes the comma after an entry; before the end none is needed.
func (b *builder) comma(end token.Type, sign string) *Error {
	t := b.peek()
	switch {
	case t == nil:
		return b.last("the file ends inside a list or map; a " + sign + " is missing")
	case t.Type == token.CollectEntryType:
		b.next++
	case t.Type == token.SequenceEndType || t.Type == token.MappingEndType:
		if t.Type != end {
			return refuse(t, "closed by "+t.Value+" where "+sign+" is needed")
		}
	case isScalar(t) || t.Type == token.MappingStartType || t.Type == token.SequenceStartType:
		return refuse(t, "a comma or "+sign+" is missing before this")
	default:
		return b.unexpected(t)
	}
	return nil
}

// flowScalar reads plain text. The lexer takes every colon in flow style for a separator; YAML 1.2
// does so only before a blank, so debian:12 and https://x are put together again.
func (b *builder) flowScalar() (*Node, *Error) {
	first := b.peek()
	value, err := b.scalar()
	if err != nil || value.Quoted {
		return value, err
	}
	end := first
	var whole strings.Builder
	for {
		colon, rest := b.peek(), b.ahead(1)
		if colon == nil || colon.Type != token.MappingValueType || rest == nil || !isPlain(rest) ||
			colon.Position.Offset != plainEnd(end) || rest.Position.Offset != colon.Position.Offset+1 {
			break
		}
		if whole.Len() == 0 {
			whole.WriteString(value.Text)
		}
		whole.WriteString(":" + rest.Value)
		end = rest
		b.next += 2
	}
	if whole.Len() > 0 {
		value.Kind, value.Text = Text, whole.String()
	}
	return value, nil
}

func isPlain(t *token.Token) bool {
	return isScalar(t) && t.Type != token.SingleQuoteType && t.Type != token.DoubleQuoteType
}

// plainEnd is the offset behind plain text on one line.
func plainEnd(t *token.Token) int {
	return t.Position.Offset + len([]rune(strings.TrimSpace(t.Origin)))
}

func (b *builder) scalar() (*Node, *Error) {
	t := b.peek()
	if t == nil {
		return nil, b.last("the file ends where a value is needed")
	}
	if !isScalar(t) {
		return nil, b.unexpected(t)
	}
	b.next++
	if t.Type == token.NullType {
		return nodeAt(t, Null), nil
	}
	value := nodeAt(t, Text)
	value.Text = t.Value
	value.Quoted = !isPlain(t)
	return value, nil
}

// unexpected says in plain words why a token cannot stand where it does. It never repeats a value,
// which may be a secret in the wrong place.
func (b *builder) unexpected(t *token.Token) *Error {
	switch t.Type {
	case token.AnchorType, token.AliasType, token.MergeKeyType:
		return refuse(t, "anchors, aliases and merge keys (& * <<) have no place in an estate; write the value out, or quote it")
	case token.TagType:
		return refuse(t, "tags (!) have no place in an estate; quote the value when it begins with one")
	case token.DirectiveType:
		return refuse(t, "directives (%) have no place in an estate")
	case token.MappingKeyType:
		return refuse(t, "keys with a question mark have no place in an estate; write key: value")
	case token.DocumentHeaderType, token.DocumentEndType:
		return refuse(t, "a file holds one document; put what follows into a file of its own")
	case token.MappingValueType:
		return refuse(t, "a key is missing before this colon, or text with a colon needs quotes")
	case token.SequenceEntryType:
		return refuse(t, "a dash cannot stand here; check the indentation")
	case token.CollectEntryType, token.MappingEndType, token.SequenceEndType:
		return refuse(t, t.Value+" closes or separates nothing here")
	case token.InvalidType:
		return refuse(t, invalid(t))
	}
	return refuse(t, "this does not fit what stands before it; check indentation, colons and quotes")
}

func invalid(t *token.Token) string {
	switch {
	case strings.Contains(t.Error, "tab"), strings.Contains(t.Error, "'\t'"):
		return "a tab cannot indent; use spaces"
	case strings.Contains(t.Error, "end character"):
		return "this quote is not closed"
	case strings.Contains(t.Error, "reserved"):
		return "@ and ` cannot begin a value; quote it"
	case strings.Contains(t.Error, "escape"):
		return `an escape that YAML does not know; write \\ for a backslash, or use single quotes`
	}
	return "this cannot be read as YAML"
}
