package report_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"holdfast.example/holdfast/internal/report"
)

// statements has one of each status, on a system and on an image.
func statements() report.VEX {
	base := report.Statement{ID: "CVE-2023-0001", Aliases: []string{"DEBIAN-CVE-2023-0001"}, Severity: "moderate", Subject: "prod/web-1", Package: "openssl", Version: "3.0.9-1",
		Purl: "pkg:deb/debian/openssl@3.0.9-1?arch=source", Since: at("2026-11-01T08:00:00Z")}
	v := report.VEX{At: at("2026-11-20T09:31:00Z"), Author: "Northwind", Version: "1.0.0", Notes: []string{"policy.four_eyes: off"}}
	for i, edit := range []func(*report.Statement){
		func(s *report.Statement) {
			s.Status, s.Action, s.Answer = report.Affected, "update to 3.0.11-1~deb12u1, by 2026-11-08 08:00 UTC", "update"
		},
		func(s *report.Statement) {
			s.Status, s.Impact, s.Notes, s.ID, s.Aliases = report.NotAffected, "the flawed part is not built", "decision W-1 by sam until 2027-11-19", "GHSA-aaaa-bbbb-cccc", nil
		},
		func(s *report.Statement) {
			s.Status, s.Notes, s.Package, s.Purl = report.Fixed, "seen to be gone, after it had been there", "own thing", ""
		},
		func(s *report.Statement) {
			s.Status, s.Notes, s.Subject = report.UnderInvestigation, "erika asked for W-2 to be decided a false positive", "image:registry.example/shop/web:stable"
		},
		func(s *report.Statement) {
			s.Status, s.Action, s.Answer, s.Subject = report.Affected, "the risk is accepted: no fix", "can_not_fix", "image:registry.example/shop/web:stable"
			s.ID = "CVE-2023-0002"
		},
	} {
		s := base
		s.Finding = "F-" + string(rune('A'+i))
		edit(&s)
		v.Statements = append(v.Statements, s)
	}
	return v
}

func TestVEXGolden(t *testing.T) {
	for name, write := range map[string]func(*bytes.Buffer) error{
		"vex.openvex.json": func(b *bytes.Buffer) error { return report.OpenVEX(b, statements()) },
		"vex.cdx.json":     func(b *bytes.Buffer) error { return report.CycloneDXVEX(b, statements()) },
	} {
		var b, again bytes.Buffer
		if err := write(&b); err != nil {
			t.Fatal(err)
		}
		golden(t, name, b.Bytes())
		if write(&again) != nil || !bytes.Equal(b.Bytes(), again.Bytes()) {
			t.Errorf("%s: the same statements give another document", name)
		}
	}
}

// TestCycloneDXFollowsSchema: the document is CycloneDX 1.6 by its schema, also without a statement and with hostile
// words; one that is broken on purpose is not.
func TestCycloneDXFollowsSchema(t *testing.T) {
	c := jsonschema.NewCompiler()
	for name, file := range map[string]string{"http://cyclonedx.org/schema/bom-1.6.schema.json": "cyclonedx-bom-1.6.schema.json",
		"http://cyclonedx.org/schema/jsf-0.82.schema.json": "cyclonedx-jsf-0.82.schema.json", "http://cyclonedx.org/schema/spdx.schema.json": "cyclonedx-spdx.schema.json"} {
		data, err := os.ReadFile(filepath.Join("testdata", file))
		if err != nil {
			t.Fatal(err)
		}
		s, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.AddResource(name, s); err != nil {
			t.Fatal(err)
		}
	}
	schema, err := c.Compile("http://cyclonedx.org/schema/bom-1.6.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	check := func(v report.VEX, edit func([]byte) []byte) error {
		var b bytes.Buffer
		if err := report.CycloneDXVEX(&b, v); err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(edit(b.Bytes())))
		if err != nil {
			t.Fatal(err)
		}
		return schema.Validate(doc)
	}
	same := func(b []byte) []byte { return b }
	if err := check(statements(), same); err != nil {
		t.Error(err)
	}
	if err := check(report.VEX{At: at("2026-11-20T09:31:00Z")}, same); err != nil {
		t.Errorf("without a statement: %v", err)
	}
	for name, text := range hostileTexts {
		v := statements()
		for i := range v.Statements {
			s := &v.Statements[i]
			s.ID, s.Subject, s.Package, s.Version, s.Purl, s.Impact, s.Action, s.Notes = text, text+"/"+s.Subject, text, text, "", text, text, text
		}
		if err := check(v, same); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := check(statements(), func(b []byte) []byte { return bytes.ReplaceAll(b, []byte(`"in_triage"`), []byte(`"triage"`)) }); err == nil {
		t.Error("the schema takes a state that does not exist")
	}
}
