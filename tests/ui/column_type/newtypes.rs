use schema_runtime::ColumnType;

#[derive(ColumnType)]
struct Two(i64, i64);

#[derive(ColumnType)]
struct Optional(Option<i64>);

#[derive(ColumnType)]
#[column_type(text)]
struct Text(i64);

#[derive(ColumnType)]
struct Big(u64);

fn main() {}
