use schema_runtime::Table;

#[derive(Table)]
#[table(
    primary_key(id, a),
    unique(a, "B"),
    index(columns(a, b desc)),
    check("priority > 0 AND a = 1"),
    foreign_key(columns(c), references(Task, a))
)]
struct Task {
    a: i64,
}

fn main() {}
