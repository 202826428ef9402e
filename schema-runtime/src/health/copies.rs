//! Findings H4: the backups, and room for the next one. What they are worth for going back is in `past`.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::past::Past;
use super::{BackupCheck, BackupFacts, Exam, FindingCode, count};
use crate::backup::{self, Stray, StrayKind};
use crate::connection;
use crate::error::Result;

/// The folder that backups of the database go to; `None` for a database without a file.
pub(super) fn folder(exam: &Exam<'_>) -> Option<(PathBuf, PathBuf)> {
    let database = connection::database_path(exam.conn)?;
    let folder = exam.check.backup_dir.clone().unwrap_or_else(|| backup::default_folder(&database));
    Some((folder, database))
}

pub(super) fn look(exam: &mut Exam<'_>, past: Option<&Past>) -> Result<()> {
    let Some((folder, database)) = folder(exam) else { return Ok(()) };
    let found = backup::folder_of(&folder, &database)?;
    let backups = found.backups;
    let mut facts = BackupFacts {
        folder: folder.display().to_string(),
        count: count(backups.len()),
        bytes: backups.iter().map(|info| info.bytes).fold(0, u64::saturating_add),
        ..BackupFacts::default()
    };
    let mut differ = Vec::new();
    for info in &backups {
        facts.newest_check = Some(BackupCheck::Size);
        let fault = match fs::metadata(&info.path) {
            Ok(found) if found.len() == info.bytes => continue,
            Ok(found) => format!("it has {} bytes, {} were written", found.len(), info.bytes),
            Err(err) => format!("it cannot be read: {err}"),
        };
        facts.newest_check = Some(BackupCheck::Differs);
        differ.push(format!("`{}`: {fault}", info.path.display()));
    }
    if let Some(newest) = backups.last() {
        facts.newest = Some(newest.path.display().to_string());
        facts.newest_at = Some(newest.created_at.clone());
        facts.newest_verified_at.clone_from(&newest.verified_at);
        facts.newest_age_s = age(exam.conn, &newest.created_at);
    }
    let needed = exam.health.file.bytes;
    // The folder is made with the first backup.
    let place = folder.ancestors().find(|path| path.is_dir()).map(Path::to_path_buf);
    facts.free_bytes = place.and_then(|place| (exam.check.machine.free)(&place));
    facts.has_room = facts.free_bytes.map(|free| free >= needed);
    if let Some(free) = facts.free_bytes.filter(|free| *free < needed) {
        let line = format!("`{}` has {free} bytes, the next backup needs {needed}", folder.display());
        exam.find(FindingCode::NoRoom, vec![line]);
    }
    if let Some(line) = past.and_then(|past| past.no_backup.clone()).filter(|_| backups.is_empty()) {
        exam.find(FindingCode::NoBackup, vec![line]);
    }
    exam.find(FindingCode::BackupDiffers, differ);
    let leftovers = leftovers(exam.conn, &found.stray);
    exam.find(FindingCode::Leftovers, leftovers);
    exam.health.backups = Some(facts);
    Ok(())
}

/// Seconds since `at`, by SQLite's clock.
fn age(conn: &Connection, at: &str) -> Option<i64> {
    let sql = "SELECT CAST(strftime('%s', 'now') AS INTEGER) - CAST(strftime('%s', ?1) AS INTEGER)";
    conn.query_row(sql, [at], |row| row.get(0)).ok()
}

/// A backup that is still being made was written to more recently: so many seconds.
const AT_WORK: i64 = 86_400;

fn leftovers(conn: &Connection, stray: &[Stray]) -> Vec<String> {
    let old = stray.iter().filter(|stray| {
        stray.modified_at.as_deref().and_then(|at| age(conn, at)).is_some_and(|age| age > AT_WORK)
    });
    old.map(|stray| {
        let what = match stray.kind {
            StrayKind::UnreadableNote => "a note that cannot be read",
            StrayKind::NoteWithoutFile => "a note whose backup is gone",
            StrayKind::FileWithoutNote => "a backup without its note",
            StrayKind::Unfinished => "a backup that was never finished",
        };
        format!("`{}`: {what}", stray.path.display())
    })
    .collect()
}

/// Reads every backup, where that was asked for.
pub(super) fn verify(exam: &mut Exam<'_>) -> Result<()> {
    let Some((folder, database)) = folder(exam).filter(|_| exam.check.verify_backups) else { return Ok(()) };
    if exam.has(FindingCode::BackupDiffers) {
        return Ok(());
    }
    let hook = exam.check.hook.clone();
    let mut differ = Vec::new();
    // The newest first: time may be up before the last.
    for (at, info) in backup::folder_of(&folder, &database)?.backups.iter().rev().enumerate() {
        let verified = exam.bounded(&format!("the backup `{}`", info.path.display()), || {
            Ok(backup::verify(info, hook.as_ref()))
        })?;
        let check = match verified {
            None => break,
            Some(Ok(_)) => BackupCheck::Verified,
            Some(Err(fault)) => {
                differ.push(super::said(&fault.error));
                BackupCheck::Differs
            }
        };
        if let Some(facts) = exam.health.backups.as_mut().filter(|_| at == 0) {
            facts.newest_check = Some(check);
        }
    }
    exam.find(FindingCode::BackupDiffers, differ);
    Ok(())
}
