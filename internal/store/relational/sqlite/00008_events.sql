-- +goose Up
-- What happened, in the order in which it was committed: written in the transaction of what it tells of, read from here by the
-- ledger and whoever listens.
CREATE TABLE events (
    seq  INTEGER PRIMARY KEY,                -- from 1, without a gap
    id   TEXT NOT NULL UNIQUE,               -- UUIDv7
    data TEXT NOT NULL                       -- OCSF as JSON
) STRICT;

-- +goose Down
DROP TABLE events;
