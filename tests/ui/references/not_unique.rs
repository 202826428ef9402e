use schema_runtime::Table;

#[derive(Table)]
#[table(primary_key(a, b))]
struct Pair {
    a: i64,
    b: i64,
    c: i64,
}

#[derive(Table)]
#[table(
    foreign_key(columns(x, y), references(Pair, b, a)),
    foreign_key(columns(x, y), references(Pair, a, c))
)]
struct Task {
    #[column(references(Pair::A))]
    x: i64,
    y: i64,
}

fn main() {}
