//! Names that are SQL, quotes, line ends or emoji, everywhere a name can stand.

use schema_runtime::{
    CheckDescriptor, ColumnDescriptor, ConstValue, DriftPolicy, ErrorKind, ForeignKeyDescriptor,
    IndexDescriptor, IndexTermDescriptor, Migrator, Outcome, PrimaryKeyDescriptor, Schema, SqlType,
    TableDescriptor, UniqueDescriptor,
};

use crate::support::model::model;
use crate::support::place::Place;

const NAMES: [&str; 12] = [
    "we \"ird",
    "it's",
    "a`b",
    "[a b]",
    "x]; DROP TABLE t; --",
    "line\nend\r\ttab",
    "🚀 emoji ü",
    "select",
    "/* no comment */",
    "-- no comment",
    "a.b",
    "%s_%",
];

fn leak<T>(list: Vec<T>) -> &'static [T] {
    Box::leak(list.into_boxed_slice())
}

fn text(text: &str) -> &'static str {
    Box::leak(text.to_owned().into_boxed_str())
}

/// A parent and a child whose every name is `name`, with something before or behind it where two must differ.
fn named(name: &'static str, version: &'static str, second: bool) -> &'static Schema {
    let other = text(&format!("{name} too"));
    let kind = if second { SqlType::Integer } else { SqlType::Text };
    let mut columns = vec![
        ColumnDescriptor::new("id", SqlType::Integer),
        ColumnDescriptor::new(name, kind).collate("NOCASE").default(ConstValue::Text(name)),
    ];
    if second {
        columns.push(ColumnDescriptor::new(other, SqlType::Text));
    }
    let quoted = text(&format!("{} IS NOT 'no'", schema_sql::quote_ident(name)));
    let parent = TableDescriptor::new(name, leak(columns))
        .primary_key(PrimaryKeyDescriptor::new(&["id"]))
        .uniques(leak(vec![UniqueDescriptor::new(leak(vec![name, "id"])).name(name)]))
        .checks(leak(vec![CheckDescriptor::new(quoted).name(other)]))
        .indexes(leak(vec![
            IndexDescriptor::new(text(&format!("i {name}")), leak(vec![IndexTermDescriptor::column(name)]))
                .filter(quoted),
        ]));
    let child = TableDescriptor::new(
        text(&format!("c {name}")),
        leak(vec![ColumnDescriptor::new(name, SqlType::Integer), ColumnDescriptor::new("z", SqlType::Text)]),
    )
    .foreign_keys(leak(vec![ForeignKeyDescriptor::new(leak(vec![name]), name, &["id"]).name(name)]));
    let tables = vec![&*Box::leak(Box::new(parent)), &*Box::leak(Box::new(child))];
    let view = format!(
        "CREATE VIEW {} AS SELECT {} FROM {}",
        schema_sql::quote_ident(&format!("v {name}")),
        schema_sql::quote_ident(name),
        schema_sql::quote_ident(name)
    );
    let trigger = format!(
        "CREATE TRIGGER {} AFTER DELETE ON {} BEGIN DELETE FROM {} WHERE {} = old.id; END",
        schema_sql::quote_ident(&format!("g {name}")),
        schema_sql::quote_ident(name),
        schema_sql::quote_ident(&format!("c {name}")),
        schema_sql::quote_ident(name)
    );
    let schema = Schema::new(name, version, leak(tables))
        .views(leak(vec![text(&view)]))
        .triggers(leak(vec![text(&trigger)]));
    Box::leak(Box::new(schema))
}

#[test]
fn every_object_may_have_any_name() {
    for name in NAMES {
        let place = Place::new();
        let quoted = schema_sql::quote_ident(name);
        let run = |schema| {
            Migrator::new(schema)
                .history_table("my \"history\"; --")
                .run(place.path())
                .unwrap_or_else(|err| panic!("{name:?}\n{err}"))
        };
        assert_eq!(run(named(name, "1", false)).outcome, Outcome::Created, "{name:?}");
        place.sql(&format!(
            "INSERT INTO {quoted} (id, {quoted}) VALUES (3, '7'), (9, NULL); INSERT INTO {} VALUES (3, 'z')",
            schema_sql::quote_ident(&format!("c {name}"))
        ));
        assert_eq!(run(named(name, "1", false)).outcome, Outcome::UpToDate, "{name:?}");
        let report = run(named(name, "2", true));
        assert_eq!(report.outcome, Outcome::Migrated, "{name:?}");
        assert_eq!(run(named(name, "2", true)).outcome, Outcome::UpToDate, "{name:?}");
        assert_eq!(
            place.query(&format!("SELECT id, {quoted} FROM {quoted} ORDER BY id")),
            "3|7\n9|NULL",
            "{name:?}"
        );
        assert_eq!(place.query("PRAGMA integrity_check"), "'ok'");
        assert_eq!(place.query("SELECT count(*) FROM pragma_foreign_key_check"), "0");
        assert_eq!(place.query("SELECT count(*) FROM \"my \"\"history\"\"; --\""), "2");
        place.sql(&format!("DELETE FROM {quoted}"));
        assert_eq!(
            place.query(&format!("SELECT count(*) FROM {}", schema_sql::quote_ident(&format!("c {name}")))),
            "0"
        );
    }
}

#[test]
fn foreign_objects_may_have_any_name() {
    for name in NAMES {
        let quoted = schema_sql::quote_ident(name);
        let place = Place::with_model("CREATE TABLE base (id INTEGER PRIMARY KEY, a TEXT)");
        place.sql(&format!(
            "CREATE TABLE {quoted} ({quoted} TEXT CONSTRAINT {quoted} CHECK ({quoted} <> ''));
             INSERT INTO {quoted} VALUES ('x'); ALTER TABLE base ADD {quoted} TEXT DEFAULT 'd'; INSERT INTO base (a) VALUES ('5');
             CREATE INDEX {0} ON base ({quoted}); CREATE VIEW {1} AS SELECT {quoted} FROM base;
             CREATE TRIGGER {2} AFTER INSERT ON base BEGIN UPDATE base SET {quoted} = 't'; END",
            schema_sql::quote_ident(&format!("i {name}")),
            schema_sql::quote_ident(&format!("v {name}")),
            schema_sql::quote_ident(&format!("g {name}")),
        ));
        let report = place.run("--: version 2\nCREATE TABLE base (id INTEGER PRIMARY KEY, a INTEGER)");
        assert_eq!(report.outcome, Outcome::Migrated, "{name:?}");
        assert_eq!(place.query("SELECT * FROM base"), "1|5|'d'", "{name:?}");
        place.sql("INSERT INTO base (a) VALUES (6)");
        assert_eq!(place.query("SELECT * FROM base"), "1|5|'t'\n2|6|'t'", "{name:?}");
    }
}

#[test]
fn a_database_may_have_any_name() {
    for name in NAMES
        .iter()
        .map(|name| name.replace(['/', '\n', '\r', '\t'], "-"))
        .chain(["file:x?mode=ro".to_owned()])
    {
        let place = Place::new();
        let path = place.folder().join(format!("{name}.db"));
        let first = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)";
        assert_eq!(Migrator::new(model(first)).run(&path).expect(&name).outcome, Outcome::Created);
        let report =
            Migrator::new(model("--: version 2\nCREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER)"))
                .run(&path);
        let report = report.unwrap_or_else(|err| panic!("{name}\n{err}"));
        let backup = report.backup.expect("a backup");
        assert!(backup.path.is_file(), "{name}");
        assert_eq!(
            backup.path.parent(),
            Some(place.folder().canonicalize().expect("a path").join("backups/migrations").as_path())
        );
        assert!(path.is_file() && place.names().len() == 2, "{:?}", place.names());
    }
}

#[cfg(unix)]
#[test]
fn a_path_that_is_not_unicode_works() {
    use std::os::unix::ffi::OsStrExt;
    let place = Place::new();
    let path = place.folder().join(std::ffi::OsStr::from_bytes(b"caf\xe9.db"));
    let first = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)";
    Migrator::new(model(first)).run(&path).expect("a run");
    let second = model("--: version 2\nCREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER)");
    let report = Migrator::new(second).run(&path).expect("a run");
    assert!(report.backup.expect("a backup").path.is_file());
    assert_eq!(
        Migrator::new(second).drift(DriftPolicy::Repair).run(&path).expect("a run").outcome,
        Outcome::UpToDate
    );
}

#[test]
fn a_name_with_a_nul_is_refused() {
    let columns = leak(vec![ColumnDescriptor::new("a\0b", SqlType::Text)]);
    let table: &'static TableDescriptor = Box::leak(Box::new(TableDescriptor::new("t", columns)));
    let schema: &'static Schema = Box::leak(Box::new(Schema::new("main", "1", leak(vec![table]))));
    let place = Place::new();
    let error = Migrator::new(schema).run(place.path()).expect_err("no such name can be");
    assert_eq!(error.kind(), ErrorKind::Model, "{error}");
    assert!(place.names().is_empty());
}
