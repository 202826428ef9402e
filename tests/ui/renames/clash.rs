use schema_runtime::Table;

#[derive(Table)]
#[table(renamed_from = "Task", renamed_from = "todo", renamed_from = "TODO", dropped("a", "gone", "Gone"))]
struct Task {
    #[column(renamed_from = "A")]
    a: i64,
    #[column(renamed_from = "old", renamed_from = "old")]
    b: i64,
    #[column(renamed_from = "old")]
    c: i64,
    #[column(renamed_from = "e")]
    d: i64,
    e: i64,
}

fn main() {}
