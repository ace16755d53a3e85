-- +goose Up
-- What open findings are sorted by lies apart from their records, which are ten times as large; and what the findings of
-- one subject share that were identified together with one severity is written once: their clock. A new calendar then
-- reads clocks and writes numbers.
CREATE TABLE clocks (
    id         INTEGER PRIMARY KEY,
    subject    TEXT NOT NULL,
    identified TEXT NOT NULL,
    ratings    TEXT NOT NULL,                -- JSON, as in the record
    standing   TEXT NOT NULL,                -- JSON, without decisions; empty: as in the record
    UNIQUE (subject, identified, ratings)
) STRICT;
CREATE TABLE standings (
    clock         INTEGER NOT NULL REFERENCES clocks (id),
    finding       TEXT NOT NULL UNIQUE REFERENCES findings (id),
    due           TEXT NOT NULL,             -- 9999: no deadline, the last of all
    settled_until TEXT NOT NULL,             -- empty: no decision takes it off the list
    exploited     INTEGER NOT NULL,
    epss          REAL NOT NULL,
    internet      INTEGER NOT NULL,
    running       INTEGER NOT NULL,
    severity      INTEGER NOT NULL,          -- 0 is critical
    identified    TEXT NOT NULL,
    decided       TEXT NOT NULL,             -- JSON of the whole standing where a decision changes it, else empty
    PRIMARY KEY (clock, finding)
) STRICT, WITHOUT ROWID;
INSERT INTO clocks (subject, identified, ratings, standing)
    SELECT DISTINCT subject, identified, coalesce(json_extract(data, '$.ratings'),
        json_array(json_object('since', json_extract(data, '$.identified'), 'severity', json_extract(data, '$.severity')))), ''
    FROM findings WHERE state = 'open';
INSERT INTO standings (clock, finding, due, settled_until, exploited, epss, internet, running, severity, identified, decided)
    SELECT c.id, f.id, f.due, f.settled_until, f.exploited, f.epss, f.internet, f.running, f.severity, f.identified,
        CASE WHEN coalesce(json_extract(data, '$.settled_by'), json_extract(data, '$.extended'), '') <> '' THEN data ELSE '' END
    FROM findings f JOIN clocks c ON c.subject = f.subject AND c.identified = f.identified AND c.ratings = coalesce(json_extract(f.data, '$.ratings'),
        json_array(json_object('since', json_extract(f.data, '$.identified'), 'severity', json_extract(f.data, '$.severity'))))
    WHERE f.state = 'open';
CREATE INDEX standings_next ON standings (due, exploited DESC, epss DESC, internet DESC, running DESC, severity, identified, finding);
CREATE INDEX standings_settled ON standings (settled_until) WHERE settled_until <> '';
DROP INDEX findings_next;
ALTER TABLE findings DROP COLUMN due; ALTER TABLE findings DROP COLUMN settled_until; ALTER TABLE findings DROP COLUMN exploited;
ALTER TABLE findings DROP COLUMN epss; ALTER TABLE findings DROP COLUMN internet; ALTER TABLE findings DROP COLUMN running;
ALTER TABLE findings DROP COLUMN severity; ALTER TABLE findings DROP COLUMN identified;
DELETE FROM settings WHERE name = 'standing-for';

-- +goose Down
ALTER TABLE findings ADD COLUMN due TEXT NOT NULL DEFAULT '9999';
ALTER TABLE findings ADD COLUMN settled_until TEXT NOT NULL DEFAULT '';
ALTER TABLE findings ADD COLUMN exploited INTEGER NOT NULL DEFAULT 0;
ALTER TABLE findings ADD COLUMN epss REAL NOT NULL DEFAULT 0;
ALTER TABLE findings ADD COLUMN internet INTEGER NOT NULL DEFAULT 0;
ALTER TABLE findings ADD COLUMN running INTEGER NOT NULL DEFAULT 0;
ALTER TABLE findings ADD COLUMN severity INTEGER NOT NULL DEFAULT 9;
ALTER TABLE findings ADD COLUMN identified TEXT NOT NULL DEFAULT '';
UPDATE findings SET (due, settled_until, exploited, epss, internet, running, severity, identified, data) =
    (SELECT s.due, s.settled_until, s.exploited, s.epss, s.internet, s.running, s.severity, s.identified,
        json_patch(findings.data, CASE WHEN s.decided <> '' THEN s.decided WHEN c.standing <> '' THEN c.standing ELSE '{}' END)
     FROM standings s JOIN clocks c ON c.id = s.clock WHERE s.finding = findings.id)
    WHERE id IN (SELECT finding FROM standings);
CREATE INDEX findings_next ON findings (due, exploited DESC, epss DESC, internet DESC, running DESC, severity, identified, id) WHERE state = 'open';
DELETE FROM settings WHERE name = 'standing-for';
DROP TABLE standings; DROP TABLE clocks;
