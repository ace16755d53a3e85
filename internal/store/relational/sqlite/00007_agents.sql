-- +goose Up
-- Collectors inside environments. An agent is known by its id; what it may do follows from its environment here, never from
-- what it says of itself.
CREATE TABLE agents (
    id          TEXT PRIMARY KEY,
    environment TEXT NOT NULL,
    subject     TEXT NOT NULL,               -- declared system that it runs on; empty: named by what it sees
    joined      TEXT NOT NULL,
    until       TEXT NOT NULL,               -- end of its newest certificate
    seen        TEXT NOT NULL,               -- last report; empty: none yet
    revoked     TEXT NOT NULL,               -- empty: it is not
    data        TEXT NOT NULL                -- JSON
) STRICT, WITHOUT ROWID;

-- Invitations. The secret itself is kept nowhere.
CREATE TABLE invitations (
    digest      TEXT PRIMARY KEY,            -- SHA-256 of the secret in hex
    environment TEXT NOT NULL,
    subject     TEXT NOT NULL,
    made        TEXT NOT NULL,
    until       TEXT NOT NULL,
    agent       TEXT NOT NULL                -- who used it; empty: nobody yet
) STRICT, WITHOUT ROWID;

-- Reports that were recorded, so that one that comes twice counts once.
CREATE TABLE agent_reports (
    id       TEXT PRIMARY KEY,               -- UUIDv7 by the agent
    agent    TEXT NOT NULL,
    received TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX agent_reports_received ON agent_reports (received);

-- +goose Down
DROP TABLE agent_reports;
DROP TABLE invitations;
DROP TABLE agents;
