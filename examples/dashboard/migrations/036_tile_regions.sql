-- A tile shows the region in which its application was tested last.
-- schema: after
UPDATE tiles SET region = (
    SELECT nodes.region FROM test_runs
        JOIN apps ON apps.id = test_runs.app_id
        JOIN nodes ON nodes.id = test_runs.node_id
    WHERE apps.name = tiles.app ORDER BY started_at DESC LIMIT 1
);
