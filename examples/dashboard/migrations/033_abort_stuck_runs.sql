-- Hotfix: runs whose machine went away stay `running` for ever.
UPDATE test_runs SET status = 'aborted' WHERE status = 'running' AND started_at < '2026-02-01';
