-- The machines, and the runs of tests on them.
CREATE TABLE nodes (
    id INTEGER PRIMARY KEY,
    host TEXT NOT NULL UNIQUE
);

CREATE TABLE test_runs (
    id INTEGER PRIMARY KEY,
    app_id INTEGER NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    node_id INTEGER NOT NULL REFERENCES nodes (id),
    status TEXT NOT NULL CHECK (status IN ('running', 'passed', 'failed', 'aborted')),
    started_at TEXT NOT NULL
);
