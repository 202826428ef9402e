//! What a person says holds, where the history and the migrations, or the database, disagree.

use std::fs;

use schema_runtime::{Back, BackupPolicy, Error, ErrorKind, HealthCheck, Migrator, Outcome, Report, Resolve};

use crate::support::folder::Folder;
use crate::support::model::model;
use crate::support::place::{Place, contains};

const FIRST: (&str, &str) =
    ("001_first.sql", "CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT NOT NULL)");
const ROWS: (&str, &str) = ("002_rows.sql", "INSERT INTO person (name) VALUES ('ada')");

impl Folder {
    fn migrator(&self) -> Migrator {
        self.alone().backup(BackupPolicy::Never)
    }

    fn start(&self) -> Report {
        self.run(&self.migrator())
    }

    fn conflict(&self, parts: &[&str]) {
        let error =
            self.place.unchanged_by(|| self.migrator().run(self.place.path()).expect_err("a conflict"));
        assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
        contains(&error.to_string(), parts);
    }

    /// Every row of the history of before stays as it was, but for a status.
    fn resolve(&self, resolve: &Resolve) -> Report {
        let content =
            "SELECT id, version, name, applied_at, checksum, fingerprint, reason FROM migration_history";
        let before = self.place.query(content);
        let dry = self.place.unchanged_by(|| {
            self.migrator().dry_run(true).resolve(self.place.path(), resolve, "because").expect("a dry run")
        });
        assert_eq!(dry.outcome, Outcome::PlannedOnly);
        let report = self
            .migrator()
            .resolve(self.place.path(), resolve, " because ")
            .unwrap_or_else(|err| panic!("{err}"));
        assert_eq!((report.outcome, &report.notes), (Outcome::Resolved, &dry.notes));
        assert!(self.place.query(content).starts_with(&before));
        assert_eq!(self.last("reason"), "'because'");
        assert!(self.migrator().status(self.place.path()).expect("a status").tampered.is_empty());
        report
    }

    fn last(&self, columns: &str) -> String {
        self.place.query(&format!("SELECT {columns} FROM migration_history ORDER BY id DESC LIMIT 1"))
    }

    fn refuses(&self, resolve: &Resolve, parts: &[&str]) -> Error {
        let error = self.place.unchanged_by(|| {
            self.migrator().resolve(self.place.path(), resolve, "because").expect_err("refused")
        });
        assert!(error.state_line().is_some() && error.help_line().is_some(), "{error}");
        contains(&error.to_string(), parts);
        error
    }
}

fn number(text: &str) -> String {
    text.to_owned()
}

#[test]
fn nothing_is_resolved_without_a_reason_or_of_what_is_not_there() {
    let folder = Folder::new(&[FIRST, ROWS]);
    folder.start();
    for reason in ["", " \n"] {
        let error = folder.place.unchanged_by(|| {
            folder
                .migrator()
                .resolve(folder.place.path(), &Resolve::Undone(number("001")), reason)
                .expect_err("refused")
        });
        assert_eq!(error.kind(), ErrorKind::Refused, "{error}");
    }
    folder.refuses(
        &Resolve::Applied(number("007")),
        &["there is no migration 007", "there are: 001 first, 002 rows"],
    );
    folder.refuses(&Resolve::Rehash(number("x")), &["there is no migration x"]);
    folder.refuses(
        &Resolve::Applied(number("1")),
        &["001 first is recorded as applied already", "`--undone 001`"],
    );
    folder.refuses(&Resolve::Skip(number("2")), &["002 rows is recorded as applied already"]);
    folder.refuses(&Resolve::Rehash(number("2")), &["with the text and the name of now"]);
    folder.refuses(&Resolve::Undone(number("003")), &["migration 003 is not recorded as applied"]);
    folder.write("003_more.sql", "SELECT 1");
    folder
        .refuses(&Resolve::Rehash(number("3")), &["003 more is not recorded as applied", "`--applied 003`"]);
    let by_hand = Place::by_hand("CREATE TABLE t (a)");
    let error = by_hand.unchanged_by(|| {
        folder.migrator().resolve(by_hand.path(), &Resolve::AdoptDrift, "because").expect_err("refused")
    });
    assert_eq!(error.kind(), ErrorKind::History);
    contains(&error.to_string(), &["nothing is recorded that could have changed by hand"]);
}

#[test]
fn what_was_applied_by_hand_counts_as_applied() {
    let folder = Folder::new(&[FIRST]);
    folder.start();
    folder.write(ROWS.0, ROWS.1);
    folder.write("002_rows.down.sql", "DELETE FROM person");
    folder.place.sql(ROWS.1);
    let report = folder.resolve(&Resolve::Applied(number("2")));
    assert_eq!(report.notes, ["002 rows counts as applied"]);
    assert_eq!(
        folder.last("version, name, status, rollback_sql"),
        "'002'|'rows'|'completed'|'DELETE FROM person'"
    );
    assert_eq!(folder.start().outcome, Outcome::UpToDate);
    assert_eq!(folder.place.query("SELECT name FROM person"), "'ada'");
}

#[test]
fn what_is_skipped_never_runs() {
    let folder = Folder::new(&[FIRST, ("003_third.sql", "CREATE TABLE third (a)")]);
    folder.start();
    folder.write(ROWS.0, ROWS.1);
    folder.conflict(&["002 rows comes after 003", "`schema resolve --applied 002` or `--skip 002`"]);
    let report = folder.resolve(&Resolve::Skip(number("002")));
    assert_eq!(report.notes, ["002 rows never runs on this database"]);
    assert_eq!(folder.last("version, status"), "'002'|'skipped'");
    assert_eq!(folder.start().outcome, Outcome::UpToDate);
    assert_eq!(folder.place.query("SELECT count(*) FROM person"), "0");
    // Another text of it is a disagreement as of one that ran.
    folder.write(ROWS.0, "SELECT 2");
    folder.conflict(&["`schema resolve --rehash 002 --reason TEXT`"]);
    folder.resolve(&Resolve::Rehash(number("002")));
    assert_eq!(folder.last("version, status"), "'002'|'skipped'");
    assert_eq!(folder.start().outcome, Outcome::UpToDate);
    // And it may be due after all.
    folder.resolve(&Resolve::Undone(number("002")));
    assert_eq!(
        folder.migrator().out_of_order().reapply().run(folder.place.path()).expect("a run").applied,
        ["migration 002 rows"]
    );
}

#[test]
fn a_text_or_a_name_of_now_may_be_what_was_applied() {
    let folder = Folder::new(&[FIRST, ROWS]);
    folder.start();
    folder.write(FIRST.0, &format!("-- Who there is.\n{}", FIRST.1));
    fs::rename(folder.path().join(ROWS.0), folder.path().join("002_people.sql")).expect("renamed");
    folder.conflict(&[
        "001 first was changed after it was applied",
        "`schema resolve --rehash 001 --reason TEXT`",
        "002 was applied as rows, and is called people now",
        "`schema resolve --rehash 002 --reason TEXT`",
    ]);
    folder.resolve(&Resolve::Rehash(number("001")));
    folder.resolve(&Resolve::Rehash(number("002")));
    assert_eq!(folder.last("version, name, status"), "'002'|'people'|'completed'");
    assert_eq!(folder.start().outcome, Outcome::UpToDate);
    assert_eq!(folder.place.query("SELECT name FROM person"), "'ada'");
}

#[test]
fn what_was_taken_back_by_hand_is_due_again() {
    let folder = Folder::new(&[FIRST, ROWS]);
    folder.start();
    folder.place.sql("DELETE FROM person");
    let report = folder.resolve(&Resolve::Undone(number("002")));
    assert_eq!(report.notes, ["002 rows is due again"]);
    assert_eq!(
        folder.place.query("SELECT version, status FROM migration_history"),
        "'001'|'completed'\n'002'|'rolled_back'\n'002'|'rolled_back'"
    );
    // Nobody goes back over it once more.
    let candidates = folder.migrator().rollback_candidates(folder.place.path()).expect("candidates");
    assert_eq!(candidates.iter().map(|one| one.revision).collect::<Vec<_>>(), [1]);
    // As after a rollback: not by itself.
    let error = folder.migrator().run(folder.place.path()).expect_err("it was taken back");
    assert_eq!(error.kind(), ErrorKind::RolledBack, "{error}");
    let report = folder.migrator().reapply().run(folder.place.path()).expect("a run");
    assert_eq!(report.applied, ["migration 002 rows"]);
    assert_eq!(folder.place.query("SELECT name FROM person"), "'ada'");
    // A file that is gone, with what it did.
    folder.write("003_third.sql", "CREATE TABLE third (a)");
    folder.start();
    folder.place.sql("DELETE FROM person");
    fs::remove_file(folder.path().join(ROWS.0)).expect("gone");
    folder.conflict(&["002 rows was applied, and is gone", "`schema resolve --undone 002 --reason TEXT`"]);
    folder.resolve(&Resolve::Undone(number("002")));
    assert_eq!(folder.start().outcome, Outcome::UpToDate);
}

#[test]
fn what_is_still_there_of_a_migration_that_counts_as_undone_stays_where_a_later_revision_goes() {
    const V1: &str = "--: version 1.0.0\nCREATE TABLE task (id INTEGER PRIMARY KEY)";
    const V2: &str = "--: version 2.0.0\nCREATE TABLE task (id INTEGER PRIMARY KEY, note TEXT)";
    for by_hand in ["", "DROP TABLE person"] {
        let folder = Folder::new(&[]);
        let beside =
            |sql: &str| Migrator::new(model(sql)).migrations(folder.set()).backup(BackupPolicy::Never);
        folder.run(&beside(V1));
        folder.write(FIRST.0, FIRST.1);
        folder.run(&beside(V1));
        folder.run(&beside(V2));
        folder.resolve(&Resolve::Undone(number("001")));
        folder.place.sql(&format!("INSERT INTO person VALUES (1, 'ada'); {by_hand}"));
        let back = |dry: bool, over: usize| {
            folder.migrator().dry_run(dry).rollback(folder.place.path(), &Back::Last(over))
        };
        if !by_hand.is_empty() {
            for dry in [true, false] {
                let error = folder.place.unchanged_by(|| back(dry, 1).expect_err("drift"));
                assert_eq!(error.kind(), ErrorKind::Drift, "{error}");
                contains(&error.to_string(), &["since then: drop table person"]);
            }
            continue;
        }
        for dry in [true, false] {
            // Below is what the migration has left, and nothing that takes it away.
            let error = folder.place.unchanged_by(|| back(dry, 2).expect_err("drift"));
            assert_eq!(error.kind(), ErrorKind::Drift, "{error}");
            contains(&error.to_string(), &["revision 1 left", "since then: create table person"]);
        }
        assert_eq!(back(true, 1).expect("a dry run").outcome, Outcome::PlannedOnly);
        assert_eq!(back(false, 1).unwrap_or_else(|err| panic!("{err}")).outcome, Outcome::RolledBack);
        assert_eq!(folder.place.query("SELECT name FROM pragma_table_info('task')"), "'id'");
        assert_eq!(folder.place.query("SELECT name FROM person"), "'ada'");
        let error = beside(V1).reapply().run(folder.place.path()).expect_err("it is due, and is there");
        contains(&error.to_string(), &["migration 001 first failed", "person already exists"]);
    }
}

#[test]
fn what_did_not_come_to_its_end_is_ended_by_a_person() {
    let half =
        "-- schema: no-transaction\nINSERT INTO person (name) VALUES ('ada');\nINSERT INTO nobody VALUES (1)";
    for (resolve, ended, due) in [
        (Resolve::Applied(number("002")), "'failed'", 0),
        (Resolve::Undone(number("002")), "'rolled_back'", 1),
    ] {
        let folder = Folder::new(&[FIRST, (ROWS.0, half)]);
        folder.migrator().run(folder.place.path()).expect_err("a part of it");
        folder.conflict(&["002 rows was begun on", "`schema resolve --applied 002`, or `--undone 002`"]);
        folder.refuses(&Resolve::Skip(number("002")), &["was begun, and has not come to its end"]);
        folder.resolve(&resolve);
        assert_eq!(folder.place.query("SELECT status FROM migration_history WHERE id = 2"), ended);
        if due == 1 {
            folder.write(ROWS.0, ROWS.1);
        }
        let report = folder.migrator().reapply().run(folder.place.path()).expect("a run");
        assert_eq!(report.migrations.len(), due);
    }
}

#[test]
fn the_usual_backup_is_made_and_an_edited_row_decides_nothing() {
    let folder = Folder::new(&[FIRST, ROWS]);
    folder.start();
    folder.write(ROWS.0, "SELECT 2");
    let with = |policy| folder.migrator().backup(policy);
    let resolve = Resolve::Rehash(number("002"));
    folder.place.sql("UPDATE migration_history SET name = 'x' WHERE id = 2");
    let error = folder.refuses(&resolve, &["row 2 of the history was edited"]);
    assert_eq!(error.kind(), ErrorKind::Tampered);
    folder.place.sql("UPDATE migration_history SET name = 'rows' WHERE id = 2");
    let report = with(BackupPolicy::Always).resolve(folder.place.path(), &resolve, "a typo").expect("a row");
    let backup = report.backup.expect("a backup");
    assert_eq!(folder.last("backup"), format!("'{}'", backup.path.display()));
    folder.write(ROWS.0, "SELECT 3");
    let report =
        with(BackupPolicy::Rewrites).resolve(folder.place.path(), &resolve, "a typo").expect("a row");
    assert_eq!(report.no_backup.as_deref(), Some("no step writes rows"));
    // Somebody else has the lock.
    folder.write(ROWS.0, "SELECT 4");
    let writer = folder.place.open();
    writer.execute_batch("BEGIN IMMEDIATE").expect("the lock");
    let wait = folder.migrator().lock_wait(std::time::Duration::ZERO);
    let error = wait.resolve(folder.place.path(), &resolve, "a typo").expect_err("busy");
    assert_eq!(error.kind(), ErrorKind::Busy, "{error}");
}

#[test]
fn drift_that_is_adopted_is_no_drift_any_more() {
    let one = "--: version 1.0.0\nCREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT NOT NULL); CREATE INDEX by_name ON person (name)";
    let place = Place::with_model(one);
    let migrator = || Migrator::new(model(one)).backup(BackupPolicy::Never);
    let report = migrator().resolve(place.path(), &Resolve::AdoptDrift, "nothing").expect("nothing to do");
    assert_eq!((report.outcome, report.revision), (Outcome::UpToDate, None));
    place.sql("CREATE TABLE log (at TEXT); ALTER TABLE person ADD COLUMN note TEXT; DROP INDEX by_name");
    let changed = |place: &Place| {
        let health = HealthCheck::new().look_at_file(place.path()).expect("a look");
        health.findings.iter().any(|finding| finding.code.to_string() == "H301")
    };
    assert!(changed(&place));
    let report = migrator().resolve(place.path(), &Resolve::AdoptDrift, "the hotfix of May").expect("a base");
    assert_eq!(report.outcome, Outcome::Resolved);
    contains(
        &report.notes.join("\n"),
        &["by hand: create table log", "by hand: add column person.note", "by hand: drop index by_name"],
    );
    assert_eq!(report.warnings.len(), 1, "{:?}", report.warnings);
    contains(&report.warnings[0], &["drop index by_name", "the next start undoes that"]);
    assert!(!changed(&place));
    assert_eq!(
        place.query(
            "SELECT kind, version, fingerprint, reason FROM migration_history ORDER BY id DESC LIMIT 1"
        ),
        "'baseline'|'1.0.0'|NULL|'the hotfix of May'"
    );
    // What is the model's comes back; the rest is somebody else's.
    let report = migrator().run(place.path()).expect("a run");
    assert_eq!(report.applied, ["create index by_name on person"]);
    assert_eq!(report.foreign, ["column \"log\".\"at\"", "column \"person\".\"note\"", "table \"log\""]);
    assert!(migrator().status(place.path()).expect("a status").tampered.is_empty());
    // The way back ends there.
    migrator().rollback(place.path(), &Back::Last(1)).expect("the index goes");
    let error = migrator().rollback(place.path(), &Back::Last(1)).expect_err("no further");
    assert_eq!(error.kind(), ErrorKind::History, "{error}");
}

#[test]
fn drift_that_a_start_refuses_is_changed_by_it_once_it_is_adopted() {
    let one = "--: version 1.0.0\nCREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT NOT NULL, age INT)";
    let place = Place::with_model(one);
    place.sql("DROP TABLE person; CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT, age INT); INSERT INTO person VALUES (1, 'ada', 36)");
    place.refused(one, ErrorKind::Drift);
    let migrator = Migrator::new(model(one)).backup(BackupPolicy::Never);
    let report = migrator.resolve(place.path(), &Resolve::AdoptDrift, "by hand").expect("a base");
    contains(&report.warnings.concat(), &["the next start undoes that where the model says otherwise"]);
    let report = place.run(one);
    assert_eq!(report.applied.len(), 1, "{report}");
    assert_eq!(place.query("SELECT * FROM person"), "1|'ada'|36");
    assert_eq!(place.query("SELECT \"notnull\" FROM pragma_table_info('person') WHERE name = 'name'"), "1");
}

#[test]
fn without_a_model_too_what_was_made_by_hand_is_the_base() {
    let folder = Folder::new(&[FIRST, ROWS]);
    folder.start();
    folder.place.sql("ALTER TABLE person ADD COLUMN note TEXT");
    let report = folder.resolve(&Resolve::AdoptDrift);
    assert_eq!(report.notes, ["by hand: add column person.note"]);
    folder.write("003_third.sql", "CREATE TABLE third (a)");
    folder.write("003_third.down.sql", "DROP TABLE third");
    assert_eq!(folder.start().applied, ["migration 003 third"]);
    folder.migrator().rollback(folder.place.path(), &Back::Last(1)).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(folder.place.query("SELECT * FROM person"), "1|'ada'|NULL");
    let error = folder.migrator().rollback(folder.place.path(), &Back::Last(1)).expect_err("no further");
    assert_eq!(error.kind(), ErrorKind::History, "{error}");
}

#[test]
fn what_was_recorded_by_hand_cannot_be_rolled_back_by_itself() {
    let folder = Folder::new(&[FIRST, ROWS, ("002_rows.down.sql", "DELETE FROM person")]);
    folder.start();
    folder.write(ROWS.0, &format!("-- a comment\n{}", ROWS.1));
    folder.resolve(&Resolve::Rehash(number("002")));
    let error = folder.place.unchanged_by(|| {
        folder.migrator().rollback(folder.place.path(), &Back::Last(1)).expect_err("nobody knows what it did")
    });
    contains(&error.to_string(), &["it was recorded without being run"]);
}

#[test]
fn a_migration_that_was_undone_before_a_revision_left_nothing_to_it_though_it_ran_again_and_was_undone_once_more()
 {
    const V1: &str = "--: version 1.0.0\nCREATE TABLE task (id INTEGER PRIMARY KEY)";
    const V2: &str = "--: version 2.0.0\nCREATE TABLE task (id INTEGER PRIMARY KEY, note TEXT)";
    let folder = Folder::new(&[]);
    let alone = |sql: &str| Migrator::new(model(sql)).backup(BackupPolicy::Never);
    let undone = || {
        folder.resolve(&Resolve::Undone(number("001")));
        folder.place.sql("DROP TABLE person");
    };
    folder.run(&alone(V1));
    folder.write(FIRST.0, FIRST.1);
    folder.run(&alone(V1).migrations(folder.set()));
    undone();
    folder.run(&alone(V2));
    folder.run(&alone(V2).migrations(folder.set()).reapply());
    undone();
    let back = folder.migrator().rollback(folder.place.path(), &Back::Last(1));
    assert_eq!(back.unwrap_or_else(|err| panic!("{err}")).outcome, Outcome::RolledBack);
    assert_eq!(folder.place.query("SELECT name FROM pragma_table_info('task')"), "'id'");
    assert_eq!(folder.place.query("SELECT count(*) FROM sqlite_schema WHERE name = 'person'"), "0");
}
