use schema_runtime::Table;

#[derive(Table)]
enum Status {
    Open,
}

#[derive(Table)]
struct Point(i64, i64);

#[derive(Table)]
struct Generic<T> {
    a: T,
}

#[derive(Table)]
struct Empty {}

fn main() {}
