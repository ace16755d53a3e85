// Package access knows who may log in, and by what.
package access

import (
	"encoding/json"
	"time"
)

// Passkey is a WebAuthn credential of a person. Its data hold a public key and nothing secret.
type Passkey struct {
	ID     string          `json:"id"` // of the credential, base64url
	Person string          `json:"person"`
	Added  time.Time       `json:"added"`
	Used   time.Time       `json:"used,omitzero"` // last log-in; zero: never
	Data   json.RawMessage `json:"data"`
}
