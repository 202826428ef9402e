use schema_runtime::Table;

#[derive(Table)]
#[table(column_order = "strict", rename_all = "snake", name = 5)]
struct Task {
    #[column(primary_key)]
    id: i64,
    #[column(references(Task::ID, on_delete = "delete", on_update = "casade"))]
    a: i64,
    #[column(references(id))]
    b: i64,
    #[column(skip, unique)]
    c: i64,
    #[column(collate = "", type = "TEXT NOT NULL")]
    d: String,
}

fn main() {}
