-- +goose Up
-- Decisions about findings, chained by hash: rows are only added.
CREATE TABLE decisions (
    seq    INTEGER PRIMARY KEY,              -- from 1, without a gap
    waiver TEXT NOT NULL,                    -- W- and ten characters
    hash   TEXT NOT NULL,                    -- of this row, which holds that of the one before
    data   TEXT NOT NULL                     -- the whole entry as JSON
) STRICT;
CREATE INDEX decisions_waiver ON decisions (waiver);
-- +goose StatementBegin
CREATE TRIGGER decisions_stay BEFORE UPDATE ON decisions BEGIN SELECT RAISE(ABORT, 'decisions are not changed'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER decisions_remain BEFORE DELETE ON decisions BEGIN SELECT RAISE(ABORT, 'decisions are not deleted'); END;
-- +goose StatementEnd

-- The names under which vulnerabilities are remembered: one that gets its CVE later stays the same finding.
CREATE TABLE vulnerability_names (
    alias TEXT PRIMARY KEY,
    name  TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What the database as a whole was worked out for: the digest of the estate behind the deadlines.
CREATE TABLE settings (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What findings are sorted by: what to do next. No deadline is the last of all.
ALTER TABLE findings ADD COLUMN due TEXT NOT NULL DEFAULT '9999';
ALTER TABLE findings ADD COLUMN settled_until TEXT NOT NULL DEFAULT ''; -- empty: no decision takes it off the list
ALTER TABLE findings ADD COLUMN exploited INTEGER NOT NULL DEFAULT 0;
ALTER TABLE findings ADD COLUMN epss REAL NOT NULL DEFAULT 0;
ALTER TABLE findings ADD COLUMN internet INTEGER NOT NULL DEFAULT 0;
ALTER TABLE findings ADD COLUMN running INTEGER NOT NULL DEFAULT 0;
ALTER TABLE findings ADD COLUMN severity INTEGER NOT NULL DEFAULT 9; -- 0 is critical
ALTER TABLE findings ADD COLUMN identified TEXT NOT NULL DEFAULT '';
UPDATE findings SET identified = coalesce(json_extract(data, '$.identified'), ''),
    severity = CASE json_extract(data, '$.severity') WHEN 'critical' THEN 0 WHEN 'high' THEN 1 WHEN 'moderate' THEN 2 WHEN 'low' THEN 3 ELSE 4 END;
CREATE INDEX findings_next ON findings (due, exploited DESC, epss DESC, internet DESC, running DESC, severity, identified, id) WHERE state = 'open';

-- +goose Down
DROP INDEX findings_next;
ALTER TABLE findings DROP COLUMN due; ALTER TABLE findings DROP COLUMN settled_until; ALTER TABLE findings DROP COLUMN exploited;
ALTER TABLE findings DROP COLUMN epss; ALTER TABLE findings DROP COLUMN internet; ALTER TABLE findings DROP COLUMN running;
ALTER TABLE findings DROP COLUMN severity; ALTER TABLE findings DROP COLUMN identified;
DROP TABLE settings; DROP TABLE vulnerability_names; DROP TABLE decisions;
