use schema_runtime::Table;

#[derive(Table)]
#[table(without_rowid)]
struct Task {
    a: i64,
}

fn main() {}
