CREATE TABLE person (
    id INTEGER PRIMARY KEY,
    full_name TEXT
);
CREATE TABLE task (
    id INTEGER PRIMARY KEY,
    owner INTEGER REFERENCES person (id) ON DELETE CASCADE,
    title TEXT NOT NULL,
    estimate TEXT
);
