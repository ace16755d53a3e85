-- +goose Up
-- A subject may have several addresses, each of which is seen.
CREATE TABLE observations_2 (
    run         TEXT NOT NULL REFERENCES runs (id),
    subject     TEXT NOT NULL,
    kind        TEXT NOT NULL,               -- name/version
    place       TEXT NOT NULL DEFAULT '',    -- which address of the subject; empty where it has no more than one
    digest      TEXT REFERENCES facts (digest),
    problem     TEXT,                        -- JSON; exactly one of digest and problem is set
    observed_at TEXT NOT NULL,
    collector   TEXT NOT NULL,
    PRIMARY KEY (run, subject, kind, place)
) STRICT;
INSERT INTO observations_2 (run, subject, kind, digest, problem, observed_at, collector)
    SELECT run, subject, kind, digest, problem, observed_at, collector FROM observations;
DROP TABLE observations;
ALTER TABLE observations_2 RENAME TO observations;
CREATE INDEX observations_subject ON observations (subject, observed_at);

-- +goose Down
CREATE TABLE observations_1 (
    run         TEXT NOT NULL REFERENCES runs (id),
    subject     TEXT NOT NULL,
    kind        TEXT NOT NULL,
    digest      TEXT REFERENCES facts (digest),
    problem     TEXT,
    observed_at TEXT NOT NULL,
    collector   TEXT NOT NULL,
    PRIMARY KEY (run, subject, kind)
) STRICT;
INSERT OR IGNORE INTO observations_1 (run, subject, kind, digest, problem, observed_at, collector)
    SELECT run, subject, kind, digest, problem, observed_at, collector FROM observations ORDER BY place;
DROP TABLE observations;
ALTER TABLE observations_1 RENAME TO observations;
CREATE INDEX observations_subject ON observations (subject, observed_at);
