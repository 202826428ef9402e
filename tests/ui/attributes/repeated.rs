use schema_runtime::Table;

#[derive(Table)]
#[table(strict, strict, name = "a", name = "b")]
struct Task {
    #[column(unique, unique, index, index, default = 1, default = 2)]
    a: i64,
}

fn main() {}
