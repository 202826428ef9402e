//! Tables in which tools of migration keep what they have applied: they are the tools', not the program's.

use schema_runtime::TableInfo;
use schema_sql::eq_name;

/// A table by its name and by columns without which it is another one's, and whose it is.
type Record = (&'static str, &'static [&'static str], &'static str);

/// Those that `schema adopt` reads.
const ADOPTED: [Record; 6] = [
    ("__diesel_schema_migrations", &["version", "run_on"], "diesel"),
    ("_sqlx_migrations", &["version", "description", "installed_on", "success", "checksum"], "sqlx"),
    ("refinery_schema_history", &["version", "name", "applied_on", "checksum"], "refinery"),
    ("schema_versions", &["version", "description", "checksum"], "a runner of migrations"),
    ("schema_version", &["version", "description", "checksum"], "a runner of migrations"),
    ("migrations", &["version", "description", "checksum"], "a runner of migrations"),
];

const OTHERS: [Record; 14] = [
    ("seaql_migrations", &["version", "applied_at"], "sea-orm"),
    ("schema_migrations", &["version"], "dbmate, golang-migrate or Rails"),
    ("ar_internal_metadata", &["key", "value"], "Rails"),
    ("goose_db_version", &["version_id", "is_applied"], "goose"),
    ("knex_migrations", &["name", "batch", "migration_time"], "Knex"),
    ("knex_migrations_lock", &["is_locked"], "Knex"),
    ("migrations", &["migration", "batch"], "Laravel"),
    ("django_migrations", &["app", "name", "applied"], "Django"),
    ("alembic_version", &["version_num"], "Alembic"),
    ("flyway_schema_history", &["installed_rank", "version", "checksum"], "Flyway"),
    ("_prisma_migrations", &["migration_name", "checksum"], "Prisma"),
    ("__drizzle_migrations", &["hash", "created_at"], "Drizzle"),
    ("__EFMigrationsHistory", &["MigrationId", "ProductVersion"], "Entity Framework"),
    ("grdb_migrations", &["identifier"], "GRDB"),
];

/// Why the table is no part of a model, where it is a tool's.
pub(super) fn record_fault(table: &TableInfo) -> Option<String> {
    let tool = |records: &[Record]| {
        let mut found = records.iter().filter(|(name, ..)| eq_name(name, &table.name));
        found
            .find(|(_, columns, _)| columns.iter().all(|name| table.column(name).is_some()))
            .map(|(.., tool)| *tool)
    };
    match (tool(&ADOPTED), tool(&OTHERS)) {
        (Some(tool), _) => {
            Some(format!("it is the record of {tool}; `schema adopt` takes over what it says"))
        }
        (None, Some(tool)) => Some(format!("it is the record of {tool}, which no model manages")),
        (None, None) => None,
    }
}
