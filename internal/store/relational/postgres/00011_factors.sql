-- +goose Up
CREATE TABLE factors (
    person TEXT COLLATE "C" PRIMARY KEY,     -- as the estate names it
    step   BIGINT NOT NULL,                  -- of the last code that was taken: each is taken once
    data   TEXT COLLATE "C" NOT NULL         -- JSON
);

-- +goose Down
DROP TABLE factors;
