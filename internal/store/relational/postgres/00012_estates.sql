-- +goose Up
CREATE TABLE estates (
    seq    BIGINT PRIMARY KEY,               -- from 1
    digest TEXT COLLATE "C" NOT NULL,        -- of what is declared
    at     TEXT COLLATE "C" NOT NULL,        -- when it was read first
    data   BYTEA NOT NULL                    -- as "estate show" writes it, zstd
);

-- +goose Down
DROP TABLE estates;
