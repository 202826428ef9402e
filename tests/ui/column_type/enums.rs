use schema_runtime::ColumnType;

#[derive(ColumnType)]
enum Data {
    Open(i64),
}

#[derive(ColumnType)]
enum Empty {}

#[derive(ColumnType)]
#[column_type(text, integer)]
enum Both {
    A,
}

#[derive(ColumnType)]
#[column_type(rename_all = "Snake", rename = "x", colour)]
enum Attributes {
    A,
    #[column_type(rename = "A")]
    B,
    #[column_type(rename = "A")]
    C,
}

fn main() {}
