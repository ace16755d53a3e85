-- +goose Up
-- What each check last came to on each subject: how an estate stands is read from here, and no fact is judged again for it.
CREATE TABLE verdicts (
    subject TEXT PRIMARY KEY,
    seq     INTEGER NOT NULL,                -- greater than that of all that were judged before
    at      TEXT NOT NULL,                   -- when it was judged last
    data    BLOB NOT NULL                    -- marks as JSON, zstd
) STRICT;
CREATE INDEX verdicts_seq ON verdicts (seq);

-- How everything stood at the end of a day, for the trend.
CREATE TABLE days (
    day  TEXT PRIMARY KEY,                   -- 2006-01-02, in the zone of the estate
    data TEXT NOT NULL                       -- JSON
) STRICT, WITHOUT ROWID;

-- When people looked at the overview, for what changed since.
CREATE TABLE visits (
    person TEXT PRIMARY KEY,
    seen   TEXT NOT NULL,                    -- last look
    before TEXT NOT NULL                     -- last look of the visit before this one; empty: none
) STRICT, WITHOUT ROWID;

-- Tokens for programs. The secret itself is kept nowhere.
CREATE TABLE tokens (
    id      TEXT PRIMARY KEY,                -- T- and ten characters
    digest  TEXT NOT NULL UNIQUE,            -- SHA-256 of the secret, hex
    person  TEXT NOT NULL,                   -- in whose name it speaks
    name    TEXT NOT NULL,
    may     TEXT NOT NULL,                   -- JSON array of permissions; never more than the person's own
    made    TEXT NOT NULL,
    until   TEXT NOT NULL,
    used    TEXT NOT NULL,                   -- empty: never
    revoked TEXT NOT NULL                    -- empty: it is not
) STRICT, WITHOUT ROWID;

-- Answers to writes that carried a key, so that one that comes twice is done once.
CREATE TABLE answers (
    key    TEXT NOT NULL,
    person TEXT NOT NULL,
    asked  TEXT NOT NULL,                    -- digest of what was asked
    at     TEXT NOT NULL,
    status INTEGER NOT NULL,                 -- 0: it is being done
    body   TEXT NOT NULL,
    PRIMARY KEY (person, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX finding_events_at ON finding_events (at);

-- Which vulnerability an open finding is; empty: none.
ALTER TABLE standings ADD COLUMN flaw TEXT NOT NULL DEFAULT '';
UPDATE standings SET flaw = (SELECT coalesce(json_extract(f.data, '$.vulnerability.id'), '') FROM findings f WHERE f.id = standings.finding);
-- Which check it is of, so that the findings of one are listed without looking at all others; of one severity likewise.
ALTER TABLE standings ADD COLUMN check_id TEXT NOT NULL DEFAULT '';
UPDATE standings SET check_id = (SELECT f.check_id FROM findings f WHERE f.id = standings.finding);
CREATE INDEX standings_check ON standings (check_id, due, exploited DESC, epss DESC, internet DESC, running DESC, severity, identified, finding);
CREATE INDEX standings_severity ON standings (severity, due, exploited DESC, epss DESC, internet DESC, running DESC, identified, finding);
CREATE INDEX standings_flaw ON standings (flaw) WHERE flaw <> '';

-- +goose Down
DROP INDEX standings_flaw; DROP INDEX standings_severity; DROP INDEX standings_check;
ALTER TABLE standings DROP COLUMN flaw; ALTER TABLE standings DROP COLUMN check_id;
DROP INDEX finding_events_at;
DROP TABLE answers; DROP TABLE tokens; DROP TABLE visits; DROP TABLE days; DROP TABLE verdicts;
