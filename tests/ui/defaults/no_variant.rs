use schema_runtime::{ColumnType, Table};

#[derive(ColumnType)]
enum Status {
    Open,
}

#[derive(Table)]
struct Task {
    #[column(default = Status::Pending)]
    status: Status,
    #[column(default = Status::Open)]
    other: i64,
}

fn main() {}
