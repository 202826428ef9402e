//! The health report: one test for each code, whose database shows that one finding, and what holds for all of them.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use rusqlite::Connection;
use schema_runtime::{
    BackupCheck, Cancel, ErrorKind, Event, Finding, FindingCode, Health, HealthCheck, IntegrityCheck,
    Migrator, RemovalPolicy, Severity,
};

use crate::support::model::model;
use crate::support::place::{Place, contains};

const V1: &str = "--: version 1.0.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT)";
const V2: &str = "--: version 2.0.0\n--: backfill t.a ''\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL, b TEXT)";
const LESS: &str = "--: version 2.0.0\n--: dropped t.b\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)";
const MANY: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 1000)";

/// The report on the file alone; looking must change nothing.
fn health(place: &Place) -> Health {
    look(place, &HealthCheck::new())
}

fn look(place: &Place, check: &HealthCheck) -> Health {
    place.unchanged_by(|| check.look_at_file(place.path())).unwrap_or_else(|err| panic!("{err}"))
}

fn with_model(place: &Place, sql: &str) -> Health {
    look(place, &HealthCheck::with_model(&Migrator::new(model(sql))))
}

/// Asserts that this is all that was found, with everything that the table says of it.
fn only(place: &Place, health: &Health, code: FindingCode, details: &[&str]) {
    let [Finding { code: found, severity, points, title, details: lines, recommendation, .. }] =
        health.findings.as_slice()
    else {
        panic!("not one finding:\n{health}");
    };
    let folder = fs::canonicalize(place.folder()).expect("the folder").display().to_string();
    let lines: Vec<String> = lines.iter().map(|line| line.replace(&folder, "FOLDER")).collect();
    assert_eq!((*found, lines), (code, details.iter().map(|line| (*line).to_owned()).collect()), "{health}");
    assert_eq!((*severity, *points), (code.severity(), code.points()));
    assert_eq!((title.as_str(), recommendation.as_str()), (code.title(), code.recommendation()));
    assert_eq!(health.score, 100 - points, "{health}");
    assert_eq!(health.incomplete, Vec::<String>::new());
    let heading = format!("{code} {severity} (-{points}): {title}\n");
    contains(
        &health.to_string(),
        &[&heading, details[0].split("FOLDER").next().unwrap_or(""), recommendation],
    );
}

fn assert_healthy(health: &Health) {
    assert!(health.is_healthy() && health.incomplete.is_empty() && health.score == 100, "{health}");
}

/// A row of text that fills pages.
fn filled() -> Place {
    Place::by_hand(&format!(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); {MANY} INSERT INTO t SELECT i, printf('%0200d', i) FROM n"
    ))
}

/// A run of version 2 that wrote rows, with its backup.
fn migrated(sql: &str) -> Place {
    let place = Place::with_model(V1);
    place.sql("INSERT INTO t VALUES (1, 'a', 'b')");
    Migrator::new(model(sql)).removed(RemovalPolicy::Drop).run(place.path()).expect("a run");
    place
}

fn backup_of(place: &Place, extension: &str) -> std::path::PathBuf {
    let folder = place.folder().join("backups/migrations");
    let entries = fs::read_dir(folder).expect("backups").map(|entry| entry.expect("an entry").path());
    entries
        .into_iter()
        .find(|path| path.extension().is_some_and(|found| found == extension))
        .expect("a backup")
}

#[test]
fn a_database_in_order_has_all_points() {
    let place = Place::with_model(V1);
    assert_healthy(&health(&place));
    place.sql("INSERT INTO t VALUES (1, 'a', 'b')");
    Migrator::new(model(V2)).run(place.path()).expect("a run");
    for health in [health(&place), with_model(&place, V2)] {
        assert_healthy(&health);
        let history = health.history.expect("a history");
        assert_eq!((history.revisions, history.completed, history.failed), (2, 2, 0));
        assert_eq!((history.success_rate, history.models), (Some(100), vec!["main".to_owned()]));
        assert_eq!(history.last.map(|last| (last.id, last.version)), Some((2, "2.0.0".to_owned())));
        assert!(history.rollback.is_some_and(|rollback| rollback.possible && rollback.revision == 2));
        let backups = health.backups.expect("backups");
        assert_eq!((backups.count, backups.newest_check), (1, Some(BackupCheck::Size)));
        assert!(backups.newest_age_s.is_some_and(|age| (0..3_600).contains(&age)));
        assert_eq!((health.schema.tables, health.schema.stamp_is_current), (1, Some(true)));
        assert!(health.schema.bytes > 100 && health.file.pages > 3);
    }
    let full = HealthCheck::with_model(&Migrator::new(model(V2)))
        .integrity(IntegrityCheck::Full)
        .verify_backups(true);
    let full = look(&place, &full);
    assert_healthy(&full);
    assert_eq!(full.backups.and_then(|backups| backups.newest_check), Some(BackupCheck::Verified));
}

#[test]
fn files_of_every_kind_that_are_in_order_have_all_points() {
    for sql in [
        "",
        "PRAGMA journal_mode = WAL; CREATE TABLE t (a)",
        "PRAGMA auto_vacuum = INCREMENTAL; CREATE TABLE t (a); CREATE VIEW v AS SELECT a FROM t",
        "PRAGMA encoding = 'UTF-16'; CREATE TABLE t (a CHECK (a <> 'x') DEFAULT \"x\", \"b c\" COLLATE \"nocase\" CHECK (\"b c\" > 0))",
        "CREATE VIRTUAL TABLE f USING fts5(a); INSERT INTO f VALUES ('x'); CREATE VIRTUAL TABLE r USING rtree(i, a, b)",
        "CREATE TABLE p (a, b, UNIQUE (b, a)); CREATE TABLE c (x, y, FOREIGN KEY (x, y) REFERENCES p (a, b));
         INSERT INTO p VALUES (1, 2); INSERT INTO c VALUES (1, 2), (NULL, 7)",
        "CREATE TABLE t (a PRIMARY KEY, b) WITHOUT ROWID; CREATE INDEX i ON t (b) WHERE a > 1; CREATE INDEX j ON t (b DESC)",
    ] {
        let place = Place::by_hand(sql);
        let full = HealthCheck::new().integrity(IntegrityCheck::Full);
        assert_healthy(&look(&place, &full));
    }
}

#[test]
fn a_damaged_file_has_no_points_and_is_no_error() {
    let place = filled();
    let mut bytes = fs::read(place.path()).expect("the file");
    bytes[4096 * 5..4096 * 6].fill(0xAB);
    fs::write(place.path(), bytes).expect("damage");
    let health = health(&place);
    assert_eq!((health.score, health.findings[0].code), (0, FindingCode::Damaged), "{health}");
    contains(&health.findings[0].details.join("\n"), &["page 6"]);
}

#[test]
fn a_file_that_was_cut_is_damaged() {
    for length in [4096, 4096 * 7 + 100] {
        let place = filled();
        let bytes = fs::read(place.path()).expect("the file");
        fs::write(place.path(), &bytes[..length]).expect("damage");
        for health in [health(&place), with_model(&place, V1)] {
            assert_eq!(health.score, 0, "{health}");
            assert!(health.finding(FindingCode::Damaged).is_some(), "{health}");
        }
    }
}

#[test]
fn an_index_that_lacks_rows_is_found_by_the_full_check() {
    let place = Place::by_hand(
        "CREATE TABLE t (a, b); CREATE INDEX i ON t (a); INSERT INTO t VALUES (1, 2); PRAGMA writable_schema = ON;
         UPDATE sqlite_schema SET sql = 'CREATE INDEX i ON t (b)' WHERE name = 'i'",
    );
    assert_healthy(&health(&place));
    let health = look(&place, &HealthCheck::new().integrity(IntegrityCheck::Full));
    only(&place, &health, FindingCode::IndexFaults, &["row 1 missing from index i"]);
}

#[test]
fn rows_that_break_their_own_rules_are_found() {
    let place = Place::by_hand(
        "CREATE TABLE t (a CHECK (a > 0)); PRAGMA ignore_check_constraints = ON; INSERT INTO t VALUES (-1), (2), (-3)",
    );
    only(&place, &health(&place), FindingCode::RowFaults, &["CHECK constraint failed in t (2 times)"]);
}

#[test]
fn rows_without_a_parent_are_listed() {
    let place = Place::by_hand(
        "CREATE TABLE p (id INTEGER PRIMARY KEY); INSERT INTO p VALUES (1);
         CREATE TABLE c (x REFERENCES p); INSERT INTO c VALUES (1), (2), (3), (4), (5), (6), (7), (NULL);
         CREATE TABLE d (k TEXT PRIMARY KEY, y REFERENCES p (id)) WITHOUT ROWID; INSERT INTO d VALUES ('k', 9);
         CREATE TABLE e (z REFERENCES p); INSERT INTO e VALUES (8)",
    );
    only(
        &place,
        &health(&place),
        FindingCode::Orphans,
        &[
            "`c` (x) refers to no row of `p`: 6 rows (first rowids: 2, 3, 4, 5, 6)",
            "`d` (y) refers to no row of `p`: 1 row",
            "`e` (z) refers to no row of `p`: 1 row (rowid 1)",
        ],
    );
}

#[test]
fn foreign_keys_that_refer_to_nothing_are_found() {
    let place = Place::by_hand(
        "CREATE TABLE c (x REFERENCES gone (id)); INSERT INTO c VALUES (1);
         CREATE TABLE p (id INTEGER PRIMARY KEY, a); CREATE TABLE d (x REFERENCES p (a))",
    );
    only(
        &place,
        &health(&place),
        FindingCode::NoParent,
        &[
            "`c` (x) refers to `gone`, which is not there",
            "`d` refers to columns that are no key of `p`; its rows could not be checked",
        ],
    );
}

#[test]
fn a_schema_that_no_longer_parses_is_found() {
    let place = Place::by_hand(
        "CREATE TABLE t (a); PRAGMA writable_schema = ON;
         UPDATE sqlite_schema SET sql = 'CREATE TABLE t (a' WHERE name = 't'",
    );
    let health = with_model(&place, V1);
    let [finding] = health.findings.as_slice() else { panic!("{health}") };
    assert_eq!((finding.code, health.score), (FindingCode::Malformed, 0));
    assert_eq!(finding.details.len(), 1, "{health}");
    contains(&finding.details[0], &["malformed database schema (t)"]);
}

#[test]
fn objects_that_cannot_be_read_with_certainty_are_found() {
    let place = Place::by_hand("CREATE TABLE t (a); CREATE INDEX i ON t (a)");
    place.sql(
        "PRAGMA writable_schema = ON;
         UPDATE sqlite_schema SET sql = CAST(CAST('CREATE TABLE t (a /*' AS BLOB) || x'FF' || CAST('*/)' AS BLOB) AS TEXT)
         WHERE name = 't'",
    );
    only(
        &place,
        &health(&place),
        FindingCode::Opaque,
        &["table `t`: its name or text is not valid UTF-8", "index `i`: its table could not be read"],
    );
}

#[test]
fn views_and_triggers_that_do_not_work_are_found() {
    let place = Place::by_hand(
        "CREATE TABLE t (a); CREATE VIEW v AS SELECT nope FROM t;
         CREATE TRIGGER g AFTER INSERT ON t BEGIN INSERT INTO gone VALUES (1); END",
    );
    only(
        &place,
        &health(&place),
        FindingCode::Broken,
        &["view `v`: no such column: nope", "trigger `g`: no such table: main.gone"],
    );
}

#[test]
fn words_in_double_quotes_that_name_no_column_are_found() {
    let place = Place::by_hand(
        "CREATE TABLE t (a CHECK (\"a\" <> \"b\"), c AS (\"A\" || lower(a)), CHECK (t.\"a\" <> CAST('' AS \"text\")));
         CREATE INDEX i ON t (a) WHERE a COLLATE \"binary\" <> 'it'",
    );
    only(&place, &health(&place), FindingCode::QuotedStrings, &["a CHECK of `t`: \"b\""]);
}

#[test]
fn a_change_by_hand_is_found_with_a_model_and_without() {
    let place =
        Place::with_model(&format!("{V1}; CREATE INDEX i ON t (a); CREATE VIEW v AS SELECT a FROM t"));
    place.sql("DROP INDEX i; CREATE TABLE mine (x); CREATE INDEX j ON t (b); DROP VIEW v; CREATE VIEW v AS SELECT b FROM t");
    let lines = ["drop index i on t", "drop view v"];
    only(&place, &health(&place), FindingCode::ChangedByHand, &lines);
    let health =
        with_model(&place, &format!("{V1}; CREATE INDEX i ON t (a); CREATE VIEW v AS SELECT a FROM t"));
    only(&place, &health, FindingCode::ChangedByHand, &lines);
    let model = health.model.expect("a model");
    assert!(model.refused.is_some(), "{model:?}");
    let rollback = health.history.and_then(|history| history.rollback).expect("a way back");
    assert_eq!((rollback.possible, rollback.reasons.len()), (false, 1), "{rollback:?}");
}

#[test]
fn pending_changes_of_the_model_are_found() {
    let place = Place::with_model(V1);
    let health = with_model(&place, V2);
    only(&place, &health, FindingCode::Pending, &["alter nullability of t.a: NULL -> NOT NULL"]);
    assert_eq!(health.schema.stamp_is_current, Some(false));
    assert_healthy(&self::health(&place));
}

#[test]
fn a_refused_start_up_is_found() {
    let place = Place::by_hand("CREATE TABLE other (a)");
    let health = with_model(&place, V1);
    let refused = health.model.clone().and_then(|model| model.refused).expect("a refusal");
    contains(&refused, &["holds none of the model's tables", "help: "]);
    only(
        &place,
        &health,
        FindingCode::Refused,
        &[&refused
            .replace(&fs::canonicalize(place.folder()).expect("the folder").display().to_string(), "FOLDER")],
    );
}

#[test]
fn rows_of_the_history_that_were_changed_are_found() {
    let place = Place::with_model(V1);
    place.sql("UPDATE migration_history SET name = 'nothing'");
    only(
        &place,
        &health(&place),
        FindingCode::Tampered,
        &["revision 1 (1.0.0): its content is not what was written"],
    );
}

#[test]
fn a_last_run_that_failed_is_found() {
    let place = Place::with_model(V1);
    let cancel = Cancel::new();
    let handle = cancel.clone();
    let run = Migrator::new(model(V2)).cancel(cancel).observer(move |event| {
        if matches!(event, Event::Step { .. }) {
            handle.cancel();
        }
    });
    assert_eq!(run.run(place.path()).expect_err("cancelled").kind(), ErrorKind::Cancelled);
    let health = health(&place);
    let failure = health.history.clone().and_then(|history| history.last_failure).expect("a failure");
    let error = failure.error.expect("its error");
    let folder = fs::canonicalize(place.folder()).expect("the folder").display().to_string();
    let line =
        format!("revision 2 of 2.0.0 failed at {}: {error}", failure.applied_at).replace(&folder, "FOLDER");
    only(&place, &health, FindingCode::Failed, &[&line]);
    assert_eq!(health.history.and_then(|history| history.success_rate), Some(50));
    place.run(V2);
    let health = self::health(&place);
    assert_healthy(&health);
    let history = health.history.expect("a history");
    assert_eq!(
        (history.failed, history.success_rate),
        (1, Some(66)),
        "what was mended is a fact and no finding"
    );
}

#[test]
fn a_history_that_is_not_ours_is_found() {
    let place = Place::by_hand("CREATE TABLE migration_history (x)");
    only(
        &place,
        &health(&place),
        FindingCode::HistoryUnreadable,
        &[
            "cannot use the table `migration_history` of `FOLDER/app.db` as history: the column `id` is missing",
        ],
    );
    assert_healthy(&look(&place, &HealthCheck::new().history_table("runs")));
}

#[test]
fn what_the_model_dropped_and_is_kept_is_found() {
    let place = Place::with_model(V1);
    place.run("--: version 2.0.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)");
    only(
        &place,
        &health(&place),
        FindingCode::Retired,
        &["column \"t\".\"b\" (not in the model since 2.0.0)"],
    );
}

#[test]
fn a_change_whose_backup_is_gone_cannot_be_rolled_back() {
    let place = migrated(LESS);
    assert_healthy(&health(&place));
    let gone = backup_of(&place, "db");
    fs::remove_file(&gone).expect("removed");
    fs::remove_file(gone.with_extension("json")).expect("removed");
    let name = gone.file_name().expect("a name").to_string_lossy().into_owned();
    only(
        &place,
        &health(&place),
        FindingCode::NoWayBack,
        &[&format!(
            "revision 2 (drop column t.b): it needs the backup `FOLDER/backups/migrations/{name}` for its values, which is gone"
        )],
    );
}

#[test]
fn a_change_that_wrote_rows_without_a_backup_is_found() {
    let place = Place::with_model(V1);
    place.sql("INSERT INTO t VALUES (1, 'a', 'b')");
    place.run("--: version 2.0.0\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT, c TEXT UNIQUE)");
    let health = health(&place);
    let last = health.history.clone().and_then(|history| history.rollback).expect("a way back");
    assert!(last.possible, "{last:?}");
    let detail = health.findings[0].details[0].clone();
    contains(&detail, &["revision 2: "]);
    only(&place, &health, FindingCode::NoBackup, &[&detail]);
}

#[test]
fn backups_that_are_not_what_was_written_are_found() {
    let place = migrated(V2);
    let path = backup_of(&place, "db");
    let name = path.file_name().expect("a name").to_string_lossy().into_owned();
    let whole = fs::read(&path).expect("the backup");
    let size = whole.len();
    fs::write(&path, &whole[..size - 1]).expect("cut");
    only(
        &place,
        &health(&place),
        FindingCode::BackupDiffers,
        &[&format!("`FOLDER/backups/migrations/{name}`: it has {} bytes, {size} were written", size - 1)],
    );
    let mut other = whole;
    other[size - 1] ^= 1;
    fs::write(&path, other).expect("changed");
    assert_healthy(&health(&place));
    let health = look(&place, &HealthCheck::new().verify_backups(true));
    let detail = health.findings[0].details[0].clone();
    contains(&detail, &["cannot use the backup", "have the SHA-256"]);
    let folder = fs::canonicalize(place.folder()).expect("the folder").display().to_string();
    only(&place, &health, FindingCode::BackupDiffers, &[&detail.replace(&folder, "FOLDER")]);
    assert_eq!(health.backups.and_then(|backups| backups.newest_check), Some(BackupCheck::Differs));
}

#[test]
fn leftovers_in_the_backup_folder_are_found_when_they_are_old() {
    let place = migrated(V2);
    let folder = place.folder().join("backups/migrations");
    for name in [
        ".app_7_0.part",
        "app_20260101_093000_250.json",
        "app_20260101_093000_251.db",
        "notes.txt",
        "other_20260101_093000_250.db",
    ] {
        fs::write(folder.join(name), "x").expect("a file");
    }
    assert_healthy(&health(&place));
    let days_ago = SystemTime::now() - Duration::from_secs(2 * 86_400);
    for entry in fs::read_dir(&folder).expect("the folder") {
        let file = fs::OpenOptions::new().write(true).open(entry.expect("an entry").path()).expect("a file");
        file.set_modified(days_ago).expect("a time");
    }
    only(
        &place,
        &health(&place),
        FindingCode::Leftovers,
        &[
            "`FOLDER/backups/migrations/.app_7_0.part`: a backup that was never finished",
            "`FOLDER/backups/migrations/app_20260101_093000_250.json`: a note that cannot be read",
            "`FOLDER/backups/migrations/app_20260101_093000_251.db`: a backup without its note",
        ],
    );
}

#[test]
fn unsafe_settings_of_a_connection_are_found() {
    let place = Place::by_hand("CREATE TABLE t (a)");
    for (pragma, code, line) in [
        ("synchronous = OFF", FindingCode::NoSync, "this connection has `synchronous = OFF`"),
        ("journal_mode = MEMORY", FindingCode::UnsafeJournal, "this connection has `journal_mode = memory`"),
        ("journal_mode = OFF", FindingCode::UnsafeJournal, "this connection has `journal_mode = off`"),
    ] {
        let conn = place.open();
        conn.execute_batch(&format!("PRAGMA {pragma}")).expect("a pragma");
        only(&place, &HealthCheck::new().look_at(&conn).expect("a report"), code, &[line]);
        let hook = HealthCheck::new().connection(move |conn| conn.execute_batch(&format!("PRAGMA {pragma}")));
        only(&place, &look(&place, &hook), code, &[line]);
        assert_healthy(&health(&place));
    }
    let memory = Connection::open_in_memory().expect("memory");
    assert_healthy(&HealthCheck::new().look_at(&memory).expect("a report"));
}

#[test]
fn what_another_tool_keeps_track_of_is_found_as_long_as_there_is_no_history() {
    let sql = "CREATE TABLE __diesel_schema_migrations (version VARCHAR(50) PRIMARY KEY NOT NULL, run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP)";
    let place = Place::by_hand(&format!("{sql}; PRAGMA user_version = 7"));
    assert_healthy(&health(&place));
    place.sql("INSERT INTO __diesel_schema_migrations (version) VALUES ('20240101090000')");
    only(&place, &health(&place), FindingCode::TrackedElsewhere, &["diesel: 1"]);
    place.run_with("CREATE TABLE t (a)", |migrator| migrator.adopt_any());
    assert_healthy(&health(&place));
}

#[test]
fn a_connection_that_does_not_enforce_foreign_keys_is_found() {
    let place = Place::by_hand("CREATE TABLE t (id INTEGER PRIMARY KEY, p REFERENCES t)");
    let conn = place.open();
    for (on, found) in [("OFF", true), ("ON", false)] {
        conn.execute_batch(&format!("PRAGMA foreign_keys = {on}")).expect("a pragma");
        let health = HealthCheck::new().look_at(&conn).expect("a report");
        if found {
            only(&place, &health, FindingCode::KeysIgnored, &["1 foreign key is declared"]);
        } else {
            assert_healthy(&health);
        }
    }
    assert_healthy(&health(&place));
}

#[test]
fn a_log_that_grew_beyond_the_database_is_found() {
    let place = Place::new();
    let conn = place.open();
    conn.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; CREATE TABLE t (a);
         INSERT INTO t VALUES (zeroblob(3000000))",
    )
    .expect("rows");
    for _ in 0..6 {
        conn.execute_batch("UPDATE t SET a = randomblob(3000000)").expect("an update");
    }
    let health = HealthCheck::new().look_at_file(place.path()).expect("a report");
    let line = format!("the log has {} bytes, the database {}", health.file.log_bytes, health.file.bytes);
    only(&place, &health, FindingCode::LargeLog, &[&line]);
    assert!(health.file.log_bytes > 16 << 20);
}

#[test]
fn a_file_of_free_pages_is_found() {
    for (vacuum, advice) in [("NONE", ""), ("INCREMENTAL", "; `PRAGMA incremental_vacuum` gives them back")] {
        let place = Place::by_hand(&format!(
            "PRAGMA auto_vacuum = {vacuum}; CREATE TABLE t (a); INSERT INTO t VALUES (zeroblob(2000000)); DELETE FROM t"
        ));
        let health = health(&place);
        let (free, pages) = (health.file.free_pages, health.file.pages);
        let line = format!("{free} of {pages} pages are free, {} bytes{advice}", free * 4096);
        only(&place, &health, FindingCode::FreePages, &[&line]);
        assert!(free > 480, "{health}");
    }
}

#[test]
fn missing_and_old_statistics_of_large_tables_are_found() {
    let place = Place::by_hand(&format!(
        "CREATE TABLE t (a); CREATE INDEX i ON t (a); {MANY} INSERT INTO t SELECT i FROM n; CREATE TABLE small (a UNIQUE)"
    ));
    only(&place, &health(&place), FindingCode::Statistics, &["`t` was never analysed"]);
    place.sql("ANALYZE");
    assert_healthy(&health(&place));
    place.sql("DELETE FROM t WHERE a > 90; ANALYZE");
    place.sql(&format!("{MANY} INSERT INTO t SELECT i FROM n"));
    only(&place, &health(&place), FindingCode::Statistics, &["`t` had 90 rows and has 1000 or more"]);
}

#[test]
fn indexes_that_another_one_covers_are_found() {
    let place = Place::by_hand(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a, b, c TEXT COLLATE NOCASE, UNIQUE (b, c));
         CREATE INDEX a ON t (a); CREATE INDEX ab ON t (a, b); CREATE INDEX ab2 ON t (A, \"b\");
         CREATE INDEX b ON t (b); CREATE INDEX bc ON t (b, c COLLATE BINARY); CREATE INDEX ad ON t (a DESC);
         CREATE INDEX part ON t (a) WHERE b > 1; CREATE INDEX part2 ON t (a, c) WHERE b>1;
         CREATE UNIQUE INDEX ua ON t (a); CREATE INDEX id ON t (id); CREATE UNIQUE INDEX ubc ON t (b, c);
         CREATE INDEX e ON t (lower(a)); CREATE INDEX e2 ON t (LOWER( a ), b); CREATE UNIQUE INDEX ubca ON t (b, c, a)",
    );
    only(
        &place,
        &health(&place),
        FindingCode::RedundantIndexes,
        &[
            "index `a` of `t` is the beginning of index `ab`",
            "index `ab2` of `t` is the same as index `ab`",
            "index `b` of `t` is the beginning of UNIQUE (b, c)",
            "index `part` of `t` is the beginning of index `part2`",
            "index `id` of `t` is the same as the primary key",
            "index `ubc` of `t` is the same as UNIQUE (b, c)",
            "index `e` of `t` is the beginning of index `e2`",
        ],
    );
}

#[test]
fn foreign_keys_of_large_tables_without_an_index_are_found() {
    let place = Place::by_hand(
        "CREATE TABLE p (id INTEGER PRIMARY KEY); INSERT INTO p VALUES (1);
         CREATE TABLE c (x REFERENCES p, y INTEGER PRIMARY KEY REFERENCES p, z REFERENCES p);
         CREATE TABLE small (x REFERENCES p)",
    );
    place.sql(&format!("{MANY} INSERT INTO p SELECT i + 1 FROM n; INSERT INTO c SELECT 1, id, NULL FROM p"));
    only(
        &place,
        &health(&place),
        FindingCode::KeyWithoutIndex,
        &["`c` (x) refers to `p`", "`c` (z) refers to `p`"],
    );
    place.sql("CREATE INDEX x ON c (x); CREATE INDEX z ON c (z, x); ANALYZE");
    assert_healthy(&health(&place));
}

#[test]
fn row_numbers_near_the_end_are_found() {
    let place = Place::by_hand(
        "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT); INSERT INTO t VALUES (9223372036854775800); DELETE FROM t;
         CREATE TABLE u (rowid, a); INSERT INTO u (oid) VALUES (9223372036854775807);
         CREATE TABLE fine (id INTEGER PRIMARY KEY); INSERT INTO fine VALUES (1152921504606846976)",
    );
    only(
        &place,
        &health(&place),
        FindingCode::IdsEnd,
        &[
            "`t` has 7 numbers left above its largest; then inserts fail",
            "`u` has 0 numbers left above its largest; then numbers are taken at random",
        ],
    );
}

#[test]
fn every_code_has_a_test_of_its_own() {
    let tests = [include_str!("health.rs"), include_str!("../schema-runtime/src/health/mod.rs")].concat();
    for code in FindingCode::ALL {
        assert!(tests.contains(&format!("FindingCode::{code:?}")), "{code}");
    }
}

#[test]
fn points_add_up_and_findings_come_in_the_order_of_their_weight() {
    let place = Place::by_hand(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, p REFERENCES t, a); INSERT INTO t VALUES (1, 7, 'a');
         CREATE INDEX i ON t (a); CREATE INDEX j ON t (a); CREATE VIEW v AS SELECT x FROM t",
    );
    let health = health(&place);
    let codes: Vec<&str> = health.findings.iter().map(|finding| finding.code.code()).collect();
    assert_eq!((codes, health.score), (vec!["H104", "H203", "H603"], 100 - 15 - 10 - 2));
    assert_eq!(health.findings[0].severity, Severity::Warning);
}

#[test]
fn what_is_not_registered_is_not_held_against_the_database() {
    let place = Place::new();
    let conn = place.open();
    let flags = rusqlite::functions::FunctionFlags::SQLITE_DETERMINISTIC
        | rusqlite::functions::FunctionFlags::SQLITE_UTF8;
    let register = move |conn: &Connection| {
        conn.create_scalar_function("twice", 1, flags, |ctx| Ok(ctx.get::<i64>(0)? * 2))
    };
    register(&conn).expect("a function");
    conn.execute_batch(
        "CREATE TABLE t (a CHECK (twice(a) > 0)); INSERT INTO t VALUES (1); CREATE INDEX i ON t (twice(a));
         CREATE VIEW v AS SELECT twice(a) FROM t",
    )
    .expect("a schema");
    let health = health(&place);
    assert!(health.is_healthy(), "{health}");
    assert_eq!(health.incomplete.len(), 1, "{health}");
    contains(&health.incomplete[0], &["view `v`: no such function: twice", "the check of `t`: "]);
    let full = HealthCheck::new().integrity(IntegrityCheck::Full).connection(register);
    assert_healthy(&look(&place, &full));
}

#[test]
fn what_the_time_limit_cut_short_is_said() {
    let place = migrated(V2);
    let check =
        HealthCheck::with_model(&Migrator::new(model(V2)).time_limit(Duration::ZERO)).verify_backups(true);
    let health = look(&place, &check);
    assert!(health.is_healthy() && health.model.is_none(), "{health}");
    let parts =
        ["foreign keys", "the comparison with the model", "SQLite's check of the file", "the backup `"];
    assert_eq!(health.incomplete.len(), parts.len(), "{health}");
    contains(
        &health.to_string(),
        &["app.db`: 100 of 100, by what could be looked at\nnot finished: foreign keys: "],
    );
    for (line, part) in health.incomplete.iter().zip(parts) {
        assert!(line.starts_with(part) && line.ends_with(": the time limit of 0 ms has passed"), "{line}");
    }
}

#[test]
fn a_cancelled_check_is_an_error_and_so_is_a_path_without_a_database() {
    let place = Place::with_model(V1);
    let cancel = Cancel::new();
    cancel.cancel();
    let error = HealthCheck::new().cancel(cancel).look_at_file(place.path()).expect_err("cancelled");
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    let empty = Place::new();
    let error =
        empty.unchanged_by(|| Health::of_file(empty.path(), &HealthCheck::new())).expect_err("no file");
    assert_eq!(error.kind(), ErrorKind::Open);
    contains(&error.to_string(), &["app.db", "there is no such file", "state: nothing was changed"]);
    let error = Migrator::new(model(V1)).health(Path::new("gone/app.db")).expect_err("no folder");
    assert_eq!(error.kind(), ErrorKind::Open);
    fs::write(empty.path(), "hello, this is a text and no database\n".repeat(40)).expect("a text");
    assert_eq!(
        HealthCheck::new().look_at_file(empty.path()).expect_err("a text").kind(),
        ErrorKind::NotADatabase
    );
}

#[test]
fn others_may_go_on_writing() {
    for mode in ["WAL", "DELETE"] {
        let place = Place::with_model(V1);
        let conn = place.open();
        conn.execute_batch(&format!(
            "PRAGMA journal_mode = {mode}; BEGIN IMMEDIATE; INSERT INTO t (a) VALUES ('x')"
        ))
        .expect("a writer");
        let health = Migrator::new(model(V1)).health(place.path()).expect("a report");
        assert_healthy(&health);
        conn.execute_batch("COMMIT").expect("the writer goes on");
    }
    let place = Place::with_model(V1);
    let conn = place.open();
    conn.execute_batch("BEGIN EXCLUSIVE").expect("a lock");
    let check = HealthCheck::new().lock_wait(Duration::from_millis(1));
    assert_eq!(check.look_at_file(place.path()).expect_err("locked").kind(), ErrorKind::Busy);
}

#[test]
fn a_file_that_cannot_be_written_is_looked_at() {
    let place = Place::with_model(V1);
    let mut permissions = fs::metadata(place.path()).expect("the file").permissions();
    permissions.set_readonly(true);
    fs::set_permissions(place.path(), permissions).expect("a mode");
    assert_healthy(&with_model(&place, V1));
}

#[test]
fn a_connection_is_left_as_it_was() {
    let place = Place::with_model(V1);
    let conn = place.open();
    conn.execute_batch("BEGIN; INSERT INTO t (a) VALUES ('mine')").expect("a transaction");
    assert_healthy(&Migrator::new(model(V1)).health_on(&conn).expect("a report"));
    assert!(!conn.is_autocommit());
    conn.execute_batch("ROLLBACK").expect("it is still open");
    assert_eq!(place.query("SELECT count(*) FROM t"), "0");
}

#[test]
fn the_report_reads_as_json_with_the_names_of_its_fields() {
    let place = Place::by_hand("CREATE TABLE t (a); CREATE INDEX i ON t (a); CREATE INDEX j ON t (a)");
    let health = health(&place);
    let json = serde_json::to_value(&health).expect("json");
    assert_eq!(json["score"], 98);
    let finding = &json["findings"][0];
    assert_eq!((finding["code"].as_str(), finding["severity"].as_str()), (Some("H603"), Some("info")));
    assert_eq!((finding["points"].as_u64(), finding["details"].as_array().map(Vec::len)), (Some(2), Some(1)));
    let keys: Vec<&str> = json.as_object().expect("an object").keys().map(String::as_str).collect();
    let mut wanted = [
        "database",
        "checked_at",
        "score",
        "findings",
        "incomplete",
        "file",
        "schema",
        "history",
        "backups",
        "engine",
        "model",
    ];
    wanted.sort_unstable();
    let mut keys = keys;
    keys.sort_unstable();
    assert_eq!(keys, wanted);
    assert_eq!(serde_json::from_value::<Health>(json).expect("a report"), health);
}

#[test]
fn the_report_reads_well() {
    let place = Place::by_hand("CREATE TABLE t (a); CREATE INDEX i ON t (a); CREATE INDEX j ON t (a)");
    let text = health(&place).to_string();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], format!("health of `{}`: 98 of 100", place.path().display()));
    assert_eq!(
        lines[1..5],
        [
            "H603 info (-2): indexes are covered by another index or key",
            "  index `j` of `t` is the same as index `i`",
            "  help: drop them: each write pays for them, and the other one serves the same queries",
            "file: 16.3 kB, 4 pages, 0 free",
        ]
    );
    assert_eq!(lines[5], "schema: 1 table, 2 indexes, 64 bytes of text");
    assert_eq!(lines[6], "history: none");
    assert!(lines[7].starts_with("backups: 0 of 0 bytes in "), "{text}");
    assert!(lines[8].starts_with("engine: SQLite 3.") && lines.len() == 9, "{text}");
}
