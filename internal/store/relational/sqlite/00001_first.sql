-- +goose Up
CREATE TABLE runs (
    id            TEXT PRIMARY KEY,          -- UUIDv7
    started_at    TEXT NOT NULL,             -- RFC 3339 with nanoseconds, UTC, as all times here
    finished_at   TEXT NOT NULL,
    version       TEXT NOT NULL,             -- of Holdfast
    estate_digest TEXT NOT NULL,
    targets       TEXT NOT NULL              -- JSON array
) STRICT;

CREATE TABLE facts (
    digest TEXT PRIMARY KEY,                 -- SHA-256 of the canonical JSON, hex
    kind   TEXT NOT NULL,                    -- name/version
    data   BLOB NOT NULL                     -- canonical JSON, zstd
) STRICT;

CREATE TABLE observations (
    run         TEXT NOT NULL REFERENCES runs (id),
    subject     TEXT NOT NULL,
    kind        TEXT NOT NULL,               -- name/version
    digest      TEXT REFERENCES facts (digest),
    problem     TEXT,                        -- JSON; exactly one of digest and problem is set
    observed_at TEXT NOT NULL,
    collector   TEXT NOT NULL,
    PRIMARY KEY (run, subject, kind)
) STRICT;
CREATE INDEX observations_subject ON observations (subject, observed_at);

CREATE TABLE findings (
    id          TEXT PRIMARY KEY,            -- F- and ten characters
    check_id    TEXT NOT NULL,
    kind        TEXT NOT NULL,
    subject     TEXT NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('open', 'closed')),
    data        TEXT NOT NULL                -- the whole record as JSON
) STRICT;
CREATE INDEX findings_place ON findings (subject, check_id);

CREATE TABLE finding_events (
    finding  TEXT NOT NULL REFERENCES findings (id),
    at       TEXT NOT NULL,
    run      TEXT NOT NULL,
    happened TEXT NOT NULL,
    reason   TEXT NOT NULL
) STRICT;
CREATE INDEX finding_events_finding ON finding_events (finding, at);

CREATE TABLE hosts (
    subject    TEXT PRIMARY KEY,
    machine_id TEXT NOT NULL,
    seen_at    TEXT NOT NULL
) STRICT;

-- +goose Down
DROP TABLE hosts; DROP TABLE finding_events; DROP TABLE findings;
DROP TABLE observations; DROP TABLE facts; DROP TABLE runs;
