//! The migrations that SQL cannot say. They see the database as it is when they run, not the structs of today.

use schema_runtime::{Migration, MigrationContext, MigrationResult};

/// Both of them.
pub fn all() -> [Migration; 2] {
    [
        Migration::code(35, "node_regions", node_regions, Some(no_node_regions)),
        Migration::code(37, "runs_by_time", runs_by_time, Some(no_runs_by_time)),
    ]
}

/// `eu-3.build.example` stands in `eu`.
fn node_regions(context: &MigrationContext<'_>) -> MigrationResult {
    let conn = context.connection();
    if !context.has_column("nodes", "region")? {
        conn.execute_batch("ALTER TABLE nodes ADD COLUMN region TEXT")?;
    }
    let mut statement = conn.prepare("SELECT id, host FROM nodes ORDER BY id")?;
    let nodes: Vec<(i64, String)> =
        statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
    for (done, (id, host)) in (1..).zip(&nodes) {
        let (region, _) = host.split_once('-').ok_or_else(|| format!("`{host}` names no region"))?;
        conn.execute("UPDATE nodes SET region = ?2 WHERE id = ?1", (id, region))?;
        context.progress(done, nodes.len() as u64)?;
    }
    Ok(())
}

fn no_node_regions(context: &MigrationContext<'_>) -> MigrationResult {
    Ok(context.connection().execute_batch("ALTER TABLE nodes DROP COLUMN region")?)
}

/// Only production has enough runs for an index to be worth its writes.
fn runs_by_time(context: &MigrationContext<'_>) -> MigrationResult {
    if context.environment() == Some("prod") {
        context.connection().execute_batch("CREATE INDEX runs_by_time ON test_runs (started_at)")?;
    }
    Ok(())
}

fn no_runs_by_time(context: &MigrationContext<'_>) -> MigrationResult {
    Ok(context.connection().execute_batch("DROP INDEX IF EXISTS runs_by_time")?)
}
