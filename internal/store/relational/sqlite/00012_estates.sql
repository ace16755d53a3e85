-- +goose Up
-- Each estate that the control plane worked by, in the order in which it read them.
CREATE TABLE estates (
    seq    INTEGER PRIMARY KEY,              -- from 1
    digest TEXT NOT NULL,                    -- of what is declared
    at     TEXT NOT NULL,                    -- when it was read first
    data   BLOB NOT NULL                     -- as "estate show" writes it, zstd
) STRICT;

-- +goose Down
DROP TABLE estates;
