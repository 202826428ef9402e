use schema_runtime::Table;

#[derive(Table)]
#[table(index(columns(a)), index(columns(a), where = "a > 0"), index(columns(a), name = "Task"))]
struct Task {
    a: i64,
    #[column(name = "A")]
    b: i64,
}

fn main() {}
