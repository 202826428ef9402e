use schema_runtime::Table;

#[derive(Table)]
#[table(strickt, check("a > 0", names = "x"), index(columns(a), uniqe))]
struct Task {
    #[column(uniqe, default_sql = "1")]
    a: i64,
    #[column(references(Task::A, on_remove = "cascade"))]
    b: i64,
}

fn main() {}
