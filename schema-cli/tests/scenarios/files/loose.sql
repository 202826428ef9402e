CREATE TABLE project (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT UNIQUE, -- schema: allow(L511)
    note TEXT CHECK (note <> "none")
);
CREATE TABLE task (id INTEGER PRIMARY KEY, project_id INTEGER REFERENCES project (id));
