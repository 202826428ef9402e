use schema_runtime::Table;

#[derive(Table)]
#[table(
    check("a > (1"),
    check("a > 'x"),
    check("a >"),
    check(""),
    check("a > 1; DROP TABLE task"),
    index(columns(expr = "lower(a"), name = "x"),
    index(columns(a), where = "b > 0"),
    index(columns(expr = "lower(a)"))
)]
struct Task {
    #[column(check("c > 0"), backfill = "CASE a", convert = "(", default_sql = ")")]
    a: String,
}

fn main() {}
