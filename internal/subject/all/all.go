// Package all lists every subject and every check that Holdfast has. The list is generated, so
// that one can read what is linked; nothing registers itself.
package all

//go:generate go run holdfast.example/holdfast/tools/gensubjects ../../..
//go:generate go run holdfast.example/holdfast/tools/gencoverage ../../..
