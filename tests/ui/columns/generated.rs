use schema_runtime::Table;

#[derive(Table)]
struct Task {
    a: i64,
    #[column(generated("a + 1"), default = 5)]
    b: i64,
    #[column(generated("a + 1", stored), primary_key, backfill = "1")]
    c: i64,
    #[column(generated("x + 1", persisted))]
    d: i64,
}

fn main() {}
