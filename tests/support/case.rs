//! One row of a case table, and the runner that holds every row to the same invariants.

use std::fmt::Write as _;
use std::path::Path;

use rusqlite::Connection;
use rusqlite::types::ValueRef;
use schema_runtime::{Catalog, ErrorKind, HazardCode, Migrator, Outcome, Schema};

use super::model::model;

/// What is done to the database before the change that the case is about.
pub enum Act {
    /// Somebody's SQL, by hand.
    Sql(&'static str),
    /// A start-up with this model; it must succeed.
    Model(&'static str),
}

/// One change: what was there, what is wanted, and the outcome in full.
pub struct Case {
    /// A sentence about behaviour.
    pub name: &'static str,
    /// What happened before, in order.
    pub before: &'static [Act],
    /// The model of the run that the case is about.
    pub after: &'static str,
    /// Sets the migrator up beyond its defaults.
    pub with: fn(Migrator) -> Migrator,
    pub expect: Expect,
    /// Queries and their results after the run, a row a line, columns separated by `|`.
    pub rows: &'static [(&'static str, &'static str)],
    /// Columns whose values change with the run, as `table.column` by their new names, or a table whose rows do.
    pub changed: &'static [&'static str],
    /// Columns, or tables, whose values the undo cannot bring back without the backup.
    pub lost: &'static [&'static str],
    /// As `rows`, after the undo.
    pub undone: &'static [(&'static str, &'static str)],
    /// Texts that the report must contain: of its lines, `retired: <key>` and `foreign: <key>`.
    pub says: &'static [&'static str],
    /// How the run must end, where that is not plain from the plan.
    pub outcome: Option<Outcome>,
}

/// In `lost`: what the undo makes of the rows breaks a rule, so that it is refused and only the backup leads back.
pub const NEEDS_BACKUP: &str = "(everything)";

/// How the run must end.
pub enum Expect {
    /// The plan as text (`Plan`'s `Display`, without the hazards), and the hazards' codes in order.
    Plan(&'static str, &'static [HazardCode]),
    /// An error of this kind whose text contains each of these; the file is then unchanged.
    Error(ErrorKind, &'static [&'static str]),
}

/// The version from which on SQLite has every form of ALTER TABLE that the cases' plans count on.
pub const BUNDLED: i32 = 3_054_000;

impl Case {
    /// What a row leaves out.
    pub const DEFAULT: Case = Case {
        name: "",
        before: &[],
        after: "",
        with: |migrator| migrator,
        expect: Expect::Plan("nothing to do", &[]),
        rows: &[],
        changed: &[],
        lost: &[],
        undone: &[],
        says: &[],
        outcome: None,
    };
}

/// Runs every case and reports all that fail.
pub fn run(cases: &[Case]) {
    let mut failures = String::new();
    for case in cases {
        let result = std::panic::catch_unwind(|| one(case));
        if let Err(panic) = result {
            let text = panic
                .downcast_ref::<String>()
                .cloned()
                .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
                .unwrap_or_default();
            writeln!(failures, "--- {}\n{text}\n", case.name).expect("a string");
        }
    }
    assert!(failures.is_empty(), "{failures}");
}

fn open(path: &Path) -> Connection {
    Connection::open(path).expect("the database opens")
}

/// How a case is run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pass {
    /// As it is.
    Plain,
    /// Through DEFENSIVE connections, which forbid edits of the catalog: what went by one is now rebuilt, to the same end.
    Defensive,
}

fn migrator(case: &Case, schema: &'static Schema, pass: Pass) -> Migrator {
    let migrator = match pass {
        Pass::Plain => Migrator::new(schema),
        Pass::Defensive => Migrator::new(schema).connection(|conn| {
            conn.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true).map(|_| ())
        }),
    };
    (case.with)(migrator)
}

fn one(case: &Case) {
    if by_edit(case, Pass::Plain) {
        by_edit(case, Pass::Defensive);
    }
}

/// Runs the case; whether its plan edited the catalog.
fn by_edit(case: &Case, pass: Pass) -> bool {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("case.db");
    for act in case.before {
        match act {
            Act::Sql(sql) => {
                let conn = open(&path);
                conn.execute_batch("PRAGMA foreign_keys = OFF").expect("a pragma");
                conn.execute_batch(sql).unwrap_or_else(|err| panic!("before: {err}"));
            }
            Act::Model(sql) => {
                migrator(case, model(sql), pass).run(&path).unwrap_or_else(|err| panic!("before:\n{err}"));
            }
        }
    }
    let schema = model(case.after);
    match case.expect {
        Expect::Error(kind, texts) => {
            refused(case, schema, &path, (kind, texts));
            false
        }
        Expect::Plan(plan, hazards) => {
            let report = applied(case, schema, &path, pass);
            // Older versions take other methods to the same end: `methods.rs` says which.
            if pass == Pass::Plain && rusqlite::version_number() >= BUNDLED {
                let codes: Vec<HazardCode> = report.plan.hazards().map(|hazard| hazard.code).collect();
                assert_eq!(plan_text(&report.plan), plan, "plan");
                says(&report, case.says);
                assert_eq!(codes, hazards, "hazards");
            }
            let edits = report.plan.steps.iter().any(|step| !step.edits.is_empty());
            assert!(pass == Pass::Plain || !edits, "a DEFENSIVE connection edits the catalog");
            edits
        }
    }
}

fn refused(case: &Case, schema: &'static Schema, path: &Path, (kind, texts): (ErrorKind, &[&str])) {
    let before = std::fs::read(path).unwrap_or_default();
    let error = match migrator(case, schema, Pass::Plain).run(path) {
        Ok(report) => panic!("not refused:\n{report}"),
        Err(error) => error,
    };
    let text = error.to_string();
    assert_eq!(error.kind(), kind, "{text}");
    for expected in texts {
        assert!(text.contains(expected), "{expected:?} is missing in\n{text}");
    }
    assert!(text.contains("\nstate: ") && text.contains("\nhelp: "), "no state or help in\n{text}");
    let after = std::fs::read(path).unwrap_or_default();
    assert!(before == after, "the file has changed");
    if !case.rows.is_empty() {
        check_rows(&open(path), case.rows);
    }
}

fn applied(case: &Case, schema: &'static Schema, path: &Path, pass: Pass) -> schema_runtime::Report {
    let conn = open(path);
    let start = Catalog::read(&conn).expect("the catalog reads");
    let old_rows = dump(&conn, &start);
    let old_violations = violations(&conn);
    drop(conn);

    let dry =
        migrator(case, schema, pass).dry_run(true).run(path).unwrap_or_else(|err| panic!("dry run:\n{err}"));
    let report = migrator(case, schema, pass).run(path).unwrap_or_else(|err| panic!("run:\n{err}"));
    assert_eq!(dry.plan, report.plan, "the plan that is shown is not the plan that runs");
    if let Some(outcome) = case.outcome {
        assert_eq!(report.outcome, outcome, "{report}");
    }

    let conn = open(path);
    healthy(&conn, old_violations);
    check_rows(&conn, case.rows);
    let end = Catalog::read(&conn).expect("the catalog reads");
    let renamed = renames(&report.plan);
    let kept = dump(&conn, &end);
    compare_rows(case.changed, &renamed, &old_rows, &kept);
    drop(conn);

    let again =
        migrator(case, schema, pass).dry_run(true).run(path).unwrap_or_else(|err| panic!("again:\n{err}"));
    assert_eq!(plan_text(&again.plan), "nothing to do", "a second plan is not empty");
    let second = migrator(case, schema, pass).run(path).unwrap_or_else(|err| panic!("second run:\n{err}"));
    assert_eq!(second.outcome, Outcome::UpToDate);

    if !report.plan.is_empty() {
        undo(case, schema, path, &old_rows);
    }
    report
}

fn says(report: &schema_runtime::Report, texts: &[&str]) {
    let mut told = report.to_string();
    for (title, list) in [("retired", &report.retired), ("foreign", &report.foreign)] {
        for key in list {
            write!(told, "\n{title}: {key}").expect("a string");
        }
    }
    for text in texts {
        assert!(told.contains(text), "{text:?} is missing in\n{told}");
    }
}

/// The undo leads back to the catalog (the engine proves it against the snapshot) and to every row that was not dropped.
fn undo(case: &Case, schema: &Schema, path: &Path, old_rows: &Rows) {
    let mut conn = open(path);
    if case.lost == [NEEDS_BACKUP] {
        let left = Catalog::read(&conn).expect("the catalog reads");
        let rows = dump(&conn, &left);
        let error = schema_runtime::testing::undo_last(schema, &mut conn).expect_err("the undo is refused");
        assert!(error.to_string().contains("\nstate: transaction rolled back"), "{error}");
        assert_eq!(Catalog::read(&conn).expect("the catalog reads"), left);
        assert_eq!(dump(&conn, &left), rows);
        return;
    }
    schema_runtime::testing::undo_last(schema, &mut conn).unwrap_or_else(|err| panic!("undo:\n{err}"));
    healthy(&conn, i64::MAX);
    let back = Catalog::read(&conn).expect("the catalog reads");
    compare_rows(case.lost, &[], old_rows, &dump(&conn, &back));
    check_rows(&conn, case.undone);
}

/// The plan's lines without the hazards.
pub fn plan_text(plan: &schema_runtime::Plan) -> String {
    let text = plan.to_string();
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with("   ")).collect();
    lines.join("\n")
}

pub fn healthy(conn: &Connection, old_violations: i64) {
    let integrity: String =
        conn.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("an integrity check");
    assert_eq!(integrity, "ok");
    assert!(violations(conn) <= old_violations, "new foreign key violations");
    let left: i64 = conn
        .query_row(
            "SELECT count(*) FROM sqlite_schema WHERE name LIKE '\\_\\_schema%' ESCAPE '\\'",
            [],
            |row| row.get(0),
        )
        .expect("a count");
    assert_eq!(left, 0, "something of ours is left over");
}

fn violations(conn: &Connection) -> i64 {
    conn.query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |row| row.get(0)).unwrap_or(0)
}

/// What the queries write is taken back: a row may try an insert.
pub fn check_rows(conn: &Connection, queries: &[(&str, &str)]) {
    conn.execute_batch("SAVEPOINT check_rows").expect("a savepoint");
    for (query, expected) in queries {
        assert_eq!(query_text(conn, query), *expected, "{query}");
    }
    conn.execute_batch("ROLLBACK TO check_rows; RELEASE check_rows").expect("a rollback");
}

/// The rows of a query, a row a line, columns separated by `|`.
pub fn query_text(conn: &Connection, query: &str) -> String {
    let mut statement = conn.prepare(query).unwrap_or_else(|err| panic!("{query}: {err}"));
    let width = statement.column_count();
    let mut rows = statement.query([]).unwrap_or_else(|err| panic!("{query}: {err}"));
    let mut lines: Vec<String> = Vec::new();
    while let Some(row) = rows.next().unwrap_or_else(|err| panic!("{query}: {err}")) {
        let cells: Vec<String> = (0..width).map(|at| cell(row.get_ref(at).expect("a value"))).collect();
        lines.push(cells.join("|"));
    }
    lines.join("\n")
}

fn cell(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => "NULL".to_owned(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => format!("{number:?}"),
        ValueRef::Text(text) => format!("'{}'", String::from_utf8_lossy(text)),
        ValueRef::Blob(bytes) => {
            format!("x'{}'", bytes.iter().map(|byte| format!("{byte:02X}")).collect::<String>())
        }
    }
}

/// By table: its columns, and its rows, each with its rowid where the table has one.
pub type Rows = Vec<(String, Vec<String>, Vec<Vec<String>>)>;

/// What a row's rowid is called in `changed` and `lost`, apart from a column of that name.
const ROWID: &str = "(rowid)";

pub fn dump(conn: &Connection, catalog: &Catalog) -> Rows {
    let mut all = Vec::new();
    for table in &catalog.tables {
        if table.name.starts_with("migration_") {
            continue;
        }
        let mut names: Vec<String> = table.columns.iter().map(|column| column.name.clone()).collect();
        let alias = table.primary_key.as_ref().is_some_and(|key| key.rowid_alias);
        if !alias && !table.without_rowid && table.column("rowid").is_none() {
            names.push(ROWID.to_owned());
        }
        let term =
            |name: &String| if name == ROWID { "rowid".to_owned() } else { schema_sql::quote_ident(name) };
        let quoted: Vec<String> = names.iter().map(term).collect();
        let list = quoted.join(", ");
        let query = format!("SELECT {list} FROM {} ORDER BY {list}", schema_sql::quote_ident(&table.name));
        let mut statement = conn.prepare(&query).unwrap_or_else(|err| panic!("{query}: {err}"));
        let mut rows = statement.query([]).expect("rows");
        let mut found = Vec::new();
        while let Some(row) = rows.next().unwrap_or_else(|err| panic!("{query}: {err}")) {
            found.push((0..names.len()).map(|at| cell(row.get_ref(at).expect("a value"))).collect());
        }
        all.push((table.name.clone(), names, found));
    }
    all
}

/// Old name to new name, tables as `t`, columns as `t.c` with the table's new name.
pub fn renames(plan: &schema_runtime::Plan) -> Vec<(String, String)> {
    plan.changes()
        .filter_map(|change| match change {
            schema_runtime::Change::RenameTable { from, to } => Some((from.clone(), to.clone())),
            schema_runtime::Change::RenameColumn { table, from, to } => {
                Some((format!("{table}.{from}"), format!("{table}.{to}")))
            }
            _ => None,
        })
        .collect()
}

/// Every table and column on both sides holds the same values, but for those that the case says change.
pub fn compare_rows(excepted: &[&str], renamed: &[(String, String)], before: &Rows, after: &Rows) {
    let new_name = |old: &str| {
        renamed.iter().find(|(from, _)| from == old).map_or_else(|| old.to_owned(), |(_, to)| to.clone())
    };
    for (table, columns, rows) in before {
        let table = new_name(table);
        let Some((_, new_columns, new_rows)) = after.iter().find(|(name, _, _)| *name == table) else {
            continue;
        };
        if excepted.contains(&table.as_str()) {
            continue;
        }
        let mut pairs = Vec::new();
        for (at, column) in columns.iter().enumerate() {
            let path = new_name(&format!("{table}.{column}"));
            let name = path.rsplit_once('.').map_or(column.as_str(), |(_, name)| name);
            let found = new_columns.iter().position(|new| new == name);
            if let Some(to) = found.filter(|_| !excepted.contains(&path.as_str())) {
                pairs.push((at, to));
            }
        }
        let pick = |rows: &Vec<Vec<String>>, new: bool| {
            let mut picked: Vec<String> = rows
                .iter()
                .map(|row| {
                    let cells = pairs.iter().map(|(from, to)| row[if new { *to } else { *from }].as_str());
                    cells.collect::<Vec<_>>().join("|")
                })
                .collect();
            picked.sort();
            picked
        };
        assert_eq!(pick(rows, false), pick(new_rows, true), "rows of {table}");
    }
}
