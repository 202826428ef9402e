use schema_runtime::{ColumnType, Table};

const NAME: &str = "a";

#[derive(ColumnType)]
enum Status {
    Open,
}

#[derive(Table)]
struct Task {
    #[column(default = "5")]
    a: i64,
    #[column(default = 5)]
    b: String,
    #[column(default = 1)]
    c: bool,
    #[column(default = 1.5)]
    d: i64,
    #[column(default = "open")]
    e: Status,
    #[column(default = NAME)]
    f: i64,
    #[column(default = NULL)]
    g: i64,
    #[column(default_sql = "null")]
    h: i64,
}

fn main() {}
