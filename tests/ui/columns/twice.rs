use schema_runtime::Table;

#[derive(Table)]
#[table(primary_key(a, a), unique(b, b), unique(), index(columns()))]
struct Task {
    a: i64,
    b: i64,
}

fn main() {}
