use schema_runtime::{Schema, Table, schema};

const TABLE: &str = "CREATE TABLE t(a)";

#[derive(Table)]
struct Task {
    a: i64,
}

const LITERALS: Schema = schema! {
    tables: [Task],
    views: ["CREATE TABLE t(a)", "CREATE VIEW sqlite_v AS SELECT 1", "CREATE VIEW v AS SELECT 'x", "SELECT 1"],
    triggers: ["CREATE TRIGGER t AFTER INSERT ON task BEGIN SELECT 1; END; SELECT 2"],
    virtual_tables: ["CREATE VIEW v AS SELECT 1"],
};
const CONSTS: Schema = schema! { tables: [Task], views: [TABLE] };

fn main() {}
