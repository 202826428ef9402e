use schema_runtime::Table;

#[derive(Table)]
struct Node {
    #[column(primary_key)]
    id: i64,
    #[column(references(Self::ID, on_delete = "set null"))]
    parent: i64,
}

fn main() {}
