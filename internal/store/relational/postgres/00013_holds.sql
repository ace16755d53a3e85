-- +goose Up
CREATE TABLE holds (
    id       TEXT COLLATE "C" PRIMARY KEY,   -- H- and eight digits
    person   TEXT COLLATE "C" NOT NULL,      -- account that placed it
    reason   TEXT COLLATE "C" NOT NULL,
    subject  TEXT COLLATE "C" NOT NULL,      -- empty: everybody's
    since    TEXT COLLATE "C" NOT NULL,      -- of the time that is held; empty: from the first
    until    TEXT COLLATE "C" NOT NULL,      -- empty: without an end
    made     TEXT COLLATE "C" NOT NULL,
    released TEXT COLLATE "C" NOT NULL       -- empty: it stands
);
CREATE INDEX runs_finished ON runs (finished_at);
CREATE INDEX agents_revoked ON agents (revoked) WHERE revoked <> '';

-- +goose Down
DROP INDEX agents_revoked; DROP INDEX runs_finished;
DROP TABLE holds;
