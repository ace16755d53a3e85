-- +goose Up
-- Who logs in by which passkey. The data hold public keys and counters, nothing secret.
CREATE TABLE passkeys (
    id     TEXT PRIMARY KEY,                 -- of the credential, base64url
    person TEXT NOT NULL,                    -- as the estate names it
    added  TEXT NOT NULL,
    used   TEXT NOT NULL,                    -- empty: never
    data   TEXT NOT NULL                     -- JSON
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE passkeys;
