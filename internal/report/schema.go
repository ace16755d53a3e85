package report

import (
	"bytes"
	_ "embed"
)

//go:embed assessment.schema.json
var assessmentSchema []byte

// Schema gives the JSON Schema (draft 2020-12) of what JSON writes. It allows fields that it does
// not name, since fields are only added to SchemaName.
func Schema() []byte { return bytes.Clone(assessmentSchema) }
