-- Who is told when the tests of an application fail; at first all who look at it.
CREATE TABLE watchers (
    viewer_id INTEGER NOT NULL,
    app TEXT NOT NULL REFERENCES apps (name) ON UPDATE CASCADE ON DELETE CASCADE,
    PRIMARY KEY (viewer_id, app)
) WITHOUT ROWID;

INSERT INTO watchers SELECT DISTINCT viewer_id, app FROM tiles WHERE app IN (SELECT name FROM apps);
