-- +goose Up
-- What keeps history from being removed.
CREATE TABLE holds (
    id       TEXT PRIMARY KEY,               -- H- and eight digits
    person   TEXT NOT NULL,                  -- account that placed it
    reason   TEXT NOT NULL,
    subject  TEXT NOT NULL,                  -- empty: everybody's
    since    TEXT NOT NULL,                  -- of the time that is held; empty: from the first
    until    TEXT NOT NULL,                  -- empty: without an end
    made     TEXT NOT NULL,
    released TEXT NOT NULL                   -- empty: it stands
) STRICT, WITHOUT ROWID;
CREATE INDEX runs_finished ON runs (finished_at);
CREATE INDEX agents_revoked ON agents (revoked) WHERE revoked <> '';

-- +goose Down
DROP INDEX agents_revoked; DROP INDEX runs_finished;
DROP TABLE holds;
