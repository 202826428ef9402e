//! What is said of written migrations, with the place, and what is not.

use schema_runtime::{
    HazardCode, Lint, LintFinding, LintLevel, Migration, MigrationContext, MigrationResult, Migrations,
};

use crate::corpus::shared;
use crate::support::place::contains;

/// Three tables with rows in them: the findings are of the file that comes after.
const BASE: [(&str, &str); 2] = [
    (
        "001_base.sql",
        "-- Base.
         CREATE TABLE project (id INTEGER PRIMARY KEY, name TEXT NOT NULL, state TEXT CHECK (state IN ('open', 'done')));
         CREATE TABLE task (id INTEGER PRIMARY KEY, project_id INTEGER NOT NULL REFERENCES project (id) ON DELETE CASCADE, title TEXT);
         CREATE TABLE mail (address TEXT NOT NULL);
         CREATE VIEW names AS SELECT name FROM project;",
    ),
    ("001_base.down.sql", "DROP VIEW names; DROP TABLE mail; DROP TABLE task; DROP TABLE project"),
];

fn check(lint: Lint, files: &[(&str, &str)]) -> Vec<LintFinding> {
    let set = Migrations::from_files(files).unwrap_or_else(|err| panic!("{err}"));
    lint.check(&set).unwrap_or_else(|err| panic!("{err}"))
}

/// `L101@2:1 task`, one a finding in the up file, which has a good name, a description, and needs no way back here.
fn said(text: &str) -> Vec<String> {
    let text = format!("-- Does it.\n{text}");
    let files = [BASE[0], BASE[1], ("002_do_it.sql", text.as_str())];
    let findings = check(Lint::new().allow("L505"), &files);
    for finding in &findings {
        assert_eq!(finding.file, "002_do_it.sql", "{finding}");
        assert!(
            !finding.instead.is_empty()
                && !finding.text.is_empty()
                && finding.instead != "see docs/hazards.md"
        );
    }
    let short = |f: &LintFinding| format!("{}@{}:{} {}", f.code.code(), f.line, f.column, f.object);
    findings.iter().map(short).collect()
}

#[test]
fn statements_have_their_codes_and_places() {
    for (text, expected) in [
        ("SELECT 1", &[][..]),
        ("DROP TABLE mail", &["L101@2:1 mail"]),
        ("DROP TABLE task; DROP TABLE project", &["L101@2:1 task", "L101@2:18 project"]),
        (
            "PRAGMA defer_foreign_keys = ON; DROP TABLE project; CREATE TABLE project (id INTEGER PRIMARY KEY, name)",
            &["L206@1:1 002 do_it", "L101@2:33 project", "L106@2:33 task"],
        ),
        ("ALTER TABLE task DROP COLUMN title", &["L102@2:18 task.title"]),
        ("DELETE\nFROM task", &["L106@2:1 task"]),
        ("DELETE FROM task WHERE id = 1", &[]),
        ("UPDATE task SET title = 'x'", &["L106@2:1 task"]),
        ("UPDATE task SET title = (SELECT name FROM project WHERE id = 1)", &["L106@2:1 task"]),
        ("WITH n AS (SELECT 1 WHERE 1) DELETE FROM task", &["L106@2:30 task"]),
        ("UPDATE task SET title = 'x' FROM mail WHERE title = address", &[]),
        ("INSERT INTO project (id, name) VALUES (1, 'a') ON CONFLICT DO UPDATE SET name = 'b'", &[]),
        ("ALTER TABLE task ADD COLUMN a TEXT; UPDATE task SET a = title", &["L304@2:37 task"]),
        ("ALTER TABLE task ADD COLUMN a TEXT; UPDATE task SET a = title, title = NULL", &["L106@2:37 task"]),
        ("CREATE INDEX by_title ON task (title)", &["L303@2:1 by_title"]),
        ("CREATE UNIQUE INDEX by_title ON task (title)", &["L202@2:8 by_title"]),
        (
            "CREATE TABLE n (a); CREATE UNIQUE INDEX i ON n (a); INSERT INTO n VALUES (1); DELETE FROM n; DROP TABLE n",
            &[],
        ),
        ("ALTER TABLE task ADD COLUMN a TEXT NOT NULL DEFAULT ''", &[]),
        ("ALTER TABLE task ADD COLUMN a TEXT NOT NULL", &["L206@1:1 002 do_it", "L201@2:18 task.a"]),
        ("ALTER TABLE mail RENAME TO mails", &["L401@2:18 mail"]),
        ("ALTER TABLE mail RENAME COLUMN address TO at", &["L401@2:18 mail.address"]),
        ("DROP VIEW names", &["L402@2:1 names"]),
        ("DROP VIEW names; CREATE VIEW names AS SELECT name, id FROM project", &[]),
        ("CREATE TABLE IF NOT EXISTS mail (address TEXT)", &["L506@2:14 mail"]),
        ("DROP INDEX IF EXISTS by_none", &["L506@2:12 by_none"]),
        (
            "CREATE TABLE new_mail (address TEXT PRIMARY KEY); INSERT INTO new_mail SELECT address FROM mail;\nDROP TABLE mail; ALTER TABLE new_mail RENAME TO mail",
            &["L301@3:1 mail"],
        ),
        ("ALTER TABLE mail ADD COLUMN a; ALTER TABLE project ADD COLUMN b", &["L504@2:32 mail, project"]),
        ("CREATE TABLE a (b); CREATE TABLE c (d)", &[]),
        (
            "ALTER TABLE task ADD COLUMN a REFERENCES mail (address); CREATE UNIQUE INDEX i ON mail (address)",
            &["L202@2:65 i"],
        ),
        ("INSERT INTO nobody VALUES (1)", &["L507@1:1 002 do_it"]),
    ] {
        assert_eq!(said(text), expected, "{text}");
    }
}

#[test]
fn the_first_finds_what_is_said() {
    let options = schema_runtime::ModelOptions::new();
    let sql = "CREATE TABLE task (id INTEGER PRIMARY KEY, title TEXT)";
    let model = schema_runtime::Model::from_sql(sql, "start.sql", "main", &options).expect("a model");
    let up = ("001_titles.sql", "-- All have one.\nUPDATE task SET title = '' WHERE title IS NULL;\nCREATE TABLE kept (title TEXT NOT NULL);
        INSERT INTO kept SELECT title FROM task; ALTER TABLE task DROP COLUMN title");
    let down = ("001_titles.down.sql", "ALTER TABLE task ADD COLUMN title TEXT; DROP TABLE kept");
    let findings = check(Lint::new().start(&model), &[up, down]);
    let codes: Vec<&str> = findings.iter().map(|finding| finding.code.code()).collect();
    assert_eq!(codes, ["L102"], "{findings:#?}");
    assert_eq!(check(Lint::new(), &[up, down])[0].code, HazardCode::Untried);
}

#[test]
fn names_heads_and_ways_back() {
    let codes = |files: &[(&str, &str)]| -> Vec<&'static str> {
        check(Lint::new(), files).iter().map(|finding| finding.code.code()).collect()
    };
    for name in ["002_update", "003_fix", "004_changes_2", "005_misc_table", "006_v2", "007_new-schema"] {
        let file = format!("{name}.sql");
        assert_eq!(codes(&[(&file, "-- Why.\nSELECT 1")]), ["L502", "L505"], "{name}");
    }
    for name in ["002_update_prices", "003_fix_orphans", "004_tasks"] {
        let file = format!("{name}.sql");
        assert_eq!(codes(&[(&file, "-- Why.\nSELECT 1")]), ["L505"], "{name}");
    }
    assert_eq!(
        codes(&[("001_tasks.sql", "CREATE TABLE t (a)"), ("001_tasks.down.sql", "DROP TABLE t")]),
        ["L503"]
    );
}

#[test]
fn a_way_back_is_tried_with_rows_in_the_tables() {
    let with_down = |up: &str, down: &str| {
        let up = format!("-- Does it.\n{up}");
        check(Lint::new(), &[BASE[0], BASE[1], ("002_do_it.sql", up.as_str()), ("002_do_it.down.sql", down)])
    };
    assert_eq!(with_down("ALTER TABLE task ADD COLUMN a", "ALTER TABLE task DROP COLUMN a"), []);
    let left =
        with_down("ALTER TABLE task ADD COLUMN a; CREATE TABLE b (c)", "ALTER TABLE task DROP COLUMN a");
    assert_eq!((left[0].code, left[0].level), (HazardCode::InexactDown, LintLevel::Error));
    assert_eq!(left[0].text, "the schema of before would need: drop table b");
    // It works on empty tables alone.
    let down = "CREATE TABLE kept (id INTEGER PRIMARY KEY, title TEXT NOT NULL); INSERT INTO kept SELECT id, title FROM task; DROP TABLE kept";
    let fails = with_down("SELECT 1", down);
    contains(
        &fails[0].to_string(),
        &["L501 002 do_it: it fails: statement 2 of 3: NOT NULL constraint failed: kept.title"],
    );
}

#[test]
fn codes_are_allowed_by_a_flag_in_one_file_or_by_the_file_itself() {
    let first = ("001_tasks.sql", "-- Why.\nCREATE TABLE t (a)");
    let second = ("002_index.sql", "-- schema: allow L303, L505\n-- Why.\nCREATE INDEX i ON t (a)");
    assert_eq!(check(Lint::new().allow("L505=1"), &[first, second]), []);
    assert_eq!(check(Lint::new().allow("L303"), &[first, second]).len(), 1);
    let set = Migrations::from_files(&[first, second]).expect("a set");
    for (allow, part) in [("L999", "there is no code L999"), ("L505=003", "there is no migration 003")] {
        contains(&Lint::new().allow(allow).check(&set).expect_err(allow).to_string(), &[part]);
    }
    let wrong = Migrations::from_files(&[("001_tasks.sql", "-- schema: allow X1\nSELECT 1")]).expect("a set");
    contains(
        &Lint::new().check(&wrong).expect_err("no code").to_string(),
        &["there is no code X1", "in `001_tasks.sql`"],
    );
}

#[test]
fn functions_are_tried_too() {
    let up = |context: &MigrationContext<'_>| -> MigrationResult {
        Ok(context.connection().execute_batch("CREATE TABLE made (a)")?)
    };
    let none = None::<fn(&MigrationContext<'_>) -> MigrationResult>;
    let set = Migrations::new([
        Migration::code(1, "make it", up, none),
        Migration::sql(2, "index", "-- Why.\n-- schema: allow L505\nCREATE INDEX i ON made (a)")
            .expect("a migration"),
    ]);
    let findings = Lint::new().check(&set.expect("a set")).expect("findings");
    let codes: Vec<&str> = findings.iter().map(|finding| finding.code.code()).collect();
    assert_eq!(codes, ["L505", "L303"]);
}

#[test]
fn one_outside_of_a_transaction_is_tried_as_it_runs() {
    let files = [
        ("001_tasks.sql", "-- Why.\nCREATE TABLE t (a)"),
        (
            "002_smaller.sql",
            "-- Why.\n-- schema: no-transaction\nVACUUM; BEGIN; UPDATE t SET a = 1 WHERE a IS NULL; COMMIT",
        ),
    ];
    assert_eq!(check(Lint::new().allow("L505"), &files), []);
}

#[test]
fn the_histories_of_real_programs_are_looked_at() {
    let Some(shared) = shared() else { return };
    let mut found = std::collections::BTreeSet::new();
    for folder in std::fs::read_dir(shared.join("corpus/histories")).expect("the histories") {
        let folder = folder.expect("an entry").path();
        let mut paths: Vec<_> =
            std::fs::read_dir(&folder).expect("files").map(|entry| entry.expect("a file").path()).collect();
        paths.sort();
        let texts: Vec<(String, String)> = paths
            .iter()
            .enumerate()
            .map(|(at, path)| {
                (format!("{:03}_step.sql", at + 1), std::fs::read_to_string(path).expect("a text"))
            })
            .filter(|(name, text)| Migrations::from_files(&[(name.as_str(), text.as_str())]).is_ok())
            .collect();
        let files: Vec<(&str, &str)> =
            texts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        for finding in check(Lint::new(), &files) {
            assert!(finding.line > 0 && finding.column > 0, "{finding}");
            found.insert(finding.code.code());
        }
    }
    assert!(
        ["L102", "L106", "L202", "L303", "L401", "L505"].iter().all(|code| found.contains(code)),
        "{found:?}"
    );
}
