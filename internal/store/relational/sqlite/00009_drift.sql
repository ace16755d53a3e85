-- +goose Up
-- What was approved of each kind of fact of a subject. The data are kept here and not among the facts: they are the steady part
-- of one, and after the approval of a part of what differed no look ever saw them as a whole.
CREATE TABLE baselines (
    subject  TEXT NOT NULL,
    kind     TEXT NOT NULL,                  -- name/version
    place    TEXT NOT NULL,                  -- which address of the subject; empty where it has no more than one
    digest   TEXT NOT NULL,                  -- SHA-256 of the data, hex
    fact     TEXT NOT NULL,                  -- digest of what was seen when it was approved last
    known    TEXT NOT NULL,                  -- JSON array: fields that were compared then
    missing  TEXT NOT NULL,                  -- JSON array: parts that were not seen then
    approval INTEGER NOT NULL REFERENCES approvals (seq),
    data     BLOB NOT NULL,                  -- canonical JSON, zstd
    PRIMARY KEY (subject, kind, place)
) STRICT, WITHOUT ROWID;

-- Approvals, chained by hash as the decisions are: rows are only added.
CREATE TABLE approvals (
    seq     INTEGER PRIMARY KEY,             -- from 1, without a gap
    subject TEXT NOT NULL,
    hash    TEXT NOT NULL,                   -- of this row, which holds that of the one before
    data    TEXT NOT NULL                    -- the whole row as JSON
) STRICT;
-- +goose StatementBegin
CREATE TRIGGER approvals_stay BEFORE UPDATE ON approvals BEGIN SELECT RAISE(ABORT, 'approvals are not changed'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER approvals_remain BEFORE DELETE ON approvals BEGIN SELECT RAISE(ABORT, 'approvals are not deleted'); END;
-- +goose StatementEnd

-- What differed at the last look, each since when.
CREATE TABLE differences (
    subject    TEXT NOT NULL,
    kind       TEXT NOT NULL,
    place      TEXT NOT NULL,
    path       TEXT NOT NULL,
    first_seen TEXT NOT NULL,
    data       TEXT NOT NULL,                -- JSON
    PRIMARY KEY (subject, kind, place, path)
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE differences; DROP TABLE baselines; DROP TABLE approvals;
