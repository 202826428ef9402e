-- schema: version(2.0)
CREATE TABLE user (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL, -- schema: backfill('unknown')
    email TEXT
);
CREATE TABLE task (
    id INTEGER PRIMARY KEY,
    owner INTEGER REFERENCES user (id) ON DELETE CASCADE,
    title TEXT NOT NULL,
    estimate TEXT
);
CREATE INDEX task_owner ON task (owner);
