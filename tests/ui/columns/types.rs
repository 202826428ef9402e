use schema_runtime::Table;

type Big = u128;

#[derive(Table)]
struct Task {
    a: Big,
    d: std::time::Duration,
    #[column(json)]
    e: std::collections::BTreeMap<String, u64>,
}

fn main() {}
