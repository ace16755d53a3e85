-- +goose Up
-- What each subject carries, so that an advisory finds it without reading facts. Five million instances are three
-- numbers each; what they stand for is written once.
CREATE TABLE package_names (
    id        INTEGER PRIMARY KEY,
    ecosystem TEXT NOT NULL,                 -- with the release: Debian:12
    name      TEXT NOT NULL,
    UNIQUE (ecosystem, name)
) STRICT;
CREATE TABLE package_versions (
    id      INTEGER PRIMARY KEY,
    version TEXT NOT NULL UNIQUE
) STRICT;
CREATE TABLE package_carriers (
    id      INTEGER PRIMARY KEY,
    subject TEXT NOT NULL,
    part    TEXT NOT NULL,                   -- what of it is seen together, and so replaced together
    teams   TEXT NOT NULL,                   -- JSON array, by the estate of the run
    seen_at TEXT NOT NULL,
    UNIQUE (subject, part)
) STRICT;
CREATE TABLE package_instances (
    name    INTEGER NOT NULL REFERENCES package_names (id),
    version INTEGER NOT NULL REFERENCES package_versions (id),
    carrier INTEGER NOT NULL REFERENCES package_carriers (id),
    PRIMARY KEY (name, version, carrier)
) STRICT, WITHOUT ROWID;
CREATE INDEX package_instances_carrier ON package_instances (carrier);

-- +goose Down
DROP TABLE package_instances; DROP TABLE package_carriers; DROP TABLE package_versions; DROP TABLE package_names;
