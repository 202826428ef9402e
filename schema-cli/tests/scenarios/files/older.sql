-- schema: version(1.5)
CREATE TABLE user (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL
);
CREATE TABLE task (
    id INTEGER PRIMARY KEY,
    owner INTEGER REFERENCES user (id) ON DELETE CASCADE,
    title TEXT NOT NULL,
    estimate TEXT
);
