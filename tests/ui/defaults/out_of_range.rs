use schema_runtime::Table;

#[derive(Table)]
struct Task {
    #[column(default = 300)]
    a: u8,
    #[column(default = -1)]
    b: u32,
    #[column(default = 9_223_372_036_854_775_808)]
    c: i64,
}

#[derive(Table)]
struct Other {
    #[column(default = 300)]
    a: u8,
    #[column(default = -1)]
    b: Option<u32>,
}

fn main() {}
