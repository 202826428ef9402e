use schema_runtime::rusqlite::Connection;
use schema_runtime::{ColumnType, Migrator, Schema, Table, schema};

#[derive(ColumnType)]
enum Status {
    Pending,
    Done,
}

#[derive(Table)]
#[table(name = "projects", strict)]
struct Project {
    #[column(primary_key)]
    id: i64,
    name: String,
}

#[derive(Table)]
#[table(name = "tasks", strict, index(columns(status, created_at)), check("priority BETWEEN 0 AND 9"))]
struct Task {
    #[column(primary_key)]
    id: i64,
    #[column(unique)]
    slug: String,
    #[column(references(Project::ID, on_delete = "cascade"), index)]
    project_id: Option<i64>,
    #[column(default = Status::Pending)]
    status: Status,
    #[column(default = 5)]
    priority: u8,
    #[column(default_sql = "CURRENT_TIMESTAMP")]
    created_at: String,
    notes: Option<String>,
}

const SCHEMA: Schema = schema! { tables: [Project, Task] };

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Checks, backs up, migrates, verifies, records; does nothing where nothing is to be done.
    let report = Migrator::new(&SCHEMA).run("app.db")?;
    println!("{report}");

    let conn = Connection::open("app.db")?;
    conn.execute("INSERT INTO tasks (slug) VALUES ('task-' || (SELECT count(*) FROM tasks))", [])?;
    let tasks: i64 = conn.query_row("SELECT count(*) FROM tasks", [], |row| row.get(0))?;
    println!("{tasks} tasks");
    Ok(())
}
