use schema_runtime::{Schema, Table, schema};

#[derive(Table)]
#[table(index(columns(a), name = "open_tasks"))]
struct Task {
    a: i64,
}

#[derive(Table)]
#[table(name = "TASK")]
struct Other {
    a: i64,
}

const VIEW: &str = "CREATE VIEW [Open_Tasks] AS SELECT 1";

const TABLES: Schema = schema! { tables: [Task, Other] };
const VIEWS: Schema = schema! { tables: [Task], views: [VIEW] };
const TRIGGERS: Schema = schema! {
    tables: [Task],
    triggers: [
        "CREATE TRIGGER t AFTER INSERT ON task BEGIN SELECT 1; END",
        "CREATE TRIGGER T AFTER DELETE ON task BEGIN SELECT 1; END",
    ],
};
const DROPPED: Schema = schema! { tables: [Task], dropped: ["Task"] };

fn main() {}
