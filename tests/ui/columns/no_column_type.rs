use std::collections::HashMap;
use std::net::IpAddr;

use schema_runtime::Table;

enum Status {
    Pending,
    Done,
}

#[derive(Table)]
struct Task {
    optional: Option<IpAddr>,
    list: Vec<String>,
    map: HashMap<String, i64>,
    status: Status,
    maybe: Option<Status>,
    nested: Option<Option<Vec<f64>>>,
}

fn main() {
    let _ = [Status::Pending, Status::Done];
}
