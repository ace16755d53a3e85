package event

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast.example/holdfast/internal/need"
)

const schemas = "../../../shared/data/ocsf-1.8.0"

// attribute is a field of an event or an object, in the schema.
type attribute struct {
	Type        string         `json:"type"`
	Requirement string         `json:"requirement"`
	IsArray     bool           `json:"is_array"`
	Enum        map[string]any `json:"enum"`
}

type definition struct {
	Name        string `json:"name"`
	Extends     string `json:"extends"`
	UID         int    `json:"uid"`
	Category    string `json:"category"`
	Attributes  map[string]json.RawMessage
	Constraints map[string][]string `json:"constraints"`
}

// schema is the published schema, as far as a validator needs it. Source: schema.ocsf.io, 1.8.0.
type schema struct {
	t          *testing.T
	dictionary map[string]attribute
	events     map[string]definition
	objects    map[string]definition
	categories map[string]struct{ UID int }
}

func read(t *testing.T, path string, into any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatal(path, err)
	}
}

func load(t *testing.T) *schema {
	t.Helper()
	need.Shared(t, "../..", "data/ocsf-1.8.0")
	s := &schema{t: t, events: map[string]definition{}, objects: map[string]definition{}}
	var d struct{ Attributes map[string]attribute }
	read(t, filepath.Join(schemas, "dictionary.json"), &d)
	s.dictionary = d.Attributes
	var c struct {
		Attributes map[string]struct{ UID int }
	}
	read(t, filepath.Join(schemas, "categories.json"), &c)
	s.categories = c.Attributes
	for dir, into := range map[string]map[string]definition{"events": s.events, "objects": s.objects} {
		if err := filepath.WalkDir(filepath.Join(schemas, dir), func(path string, e os.DirEntry, err error) error {
			if err == nil && strings.HasSuffix(path, ".json") {
				var d definition
				read(t, path, &d)
				into[d.Name] = d
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// resolve gathers what a definition has and inherits.
func (s *schema) resolve(from map[string]definition, name string) (attributes map[string]attribute, constraints []map[string][]string) {
	attributes = map[string]attribute{}
	for name != "" {
		d, ok := from[name]
		if !ok {
			s.t.Fatal("the schema has no ", name)
		}
		for key, raw := range d.Attributes {
			if strings.HasPrefix(key, "$") {
				continue
			}
			var own attribute
			if err := json.Unmarshal(raw, &own); err != nil {
				s.t.Fatal(name, key, err)
			}
			a, known := attributes[key]
			if !known {
				a = s.dictionary[key]
				a.Requirement = ""
				a.Enum = nil
			}
			if a.Requirement == "" {
				a.Requirement = own.Requirement
			}
			if own.Type != "" && a.Type == "" {
				a.Type = own.Type
			}
			for k, v := range own.Enum {
				if a.Enum == nil {
					a.Enum = map[string]any{}
				}
				a.Enum[k] = v
			}
			attributes[key] = a
		}
		if len(d.Constraints) > 0 {
			constraints = append(constraints, d.Constraints)
		}
		name = d.Extends
	}
	for key, a := range attributes {
		for k, v := range s.dictionary[key].Enum {
			if a.Enum == nil {
				a.Enum = map[string]any{}
			}
			if _, has := a.Enum[k]; !has && key != "activity_id" && key != "type_uid" && key != "class_uid" && key != "category_uid" {
				a.Enum[k] = v
			}
		}
		attributes[key] = a
	}
	return attributes, constraints
}

// validate tells what is wrong with an event.
func (s *schema) validate(data []byte) (wrong []string) {
	var e map[string]any
	if err := json.Unmarshal(data, &e); err != nil {
		return []string{err.Error()}
	}
	number := func(key string) int { n, _ := e[key].(float64); return int(n) }
	for name, d := range s.events {
		if d.UID == 0 || d.UID != number("class_uid")%1000 {
			continue
		}
		category := d.Category
		for up := d.Extends; category == "" && up != ""; up = s.events[up].Extends {
			category = s.events[up].Category
		}
		if s.categories[category].UID != number("category_uid") || s.categories[category].UID*1000+d.UID != number("class_uid") {
			continue
		}
		if number("type_uid") != number("class_uid")*100+number("activity_id") {
			wrong = append(wrong, "type_uid does not follow from class and activity")
		}
		attributes, constraints := s.resolve(s.events, name)
		for _, key := range []string{"class_uid", "category_uid", "type_uid"} {
			a := attributes[key]
			a.Enum = nil
			attributes[key] = a
		}
		return append(wrong, s.object(name, e, attributes, constraints)...)
	}
	return []string{fmt.Sprint("no class ", e["class_uid"], " in category ", e["category_uid"])}
}

func (s *schema) object(at string, o map[string]any, attributes map[string]attribute, constraints []map[string][]string) (wrong []string) {
	for key, a := range attributes {
		if _, has := o[key]; a.Requirement == "required" && !has {
			wrong = append(wrong, at+": "+key+" is required")
		}
	}
	for _, c := range constraints {
		if keys := c["at_least_one"]; keys != nil && !slices.ContainsFunc(keys, func(k string) bool { return o[k] != nil }) {
			wrong = append(wrong, at+": one is required of "+strings.Join(keys, ", "))
		}
	}
	for key, v := range o {
		a, ok := attributes[key]
		if !ok {
			wrong = append(wrong, at+": "+key+" is not in the schema")
			continue
		}
		wrong = append(wrong, s.value(at+"."+key, v, a)...)
	}
	return wrong
}

func (s *schema) value(at string, v any, a attribute) []string {
	fits := true
	switch a.Type {
	case "integer_t", "long_t", "timestamp_t", "port_t":
		n, ok := v.(float64)
		if fits = ok && n == float64(int64(n)); fits && a.Enum != nil {
			if _, known := a.Enum[fmt.Sprint(int64(n))]; !known {
				return []string{fmt.Sprintf("%s: %v is not in its list", at, v)}
			}
		}
	case "boolean_t":
		_, fits = v.(bool)
	case "string_t", "username_t", "uuid_t", "hostname_t", "ip_t", "email_t", "resource_uid_t", "url_t", "datetime_t", "file_name_t", "file_path_t":
		_, fits = v.(string)
	case "json_t":
	default:
		o, ok := v.(map[string]any)
		if !ok {
			return []string{at + ": is no object " + a.Type}
		}
		attributes, constraints := s.resolve(s.objects, a.Type)
		return s.object(at, o, attributes, constraints)
	}
	if !fits {
		return []string{fmt.Sprintf("%s: %v is no %s", at, v, a.Type)}
	}
	return nil
}

func all() map[string]Event {
	m := Maker{"1.0"}
	at := time.Date(2026, 11, 26, 9, 0, 0, 123e6, time.UTC)
	return map[string]Event{
		"log-in":          m.LogIn("erika", at),
		"log-in by link":  m.LinkUsed("", at),
		"invited log-in":  m.LinkUsed("erika", at),
		"log-out":         m.LogOut("erika", at),
		"provider":        m.ProviderUsed("erika", "Northwind ID", at),
		"codes failed":    m.CodesFailed("erika", 5, at),
		"passkey added":   m.PasskeyAdded("erika", "", at),
		"passkey removed": m.PasskeyRemoved("erika", "sam", at),
		"invited":         m.Invited("erika", "", at),
		"agent invited":   m.AgentInvited("production", "root", at),
		"agent joined":    m.AgentJoined("A-ABCDEFGHIJ", "production", at),
		"agent revoked":   m.AgentRevoked("A-ABCDEFGHIJ", "root", at),
		"password":        m.PasswordUsed("erika", at),
		"recovery":        m.RecoveryUsed("erika", 9, at),
		"factors set":     m.FactorsSet("erika", at),
		"factors removed": m.FactorsRemoved("erika", "sam", at),
		"log-in failed":   m.LogInFailed("192.0.2.1", 5, at),
		"session ended":   m.SessionEnded("erika", "sam", at),
		"token made":      m.TokenMade("T-1", "erika", at),
		"token revoked":   m.TokenRevoked("T-1", "erika", "sam", at),
		"token asked":     m.TokenAsked("T-1", "erika", "F-1", at),
		"estate":          m.EstateRead("aa", "bb", []string{"people: ana added"}, at),
		"forgotten":       m.HistoryForgotten(at, at),
		"hold":            m.HoldPlaced("H-1", "all history", "case 12", "root", at),
		"released":        m.HoldReleased("H-1", "root", at),
		"clock":           m.ClockJumped(-time.Hour, at),
		"ledger key":      m.LedgerKeyReplaced("root", at),
		"missed":          m.IntervalMissed("prod/web-1", time.Hour, at, at),
		"never looked":    m.IntervalMissed("prod/web-1", time.Hour, time.Time{}, at),
		"first estate":    m.EstateRead("aa", "", nil, at),
		"day":             m.DayClosed(Day{Day: "2026-11-25", Runs: 2, Seen: "aa", Findings: "bb"}, at),
	}
}

// TestOCSF holds every event against the published schema, and the validator against events that are wrong.
func TestOCSF(t *testing.T) {
	s := load(t)
	if makes := reflect.TypeFor[Maker]().NumMethod(); len(all()) < makes {
		t.Errorf("%d kinds of events are made, and %d are held against the schema", makes, len(all()))
	}
	ids := map[string]bool{}
	for name, e := range all() {
		data, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		if wrong := s.validate(data); len(wrong) > 0 {
			t.Errorf("%s: %s\n%s", name, strings.Join(wrong, "; "), data)
		}
		if ids[e.Metadata.UID] || len(e.Metadata.UID) != 36 || e.Words() == "" || !e.At().Equal(time.Date(2026, 11, 26, 9, 0, 0, 123e6, time.UTC)) {
			t.Errorf("%s: %+v", name, e)
		}
		ids[e.Metadata.UID] = true
		if again, err := Parse(data); err != nil || again.Metadata != e.Metadata {
			t.Error(name, again, err)
		}
	}
	good, err := json.Marshal(all()["log-in"])
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(map[string]any){
		"no time":           func(e map[string]any) { delete(e, "time") },
		"no user":           func(e map[string]any) { delete(e, "user") },
		"no service":        func(e map[string]any) { delete(e, "service") },
		"no product":        func(e map[string]any) { delete(e["metadata"].(map[string]any), "product") },
		"user without id":   func(e map[string]any) { e["user"] = map[string]any{"type_id": 1} },
		"unknown field":     func(e map[string]any) { e["colour"] = "red" },
		"text for a time":   func(e map[string]any) { e["time"] = "now" },
		"fraction":          func(e map[string]any) { e["time"] = 1.5 },
		"another type":      func(e map[string]any) { e["type_uid"] = 300299 },
		"no such class":     func(e map[string]any) { e["class_uid"] = 3999 },
		"another category":  func(e map[string]any) { e["category_uid"] = 4 },
		"no such activity":  func(e map[string]any) { e["activity_id"], e["type_uid"] = 55, 300255 },
		"no such severity":  func(e map[string]any) { e["severity_id"] = 42 },
		"text for a yes":    func(e map[string]any) { e["is_mfa"] = "yes" },
		"text for a object": func(e map[string]any) { e["service"] = "ssh" },
	} {
		var e map[string]any
		if err := json.Unmarshal(good, &e); err != nil {
			t.Fatal(err)
		}
		change(e)
		data, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		if len(s.validate(data)) == 0 {
			t.Errorf("%s is valid", name)
		}
	}
}
