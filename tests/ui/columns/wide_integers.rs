use schema_runtime::Table;

#[derive(Table)]
struct Task {
    a: u64,
    b: Option<usize>,
    c: i128,
    d: u128,
}

fn main() {}
