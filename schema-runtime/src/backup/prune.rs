//! Which backups may go, and their deletion.
//!
//! Knows limits, files and notes; which revisions need their backups is told by the caller, who has read the history.

use std::fmt;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize, Serializer};

use super::files::hash;
use super::list::{Belongs, Listed, Stray, StrayKind, stamped, stem_of};
use super::{BackupInfo, clock, lossy};
use crate::connection::with_suffix;

/// How long backups are kept: by age, number and total size. What passes one of the limits is deleted after each completed run
/// that made a backup, and by [`Migrator::prune_backups`](crate::Migrator::prune_backups).
///
/// Never deleted are, whatever the limits:
/// - the newest backup that verified;
/// - the newest backup that a completed revision of each model was preceded by, so that the last change can always be taken back;
/// - the backup of a run that is at work;
/// - whatever is not certainly a backup of this database: see [`KeptBecause`].
///
/// A backup that a revision further back needs, to bring back what its change deleted, stays as long as all revisions after it
/// can be undone too, whatever `max_count` and `max_bytes` say. Only `max_age` ends that: a backup older than it goes, and the revision can
/// no longer be rolled back then. So a deletion that is a month old is final, and the folder does not grow for ever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Retention {
    /// The age from which a backup may go; 30 days by default.
    pub max_age: Option<Duration>,
    /// How many backups are kept.
    pub max_count: Option<usize>,
    /// How many bytes all backups together may have.
    pub max_bytes: Option<u64>,
}

impl Default for Retention {
    fn default() -> Self {
        Retention { max_age: Some(Duration::from_secs(30 * 24 * 60 * 60)), max_count: None, max_bytes: None }
    }
}

impl Retention {
    /// 30 days, in any number and size.
    pub fn new() -> Self {
        Retention::default()
    }

    /// Without any limit: nothing is deleted.
    pub fn forever() -> Self {
        Retention { max_age: None, max_count: None, max_bytes: None }
    }

    /// Keeps backups for so long.
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = Some(age);
        self
    }

    /// Keeps so many backups, the newest ones. Those that are kept for another reason count first.
    pub fn max_count(mut self, count: usize) -> Self {
        self.max_count = Some(count);
        self
    }

    /// Keeps so many bytes of backups, the newest ones. Those that are kept for another reason count first.
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = Some(bytes);
        self
    }
}

/// What was deleted of a database's backups, and what was kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Pruned {
    /// The backups that were deleted, with their notes, oldest first; in a dry run those that would be.
    #[serde(serialize_with = "lossy_all")]
    pub deleted: Vec<PathBuf>,
    /// What killed processes had left of backups, not written to for a day; deleted as well.
    #[serde(serialize_with = "lossy_all")]
    pub unfinished: Vec<PathBuf>,
    /// The bytes of all that was deleted.
    pub freed: u64,
    /// What is still there, oldest first, and why.
    pub kept: Vec<Kept>,
}

impl Pruned {
    /// Everything that was deleted.
    pub fn files(&self) -> impl Iterator<Item = &PathBuf> {
        self.deleted.iter().chain(&self.unfinished)
    }
}

/// A backup that was kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Kept {
    /// The backup.
    #[serde(serialize_with = "lossy")]
    pub path: PathBuf,
    /// Why.
    pub because: KeptBecause,
}

/// Why a backup was kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
#[non_exhaustive]
pub enum KeptBecause {
    /// It is within the limits.
    WithinLimits,
    /// It is the newest one that verified.
    NewestVerified,
    /// This revision could not be rolled back without it.
    Needed {
        /// The row of the history.
        revision: i64,
    },
    /// Its file, its name, its size or its content are not as its note says, or it is a link.
    NotAsNoted,
    /// A log or a journal lies beside it: somebody uses it as a database.
    InUse,
    /// It may be another database's: the one that its note names is gone, or it had another history, as one at the same path on another
    /// machine has, or one that was there before.
    MaybeAnothers,
    /// It was made for a model that the history does not know.
    OtherModel {
        /// The model's name.
        model: String,
    },
    /// It could not be deleted.
    Failed {
        /// What the system said.
        error: String,
    },
}

impl fmt::Display for KeptBecause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeptBecause::WithinLimits => f.write_str("it is within the limits"),
            KeptBecause::NewestVerified => f.write_str("it is the newest one that verified"),
            KeptBecause::Needed { revision } => write!(f, "revision {revision} needs it to be rolled back"),
            KeptBecause::NotAsNoted => f.write_str("it is not what its note says"),
            KeptBecause::InUse => f.write_str("a log or journal lies beside it, so it is in use"),
            KeptBecause::MaybeAnothers => f.write_str("it may be of another database of this name"),
            KeptBecause::OtherModel { model } => {
                write!(f, "it was made for the model `{model}`, which the history does not know")
            }
            KeptBecause::Failed { error } => write!(f, "it cannot be deleted: {error}"),
        }
    }
}

pub(crate) fn lossy_all<S: Serializer>(
    paths: &[PathBuf],
    serializer: S,
) -> std::result::Result<S::Ok, S::Error> {
    serializer.collect_seq(paths.iter().map(|path| path.to_string_lossy()))
}

/// A revision that needs its backup.
pub(crate) struct Need {
    /// The name of the file, as the history has it.
    pub(crate) file: String,
    pub(crate) revision: i64,
    /// Whether it stays beyond its age, too.
    pub(crate) firm: bool,
}

/// What the history tells of backups.
pub(crate) struct Known {
    /// The models that it has rows of, and the one that asks.
    pub(crate) models: Vec<String>,
    /// The checksum of its first row, as notes have it.
    pub(crate) identity: Option<String>,
    /// The names of all backups that it mentions.
    pub(crate) files: Vec<String>,
    pub(crate) needs: Vec<Need>,
}

impl Known {
    /// Whether a backup was made of the database that has this history.
    fn is_of(&self, info: &BackupInfo) -> bool {
        let name = info.path.file_name().unwrap_or_default().to_string_lossy();
        info.history == self.identity || self.files.iter().any(|file| *file == name)
    }
}

/// One pruning.
pub(crate) struct Job<'a> {
    /// The resolved path of the database.
    pub(crate) database: &'a Path,
    /// All whole backups of the folder, oldest first.
    pub(crate) listed: &'a [Listed],
    /// The stray files of the database.
    pub(crate) stray: &'a [Stray],
    pub(crate) retention: &'a Retention,
    /// The present time, in milliseconds since 1970.
    pub(crate) now: i64,
    /// Only tells what would be done.
    pub(crate) dry: bool,
}

/// Temporary files that nobody has written to for so long are left over. The process in their name is not asked: in a container every
/// program is process 1, and a shared folder holds numbers of other machines. A backup at work writes all the time; it would
/// at worst fail when it gives its copy the final name, before the database is touched.
const LEFT_OVER: i64 = 24 * 60 * 60 * 1_000;

/// What is to become of one backup.
enum Verdict {
    Delete,
    Keep(KeptBecause),
}

impl<'a> Job<'a> {
    /// Whether anything could be deleted; without the history, which can only spare more.
    pub(crate) fn is_due(&self) -> bool {
        let due = |(_, verdict): (_, Verdict)| matches!(verdict, Verdict::Delete);
        self.left_over().next().is_some() || self.decide(None).into_iter().any(due)
    }

    /// Deletes what passes the limits. Without what is `known` nothing may be due.
    pub(crate) fn carry_out(&self, known: Option<&Known>) -> Pruned {
        let mut pruned = Pruned::default();
        for (info, verdict) in self.decide(known) {
            let because = match verdict {
                Verdict::Keep(because) => because,
                Verdict::Delete if was_written_to(info) => KeptBecause::NotAsNoted,
                Verdict::Delete => match self.delete(info) {
                    Ok(()) => {
                        pruned.freed += info.bytes;
                        pruned.deleted.push(info.path.clone());
                        continue;
                    }
                    Err(err) => KeptBecause::Failed { error: err.to_string() },
                },
            };
            pruned.kept.push(Kept { path: info.path.clone(), because });
        }
        for stray in self.left_over() {
            if self.dry || remove(&stray.path).is_ok() {
                pruned.freed += stray.bytes;
                pruned.unfinished.push(stray.path.clone());
            }
        }
        pruned
    }

    /// Whether there is a backup of this name, whoever's it is.
    pub(crate) fn has(&self, file: &str) -> bool {
        let is_it =
            |one: &Listed| one.info.path.file_name().is_some_and(|name| name.to_string_lossy() == file);
        self.listed.iter().any(is_it)
    }

    fn left_over(&self) -> impl Iterator<Item = &'a Stray> {
        let until = self.now.saturating_sub(LEFT_OVER);
        self.stray.iter().filter(move |stray| {
            let modified = stray.modified_at.as_deref().and_then(clock::parse);
            stray.kind == StrayKind::Unfinished && modified.is_some_and(|modified| modified < until)
        })
    }

    /// The copy first: a note without its copy says what is gone, a copy without its note would never be deleted.
    fn delete(&self, info: &BackupInfo) -> io::Result<()> {
        if self.dry {
            return Ok(());
        }
        remove(&info.path)?;
        let note = info.path.with_extension("json");
        match fs::symlink_metadata(&note) {
            Ok(found) if found.is_file() => remove(&note),
            _ => Ok(()),
        }
    }

    /// What is to become of each backup of this database, oldest first.
    fn decide(&self, known: Option<&Known>) -> Vec<(&'a BackupInfo, Verdict)> {
        let own: Vec<&Listed> = self.listed.iter().filter(|one| one.belongs != Belongs::No).collect();
        let barred: Vec<Option<KeptBecause>> = own.iter().map(|one| self.barred(one, known)).collect();
        let may = |at: usize| barred.get(at).is_some_and(Option::is_none);
        let proved = |at: &usize| own.get(*at).is_some_and(|one| one.info.verified_at.is_some());
        // One that is in use is no longer what was proved.
        let newest = (0..own.len()).rev().filter(|at| may(*at)).find(proved);
        let spared: Vec<Option<KeptBecause>> = own
            .iter()
            .enumerate()
            .map(|(at, one)| match self.need(&one.info, known) {
                Some(need) => Some(KeptBecause::Needed { revision: need.revision }),
                None => (newest == Some(at)).then_some(KeptBecause::NewestVerified),
            })
            .collect();
        let candidates = || own.iter().enumerate().filter(|(at, _)| may(*at));
        let sizes = |wanted: &dyn Fn(usize) -> bool| -> Vec<(usize, &BackupInfo)> {
            candidates().filter(|(at, _)| wanted(*at)).map(|(at, one)| (at, &one.info)).collect()
        };
        let is_spared = |at: usize| spared.get(at).is_some_and(Option::is_some);
        let within = self.within(&sizes(&|_| true), &[]);
        let left = self.within(&sizes(&|at| !is_spared(at)), &sizes(&is_spared));
        own.iter()
            .zip(barred)
            .zip(spared.iter().cloned())
            .enumerate()
            .map(|(at, ((one, barred), spared))| {
                let verdict = match (barred, spared) {
                    (Some(because), _) => Verdict::Keep(because),
                    (None, Some(_)) if within.contains(&at) => Verdict::Keep(KeptBecause::WithinLimits),
                    (None, Some(because)) => Verdict::Keep(because),
                    (None, None) if left.contains(&at) => Verdict::Keep(KeptBecause::WithinLimits),
                    (None, None) => Verdict::Delete,
                };
                (&one.info, verdict)
            })
            .collect()
    }

    /// Which of `candidates` (oldest first) the limits let stay, beside `spared`: the newest, up to the first that does not fit.
    fn within(&self, candidates: &[(usize, &BackupInfo)], spared: &[(usize, &BackupInfo)]) -> Vec<usize> {
        let mut bytes = spared.iter().fold(0, |sum: u64, (_, info)| sum.saturating_add(info.bytes));
        let mut within = Vec::new();
        for (count, (at, info)) in (spared.len() + 1..).zip(candidates.iter().rev()) {
            bytes = bytes.saturating_add(info.bytes);
            let fits = self.retention.max_count.is_none_or(|most| count <= most)
                && self.retention.max_bytes.is_none_or(|most| bytes <= most);
            if !fits {
                break;
            }
            if !self.is_old(info) {
                within.push(*at);
            }
        }
        within
    }

    /// Whether it has passed the age. One whose time cannot be read has no age.
    fn is_old(&self, info: &BackupInfo) -> bool {
        let Some(most) = self.retention.max_age else { return false };
        let most = i64::try_from(most.as_millis()).unwrap_or(i64::MAX);
        clock::parse(&info.created_at).is_some_and(|made| self.now.saturating_sub(made) > most)
    }

    fn need<'n>(&self, info: &BackupInfo, known: Option<&'n Known>) -> Option<&'n Need> {
        let needs = &known?.needs;
        let name = info.path.file_name()?.to_string_lossy();
        needs.iter().find(|need| need.file == name && (need.firm || !self.is_old(info)))
    }

    /// Why a backup is left alone whatever its age.
    fn barred(&self, one: &Listed, known: Option<&Known>) -> Option<KeptBecause> {
        let info = &one.info;
        if one.belongs == Belongs::Perhaps || known.is_some_and(|known| !known.is_of(info)) {
            Some(KeptBecause::MaybeAnothers)
        } else if !is_as_noted(info, self.database) {
            Some(KeptBecause::NotAsNoted)
        } else if ["-wal", "-journal"].iter().any(|suffix| with_suffix(&info.path, suffix).exists()) {
            Some(KeptBecause::InUse)
        } else if known.is_some_and(|known| !known.models.contains(&info.model)) {
            Some(KeptBecause::OtherModel { model: info.model.clone() })
        } else {
            None
        }
    }
}

/// Whether the file is a plain one of the size in its note, whose name says the database and the second that the note says.
fn is_as_noted(info: &BackupInfo, database: &Path) -> bool {
    let name = info.path.file_name().unwrap_or_default().as_encoded_bytes();
    let digits: String = info.created_at.chars().filter(char::is_ascii_digit).take(14).collect();
    let named = stamped(name, b".db")
        .is_some_and(|(stem, at)| stem == stem_of(database).as_encoded_bytes() && at == digits);
    let is_file = |path: &Path| fs::symlink_metadata(path).ok().filter(fs::Metadata::is_file);
    named
        && is_file(&info.path).is_some_and(|found| found.len() == info.bytes)
        && is_file(&info.path.with_extension("json")).is_some()
}

/// Whether somebody has worked on the copy since: then it is a database of theirs. A file whose time says that nobody has is not read again.
fn was_written_to(info: &BackupInfo) -> bool {
    let proved = [Some(info.created_at.as_str()), info.verified_at.as_deref()];
    let proved = proved.into_iter().flatten().filter_map(clock::parse).max().unwrap_or(i64::MIN);
    let written = fs::symlink_metadata(&info.path).and_then(|found| found.modified()).ok();
    match written.and_then(clock::millis) {
        // File systems keep times as coarsely as two seconds.
        Some(written) if written <= proved.saturating_add(2_000) => false,
        _ => !File::open(&info.path)
            .and_then(hash)
            .is_ok_and(|(sha256, bytes)| bytes == info.bytes && sha256.eq_ignore_ascii_case(&info.sha256)),
    }
}

/// What has gone already is as good as deleted. A link is removed itself, never what it leads to.
fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(err) if err.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
