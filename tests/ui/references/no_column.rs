use schema_runtime::Table;

#[derive(Table)]
struct Project {
    #[column(primary_key)]
    id: i64,
}

#[derive(Table)]
#[table(foreign_key(columns(a, b), references(Project, id)))]
struct Task {
    #[column(references(Project::KEY))]
    a: i64,
    b: i64,
}

#[derive(Table)]
struct Other {
    #[column(references(Project::KEY))]
    a: i64,
}

fn main() {}
