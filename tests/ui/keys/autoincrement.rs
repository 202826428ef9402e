use schema_runtime::Table;

#[derive(Table)]
struct NoKey {
    #[column(autoincrement)]
    a: i64,
}

#[derive(Table)]
#[table(without_rowid)]
struct WithoutRowid {
    #[column(primary_key, autoincrement)]
    a: i64,
}

#[derive(Table)]
struct OtherType {
    #[column(primary_key, autoincrement, type = "BIGINT")]
    a: i64,
}

#[derive(Table)]
struct Text {
    #[column(primary_key, autoincrement)]
    a: String,
}

fn main() {}
