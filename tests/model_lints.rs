//! What is said of a model itself: that each lint finds what it is for, passes over what is like it, and is silent where it is allowed.

use std::collections::BTreeMap;
use std::fs;

use schema_runtime::{
    HazardCode, LintLevel, Migrator, Model, ModelFinding, ModelLint, ModelOptions, Schema, Table, schema,
    testing,
};

use crate::corpus::shared;
use crate::support::model::model;
use crate::support::place::contains;

fn findings(sql: &str) -> Vec<ModelFinding> {
    ModelLint::new().allow("L513").check(model(sql)).unwrap_or_else(|error| panic!("{sql}\n{error}"))
}

/// Code and object of each finding.
fn said(sql: &str) -> Vec<String> {
    findings(sql).iter().map(|finding| format!("{} {}", finding.code.code(), finding.object)).collect()
}

/// What is found in `sql`, and nothing else.
fn finds(rows: &[(&str, &[&str])]) {
    for (sql, expected) in rows {
        assert_eq!(said(sql), *expected, "{sql}");
    }
}

#[test]
fn foreign_keys_without_an_index() {
    let with = |child: &str| {
        said(&format!(
            "CREATE TABLE p (id INTEGER PRIMARY KEY, x INT NOT NULL, n TEXT NOT NULL COLLATE NOCASE UNIQUE, UNIQUE (x, id));
             CREATE TABLE t (id INTEGER PRIMARY KEY, p INTEGER, b INTEGER NOT NULL, n TEXT COLLATE NOCASE, {child}"
        ))
    };
    let key = "FOREIGN KEY (p) REFERENCES p (id)";
    assert_eq!(with(&format!("{key})")), ["L508 t.p"]);
    for helped in [
        format!("{key}); CREATE INDEX i ON t (p)"),
        format!("{key}); CREATE INDEX i ON t (p DESC, b)"),
        format!("{key}); CREATE INDEX i ON t (p) WHERE p IS NOT NULL"),
        format!("{key}); CREATE INDEX i ON t (p) WHERE \"P\" NOT NULL"),
        "FOREIGN KEY (id) REFERENCES p (id))".to_owned(),
        "FOREIGN KEY (b) REFERENCES p (id), UNIQUE (b, p)); CREATE INDEX i ON t (p) WHERE p NOTNULL"
            .to_owned(),
        "FOREIGN KEY (b, p) REFERENCES p (x, id)); CREATE INDEX i ON t (p)".to_owned(),
        "FOREIGN KEY (n) REFERENCES p (n)); CREATE INDEX i ON t (n)".to_owned(),
    ] {
        assert!(!with(&helped).iter().any(|said| said.starts_with("L508")), "{helped}");
    }
    for unhelped in [
        format!("{key}); CREATE INDEX i ON t (b, p)"),
        format!("{key}); CREATE INDEX i ON t (p) WHERE b IS NOT NULL"),
        format!("{key}); CREATE INDEX i ON t (p) WHERE p > 5"),
        format!("{key}); CREATE INDEX i ON t (abs(p))"),
    ] {
        assert_eq!(with(&unhelped), ["L508 t.p"], "{unhelped}");
    }
    let other = "FOREIGN KEY (n) REFERENCES p (n)); CREATE INDEX i ON t (n COLLATE BINARY)";
    assert_eq!(with(other), ["L508 t.n"]);
}

#[test]
fn indexes_that_another_one_or_a_key_stands_for() {
    let table = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL, b TEXT NOT NULL, c TEXT NOT NULL COLLATE NOCASE, UNIQUE (b, c));";
    let with = |indexes: &str| said(&format!("{table} {indexes}"));
    for (indexes, index) in [
        ("CREATE INDEX i ON t (a); CREATE INDEX j ON t (a, b)", "i"),
        ("CREATE INDEX i ON t (a); CREATE INDEX j ON t (A)", "j"),
        ("CREATE INDEX i ON t (a) WHERE b > 'x'; CREATE INDEX j ON t (a, c) WHERE b > 'x'", "i"),
        ("CREATE UNIQUE INDEX i ON t (a); CREATE UNIQUE INDEX j ON t (a)", "j"),
        ("CREATE UNIQUE INDEX i ON t (a, b); CREATE INDEX j ON t (a)", "j"),
        ("CREATE INDEX i ON t (b)", "i"),
        ("CREATE INDEX i ON t (b, c COLLATE nocase)", "i"),
        ("CREATE UNIQUE INDEX i ON t (b, c)", "i"),
        ("CREATE INDEX i ON t (id)", "i"),
    ] {
        assert_eq!(with(indexes), [format!("L509 {index}")], "{indexes}");
    }
    for indexes in [
        "CREATE INDEX i ON t (a); CREATE INDEX j ON t (c, a)",
        "CREATE INDEX i ON t (a DESC); CREATE INDEX j ON t (a, b)",
        "CREATE INDEX i ON t (a COLLATE NOCASE); CREATE INDEX j ON t (a, b)",
        "CREATE INDEX i ON t (a); CREATE INDEX j ON t (a, b) WHERE b > 'x'",
        "CREATE INDEX i ON t (a) WHERE b > 'x'; CREATE INDEX j ON t (a, b)",
        "CREATE UNIQUE INDEX i ON t (a); CREATE INDEX j ON t (a, b)",
        "CREATE INDEX i ON t (lower(a)); CREATE INDEX j ON t (a, b)",
        "CREATE INDEX i ON t (b) WHERE a > 'x'",
        "CREATE UNIQUE INDEX i ON t (b)",
        "CREATE INDEX i ON t (b, c COLLATE BINARY)",
        "CREATE INDEX i ON t (c)",
        "CREATE INDEX i ON t (id, a)",
    ] {
        assert_eq!(with(indexes), [""; 0], "{indexes}");
    }
    finds(&[
        ("CREATE TABLE t (id INTEGER PRIMARY KEY, UNIQUE (id))", &["L509 t.id"]),
        ("CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, UNIQUE (id)) WITHOUT ROWID", &[]),
        (
            "CREATE TABLE t (a INTEGER NOT NULL, b INTEGER NOT NULL, PRIMARY KEY (a, b)) WITHOUT ROWID; CREATE INDEX i ON t (a)",
            &["L509 i"],
        ),
        (
            "CREATE TABLE t (a INTEGER NOT NULL, b INTEGER NOT NULL, PRIMARY KEY (a, b)); CREATE INDEX i ON t (b)",
            &[],
        ),
    ]);
}

#[test]
fn an_index_for_a_unique_rowid_is_what_sqlite_makes() {
    let conn = rusqlite::Connection::open_in_memory().expect("memory");
    conn.execute_batch("CREATE TABLE t (id INTEGER PRIMARY KEY UNIQUE); CREATE TABLE u (id INTEGER NOT NULL PRIMARY KEY UNIQUE) WITHOUT ROWID")
        .expect("tables");
    let count = |table: &str| -> i64 {
        let sql = "SELECT count(*) FROM pragma_index_list(?1)";
        conn.query_row(sql, [table], |row| row.get(0)).expect("a count")
    };
    assert_eq!((count("t"), count("u")), (1, 1), "the second is the table itself");
}

#[test]
fn unique_rules_on_what_may_be_null() {
    finds(&[
        ("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT UNIQUE)", &["L511 t.a"]),
        ("CREATE TABLE t (a TEXT NOT NULL, b TEXT, UNIQUE (a, b))", &["L511 t.b"]),
        ("CREATE TABLE t (a TEXT PRIMARY KEY)", &["L511 t.a"]),
        ("CREATE TABLE t (a TEXT); CREATE UNIQUE INDEX i ON t (a)", &["L511 t.a"]),
        ("CREATE TABLE t (a TEXT, b TEXT); CREATE UNIQUE INDEX i ON t (a) WHERE b = 'x'", &["L511 t.a"]),
        ("CREATE TABLE t (a TEXT); CREATE UNIQUE INDEX i ON t (a) WHERE a IS NOT NULL", &[]),
        ("CREATE TABLE t (a TEXT); CREATE UNIQUE INDEX i ON t (lower(a))", &[]),
        ("CREATE TABLE t (a TEXT NOT NULL UNIQUE)", &[]),
        ("CREATE TABLE t (id INTEGER PRIMARY KEY)", &[]),
        ("CREATE TABLE t (a TEXT NOT NULL PRIMARY KEY) WITHOUT ROWID", &[]),
        ("CREATE TABLE t (a TEXT); CREATE INDEX i ON t (a)", &[]),
    ]);
}

#[test]
fn autoincrement_reserved_names_and_types() {
    finds(&[
        ("CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT)", &["L512 t.id"]),
        ("CREATE TABLE t (id INTEGER PRIMARY KEY)", &[]),
        (
            "CREATE TABLE \"order\" (id INTEGER PRIMARY KEY, \"group\" TEXT)",
            &["L514 \"order\"", "L514 \"order\".\"group\""],
        ),
        ("CREATE TABLE t (\"current_date\" TEXT)", &["L514 t.\"current_date\""]),
        ("CREATE TABLE action (\"key\" TEXT, row TEXT, \"left\" TEXT, plan TEXT, orders TEXT)", &[]),
        ("CREATE TABLE t (a STRING)", &["L515 t.a"]),
        (
            "CREATE TABLE t (a JSON, b POINT, c UUID, d ENUM)",
            &["L515 t.a", "L515 t.b", "L515 t.c", "L515 t.d"],
        ),
        ("CREATE TABLE t (a \"FLOATING POINT\")", &["L515 t.a"]),
        (
            "CREATE TABLE t (a VARCHAR(9), b UNSIGNED BIG INT, c DECIMAL(10, 5), d DATETIME, e BOOLEAN, f INT8, g TIMESTAMP, h DOUBLE PRECISION, i)",
            &[],
        ),
        ("CREATE TABLE t (a VARBINARY(16), b NVARCHAR(100), c mediumint, d uint8, e LONG, f CLOB)", &[]),
        ("CREATE TABLE t (a ANY) STRICT", &[]),
    ]);
    // What is said of words is what SQLite does with them.
    let conn = rusqlite::Connection::open_in_memory().expect("memory");
    for word in [
        "order",
        "group",
        "select",
        "current_date",
        "key",
        "row",
        "left",
        "plan",
        "action",
        "notnull",
        "temp",
    ] {
        let sql = format!("CREATE TABLE t (\"{word}\" TEXT); INSERT INTO t VALUES ('mine')");
        conn.execute_batch(&sql).expect("a table");
        let read = conn.query_row(&format!("SELECT {word} FROM t"), [], |row| row.get::<_, String>(0));
        let told = !said(&sql.replace("; INSERT INTO t VALUES ('mine')", "")).is_empty();
        assert_eq!(told, read.ok().as_deref() != Some("mine"), "{word}");
        conn.execute_batch("DROP TABLE t").expect("gone");
    }
    for (kind, told) in
        [("STRING", true), ("JSON", true), ("POINT", true), ("TEXT", false), ("VARCHAR(3)", false)]
    {
        conn.execute_batch(&format!("CREATE TABLE t (a {kind}); INSERT INTO t VALUES ('007')"))
            .expect("a row");
        let read: rusqlite::types::Value =
            conn.query_row("SELECT a FROM t", [], |row| row.get(0)).expect("a value");
        assert_eq!(read != rusqlite::types::Value::Text("007".to_owned()), told, "{kind}");
        conn.execute_batch("DROP TABLE t").expect("gone");
    }
}

#[test]
fn tables_that_are_not_strict_are_one_finding() {
    let strict = |sql: &str| -> Vec<String> {
        let findings = ModelLint::new().check(model(sql)).expect("findings");
        findings.iter().filter(|it| it.code == HazardCode::NotStrict).map(|it| it.object.clone()).collect()
    };
    assert_eq!(strict("CREATE TABLE a (x TEXT); CREATE TABLE b (x TEXT)"), ["a, b"]);
    let many: String = (0..5).map(|n| format!("CREATE TABLE t{n} (x INT);")).collect();
    assert_eq!(strict(&many), ["t0, t1, t2 and 2 more"]);
    assert_eq!(strict("CREATE TABLE a (x TEXT) STRICT; CREATE TABLE b (x VARCHAR(9))"), [""; 0]);
}

#[test]
fn double_quoted_words_that_are_texts() {
    let found = findings("CREATE TABLE t (a TEXT, CHECK (\"aa\" <> \"A\"))");
    assert_eq!(
        (found.len(), found[0].code, found[0].level),
        (1, HazardCode::UnknownColumn, LintLevel::Error)
    );
    assert_eq!(
        found[0].text,
        "\"aa\" in `\"aa\" <> \"A\"` is no column of t, so that SQLite takes it for a text"
    );
    finds(&[
        ("CREATE TABLE t (a TEXT, b TEXT AS (a || \"x\"))", &["L510 t.b"]),
        ("CREATE TABLE t (a TEXT); CREATE INDEX i ON t (a) WHERE a <> \"x\"", &["L510 i"]),
        ("CREATE TABLE t (a TEXT, CHECK (\"a\" <> 'x' AND t.\"a\" <> '' AND \"t\".a <> ''))", &[]),
        (
            "CREATE TABLE t (a TEXT, CHECK (a COLLATE \"nocase\" <> 'x' AND CAST(a AS \"my type\") <> '' AND \"abs\"(a) > 0))",
            &[],
        ),
        ("CREATE TABLE t (a TEXT, CHECK (\"rowid\" > 0 AND [a] <> `a`))", &[]),
    ]);
    let error =
        ModelLint::new().check(model("CREATE TABLE t (a TEXT, CHECK (b > 0))")).expect_err("no column b");
    contains(&error.to_string(), &["the model's table `t` cannot be made", "no such column: b"]);
}

#[derive(Table)]
#[table(name = "users", strict, allow = "L514", index(columns(email), name = "by_email", allow = "L509"))]
struct User {
    #[column(primary_key, autoincrement, allow("L512"))]
    id: i64,
    #[column(unique, allow("L511", "L515"))]
    email: Option<String>,
    #[column(unique)]
    phone: Option<String>,
}

#[derive(Table)]
#[table(name = "loose")]
struct Loose {
    #[column(primary_key)]
    id: i64,
    #[column(type = "STRING", unique)]
    name: String,
    #[column(type = "TEXT")]
    age: i64,
    #[column(type = "REAL", allow = "L515")]
    size: i64,
    #[column(type = "DATETIME")]
    made: String,
    #[column(type = "DECIMAL(10, 2)")]
    price: String,
    #[column(type = "BOOLEAN")]
    done: bool,
    #[column(type = "BLOB")]
    raw: String,
}

static ALLOWED: Schema = schema! { name: "lints", version: "2.0.0", tables: [User, Loose], allow: ["L513"] };

#[test]
fn a_model_allows_in_place_and_is_told_of_what_allows_nothing() {
    let found = ModelLint::new().check(&ALLOWED).expect("findings");
    let shown: Vec<String> = found.iter().map(|it| format!("{} {}", it.code.code(), it.object)).collect();
    let all = [
        "L511 users.phone",
        "L515 loose.name",
        "L515 loose.age",
        "L515 loose.price",
        "L517 lints",
        "L517 users",
        "L517 users.email",
    ];
    assert_eq!(shown, all);
    assert_eq!(
        found[0].to_string(),
        "L511 users.phone: may be NULL, of which UNIQUE takes any number of rows
    instead: NOT NULL, or a unique index with the condition that it is not NULL
    or allow it: `#[column(allow = \"L511\")]` on `users.phone`"
    );
    assert_eq!(
        found[2].text,
        "TEXT has TEXT affinity: a number, which the field writes, is stored as a text"
    );
    assert_eq!(found[6].text, "L515 is allowed here, where it finds nothing");
    assert_eq!(found[6].allow, None);
    let lint = ModelLint::new().allow("L517").allow("l515").allow("L511=users.phone");
    assert_eq!(lint.check(&ALLOWED).expect("findings"), []);
    assert_eq!(
        ModelLint::new().allow("L511=users.email").check(&ALLOWED).expect("findings").len(),
        all.len()
    );
    for wrong in ["L101", "L5", "STRICT=users"] {
        let error = ModelLint::new().allow(wrong).check(&ALLOWED).expect_err(wrong);
        contains(&error.to_string(), &["allows or denies nothing", "no lint of a model has the code"]);
    }
}

#[test]
fn what_is_allowed_makes_no_other_model() {
    #[derive(Table)]
    #[table(name = "users", strict, index(columns(email), name = "by_email"))]
    struct Same {
        #[column(primary_key, autoincrement)]
        id: i64,
        #[column(unique)]
        email: Option<String>,
        #[column(unique)]
        phone: Option<String>,
    }
    assert_eq!(Same::FINGERPRINT, User::FINGERPRINT);
    let same: Schema = schema! { name: "lints", version: "2.0.0", tables: [Same, Loose] };
    assert_eq!(same.fingerprint, ALLOWED.fingerprint);
}

#[test]
fn a_plan_does_not_say_what_the_model_allows() {
    let place = crate::support::place::Place::new();
    let report = Migrator::new(&ALLOWED).run(place.path()).expect("made");
    let said: Vec<String> = report.plan.hazards().map(ToString::to_string).collect();
    assert!(!said.iter().any(|said| said.starts_with("L5")), "{said:?}");
}

#[test]
fn sql_allows_in_comments() {
    let check = |sql: &str| -> Vec<String> {
        let model = Model::from_sql(sql, "x.sql", "main", &ModelOptions::new()).expect("a model");
        let found = ModelLint::new().check(Migrator::for_model(model)).expect("findings");
        found.iter().map(|it| format!("{} {}", it.code.code(), it.object)).collect()
    };
    assert_eq!(check("CREATE TABLE t (a TEXT UNIQUE, b TEXT UNIQUE) STRICT"), ["L511 t.a", "L511 t.b"]);
    assert_eq!(
        check("CREATE TABLE t (\n a TEXT UNIQUE, -- schema: allow(L511)\n b TEXT UNIQUE) STRICT"),
        ["L511 t.b"]
    );
    assert_eq!(check("-- schema: allow(L511, L513)\nCREATE TABLE t (a TEXT UNIQUE, b TEXT UNIQUE)"), [""; 0]);
    assert_eq!(check("-- schema: allow(L512)\nCREATE TABLE t (a TEXT) STRICT"), ["L517 t"]);
    for (sql, part) in [
        ("-- schema: allow(L101)\nCREATE TABLE t (a TEXT)", "there is no lint of a model `L101`"),
        (
            "CREATE TABLE t (a TEXT);\n-- schema: allow(L509)\nCREATE INDEX i ON t (a)",
            "`allow` belongs to no table",
        ),
        ("-- schema: allow\nCREATE TABLE t (a TEXT)", "`allow` without its argument"),
    ] {
        let error = Model::from_sql(sql, "x.sql", "main", &ModelOptions::new()).expect_err(sql);
        contains(&error.to_string(), &[part]);
    }
}

#[test]
fn renames_that_no_release_needs() {
    let folder = tempfile::tempdir().expect("a folder");
    let lint = ModelLint::new().allow("L513").releases(folder.path());
    let told = |sql: &str| -> Vec<String> {
        let found = lint.check(model(sql)).expect("findings");
        found.iter().map(|it| format!("{} {}", it.code.code(), it.object)).collect()
    };
    let now = "--: version 3.0.0
        --: renamed_from task todo
        --: renamed_from task.title name
        --: renamed_from task.title headline
        CREATE TABLE task (id INTEGER PRIMARY KEY, title TEXT)";
    // Nobody knows what was released.
    assert_eq!(told(now), [""; 0]);
    let release =
        |sql: &str| testing::accept_snapshot(&Migrator::new(model(sql)), folder.path()).expect("written");
    release("--: version 1.0.0\n CREATE TABLE todo (id INTEGER PRIMARY KEY, headline TEXT)");
    release("--: version 2.0.0\n CREATE TABLE task (id INTEGER PRIMARY KEY, name TEXT)");
    release(now);
    assert_eq!(told(now), [""; 0]);
    fs::remove_file(folder.path().join("1.0.0.json")).expect("no longer supported");
    assert_eq!(told(now), ["L516 task", "L516 task.title"]);
    // The file of the present version says nothing of what was released.
    fs::remove_file(folder.path().join("2.0.0.json")).expect("no longer supported");
    assert_eq!(told(now), [""; 0]);
    fs::write(folder.path().join("2.5.0.json"), "{").expect("written");
    let error = lint.check(model(now)).expect_err("no snapshot");
    contains(&error.to_string(), &["2.5.0.json` is no snapshot"]);
}

#[test]
fn the_assertion_for_tests_says_all_of_it() {
    testing::assert_lints_with(
        &ModelLint::new().deny_warnings(),
        model("CREATE TABLE t (id INTEGER PRIMARY KEY) STRICT"),
    );
    testing::assert_lints_with(
        &ModelLint::new().allow("L513").deny_warnings(),
        model("CREATE TABLE t (id INTEGER PRIMARY KEY)"),
    );
    let sql = "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT UNIQUE)";
    let panic = std::panic::catch_unwind(|| {
        testing::assert_lints_with(&ModelLint::new().deny_warnings(), model(sql))
    })
    .expect_err("findings");
    let said = panic.downcast::<String>().expect("a text");
    contains(
        &said,
        &[
            "error: 3 things are to be said of the model",
            "caused by: L511 t.a: ",
            "caused by: L512 t.id: ",
            "caused by: L513 t: ",
            "or allow it: ",
            "help: change the model, or allow it in place",
        ],
    );
}

const WARNED: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT UNIQUE)";

#[test]
fn a_warning_passes_until_it_is_denied() {
    let check = |lint: &ModelLint, sql: &str| testing::check_lints(lint, &Migrator::new(model(sql)));
    let warnings = check(&ModelLint::new(), WARNED).expect("warnings");
    assert_eq!(
        warnings.iter().map(|found| (found.code.code(), found.level)).collect::<Vec<_>>(),
        ["L511", "L512", "L513"].map(|code| (code, LintLevel::Warning))
    );
    for (lint, denied) in [
        (ModelLint::new().deny("L512"), "L512"),
        (ModelLint::new().deny("l511=T.a"), "L511"),
        (ModelLint::new().deny_warnings(), "L511"),
    ] {
        let error = check(&lint, WARNED).expect_err("denied");
        contains(&error.to_string(), &["3 things are to be said of the model", denied]);
    }
    for lint in [
        ModelLint::new().deny("L508"),
        ModelLint::new().deny("L511=t.id"),
        ModelLint::new().deny("L512").allow("L512"),
    ] {
        check(&lint, WARNED).expect("warnings");
    }
    let error = check(&ModelLint::new().deny("L101"), WARNED).expect_err("no lint of a model");
    contains(&error.to_string(), &["`L101` allows or denies nothing"]);
    // What means something else than it says is an error always.
    let error =
        check(&ModelLint::new(), "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT CHECK (a <> \"word\"))");
    contains(&error.expect_err("an error").to_string(), &["L510"]);
}

mod generated {
    use schema_runtime::{Schema, Table, schema};

    #[derive(Table)]
    #[table(strict)]
    struct Clean {
        #[column(primary_key)]
        id: i64,
        #[column(unique, allow = "L511")]
        email: Option<String>,
    }
    const SCHEMA: Schema = schema! { version: "1.2.0", tables: [Clean] };

    schema_runtime::lints!(SCHEMA, deny: warnings);

    mod of_one {
        schema_runtime::lints!(super::SCHEMA, deny: ["L508", "L511=clean.email"]);
    }

    mod of_a_migrator {
        schema_runtime::lints!(schema_runtime::Migrator::new(&super::SCHEMA), releases: "no such folder",);
    }
}

#[test]
#[ignore = "run by the next test"]
fn a_test_with_warnings() {
    testing::assert_lints(model(WARNED));
}

#[test]
fn warnings_are_shown_of_a_test_that_passes() {
    let this = std::env::current_exe().expect("the test");
    let output = std::process::Command::new(this)
        .args(["--exact", "model_lints::a_test_with_warnings", "--ignored"])
        .output()
        .expect("run");
    assert!(output.status.success());
    let shown = String::from_utf8(output.stderr).expect("a text");
    contains(
        &shown,
        &[
            "warning: model `main`: L511 t.a: may be NULL, of which UNIQUE takes any number of rows\n    instead: ",
            "warning: model `main`: L512 t.id: ",
            "or allow it: ",
        ],
    );
}

/// The models of the corpus: each schema, and what each history ends with.
fn real_programs() -> Vec<(String, Model)> {
    let Some(shared) = shared() else { return Vec::new() };
    let sorted = |folder: &std::path::Path| {
        let mut paths: Vec<_> =
            fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
        paths.sort();
        paths
    };
    let scratch = tempfile::tempdir().expect("a folder");
    let mut models = Vec::new();
    for path in
        sorted(&shared.join("corpus/schemas")).into_iter().chain(sorted(&shared.join("corpus/histories")))
    {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let file = scratch.path().join(&name);
        let conn = rusqlite::Connection::open(&file).expect("a database");
        conn.execute_batch(
            "PRAGMA foreign_keys = OFF; PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY",
        )
        .expect("a pragma");
        for sql in if path.is_dir() { sorted(&path) } else { vec![path] } {
            conn.execute_batch(&fs::read_to_string(sql).expect("a text")).expect("SQL");
        }
        drop(conn);
        match Model::from_database(&file, "main", &ModelOptions::new()) {
            Ok(model) => models.push((name, model)),
            Err(error) => println!("no model of {name}: {error}"),
        }
    }
    models
}

#[test]
fn real_programs_are_told_what_is_true_of_them() {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let models = real_programs();
    let (mut tables, mut columns) = (0, 0);
    for (name, model) in &models {
        tables += model.catalog().tables.len();
        columns += model.catalog().tables.iter().map(|table| table.columns.len()).sum::<usize>();
        for finding in ModelLint::new().check(Migrator::for_model(model.clone())).expect("findings") {
            *counts.entry(finding.code.code()).or_default() += 1;
            println!("{name}: {finding}");
        }
    }
    println!("{} models, {tables} tables, {columns} columns: {counts:?}", models.len());
    // Their expressions and types are as they should be, whatever words are in them.
    for code in ["L510", "L515", "L516", "L517"] {
        assert_eq!(counts.get(code), None, "{code}");
    }
    let told = ["L508", "L509", "L511", "L512", "L513", "L514"];
    assert!(models.is_empty() || told.iter().all(|code| counts.contains_key(code)), "{counts:?}");
}
