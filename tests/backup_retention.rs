//! Backups as library calls: made by hand, listed, proved, and deleted when they are old.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use rusqlite::Connection;
use schema_runtime::{
    BackupInfo, BackupPolicy, Cancel, ErrorKind, KeptBecause, Migrator, Pruned, RemovalPolicy, Retention,
    StrayKind,
};

use crate::support::case::query_text;
use crate::support::model::model;
use crate::support::place::{Place, contains};

const T: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)";
const DAY: Duration = Duration::from_secs(86_400);

fn with_rows() -> Place {
    let place = Place::with_model(T);
    place.sql("INSERT INTO t VALUES (1, 'one'), (2, NULL)");
    place
}

fn migrator() -> Migrator {
    Migrator::new(model(T))
}

fn folder(place: &Place) -> PathBuf {
    place.folder().join("backups/migrations")
}

fn edit_note(backup: &Path, edit: impl FnOnce(&mut serde_json::Value)) {
    let path = backup.with_extension("json");
    let mut note = serde_json::from_slice(&fs::read(&path).expect("a note")).expect("JSON");
    edit(&mut note);
    fs::write(path, note.to_string()).expect("a note");
}

/// The same backup as if it had been made on that day, `2020-03-01`; the history follows.
fn made_on(place: &Place, backup: &BackupInfo, day: &str) -> PathBuf {
    let name = format!("app_{}_120000_000.db", day.replace('-', ""));
    let path = backup.path.with_file_name(&name);
    edit_note(&backup.path, |note| note["created_at"] = format!("{day}T12:00:00.000Z").into());
    fs::rename(&backup.path, &path).expect("a rename");
    fs::rename(backup.path.with_extension("json"), path.with_extension("json")).expect("a rename");
    let old = backup.path.file_name().expect("a name").to_string_lossy().into_owned();
    place.sql(&format!("UPDATE migration_history SET backup = replace(backup, '{old}', '{name}')"));
    path
}

fn by_hand(place: &Place) -> BackupInfo {
    migrator().back_up(place.path()).expect("a backup")
}

fn names(paths: &[PathBuf]) -> Vec<String> {
    paths.iter().map(|path| path.file_name().expect("a name").to_string_lossy().into_owned()).collect()
}

fn why(pruned: &Pruned) -> Vec<KeptBecause> {
    pruned.kept.iter().map(|kept| kept.because.clone()).collect()
}

/// The names of the whole backups that are there, without their times.
fn left(place: &Place) -> Vec<PathBuf> {
    let found = BackupInfo::list(folder(place)).expect("a list");
    found.into_iter().map(|info| info.path).collect()
}

#[test]
fn a_backup_by_hand_is_the_file_as_it_is_and_says_why_it_was_made() {
    let place = with_rows();
    let told = Arc::new(Mutex::new(Vec::new()));
    let events = Arc::clone(&told);
    // What is pending does not count.
    let migrator =
        Migrator::new(model("--: version 2\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT)"))
            .observer(move |event| events.lock().expect("a lock").push(event.to_string()));
    let before = fs::read(place.path()).expect("a file");
    let info = migrator.back_up(place.path()).expect("a backup");
    assert_eq!(fs::read(place.path()).expect("a file"), before);
    assert_eq!(
        (info.reason.as_str(), info.version.as_deref(), info.model.as_str()),
        ("by hand", Some("1.0.0"), "main")
    );
    assert!(info.verified_at.as_ref().is_some_and(|at| *at >= info.created_at));
    let copy = Connection::open(&info.path).expect("the copy");
    assert_eq!(query_text(&copy, "SELECT * FROM t"), "1|'one'\n2|NULL");
    let told = told.lock().expect("a lock").clone();
    let pages = info.pages;
    assert_eq!(told[0], format!("backing up: {pages} of {pages} pages"));
    contains(&told[1], &["backup created: ", &info.path.display().to_string()]);
    assert_eq!(told[2..], [format!("backup of {} bytes is complete", info.bytes)]);
    let second = migrator.reason("before the move").back_up(place.path()).expect("a backup");
    assert_eq!(second.reason, "before the move");
    assert_eq!(self::migrator().backups(place.path()).expect("a list"), [info, second]);
}

#[test]
fn a_database_that_no_model_has_seen_can_be_backed_up_too() {
    let place = Place::by_hand("CREATE TABLE other (x); INSERT INTO other VALUES (5)");
    let info = by_hand(&place);
    assert_eq!(info.version, None);
    let copy = Connection::open(&info.path).expect("the copy");
    assert_eq!(query_text(&copy, "SELECT * FROM other"), "5");
    let place = Place::by_hand("CREATE TABLE migration_history (note TEXT)");
    assert_eq!(by_hand(&place).version, None, "a history that is not ours is no hindrance");
}

#[test]
fn what_cannot_be_backed_up_is_said_and_nothing_is_made() {
    let place = Place::new();
    place.unchanged_by(|| {
        let error = migrator().back_up(place.path()).expect_err("no file");
        assert_eq!(error.kind(), ErrorKind::Open);
        contains(&error.to_string(), &["there is no such file", "state: nothing was changed"]);
    });
    fs::write(place.path(), "").expect("an empty file");
    place.unchanged_by(|| {
        let error = migrator().back_up(place.path()).expect_err("an empty file");
        assert_eq!(error.kind(), ErrorKind::Backup);
        let path = place.path().display().to_string();
        assert_eq!(
            error.to_string(),
            format!("error: cannot back up `{path}`\ncaused by: it is empty\nstate: nothing was changed\nhelp: check the path")
        );
    });
    let place = with_rows();
    let cancel = Cancel::new();
    cancel.cancel();
    let error = migrator().cancel(cancel).back_up(place.path()).expect_err("cancelled");
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    assert_eq!(fs::read_dir(folder(&place)).expect("the folder").count(), 0);
}

#[test]
fn the_backups_of_two_databases_in_one_folder_are_told_apart() {
    let (one, two, store) = (with_rows(), with_rows(), tempfile::tempdir().expect("a folder"));
    let migrator = || migrator().backup_dir(store.path());
    let first = migrator().back_up(one.path()).expect("a backup");
    let second = migrator().back_up(two.path()).expect("a backup");
    let found = migrator().backup_folder(one.path()).expect("a folder");
    assert_eq!((found.backups, found.others), (vec![first.clone()], vec![second.clone()]));
    assert_eq!(found.folder, store.path());
    assert_eq!(migrator().backups(two.path()).expect("a list"), std::slice::from_ref(&second));
    // All of one's may go but the last that verified; the other's are not touched.
    let pruned =
        migrator().retention(Retention::forever().max_count(0)).prune_backups(one.path()).expect("pruned");
    assert_eq!((pruned.deleted.len(), why(&pruned)), (0, vec![KeptBecause::NewestVerified]));
    let third = migrator().back_up(one.path()).expect("a backup");
    let pruned =
        migrator().retention(Retention::forever().max_count(0)).prune_backups(one.path()).expect("pruned");
    assert_eq!((pruned.deleted, pruned.freed), (vec![first.path], first.bytes));
    assert_eq!(BackupInfo::list(store.path()).expect("a list"), [second, third]);
}

#[cfg(unix)]
#[test]
fn a_link_to_the_database_has_the_same_backups() {
    let place = with_rows();
    let info = by_hand(&place);
    let elsewhere = tempfile::tempdir().expect("a folder");
    let link = elsewhere.path().join("link.db");
    std::os::unix::fs::symlink(place.path(), &link).expect("a link");
    assert_eq!(migrator().backups(&link).expect("a list"), [info]);
}

#[test]
fn backups_that_were_moved_with_their_database_are_still_its_own() {
    let place = with_rows();
    let (old, new) = (by_hand(&place), by_hand(&place));
    let elsewhere = tempfile::tempdir().expect("a folder");
    let home = elsewhere.path().join("moved");
    fs::rename(place.folder(), &home).expect("a move");
    let path = home.join("app.db");
    let found = migrator().backup_folder(&path).expect("a folder");
    assert_eq!((found.backups.len(), found.others.len(), found.stray.len()), (2, 0, 0));
    let now_at = |info: &BackupInfo| {
        home.canonicalize()
            .expect("a path")
            .join("backups/migrations")
            .join(info.path.file_name().expect("a name"))
    };
    assert_eq!(found.backups[0].path, now_at(&old));
    let pruned =
        migrator().retention(Retention::forever().max_count(1)).prune_backups(&path).expect("pruned");
    assert_eq!(pruned.deleted, [now_at(&old)]);
    // The note was proved and written at its new place, and is still found.
    let proved = migrator().verify_backup(&found.backups[1]).expect("a proof");
    assert_eq!(migrator().backups(&path).expect("a list"), [proved]);
    fs::create_dir(place.folder()).expect("the folder of before");
    assert_eq!(now_at(&new), found.backups[1].path);
}

#[test]
fn a_backup_whose_database_is_gone_is_listed_by_name_and_never_deleted() {
    let (one, two, store) = (with_rows(), with_rows(), tempfile::tempdir().expect("a folder"));
    let migrator = || migrator().backup_dir(store.path()).retention(Retention::forever().max_count(0));
    let of_one = migrator().back_up(one.path()).expect("a backup");
    let of_two = migrator().back_up(two.path()).expect("a backup");
    fs::remove_file(two.path()).expect("gone");
    let found = migrator().backup_folder(one.path()).expect("a folder");
    assert_eq!((found.backups, found.others.len()), (vec![of_one, of_two.clone()], 0));
    let pruned = migrator().prune_backups(one.path()).expect("pruned");
    assert_eq!(
        (pruned.deleted.len(), why(&pruned)),
        (0, vec![KeptBecause::NewestVerified, KeptBecause::MaybeAnothers])
    );
    // The backups of a database that is gone can still be listed, to restore one; but its history is gone, too.
    assert_eq!(migrator().backups(two.path()).expect("a list"), [of_two]);
    assert_eq!(migrator().prune_backups(two.path()).expect_err("no history").kind(), ErrorKind::Open);
    let renamed = one.folder().join("data.db");
    fs::rename(one.path(), &renamed).expect("a rename");
    let found = migrator().backup_folder(&renamed).expect("a folder");
    assert_eq!((found.backups.len(), found.others.len()), (0, 2));
}

#[test]
fn a_database_of_the_same_path_with_another_history_keeps_its_backups() {
    // On another machine that shares the folder, or before the file was deleted and made anew.
    let place = with_rows();
    let before = made_on(&place, &by_hand(&place), "2020-01-01");
    fs::remove_file(place.path()).expect("gone");
    place.run(T);
    let old = made_on(&place, &by_hand(&place), "2020-01-02");
    let newest = by_hand(&place);
    assert!(newest.history.as_ref().is_some_and(|checksum| checksum.len() == 64));
    let listed = migrator().backups(place.path()).expect("a list");
    assert_eq!(listed.len(), 3, "it may be the one that is looked for");
    assert_ne!(listed[0].history, newest.history);
    let pruned = prune(&place, Retention::new().max_count(0));
    assert_eq!(pruned.deleted, [old]);
    assert_eq!(why(&pruned), [KeptBecause::MaybeAnothers, KeptBecause::NewestVerified]);
    assert!(before.exists());
}

#[test]
fn a_backup_from_before_the_first_revision_is_known_by_the_history_that_names_it() {
    let place = Place::by_hand("CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1)");
    let unnamed = by_hand(&place);
    let first = migrator().run(place.path()).expect("a run").backup.expect("a backup");
    assert_eq!((unnamed.history.as_deref(), first.history.as_deref()), (None, None));
    let retention = Retention::new().max_age(Duration::ZERO);
    let migrator = Migrator::new(model(&format!("--: version 2\n{AB}"))).retention(retention);
    let second = migrator.run(place.path()).expect("a run");
    assert_eq!(second.pruned, [first.path]);
    assert!(unnamed.path.exists(), "nothing says that it is not another's");
}

#[test]
fn what_is_no_whole_backup_is_shown_by_its_kind() {
    let place = with_rows();
    let infos: Vec<BackupInfo> = (0..4).map(|_| by_hand(&place)).collect();
    fs::write(infos[0].path.with_extension("json"), "{").expect("a write");
    fs::remove_file(&infos[1].path).expect("gone");
    fs::remove_file(infos[2].path.with_extension("json")).expect("gone");
    let part = folder(&place).join(".app_4711_0.part");
    fs::write(&part, "half").expect("a write");
    // Nobody's business, or another database's.
    for other in
        ["README.txt", "settings.json", ".other_4711_0.part", "other_20200101_120000_000.db", "app.db"]
    {
        fs::write(folder(&place).join(other), "x").expect("a write");
    }
    let found = migrator().backup_folder(place.path()).expect("a folder");
    assert_eq!(found.backups, infos[3..]);
    let kinds: Vec<(String, StrayKind, u64)> = found
        .stray
        .iter()
        .map(|stray| (names(std::slice::from_ref(&stray.path)).remove(0), stray.kind, stray.bytes))
        .collect();
    let name = |info: &BackupInfo, extension: &str| names(&[info.path.with_extension(extension)]).remove(0);
    let note = fs::metadata(infos[1].path.with_extension("json")).expect("a note").len();
    let wanted = [
        (".app_4711_0.part".to_owned(), StrayKind::Unfinished, 4),
        (name(&infos[0], "json"), StrayKind::UnreadableNote, 1),
        (name(&infos[1], "json"), StrayKind::NoteWithoutFile, note),
        (name(&infos[2], "db"), StrayKind::FileWithoutNote, infos[2].bytes),
    ];
    assert_eq!(kinds, wanted);
    assert!(found.stray.iter().all(|stray| stray.modified_at.as_ref().is_some_and(|at| at.len() == 24)));
    let json = serde_json::to_value(&found.stray[0]).expect("JSON");
    assert_eq!(json["kind"], "unfinished");
    let before = fs::read_dir(folder(&place)).expect("the folder").count();
    let pruned =
        migrator().retention(Retention::forever().max_count(0)).prune_backups(place.path()).expect("pruned");
    assert_eq!((pruned.deleted.len(), pruned.unfinished.len()), (0, 0), "nothing here is ours to delete");
    assert_eq!(fs::read_dir(folder(&place)).expect("the folder").count(), before);
}

#[test]
fn what_a_killed_backup_left_goes_when_it_is_a_day_old() {
    let place = with_rows();
    by_hand(&place);
    let make = |name: &str, age: Duration| {
        let path = folder(&place).canonicalize().expect("a path").join(name);
        let file = File::create(&path).expect("a file");
        file.set_len(10).expect("a size");
        file.set_modified(SystemTime::now() - age).expect("a time");
        path
    };
    let old = [make(".app_1_0.part", DAY * 2), make(".app_1_0.part-journal", DAY * 2)];
    let kept = [make(".app_2_0.part", DAY / 2), make(".apple_1_0.part", DAY * 2), make("app.part", DAY * 2)];
    let told = migrator().dry_run(true).prune_backups(place.path()).expect("a plan");
    assert!(old.iter().all(|path| path.exists()));
    let pruned = migrator().prune_backups(place.path()).expect("pruned");
    assert_eq!(told, pruned);
    assert_eq!((pruned.unfinished.as_slice(), pruned.freed, pruned.deleted.len()), (&old[..], 20, 0));
    assert!(old.iter().all(|path| !path.exists()) && kept.iter().all(|path| path.exists()));
}

#[test]
fn a_month_is_the_default_and_the_newest_that_verified_stays_for_ever() {
    let place = with_rows();
    let first = made_on(&place, &by_hand(&place), "2020-01-31");
    let second = made_on(&place, &by_hand(&place), "2020-02-29");
    let third = made_on(&place, &by_hand(&place), "2020-03-01");
    let pruned = migrator().prune_backups(place.path()).expect("pruned");
    assert_eq!(pruned.deleted, [first.as_path(), &second]);
    assert_eq!(why(&pruned), [KeptBecause::NewestVerified]);
    assert!(!first.with_extension("json").exists() && !second.with_extension("json").exists());
    assert_eq!(
        left(&place),
        [third.as_path()].map(|path| folder(&place).join(path.file_name().expect("a name")))
    );
    let again = migrator().prune_backups(place.path()).expect("pruned");
    assert_eq!((again.deleted.len(), again.freed), (0, 0));
    by_hand(&place);
    let pruned = migrator().prune_backups(place.path()).expect("pruned");
    assert_eq!(why(&pruned), [KeptBecause::WithinLimits]);
    assert_eq!(pruned.deleted, [third]);
}

#[test]
fn number_and_size_keep_the_newest() {
    let place = with_rows();
    let infos: Vec<BackupInfo> = (0..4).map(|_| by_hand(&place)).collect();
    let size = infos[0].bytes;
    let paths: Vec<PathBuf> = infos.iter().map(|info| info.path.clone()).collect();
    let would = |retention: Retention| {
        let dry = migrator().retention(retention).dry_run(true);
        dry.prune_backups(place.path()).expect("a plan").deleted
    };
    assert_eq!(would(Retention::new()), [] as [PathBuf; 0]);
    assert_eq!(would(Retention::forever()), [] as [PathBuf; 0]);
    assert_eq!(would(Retention::new().max_count(3)), paths[..1]);
    assert_eq!(would(Retention::new().max_count(0)), paths[..3]);
    assert_eq!(would(Retention::new().max_bytes(size * 4)), [] as [PathBuf; 0]);
    assert_eq!(would(Retention::new().max_bytes(size * 3 - 1)), paths[..2]);
    assert_eq!(would(Retention::new().max_bytes(0)), paths[..3]);
    assert_eq!(would(Retention::new().max_age(Duration::from_secs(3_600))), [] as [PathBuf; 0]);
    assert_eq!(
        left(&place),
        paths.iter().map(|path| folder(&place).join(path.file_name().expect("a name"))).collect::<Vec<_>>()
    );
}

/// A database whose history has these revisions, each with a backup, and the backups, oldest first.
fn with_revisions(models: &[&str]) -> (Place, Vec<BackupInfo>) {
    let place = with_rows();
    place.sql("INSERT INTO t VALUES (3, 'three')");
    let runs = models.iter().enumerate().map(|(at, sql)| {
        let sql = format!("--: version 1.{}\n{sql}", at + 1);
        let migrator = Migrator::new(model(&sql)).removed(RemovalPolicy::Drop);
        migrator.run(place.path()).expect("a run").backup.expect("a backup")
    });
    let backups = runs.collect();
    (place, backups)
}

const A: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)";
const AB: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT)";
const ABC: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT, c TEXT)";
const NONE: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY)";

fn prune(place: &Place, retention: Retention) -> Pruned {
    migrator().retention(retention).prune_backups(place.path()).expect("pruned")
}

#[test]
fn the_backup_of_the_last_change_stays_whatever_its_age() {
    let (place, backups) = with_revisions(&[AB, ABC]);
    let first = made_on(&place, &backups[0], "2020-01-01");
    let second = made_on(&place, &backups[1], "2020-02-01");
    let newest = by_hand(&place);
    let pruned = prune(&place, Retention::new().max_count(0));
    // What an added column needs to be taken back is no backup; but the last change keeps its own all the same.
    assert_eq!(pruned.deleted, [first]);
    assert_eq!(why(&pruned), [KeptBecause::Needed { revision: 3 }, KeptBecause::NewestVerified]);
    assert_eq!(names(&left(&place)), names(&[second, newest.path]));
}

#[test]
fn what_a_deletion_needs_to_be_taken_back_stays_until_its_age_ends() {
    // `b` is dropped, then columns are added.
    let revisions = [AB, A, AB, ABC];
    let (place, backups) = with_revisions(&revisions);
    let dropped = backups[1].path.clone();
    let pruned = prune(&place, Retention::new().max_count(0));
    assert_eq!(pruned.deleted, [backups[0].path.as_path(), &backups[2].path]);
    assert_eq!(why(&pruned), [KeptBecause::Needed { revision: 3 }, KeptBecause::Needed { revision: 5 }]);
    assert_eq!(pruned.kept[0].path, dropped);
    let old = made_on(&place, &backups[1], "2020-01-01");
    let pruned = prune(&place, Retention::forever().max_count(0));
    assert_eq!(pruned.deleted, [] as [PathBuf; 0], "without an age it is never old");
    let pruned = prune(&place, Retention::new());
    assert_eq!(pruned.deleted, [old], "after a month the deletion is final");
}

#[test]
fn behind_a_change_that_cannot_be_taken_back_nothing_is_needed() {
    // `b` is dropped twice.
    let (place, backups) = with_revisions(&[AB, A, AB, A, AB]);
    let dry = migrator().retention(Retention::new().max_count(0)).dry_run(true);
    let would = |why: &str| names(&dry.prune_backups(place.path()).expect(why).deleted);
    let paths: Vec<PathBuf> = backups.iter().map(|info| info.path.clone()).collect();
    let named = |of: &[usize]| of.iter().map(|at| names(&paths[*at..=*at]).remove(0)).collect::<Vec<_>>();
    assert_eq!(would("a plan"), named(&[0, 2]), "both deletions can be taken back, one after the other");
    fs::remove_file(&paths[3]).expect("gone");
    assert_eq!(
        would("a plan"),
        named(&[0, 1, 2]),
        "the later one cannot, so the earlier one is out of reach"
    );
}

#[test]
fn what_was_rolled_back_needs_no_backup_any_more() {
    let (place, backups) = with_revisions(&[AB, NONE, AB]);
    place.sql("UPDATE migration_history SET status = 'rolled_back' WHERE id >= 3");
    let pruned = prune(&place, Retention::new().max_count(0));
    assert_eq!(pruned.deleted, [backups[1].path.clone()]);
    assert_eq!(why(&pruned), [KeptBecause::Needed { revision: 2 }, KeptBecause::NewestVerified]);
}

#[test]
fn each_model_keeps_its_own_and_a_model_that_nobody_knows_is_left_alone() {
    let place = with_rows();
    let run =
        |sql: &str| Migrator::new(model(sql)).run(place.path()).expect("a run").backup.expect("a backup");
    let second = run("--: model second\nCREATE TABLE u (id INTEGER PRIMARY KEY)");
    let second = made_on(&place, &second, "2020-01-01");
    let main = made_on(&place, &run(&format!("--: version 2\n{AB}")), "2020-01-02");
    let foreign = made_on(&place, &by_hand(&place), "2020-01-03");
    edit_note(&foreign, |note| note["model"] = "elsewhere".into());
    let gone = made_on(&place, &by_hand(&place), "2020-01-04");
    by_hand(&place);
    let pruned = prune(&place, Retention::new());
    assert_eq!(pruned.deleted, [gone]);
    let kept: Vec<&PathBuf> = pruned.kept.iter().map(|kept| &kept.path).collect();
    assert_eq!(kept[..3], [&second, &main, &foreign]);
    let because = why(&pruned);
    assert!(
        matches!(&because[0], KeptBecause::Needed { .. })
            && matches!(&because[1], KeptBecause::Needed { .. })
    );
    assert_eq!(
        because[2..],
        [KeptBecause::OtherModel { model: "elsewhere".to_owned() }, KeptBecause::WithinLimits]
    );
}

#[test]
fn a_run_prunes_after_its_change_and_says_what() {
    let place = with_rows();
    let old = made_on(&place, &by_hand(&place), "2020-01-01");
    let told = Arc::new(Mutex::new(Vec::new()));
    let events = Arc::clone(&told);
    let migrator = Migrator::new(model(&format!("--: version 2\n{AB}")))
        .observer(move |event| events.lock().expect("a lock").push(event.to_string()));
    let report = migrator.run(place.path()).expect("a run");
    assert_eq!((report.pruned.clone(), report.warnings.len()), (vec![old.clone()], 0));
    assert!(!old.exists());
    assert_eq!(names(&left(&place)), names(&[report.backup.clone().expect("a backup").path]));
    let line = format!("old backup deleted: {}", old.display());
    contains(&report.to_string(), &[&line]);
    let told = told.lock().expect("a lock").clone();
    let at = told.iter().position(|text| *text == format!("old backups deleted: {}", old.display()));
    assert_eq!(at, Some(told.len() - 2), "before the end, and after all else: {told:#?}");
    let json = serde_json::to_value(&report).expect("JSON");
    assert_eq!(json["pruned"], serde_json::json!([old.display().to_string()]));
}

#[test]
fn a_run_without_a_backup_or_without_an_end_to_keeping_prunes_nothing() {
    let place = with_rows();
    let old = made_on(&place, &by_hand(&place), "2020-01-01");
    by_hand(&place);
    let report =
        place.run_with(&format!("--: version 2\n{AB}"), |migrator| migrator.backup(BackupPolicy::Never));
    assert!(report.pruned.is_empty() && old.exists());
    let forever = Migrator::new(model(&format!("--: version 3\n{ABC}"))).retention(Retention::forever());
    let report = forever.run(place.path()).expect("a run");
    assert!(report.backup.is_some() && report.pruned.is_empty() && old.exists());
    assert_eq!(migrator().allow_revert().dry_run(true).run(place.path()).expect("a plan").pruned.len(), 0);
    assert!(old.exists());
}

#[test]
fn a_failure_to_prune_is_a_warning_of_a_run_that_went_well() {
    let place = with_rows();
    let folder = folder(&place);
    let aside = place.folder().join("aside");
    let moved = (folder.clone(), aside.clone());
    let migrator = Migrator::new(model(&format!("--: version 2\n{AB}"))).observer(move |event| {
        if matches!(event, schema_runtime::Event::Step { .. }) {
            fs::rename(&moved.0, &moved.1).expect("a rename");
            fs::write(&moved.0, "no folder").expect("a file");
        }
    });
    let report = migrator.run(place.path()).expect("a run");
    assert!(report.changed() && report.pruned.is_empty());
    assert_eq!(report.warnings.len(), 1);
    contains(&report.warnings[0], &["old backups were not deleted: cannot list the backups in `"]);
    assert_eq!(place.query("SELECT count(*) FROM pragma_table_info('t')"), "3");
}

#[test]
fn while_a_run_is_at_work_nothing_is_deleted() {
    let place = with_rows();
    let old = made_on(&place, &by_hand(&place), "2020-01-01");
    let wait = || migrator().lock_wait(Duration::from_millis(20));
    let busy = place.open();
    busy.execute_batch("BEGIN IMMEDIATE").expect("a lock");
    let one = wait().prune_backups(place.path()).expect("nothing is due, so nothing is locked");
    assert_eq!(why(&one), [KeptBecause::NewestVerified]);
    busy.execute_batch("ROLLBACK").expect("an end");
    by_hand(&place);
    busy.execute_batch("BEGIN IMMEDIATE").expect("a lock");
    let error = wait().prune_backups(place.path()).expect_err("busy");
    assert_eq!((error.kind(), error.state_line()), (ErrorKind::Busy, Some("nothing was changed")));
    assert!(old.exists());
    busy.execute_batch("ROLLBACK").expect("an end");
    assert_eq!(wait().prune_backups(place.path()).expect("pruned").deleted, [old]);
}

#[test]
fn a_history_that_cannot_be_read_keeps_every_backup() {
    let place = with_rows();
    let old = made_on(&place, &by_hand(&place), "2020-01-01");
    by_hand(&place);
    place.sql("UPDATE migration_history SET kind = 'unheard of', format = 99");
    let error = migrator().prune_backups(place.path()).expect_err("no history");
    assert_eq!(error.kind(), ErrorKind::History);
    assert!(old.exists());
}

#[test]
fn files_that_are_not_as_their_notes_say_are_never_deleted() {
    let place = with_rows();
    let days = ["2020-01-01", "2020-01-02", "2020-01-03", "2020-01-04"];
    let old: Vec<PathBuf> = days.iter().map(|day| made_on(&place, &by_hand(&place), day)).collect();
    by_hand(&place);
    // Of another size, of another time, under another name, and in use.
    fs::OpenOptions::new().append(true).open(&old[0]).expect("open").set_len(100).expect("cut");
    edit_note(&old[1], |note| note["created_at"] = "2019-01-02T12:00:00.000Z".into());
    let renamed = old[2].with_file_name("before the change.db");
    fs::rename(&old[2], &renamed).expect("a rename");
    fs::rename(old[2].with_extension("json"), renamed.with_extension("json")).expect("a rename");
    let mut log = old[3].clone().into_os_string();
    log.push("-wal");
    fs::write(log, "").expect("a log");
    let before = fs::read_dir(folder(&place)).expect("the folder").count();
    let pruned = prune(&place, Retention::new().max_count(0).max_bytes(0));
    assert_eq!(pruned.deleted, [] as [PathBuf; 0]);
    let because = why(&pruned);
    assert_eq!(because.iter().filter(|because| **because == KeptBecause::NotAsNoted).count(), 3);
    assert_eq!(because.iter().filter(|because| **because == KeptBecause::InUse).count(), 1);
    assert_eq!(because.last(), Some(&KeptBecause::NewestVerified));
    assert_eq!(fs::read_dir(folder(&place)).expect("the folder").count(), before);
}

#[cfg(unix)]
#[test]
fn neither_a_link_nor_what_it_leads_to_is_deleted() {
    let place = with_rows();
    let elsewhere = tempfile::tempdir().expect("a folder");
    for day in ["2020-01-01", "2020-01-02"] {
        let old = made_on(&place, &by_hand(&place), day);
        let linked = if day.ends_with('1') { old.clone() } else { old.with_extension("json") };
        let target = elsewhere.path().join(linked.file_name().expect("a name"));
        fs::rename(&linked, &target).expect("a move");
        std::os::unix::fs::symlink(&target, &linked).expect("a link");
    }
    by_hand(&place);
    let pruned = prune(&place, Retention::new());
    assert_eq!(pruned.deleted, [] as [PathBuf; 0]);
    assert_eq!(why(&pruned)[..2], [KeptBecause::NotAsNoted, KeptBecause::NotAsNoted]);
    assert_eq!(fs::read_dir(elsewhere.path()).expect("the folder").count(), 2);
}

#[test]
fn a_proof_is_remembered_in_the_note_and_a_failed_one_too() {
    let place = with_rows();
    let (first, second) = (by_hand(&place), by_hand(&place));
    edit_note(&first.path, |note| {
        note["verified_at"] = serde_json::Value::Null;
        note["by_a_newer_version"] = 5.into();
    });
    assert_eq!(migrator().backups(place.path()).expect("a list")[0].verified_at, None);
    let proved = migrator().verify_backup(&first).expect("a proof");
    assert!(proved.verified_at >= Some(first.created_at.clone()));
    assert_eq!(migrator().backups(place.path()).expect("a list"), [proved.clone(), second.clone()]);
    let note: serde_json::Value =
        serde_json::from_slice(&fs::read(first.path.with_extension("json")).expect("a note")).expect("JSON");
    assert_eq!(note["by_a_newer_version"], 5, "what is not known is kept");
    let mut proved = proved;
    proved.verified_at.clone_from(&first.verified_at);
    assert_eq!(proved, first, "nothing else of it has changed");

    let mut bytes = fs::read(&second.path).expect("a file");
    bytes[5_000] ^= 1;
    fs::write(&second.path, bytes).expect("a write");
    assert_eq!(second.verify().expect_err("damaged").kind(), ErrorKind::Backup);
    assert_eq!(migrator().backups(place.path()).expect("a list")[1].verified_at, None);
    let pruned = prune(&place, Retention::forever().max_count(0));
    assert_eq!(pruned.deleted, [second.path], "the newest is not the newest that verified");
    assert_eq!(why(&pruned), [KeptBecause::NewestVerified]);
    let files = fs::read_dir(folder(&place)).expect("the folder").count();
    assert_eq!(files, 2, "no temporary file is left");
}

#[test]
fn a_backup_that_needs_the_hook_is_proved_with_it() {
    let place = with_rows();
    let info = by_hand(&place);
    let failing = migrator().connection(|conn| conn.execute_batch("SELECT no_such_function()"));
    assert_eq!(failing.verify_backup(&info).expect_err("the hook").kind(), ErrorKind::Missing);
    // It could not be opened, which says nothing of the copy.
    assert_eq!(migrator().backups(place.path()).expect("a list"), [info]);
}

#[test]
fn a_read_only_note_does_not_make_a_proof_fail() {
    let place = with_rows();
    let info = by_hand(&place);
    fs::remove_file(info.path.with_extension("json")).expect("gone");
    assert!(info.verify().is_ok());
    assert!(!info.path.with_extension("json").exists(), "a proof writes no note of its own");
}
