// Package catalog carries the data that Holdfast judges by: the requirements of the standard with
// what each needs to hold, the settings of checks, and the deadlines. FORMAT.md describes every
// field. It holds no code: whoever needs a part reads it from FS and validates it.
package catalog

import "embed"

// FS holds kinds.yaml, sla.yaml, advisories.yaml, roles.yaml, passwords.txt, requirements/*.yaml, checks/*.yaml and web/paths.yaml.
//
//go:embed kinds.yaml sla.yaml advisories.yaml roles.yaml passwords.txt requirements/*.yaml checks web
var FS embed.FS
