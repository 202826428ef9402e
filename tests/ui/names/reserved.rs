use schema_runtime::Table;

#[derive(Table)]
#[table(name = "sqlite_tasks", index(columns(a), name = "sqlite_a"))]
struct Task {
    a: i64,
}

#[derive(Table)]
struct MigrationHistory {
    #[column(name = "__schema_rowid")]
    a: i64,
}

fn main() {}
