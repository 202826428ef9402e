-- Tasks.
CREATE TABLE task (id INTEGER PRIMARY KEY, title TEXT);
