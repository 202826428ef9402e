use schema_runtime::Table;

#[derive(Table)]
struct Task {
    #[column(default_sql = "pending")]
    a: String,
    #[column(default_sql = "lower(a)")]
    b: String,
    #[column(default_sql = "TRUE")]
    c: bool,
    #[column(default_sql = "CAST('1' AS my_type) COLLATE mine")]
    d: String,
    #[column(default_sql = "(strftime('%s', 'now') + random())")]
    e: i64,
}

fn main() {}
