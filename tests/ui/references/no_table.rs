use schema_runtime::{Schema, schema};

struct Plain;

impl Plain {
    const ID: i64 = 1;
}

const SCHEMA: Schema = schema! { tables: [Plain] };

fn main() {}
