package grammar

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"

	"github.com/invopop/jsonschema"
)

// About is what the types do not say of themselves.
type About struct {
	ID, Title, Description string
	Forms                  map[string]string   // pattern of a form
	Suggestions            map[string][]string // values of a form that editors may offer; others are fine too
}

// Schema is the JSON Schema (draft 2020-12) of a struct type. Every struct takes its own keys only.
// At the top nothing is required.
func Schema(t reflect.Type, about About) ([]byte, error) {
	s := &schemer{plans: Plans{}, types: map[string]reflect.Type{}, about: about}
	r := &jsonschema.Reflector{FieldNameTag: "yaml", RequiredFromJSONSchemaTags: true, ExpandedStruct: true, Mapper: s.mapped}
	schema := r.ReflectFromType(t)
	schema.ID, schema.Title, schema.Description = jsonschema.ID(about.ID), about.Title, about.Description
	s.dress(schema, t)
	schema.Required = nil
	for name, definition := range schema.Definitions {
		if t, ok := s.types[name]; ok {
			s.dress(definition, t)
		}
	}
	out, err := json.MarshalIndent(schema, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write the schema of %s: %w", about.Title, err)
	}
	return append(out, '\n'), nil
}

// schemer carries the tags over to what the reflector finds.
type schemer struct {
	plans Plans
	types map[string]reflect.Type // structs by the name of their definition
	about About
}

// mapped gives the schemas of the types that are text in a file.
func (s *schemer) mapped(t reflect.Type) *jsonschema.Schema {
	switch formed, ok := reflect.Zero(t).Interface().(Formed); {
	case IsEnum(t):
		schema := &jsonschema.Schema{Type: "string"}
		for _, name := range reflect.Zero(t).Interface().(Enum).Names() {
			schema.Enum = append(schema.Enum, name)
		}
		return schema
	case ok && IsText(t):
		pattern, sample := formed.Form()
		return &jsonschema.Schema{Type: "string", Pattern: pattern, Examples: []any{sample}}
	}
	if t.Kind() == reflect.Struct {
		s.types[t.Name()] = t
	}
	return nil
}

// dress adds descriptions, defaults and rules to the properties of one struct.
func (s *schemer) dress(schema *jsonschema.Schema, t reflect.Type) {
	p := s.plans.Of(t)
	for _, f := range p.Fields {
		property, ok := schema.Properties.Get(f.Name)
		if !ok {
			continue
		}
		s.bound(property, &f)
		// Nothing says the same as leaving it out; people write it for dates that are not set yet.
		if IsText(f.Type) && f.Type.Kind() == reflect.Struct && !f.Required {
			property = &jsonschema.Schema{AnyOf: []*jsonschema.Schema{property, {Type: "null"}}}
		}
		property.Description = f.Doc
		switch {
		case f.Default == "":
		case f.Type.Kind() == reflect.Int && !IsText(f.Type):
			property.Default = json.Number(f.Default)
		default:
			property.Default = f.Default
		}
		schema.Properties.Set(f.Name, property)
		if f.Required {
			schema.Required = append(schema.Required, f.Name)
		}
	}
	slices.Sort(schema.Required)
	if p.Words {
		short := &jsonschema.Schema{Type: "string"}
		for _, word := range reflect.New(t).Interface().(Worded).Words() {
			short.Enum = append(short.Enum, word)
		}
		*schema = jsonschema.Schema{OneOf: []*jsonschema.Schema{short, clone(schema)}}
	}
}

// bound adds the rules of a field to its schema.
func (s *schemer) bound(property *jsonschema.Schema, f *Field) {
	if f.Max != 0 {
		property.Minimum, property.Maximum = json.Number(fmt.Sprint(f.Min)), json.Number(fmt.Sprint(f.Max))
	}
	value := property
	if property.Items != nil {
		value = property.Items
		if f.Required {
			least := uint64(1)
			property.MinItems = &least
		}
	}
	if pattern := s.about.Forms[f.Form]; pattern != "" && f.Type.Kind() != reflect.Map {
		value.Pattern = pattern
	}
	for _, name := range s.about.Suggestions[f.Form] {
		value.Examples = append(value.Examples, name)
	}
	if f.One {
		list := clone(property)
		*property = jsonschema.Schema{OneOf: []*jsonschema.Schema{{Type: "string"}, list}}
	}
}

func clone(s *jsonschema.Schema) *jsonschema.Schema {
	c := *s
	return &c
}
