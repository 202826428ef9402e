use schema_runtime::Table;

#[derive(Table)]
struct Task {
    #[column(default = 1, default_sql = "2")]
    a: i64,
    #[column(default = now())]
    b: String,
}

fn main() {}
