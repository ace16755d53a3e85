package estate

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"

	"github.com/invopop/jsonschema"
)

// Schema is the JSON Schema (draft 2020-12) of an estate file, for editors. It is looser than Parse:
// names that lead nowhere and values that contradict each other are beyond it, and no section is
// required, since an estate may lie in several files.
func Schema() ([]byte, error) {
	s := &schemer{plans: plans{}}
	r := &jsonschema.Reflector{FieldNameTag: "yaml", RequiredFromJSONSchemaTags: true, ExpandedStruct: true, Mapper: s.mapped}
	schema := r.Reflect(&Estate{})
	schema.ID = "https://holdfast.example/schema/estate.json"
	schema.Title = "Holdfast estate"
	schema.Description = "What an organisation declares about its production."
	s.dress(schema, reflect.TypeFor[Estate](), true)
	for name, definition := range schema.Definitions {
		if t, ok := s.types[name]; ok {
			s.dress(definition, t, false)
		}
	}
	out, err := json.MarshalIndent(schema, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write the schema of the estate: %w", err)
	}
	return append(out, '\n'), nil
}

// schemer carries the plan's tags over to what the reflector finds.
type schemer struct {
	plans plans
	types map[string]reflect.Type // structs by the name of their definition
}

// mapped gives the schemas of the types that are text in a file.
func (s *schemer) mapped(t reflect.Type) *jsonschema.Schema {
	pointer := reflect.PointerTo(t)
	switch {
	case t.Kind() == reflect.String && t.Implements(enumType):
		schema := &jsonschema.Schema{Type: "string"}
		for _, name := range reflect.Zero(t).Interface().(enum).names() {
			schema.Enum = append(schema.Enum, name)
		}
		return schema
	case pointer.Implements(textType) && t.Implements(reflect.TypeFor[formed]()):
		pattern, sample := reflect.Zero(t).Interface().(formed).form()
		return &jsonschema.Schema{Type: "string", Pattern: pattern, Examples: []any{sample}}
	}
	if t.Kind() == reflect.Struct {
		if s.types == nil {
			s.types = map[string]reflect.Type{}
		}
		s.types[t.Name()] = t
	}
	return nil
}

// dress adds descriptions, defaults and rules to the properties of one struct.
func (s *schemer) dress(schema *jsonschema.Schema, t reflect.Type, top bool) {
	p := s.plans.of(t)
	for _, f := range p.fields {
		property, ok := schema.Properties.Get(f.name)
		if !ok {
			continue
		}
		s.bound(property, &f)
		// Nothing says the same as leaving it out; people write it for dates that are not set yet.
		if f.typ == reflect.TypeFor[Date]() && !f.required {
			property = &jsonschema.Schema{AnyOf: []*jsonschema.Schema{property, {Type: "null"}}}
		}
		property.Description = f.doc
		if f.fallback != "" {
			property.Default = defaultOf(&f)
		}
		schema.Properties.Set(f.name, property)
		if f.required && !top {
			schema.Required = append(schema.Required, f.name)
		}
	}
	slices.Sort(schema.Required)
	if p.words {
		*schema = jsonschema.Schema{OneOf: []*jsonschema.Schema{{Type: "string", Enum: []any{"shell"}}, clone(schema)}}
	}
}

// bound adds the rules of a field to its schema.
func (s *schemer) bound(property *jsonschema.Schema, f *field) {
	if f.max != 0 {
		property.Minimum, property.Maximum = json.Number(fmt.Sprint(f.min)), json.Number(fmt.Sprint(f.max))
	}
	value := property
	if property.Items != nil {
		value = property.Items
		if f.required {
			least := uint64(1)
			property.MinItems = &least
		}
	}
	switch {
	case f.form == "name" || f.key != "" && f.typ.Kind() == reflect.String && value.Pattern == "":
		value.Pattern = `^[A-Za-z0-9][A-Za-z0-9._-]*$`
	case f.form == "requirement":
		value.Pattern = `^[A-Z](\.[1-9][0-9]{0,2}){2,4}$`
	case f.form == "calendar":
		value.Pattern = `^[a-z]{2}(-[a-z0-9]{1,3})?$`
	case f.form == "protocol":
		for _, name := range protocols {
			value.Examples = append(value.Examples, name)
		}
	}
	if f.one {
		list := clone(property)
		*property = jsonschema.Schema{OneOf: []*jsonschema.Schema{{Type: "string"}, list}}
	}
}

func clone(s *jsonschema.Schema) *jsonschema.Schema {
	c := *s
	return &c
}

func defaultOf(f *field) any {
	if f.typ.Kind() == reflect.Int && !isText(f.typ) {
		return json.Number(f.fallback)
	}
	return f.fallback
}
