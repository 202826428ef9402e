use schema_runtime::Table;

#[derive(Table)]
#[table(strict)]
struct Task {
    #[column(type = "VARCHAR(20)")]
    a: String,
}

fn main() {}
