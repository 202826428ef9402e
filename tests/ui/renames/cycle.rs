use schema_runtime::Table;

#[derive(Table)]
struct Task {
    #[column(renamed_from = "b")]
    a: i64,
    #[column(renamed_from = "a")]
    b: i64,
}

fn main() {}
