package estate

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"holdfast.example/holdfast/internal/estate/tree"
)

func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("estate.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("estate.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// plain gives a YAML text as the values that JSON would hold.
func plain(t *testing.T, text string) any {
	t.Helper()
	root, problem := tree.Read([]byte(text))
	if problem != nil {
		t.Fatal(problem.Text)
	}
	d := &decoder{files: make([]File, 1)}
	data, err := json.Marshal(d.free(root))
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func TestSchemaTakesTheExample(t *testing.T) {
	if err := compiled(t).Validate(plain(t, string(example(t)))); err != nil {
		t.Errorf("%#v", err)
	}
	shown, _ := parse(t, File{"e.yaml", example(t)}).Show()
	if err := compiled(t).Validate(plain(t, string(shown))); err != nil {
		t.Errorf("shown estate: %#v", err)
	}
}

func TestSchemaRefuses(t *testing.T) {
	schema := compiled(t)
	for what, text := range map[string]string{
		"unknown section":  "systmes: []",
		"unknown key":      "systems: [{name: a, environment: b, nmae: c}]",
		"bad enum":         "applications: [{name: a, criticality: hihg}]",
		"port too large":   "systems: [{name: a, environment: b, services: [{port: 70000}]}]",
		"missing name":     "teams: [{lead: erika}]",
		"literal secret":   "backends: [{name: a, kind: redis, environment: b, credential: {password: hunter2}}]",
		"bad duration":     "policy: {scan_interval: daily}",
		"bare path target": "systems: [{name: a, environment: b, target: ./x}]",
		"other word":       "access: [{name: a, who: [b], where: [c/d], as: e, may: [root]}]",
		"empty who":        "access: [{name: a, who: [], where: [c/d], as: e, may: [shell]}]",
	} {
		if schema.Validate(plain(t, text)) == nil {
			t.Errorf("%s: accepted %s", what, text)
		}
	}
}

func TestEveryFieldIsDescribed(t *testing.T) {
	text, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	var schema struct {
		Defs map[string]struct {
			Properties map[string]struct{ Description string }
			OneOf      []struct {
				Properties map[string]struct{ Description string }
			}
			AdditionalProperties *bool
		} `json:"$defs"`
		Properties           map[string]struct{ Description string }
		AdditionalProperties *bool
	}
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	if schema.AdditionalProperties == nil || *schema.AdditionalProperties || len(schema.Properties) < 25 {
		t.Errorf("the schema has %d sections and must take no other", len(schema.Properties))
	}
	for name, def := range schema.Defs {
		properties := def.Properties
		if len(def.OneOf) > 0 {
			properties = def.OneOf[1].Properties
		}
		for key, p := range properties {
			if !strings.HasSuffix(p.Description, ".") {
				t.Errorf("%s.%s: description %q is not a sentence", name, key, p.Description)
			}
		}
		if len(properties) == 0 {
			t.Errorf("%s has no properties", name)
		}
	}
}
