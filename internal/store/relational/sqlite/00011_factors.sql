-- +goose Up
-- What people log in by who have no passkey: a password as argon2id, a key for codes that is encrypted, and hashes of recovery codes.
CREATE TABLE factors (
    person TEXT PRIMARY KEY,                 -- as the estate names it
    step   INTEGER NOT NULL,                 -- of the last code that was taken: each is taken once
    data   TEXT NOT NULL                     -- JSON
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE factors;
