CREATE TABLE task (
    id INTEGER PRIMARY KEY,
    owner INTEGER REFERENCES user (id)
);
CREATE VIEW late AS SELECT id, due FROM task;
