//! Going back over revisions: the catalog of before, the values of before, and what has come since.

use std::fs;

use schema_runtime::rusqlite::Connection;
use schema_runtime::{
    Back, BackupPolicy, Error, ErrorKind, Migrator, Model, Outcome, RemovalPolicy, Report, RevisionStatus,
};

use crate::support::model::model;
use crate::support::place::{Place, contains};

const ONE: &str = "--: version 1.0.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT)";

/// The start-up of a program of this model, with backups and with consent to drop.
fn start(place: &Place, sql: &str) -> Result<Report, Error> {
    Migrator::new(model(sql)).removed(RemovalPolicy::Drop).run(place.path())
}

pub(crate) fn started(place: &Place, sql: &str) -> Report {
    start(place, sql).unwrap_or_else(|err| panic!("{sql}\n{err}"))
}

/// A migrator that knows no model, as an older binary or the command.
pub(crate) fn without_model() -> Migrator {
    Migrator::for_model(Model::empty("main"))
}

pub(crate) fn back(place: &Place, back: &Back) -> Report {
    without_model().rollback(place.path(), back).unwrap_or_else(|err| panic!("{err}"))
}

fn refused(place: &Place, back: &Back, kind: ErrorKind, parts: &[&str]) {
    let error = place.unchanged_by(|| without_model().rollback(place.path(), back).expect_err("refused"));
    assert_eq!(error.kind(), kind, "{error}");
    assert!(error.help_line().is_some() && error.state_line().is_some(), "{error}");
    contains(&error.to_string(), parts);
}

/// Refused when the present was saved already: only that backup is new.
fn refused_late(place: &Place, kind: ErrorKind, parts: &[&str]) {
    let database = fs::read(place.path()).expect("the database");
    let error = without_model().rollback(place.path(), &Back::Last(1)).expect_err("refused");
    assert_eq!(error.kind(), kind, "{error}");
    contains(&error.to_string(), parts);
    assert!(database == fs::read(place.path()).expect("the database"), "the database has changed\n{error}");
}

pub(crate) fn counts(report: &Report) -> Vec<String> {
    report.restored.iter().map(ToString::to_string).collect()
}

fn columns(place: &Place, table: &str) -> String {
    place.query(&format!("SELECT group_concat(name) FROM pragma_table_info('{table}')"))
}

#[test]
fn a_row_that_came_since_and_has_no_value_for_the_rowid_of_before_stops_it() {
    let place = Place::new();
    started(&place, "--: version 1.0.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)");
    started(&place, "--: version 2.0.0\nCREATE TABLE t (id INTEGER, a TEXT)");
    place.sql("INSERT INTO t VALUES (1, 'x'), (NULL, 'since'), ('no number', 'since')");
    let asked = "rows of `t` have NULL in `id`, which becomes the rowid again: 1 (rowid or key: 2)";
    refused(&place, &Back::Last(1), ErrorKind::Data, &[asked, "or allow L201=t.id"]);
    let consented = || without_model().allow("L201=t.id");
    let error = consented().rollback(place.path(), &Back::Last(1)).expect_err("no number");
    assert_eq!(error.kind(), ErrorKind::Data, "{error}");
    contains(
        &error.to_string(),
        &["cannot roll back revision 2", "datatype mismatch", "mend or delete the rows"],
    );
    place.sql("DELETE FROM t WHERE id = 'no number'");
    let report = consented().rollback(place.path(), &Back::Last(1)).expect("consented");
    contains(&report.to_string(), &[asked]);
    assert_eq!(place.query("SELECT * FROM t"), "1|'x'\n2|'since'");
}

#[test]
fn connections_in_exclusive_mode_save_the_present_too() {
    let two = "--: version 2.0.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)";
    for mode in ["DELETE", "WAL"] {
        let place = Place::new();
        place.sql(&format!("PRAGMA journal_mode = {mode}"));
        started(&place, ONE);
        place.sql("INSERT INTO t VALUES (1, 'a', 'b')");
        started(&place, two);
        place.sql("INSERT INTO t VALUES (2, 'later')");
        let hook = |conn: &Connection| conn.execute_batch("PRAGMA locking_mode = EXCLUSIVE");
        let report = without_model()
            .connection(hook)
            .rollback(place.path(), &Back::Last(1))
            .unwrap_or_else(|err| panic!("{mode} {err}"));
        assert_eq!(place.query("SELECT * FROM t"), "1|'a'|'b'\n2|'later'|NULL", "{mode}");
        let saved = Connection::open(report.backup.expect("a backup").path).expect("the backup");
        let rows: String = saved
            .query_row("SELECT group_concat(id || a) FROM t", [], |row| row.get(0))
            .expect("the present as it was");
        assert_eq!(rows, "1a,2later", "{mode}");
    }
}

#[test]
fn what_is_refused_in_exclusive_mode_leaves_no_copy_behind() {
    let one = "--: version 1.0.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)";
    let two = format!("--: version 2.0.0\n{ONE}; CREATE TABLE u (x TEXT)");
    let rows: [(&str, ErrorKind, &str); 2] = [
        ("ALTER TABLE t ADD COLUMN c TEXT", ErrorKind::Drift, "since then: add column t.c"),
        ("INSERT INTO u VALUES ('x')", ErrorKind::Refused, "the rollback deletes `u` with 1 rows"),
    ];
    for (sql, kind, part) in rows {
        for mode in ["DELETE", "WAL"] {
            let place = Place::new();
            place.sql(&format!("PRAGMA journal_mode = {mode}"));
            started(&place, one);
            started(&place, &two);
            place.sql(sql);
            let files = || place.files().into_iter().map(|(path, _)| path).collect::<Vec<_>>();
            let before = files();
            let hook = |conn: &Connection| conn.execute_batch("PRAGMA locking_mode = EXCLUSIVE");
            let migrator = without_model().connection(hook);
            let error = migrator.rollback(place.path(), &Back::Last(1)).expect_err(sql);
            assert_eq!(error.kind(), kind, "{mode} {error}");
            assert!(error.help_line().is_some() && error.state_line().is_some(), "{error}");
            contains(&error.to_string(), &[part]);
            assert_eq!(files(), before, "{mode} {sql}");
        }
    }
}

#[test]
fn the_last_revision_goes_and_its_model_does_not_come_back_by_itself() {
    let two = "--: version 2.0.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL DEFAULT 'x', b TEXT, c INT); CREATE INDEX i ON t (a)";
    let place = Place::new();
    started(&place, ONE);
    place.sql("INSERT INTO t VALUES (1, 'a', 'b')");
    started(&place, two);
    place.sql("INSERT INTO t VALUES (2, 'later', NULL, 7)");

    let report = back(&place, &Back::Last(1));
    assert_eq!((report.outcome, report.version.as_str()), (Outcome::RolledBack, "1.0.0"));
    assert_eq!(report.from_version.as_deref(), Some("2.0.0"));
    assert!(report.backup.is_some());
    assert_eq!(columns(&place, "t"), "'id,a,b'");
    assert_eq!(place.query("SELECT * FROM t"), "1|'a'|'b'\n2|'later'|NULL");
    let history = without_model().history(place.path()).expect("a history");
    let told: Vec<_> =
        history.iter().map(|row| (row.kind.as_str(), row.status, row.version.as_str())).collect();
    assert_eq!(
        told,
        [
            ("automatic", RevisionStatus::Completed, "1.0.0"),
            ("automatic", RevisionStatus::RolledBack, "2.0.0"),
            ("rollback", RevisionStatus::Completed, "1.0.0"),
        ]
    );

    // The program of before runs, however often, and that changes nothing for the one that was taken back.
    assert_eq!(started(&place, ONE).outcome, Outcome::UpToDate);
    assert_eq!(started(&place, ONE).outcome, Outcome::UpToDate);
    let error = place.unchanged_by(|| start(&place, two).expect_err("rolled back"));
    assert_eq!(error.kind(), ErrorKind::RolledBack);
    contains(&error.to_string(), &["version 2.0.0 of model `main` was rolled back", "revision 3", "reapply"]);
    let status = Migrator::new(model(two)).status(place.path()).expect("a status");
    assert_eq!(status.refusal.map(|refusal| refusal.kind), Some(ErrorKind::RolledBack));

    let again = Migrator::new(model(two)).reapply().run(place.path()).expect("applied again");
    assert_eq!(again.outcome, Outcome::Migrated);
    assert_eq!(started(&place, two).outcome, Outcome::UpToDate);
    assert_eq!(back(&place, &Back::Last(1)).version, "1.0.0");
}

#[test]
fn another_model_goes_on_from_where_the_rollback_led() {
    let place = Place::new();
    started(&place, ONE);
    started(&place, &ONE.replace("1.0.0", "2.0.0").replace("b TEXT", "b TEXT, c INT"));
    back(&place, &Back::Last(1));
    let three = ONE.replace("1.0.0", "3.0.0").replace("b TEXT", "b TEXT, d INT");
    assert_eq!(started(&place, &three).outcome, Outcome::Migrated);
    assert_eq!(columns(&place, "t"), "'id,a,b,d'");
}

#[test]
fn a_dropped_column_comes_back_with_its_values_and_rows_since_then_stay() {
    let place = Place::new();
    started(&place, ONE);
    place.sql(
        "INSERT INTO t VALUES (1, 'a', 'b'), (2, NULL, CAST(x'80ff' AS TEXT)), (3, 'gone', 'later'), (4, 'x', x'00'),
         (5, 'y', '9007199254740993')",
    );
    started(&place, "--: version 2.0.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)");
    place.sql("DELETE FROM t WHERE id = 3; INSERT INTO t VALUES (9, 'new'); UPDATE t SET a = 'changed' WHERE id = 1");
    let report = back(&place, &Back::Last(1));
    assert_eq!(counts(&report), ["t.b: 4 restored, 1 kept as they are, 1 of the backup without a row"]);
    assert_eq!(
        place.query("SELECT id, a, typeof(b), hex(b) FROM t"),
        "1|'changed'|'text'|'62'\n2|NULL|'text'|'80FF'\n4|'x'|'blob'|'00'\n5|'y'|'text'|'39303037313939323534373430393933'\n9|'new'|'null'|''"
    );
    assert_eq!(place.query("PRAGMA integrity_check"), "'ok'");
}

#[test]
fn rows_without_a_declared_key_are_known_by_their_rowid_and_composite_keys_by_all_parts() {
    let place = Place::new();
    started(
        &place,
        "--: version 1.0.0\nCREATE TABLE p (a TEXT, b TEXT); CREATE TABLE q (x TEXT, y INT, z REAL, PRIMARY KEY (x, y)) WITHOUT ROWID",
    );
    place.sql(
        "INSERT INTO p (rowid, a, b) VALUES (5, 'five', 'v'), (9, 'nine', 'ix');
         INSERT INTO q VALUES ('k', 1, 1.5), ('k', 2, 1e300)",
    );
    started(
        &place,
        "--: version 2.0.0\nCREATE TABLE p (a TEXT); CREATE TABLE q (x TEXT, y INT, PRIMARY KEY (x, y)) WITHOUT ROWID",
    );
    place.sql("DELETE FROM q WHERE y = 1");
    let report = back(&place, &Back::Last(1));
    assert_eq!(
        counts(&report),
        [
            "p.b: 2 restored, 0 kept as they are, 0 of the backup without a row",
            "q.z: 1 restored, 0 kept as they are, 1 of the backup without a row"
        ]
    );
    assert_eq!(place.query("SELECT rowid, * FROM p"), "5|'five'|'v'\n9|'nine'|'ix'");
    assert_eq!(place.query("SELECT x, y, z = 1e300 FROM q"), "'k'|2|1");
}

#[test]
fn a_dropped_table_comes_back_whole_and_no_trigger_fires_meanwhile() {
    let place = Place::new();
    started(
        &place,
        "--: version 1.0.0\nCREATE TABLE log (id INTEGER PRIMARY KEY AUTOINCREMENT, text TEXT UNIQUE, n INT AS (length(text)) STORED);
         CREATE TABLE noted (what TEXT);
         CREATE INDEX by_n ON log (n)",
    );
    place.sql("INSERT INTO log (text) VALUES ('one'), ('three'), ('gone'); DELETE FROM log WHERE id = 3");
    started(&place, "--: version 2.0.0\nCREATE TABLE noted (what TEXT)");
    place.sql("INSERT INTO noted VALUES ('since')");
    let report = back(&place, &Back::Last(1));
    assert_eq!(counts(&report), ["log: 2 restored, 0 kept as they are, 0 of the backup without a row"]);
    assert_eq!(place.query("SELECT * FROM log"), "1|'one'|3\n2|'three'|5");
    assert_eq!(place.query("SELECT * FROM noted"), "'since'");
    place.sql("INSERT INTO log (text) VALUES ('next')");
    assert_eq!(place.query("SELECT max(id) FROM log"), "4");
    assert_eq!(place.query("PRAGMA integrity_check"), "'ok'");
}

#[test]
fn triggers_of_a_table_that_comes_back_stay_silent() {
    let place = Place::by_hand(
        "CREATE TABLE log (id INTEGER PRIMARY KEY, a TEXT); CREATE TABLE noted (what TEXT);
         CREATE TRIGGER note AFTER INSERT ON log BEGIN INSERT INTO noted VALUES (new.a); END;
         INSERT INTO log VALUES (1, 'one')",
    );
    without_model().baseline(place.path()).expect("a baseline");
    started(&place, "--: version 2.0.0\nCREATE TABLE noted (what TEXT)");
    assert_eq!(place.query("SELECT count(*) FROM sqlite_schema WHERE type = 'trigger'"), "0");
    back(&place, &Back::Last(1));
    assert_eq!(place.query("SELECT * FROM log"), "1|'one'");
    assert_eq!(place.query("SELECT * FROM noted"), "'one'");
    assert_eq!(place.query("SELECT name FROM sqlite_schema WHERE type = 'trigger'"), "'note'");
}

#[test]
fn a_narrowed_column_has_its_values_again_where_nobody_changed_them() {
    let place = Place::new();
    started(&place, "--: version 1.0.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, n REAL)");
    place.sql("INSERT INTO t VALUES (1, 1.5), (2, 2.0), (3, 3.25), (4, NULL)");
    let two = "--: version 2.0.0\n--: convert t.n CAST(n AS INTEGER)\nCREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER)";
    let migrated = Migrator::new(model(two)).allow("L103").run(place.path()).expect("consent");
    assert_eq!(migrated.outcome, Outcome::Migrated);
    assert_eq!(place.query("SELECT n FROM t"), "1\n2\n3\nNULL");
    place.sql("UPDATE t SET n = 30 WHERE id = 3; INSERT INTO t VALUES (5, 50)");
    let report = back(&place, &Back::Last(1));
    assert_eq!(place.query("SELECT id, n FROM t"), "1|1.5\n2|2.0\n3|30.0\n4|NULL\n5|50.0");
    assert_eq!(counts(&report), ["t.n: 1 restored, 4 kept as they are, 0 of the backup without a row"]);
}

#[test]
fn several_revisions_go_in_one_transaction_and_a_version_is_found_by_its_name() {
    for how_far in [Back::Last(2), Back::ToVersion("1.0".to_owned())] {
        let place = Place::new();
        started(&place, ONE);
        place.sql("INSERT INTO t VALUES (1, 'a', 'b')");
        started(&place, "--: version 2.0.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)");
        started(
            &place,
            "--: version 3.0.0\n--: renamed_from u t\nCREATE TABLE u (id INTEGER PRIMARY KEY, a TEXT, c INT)",
        );
        place.sql("INSERT INTO u VALUES (2, 'new', 5)");
        let candidates = without_model().rollback_candidates(place.path()).expect("candidates");
        let shown: Vec<_> =
            candidates.iter().map(|one| (one.version.as_str(), one.to_version.as_str())).collect();
        assert_eq!(shown, [("3.0.0", "2.0.0"), ("2.0.0", "1.0.0"), ("1.0.0", "0")]);
        assert!(candidates.iter().all(|one| one.refused.is_none()), "{candidates:?}");
        assert!(candidates[1].backup.is_some());
        let report = back(&place, &how_far);
        assert_eq!((report.from_version.as_deref(), report.version.as_str()), (Some("3.0.0"), "1.0.0"));
        assert_eq!(place.query("SELECT * FROM t"), "1|'a'|'b'\n2|'new'|NULL");
        assert_eq!(started(&place, ONE).outcome, Outcome::UpToDate);
        let nothing = without_model().rollback(place.path(), &Back::ToVersion("1.0.0".to_owned()));
        assert_eq!(nothing.expect("nothing to do").outcome, Outcome::UpToDate);
    }
}

#[test]
fn one_cannot_go_further_than_there_are_revisions() {
    let place = Place::by_hand("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)");
    started(&place, ONE);
    refused(
        &place,
        &Back::Last(2),
        ErrorKind::History,
        &["cannot roll back 2 revisions", "1 can be", "add column t.b"],
    );
    let unknown = Back::ToVersion("7".to_owned());
    refused(&place, &unknown, ErrorKind::History, &["back to version 7: no revision left it"]);
    let report = back(&place, &Back::Last(1));
    assert_eq!((report.version.as_str(), columns(&place, "t").as_str()), ("0", "'id,a'"));
    refused(&place, &Back::Last(1), ErrorKind::History, &["0 can be"]);
}

#[test]
fn a_catalog_that_was_changed_since_is_not_touched() {
    let place = Place::new();
    started(&place, ONE);
    started(&place, &ONE.replace("1.0.0", "2.0.0").replace("b TEXT", "b TEXT, c INT"));
    place.sql("ALTER TABLE t ADD COLUMN hotfix; CREATE TABLE other (x)");
    refused(
        &place,
        &Back::Last(1),
        ErrorKind::Drift,
        &[
            "no longer what revision 2 left",
            "since then: add column t.hotfix",
            "since then: create table other",
        ],
    );
    let candidates = without_model().rollback_candidates(place.path()).expect("candidates");
    contains(candidates[0].refused.as_deref().unwrap_or_default(), &["add column t.hotfix"]);
    contains(candidates[1].refused.as_deref().unwrap_or_default(), &["revision 2 above it"]);
}

#[test]
fn an_edited_row_of_the_history_is_no_way_back() {
    for row in [1, 2] {
        let place = Place::new();
        started(&place, ONE);
        started(&place, &ONE.replace("1.0.0", "2.0.0").replace("b TEXT", "b TEXT, c INT"));
        place.sql(&format!("UPDATE migration_history SET name = 'nothing' WHERE id = {row}"));
        refused(
            &place,
            &Back::Last(1),
            ErrorKind::Tampered,
            &[&format!("row {row} of the history was edited")],
        );
    }
}

#[test]
fn without_the_backup_nothing_that_needs_it_goes_back() {
    let dropped = || {
        let place = Place::new();
        started(&place, ONE);
        place.sql("INSERT INTO t VALUES (1, 'a', 'b')");
        let report = started(&place, "--: version 2.0.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)");
        (place, report.backup.expect("a backup").path)
    };
    let (place, backup) = dropped();
    fs::remove_file(&backup).expect("gone");
    refused(&place, &Back::Last(1), ErrorKind::Backup, &["what revision 2 took away", "is not there"]);

    let (place, backup) = dropped();
    let mut bytes = fs::read(&backup).expect("the backup");
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&backup, bytes).expect("altered");
    refused(&place, &Back::Last(1), ErrorKind::Backup, &["have the SHA-256", "were written"]);

    let place = Place::new();
    started(&place, ONE);
    place.sql("INSERT INTO t VALUES (1, 'a', 'b')");
    Migrator::new(model("--: version 2.0.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)"))
        .removed(RemovalPolicy::Drop)
        .backup(BackupPolicy::Never)
        .run(place.path())
        .expect("a run");
    refused(&place, &Back::Last(1), ErrorKind::Backup, &["no backup was made before it"]);
}

#[test]
fn a_backup_of_another_database_gives_nothing() {
    let make = |text: &str| {
        let place = Place::new();
        started(&place, ONE);
        place.sql(&format!("INSERT INTO t VALUES (1, 'a', '{text}')"));
        let report = started(&place, "--: version 2.0.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)");
        (place, report.backup.expect("a backup").path)
    };
    let ((place, ours), (_other, theirs)) = (make("mine"), make("theirs"));
    let note = |path: &std::path::Path| path.with_extension("db.json");
    let note_of = |path: &std::path::Path| {
        [note(path), path.with_extension("json")].into_iter().find(|path| path.exists()).expect("a note")
    };
    fs::copy(&theirs, &ours).expect("a copy");
    fs::copy(note_of(&theirs), note_of(&ours)).expect("a note");
    refused(&place, &Back::Last(1), ErrorKind::Backup, &["is a backup of another database"]);
}

#[test]
fn values_that_no_longer_fit_stop_the_rollback() {
    let place = Place::new();
    started(
        &place,
        "--: version 1.0.0\nCREATE TABLE p (id INTEGER PRIMARY KEY);
         CREATE TABLE c (id INTEGER PRIMARY KEY, p INT REFERENCES p (id))",
    );
    place.sql("INSERT INTO p VALUES (1), (2); INSERT INTO c VALUES (1, 1), (2, 2)");
    started(&place, "--: version 2.0.0\nCREATE TABLE p (id INTEGER PRIMARY KEY)");
    place.sql("DELETE FROM p WHERE id = 2");
    refused_late(
        &place,
        ErrorKind::Data,
        &[
            "1 rows of `c` would refer to a parent that is there no longer (first rowids: 2)",
            "transaction rolled back",
        ],
    );
}

#[test]
fn parents_come_back_before_their_references_are_proved() {
    let place = Place::new();
    started(
        &place,
        "--: version 1.0.0\nCREATE TABLE p (id INTEGER PRIMARY KEY, name TEXT);
         CREATE TABLE c (id INTEGER PRIMARY KEY, p INT REFERENCES p (id))",
    );
    place.sql("INSERT INTO p VALUES (1, 'one'); INSERT INTO c VALUES (1, 1)");
    started(&place, "--: version 2.0.0\nCREATE TABLE c (id INTEGER PRIMARY KEY, p INT)");
    place.sql("INSERT INTO c VALUES (2, NULL)");
    back(&place, &Back::Last(1));
    assert_eq!(place.query("SELECT c.id, name FROM c LEFT JOIN p ON p.id = c.p"), "1|'one'\n2|NULL");
    assert_eq!(place.query("PRAGMA foreign_key_check"), "");
}

#[test]
fn a_dry_run_tells_and_touches_nothing() {
    let place = Place::new();
    started(&place, ONE);
    started(&place, &ONE.replace("1.0.0", "2.0.0").replace("b TEXT", "b TEXT, c INT"));
    let dry = without_model().dry_run(true);
    let report = place.unchanged_by(|| dry.rollback(place.path(), &Back::Last(1)).expect("a dry run"));
    assert_eq!((report.outcome, report.version.as_str()), (Outcome::PlannedOnly, "1.0.0"));
    assert_eq!(report.plan.changes().map(ToString::to_string).collect::<Vec<_>>(), ["drop column t.c"]);
    assert!(report.applied.is_empty());
}

#[test]
fn a_full_text_index_over_a_table_that_comes_back_finds_its_rows() {
    let place = Place::by_hand(
        "CREATE TABLE doc (id INTEGER PRIMARY KEY, body TEXT, extra TEXT);
         CREATE VIRTUAL TABLE found USING fts5(body, content='doc', content_rowid='id');
         INSERT INTO doc VALUES (1, 'red apple', 'x'); INSERT INTO found (found) VALUES ('rebuild')",
    );
    without_model().baseline(place.path()).expect("a baseline");
    started(&place, "--: version 2.0.0\nCREATE TABLE other (id INTEGER PRIMARY KEY)");
    back(&place, &Back::Last(1));
    assert_eq!(place.query("SELECT rowid, body FROM found WHERE found MATCH 'apple'"), "1|'red apple'");
    assert_eq!(place.query("SELECT * FROM doc"), "1|'red apple'|'x'");
}

#[test]
fn a_rollback_that_fails_is_recorded_and_changes_nothing_else() {
    let place = Place::new();
    started(&place, "--: version 1.0.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)");
    started(
        &place,
        "--: version 2.0.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT COLLATE NOCASE, b INT)",
    );
    let cancel = schema_runtime::Cancel::new();
    let stop = cancel.clone();
    let migrator = without_model().cancel(cancel).observer(move |event| {
        if matches!(event, schema_runtime::Event::Step { .. }) {
            stop.cancel();
        }
    });
    let error = migrator.rollback(place.path(), &Back::Last(1)).expect_err("cancelled");
    assert_eq!(error.kind(), ErrorKind::Cancelled, "{error}");
    assert_eq!(columns(&place, "t"), "'id,a,b'");
    assert_eq!(place.query("SELECT kind, status FROM migration_history WHERE id > 2"), "'rollback'|'failed'");
    assert_eq!(back(&place, &Back::Last(1)).version, "1.0.0");
}

#[test]
fn a_table_that_holds_rows_goes_only_with_consent() {
    let place = Place::new();
    started(&place, ONE);
    started(&place, &format!("{}; CREATE TABLE u (a TEXT)", ONE.replace("1.0.0", "2.0.0")));
    place.sql("INSERT INTO u VALUES ('since')");
    refused(&place, &Back::Last(1), ErrorKind::Refused, &["deletes `u` with 1 rows", ".allow(\"L101=u\")"]);
    let consents = without_model().allow("L101=u");
    let report = consents.rollback(place.path(), &Back::Last(1)).expect("consent");
    assert_eq!(report.warnings, ["`u` went with 1 rows; the backup has them"]);
    assert_eq!(place.query("SELECT name FROM sqlite_schema WHERE name = 'u'"), "");
    let saved = rusqlite::Connection::open(&report.backup.expect("a backup").path).expect("the backup");
    let text: String = saved.query_row("SELECT a FROM u", [], |row| row.get(0)).expect("the row");
    assert_eq!(text, "since");
}

#[test]
fn a_column_that_holds_values_goes_without_a_backup_only_with_consent() {
    let place = Place::new();
    started(&place, ONE);
    started(&place, &ONE.replace("1.0.0", "2.0.0").replace("b TEXT", "b TEXT, c INT"));
    place.sql("INSERT INTO t VALUES (1, 'a', 'b', 7), (2, 'a', 'b', NULL)");
    let bare = without_model().backup(BackupPolicy::Never);
    let error = place.unchanged_by(|| bare.rollback(place.path(), &Back::Last(1)).expect_err("refused"));
    contains(&error.to_string(), &["deletes `t.c` with 1 values that are not NULL", "L102=t.c"]);
    let report = bare.allow("L102").rollback(place.path(), &Back::Last(1)).expect("consent");
    assert_eq!(report.warnings, ["`t.c` went with 1 values that are not NULL; no backup has them"]);
    assert_eq!(report.no_backup.as_deref(), Some("the backup policy is never"));
}

#[test]
fn renamed_tables_and_columns_have_their_names_and_values_again() {
    let place = Place::new();
    started(
        &place,
        "--: version 1.0.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT, \"rowid\" INT, \"x y\" REAL)",
    );
    place.sql("INSERT INTO t VALUES (1, 'a', 'b', 7, 1.5), (2, 'c', 'd', 8, 2.5)");
    started(
        &place,
        "--: version 2.0.0\n--: renamed_from u t\n--: renamed_from u.aa a\nCREATE TABLE u (id INTEGER PRIMARY KEY, aa TEXT, \"rowid\" INT)",
    );
    place.sql("UPDATE u SET aa = 'changed' WHERE id = 2; INSERT INTO u VALUES (3, 'new', 9)");
    let report = back(&place, &Back::Last(1));
    assert_eq!(
        place.query("SELECT id, a, b, \"rowid\", \"x y\" FROM t"),
        "1|'a'|'b'|7|1.5\n2|'changed'|'d'|8|2.5\n3|'new'|NULL|9|NULL"
    );
    assert_eq!(report.restored.len(), 2);
}

#[test]
fn keys_with_a_collation_and_parts_that_are_null_match_only_what_they_are() {
    let place = Place::new();
    started(
        &place,
        "--: version 1.0.0\nCREATE TABLE t (k TEXT COLLATE NOCASE, l INT, v TEXT, PRIMARY KEY (k, l))",
    );
    place.sql("INSERT INTO t VALUES ('A', 1, 'a1'), ('b', NULL, 'null one'), ('b', NULL, 'null two'), ('c', 2, 'c2')");
    started(&place, "--: version 2.0.0\nCREATE TABLE t (k TEXT COLLATE NOCASE, l INT, PRIMARY KEY (k, l))");
    place.sql("UPDATE t SET k = 'a' WHERE l = 1");
    let report = back(&place, &Back::Last(1));
    // A key with NULL tells no row from another: such rows are known by rowid and content.
    assert_eq!(counts(&report), ["t.v: 4 restored, 0 kept as they are, 0 of the backup without a row"]);
    assert_eq!(
        place.query("SELECT k, l, v FROM t ORDER BY rowid"),
        "'a'|1|'a1'\n'b'|NULL|'null one'\n'b'|NULL|'null two'\n'c'|2|'c2'"
    );
}

#[test]
fn a_unique_column_without_null_that_was_dropped_comes_back() {
    let place = Place::new();
    started(&place, "--: version 1.0.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, code TEXT NOT NULL UNIQUE)");
    place.sql("INSERT INTO t VALUES (1, 'one'), (2, 'two')");
    started(&place, "--: version 2.0.0\nCREATE TABLE t (id INTEGER PRIMARY KEY)");
    back(&place, &Back::Last(1));
    assert_eq!(place.query("SELECT * FROM t"), "1|'one'\n2|'two'");
}

#[test]
fn a_database_in_utf_16_and_a_log_give_back_the_same() {
    for setting in ["PRAGMA encoding = 'UTF-16le'", "PRAGMA journal_mode = WAL", "PRAGMA auto_vacuum = FULL"]
    {
        let place = Place::new();
        place.sql(&format!("{setting}; CREATE TABLE x (a); DROP TABLE x"));
        started(&place, "--: version 1.0.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)");
        place.sql("INSERT INTO t VALUES (1, 'é😀'), (2, '')");
        started(&place, "--: version 2.0.0\nCREATE TABLE t (id INTEGER PRIMARY KEY)");
        back(&place, &Back::Last(1));
        assert_eq!(place.query("SELECT * FROM t"), "1|'é😀'\n2|''", "{setting}");
        assert_eq!(place.query("PRAGMA integrity_check"), "'ok'", "{setting}");
    }
}

#[test]
fn references_to_itself_and_actions_of_references_touch_no_row() {
    let place = Place::new();
    started(
        &place,
        "--: version 1.0.0\nCREATE TABLE node (id INTEGER PRIMARY KEY, parent INT REFERENCES node (id) ON DELETE CASCADE, note TEXT);
         CREATE TABLE leaf (id INTEGER PRIMARY KEY, node INT REFERENCES node (id) ON DELETE SET NULL ON UPDATE CASCADE)",
    );
    place.sql("INSERT INTO node VALUES (1, NULL, 'root'), (2, 1, 'child'); INSERT INTO leaf VALUES (1, 2)");
    started(
        &place,
        "--: version 2.0.0\nCREATE TABLE node (id INTEGER PRIMARY KEY, parent TEXT);
         CREATE TABLE leaf (id INTEGER PRIMARY KEY, node INT REFERENCES node (id) ON DELETE CASCADE)",
    );
    back(&place, &Back::Last(1));
    assert_eq!(place.query("SELECT * FROM node"), "1|NULL|'root'\n2|1|'child'");
    assert_eq!(place.query("SELECT * FROM leaf"), "1|2");
    assert_eq!(place.query("PRAGMA foreign_key_check"), "");
}

#[test]
fn what_a_model_retires_by_default_is_no_loss_and_goes_back_without_a_backup() {
    let place = Place::new();
    started(&place, ONE);
    place.sql("INSERT INTO t VALUES (1, 'a', 'b')");
    let retiring =
        Migrator::new(model("--: version 2.0.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, c INT)"));
    let backup = retiring.run(place.path()).expect("a run").backup.expect("a backup").path;
    fs::remove_file(backup).expect("not needed");
    place.sql("UPDATE t SET b = 'still written'");
    back(&place, &Back::Last(1));
    assert_eq!(place.query("SELECT * FROM t"), "1|'a'|'still written'");
    assert_eq!(started(&place, ONE).outcome, Outcome::UpToDate);
}

#[test]
fn two_models_of_one_file_go_back_in_the_order_in_which_they_came() {
    let place = Place::new();
    started(&place, ONE);
    started(&place, "--: model audit\n--: version 1.0.0\nCREATE TABLE log (id INTEGER PRIMARY KEY)");
    // The catalog is of both: what came first waits for what came after.
    let parts = [
        "since then: create table log",
        "revision 3 of model `audit` came after it",
        "roll model `audit` back first",
    ];
    refused(&place, &Back::Last(1), ErrorKind::Drift, &parts);
    Migrator::for_model(Model::empty("audit")).rollback(place.path(), &Back::Last(1)).expect("the newer one");
    back(&place, &Back::Last(1));
    assert_eq!(place.query("SELECT count(*) FROM sqlite_schema WHERE name IN ('t', 'log')"), "0");
}

#[test]
fn rows_of_since_that_break_a_rule_of_before_stop_the_rollback() {
    let relaxed = [
        ("a TEXT NOT NULL", "a TEXT", "INSERT INTO t VALUES (7, NULL)", "t"),
        ("a TEXT NOT NULL DEFAULT 'd'", "a TEXT DEFAULT 'd'", "INSERT INTO t VALUES (7, NULL)", "t"),
        ("a TEXT NOT NULL, b BLOB", "a TEXT, b ANY", "INSERT INTO t VALUES (7, NULL, x'00')", "t"),
        // Where the undo is a rebuild on every SQLite.
        (
            "a TEXT NOT NULL DEFAULT 'd', b INT UNIQUE",
            "a TEXT DEFAULT 'd', b INT",
            "INSERT INTO t VALUES (7, NULL, 1)",
            "NOT NULL constraint failed: t.a",
        ),
        ("a TEXT CHECK (a <> 'x')", "a TEXT", "INSERT INTO t VALUES (7, 'x')", "t"),
        (
            "a TEXT UNIQUE",
            "a TEXT",
            "INSERT INTO t VALUES (7, 'y'), (8, 'y')",
            "UNIQUE constraint failed: t.a",
        ),
        (
            "a TEXT REFERENCES p (k)",
            "a TEXT",
            "INSERT INTO t VALUES (7, 'nobody')",
            "would have 1 after the change",
        ),
    ];
    for (before, after, rows, part) in relaxed {
        let table = |version: &str, column: &str| {
            format!(
                "--: version {version}\nCREATE TABLE p (k TEXT PRIMARY KEY); CREATE TABLE t (id INTEGER PRIMARY KEY, {column})"
            )
        };
        let place = Place::new();
        started(&place, &table("1.0.0", before));
        started(&place, &table("2.0.0", after));
        place.sql(rows);
        let content = place.query("SELECT * FROM t");
        let error = without_model().rollback(place.path(), &Back::Last(1)).expect_err(before);
        assert_eq!(error.kind(), ErrorKind::Data, "{before}: {error}");
        contains(&error.to_string(), &[part, "transaction rolled back", "help: mend or delete the rows"]);
        assert_eq!(place.query("SELECT * FROM t"), content, "{before}");
    }
}

#[test]
fn a_consent_that_names_no_hazard_stops_a_rollback_as_it_stops_a_run() {
    let place = Place::new();
    started(&place, ONE);
    started(&place, &ONE.replace("1.0.0", "2.0.0").replace("b TEXT", "b TEXT, c INT"));
    let mistaken = without_model().allow("L999");
    let error = place.unchanged_by(|| mistaken.rollback(place.path(), &Back::Last(1)).expect_err("refused"));
    assert_eq!(error.kind(), ErrorKind::Refused, "{error}");
    contains(&error.to_string(), &["`L999` names no hazard"]);
}

#[test]
fn what_the_way_back_renames_goes_only_with_consent_too() {
    let t = |version: &str, rest: &str| {
        format!("--: version {version}\nCREATE TABLE z (id INTEGER PRIMARY KEY); {rest}")
    };
    // A table that the next revision renamed.
    let place = Place::new();
    started(&place, &t("1.0.0", ""));
    started(&place, &t("2.0.0", "CREATE TABLE t (a TEXT)"));
    started(&place, &format!("--: renamed_from u t\n{}", t("3.0.0", "CREATE TABLE u (a TEXT)")));
    place.sql("INSERT INTO u VALUES ('since')");
    refused(&place, &Back::Last(2), ErrorKind::Refused, &["deletes `u` with 1 rows", ".allow(\"L101=u\")"]);
    let dry = without_model().dry_run(true);
    let error = place.unchanged_by(|| dry.rollback(place.path(), &Back::Last(2)).expect_err("refused"));
    contains(&error.to_string(), &["deletes `u` with 1 rows"]);
    let report = without_model().allow("L101=u").rollback(place.path(), &Back::Last(2)).expect("consent");
    assert_eq!(report.warnings, ["`u` went with 1 rows; the backup has them"]);

    // A column of a table that the same revision renamed, without a backup.
    let place = Place::new();
    started(&place, "--: version 1.0.0\nCREATE TABLE t (id INTEGER PRIMARY KEY)");
    started(
        &place,
        "--: version 2.0.0\n--: renamed_from u t\nCREATE TABLE u (id INTEGER PRIMARY KEY, c TEXT)",
    );
    place.sql("INSERT INTO u VALUES (1, 'only here')");
    let bare = without_model().backup(BackupPolicy::Never);
    let error = place.unchanged_by(|| bare.rollback(place.path(), &Back::Last(1)).expect_err("refused"));
    contains(&error.to_string(), &["deletes `u.c` with 1 values that are not NULL", "L102=u.c"]);

    // A column that the next revision renamed, without a backup.
    let place = Place::new();
    started(&place, ONE);
    started(&place, &ONE.replace("1.0.0", "2.0.0").replace("b TEXT", "b TEXT, c TEXT"));
    started(
        &place,
        &format!(
            "--: renamed_from t.d c\n{}",
            ONE.replace("1.0.0", "3.0.0").replace("b TEXT", "b TEXT, d TEXT")
        ),
    );
    place.sql("INSERT INTO t VALUES (1, 'a', 'b', 'only here')");
    let error = place.unchanged_by(|| bare.rollback(place.path(), &Back::Last(2)).expect_err("refused"));
    contains(&error.to_string(), &["deletes `t.d` with 1 values", "L102=t.d"]);
    bare.allow("L102=t.d").rollback(place.path(), &Back::Last(2)).expect("consent");
    assert_eq!(place.query("SELECT * FROM t"), "1|'a'|'b'");
}

#[test]
fn a_table_that_comes_back_and_goes_further_on_asks_for_its_rows_as_well() {
    let place = Place::new();
    started(&place, ONE);
    started(&place, &format!("{}; CREATE TABLE u (a TEXT)", ONE.replace("1.0.0", "2.0.0")));
    place.sql("INSERT INTO u VALUES ('then')");
    started(&place, &ONE.replace("1.0.0", "3.0.0"));
    // Undone are the drop of `u`, which brings its row back, and then its creation.
    let error = without_model().rollback(place.path(), &Back::Last(2)).expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::Refused, "{error}");
    contains(&error.to_string(), &["deletes `u` with 1 rows", "transaction rolled back"]);
    assert_eq!(
        place.query("SELECT version, status FROM migration_history ORDER BY id DESC LIMIT 1"),
        "'3.0.0'|'completed'"
    );
    without_model().allow("L101=u").rollback(place.path(), &Back::Last(2)).expect("consent");
    assert_eq!(started(&place, ONE).outcome, Outcome::UpToDate);
}
