use schema_runtime::Table;

#[derive(Table)]
#[table(
    check("a <> \"x\" AND a <> \"it's\""),
    index(columns(a), where = "a <> \"x\""),
    index(columns(expr = "[aa] || `b`"), name = "x")
)]
struct Task {
    #[column(check("\"aa\" > 0"))]
    a: String,
    #[column(generated("a || \"x\""))]
    b: String,
}

#[derive(Table)]
#[table(check("a <> \"x\""), allow = "L510")]
struct Allowed {
    a: String,
}

#[derive(Table)]
#[table(index(columns(a), where = "a <> \"x\"", allow = "L510"), check("\"a\" > 0 AND \"rowid\" > 0"))]
struct AlsoAllowed {
    a: String,
    #[column(generated("a || \"x\""), allow = "L510")]
    b: String,
}

fn main() {}
