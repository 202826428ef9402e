//! The releases of a program: that each has its snapshot, and none is left out.

use std::path::Path;

use super::file::{File, UPDATE, is_updating, stems, versions};
use super::migrates::assert_release;
use super::snapshot::since;
use crate::descriptor::Schema;
use crate::error::{Error, ErrorKind, Result};
use crate::migrator::Migrator;
use crate::version::version_cmp;

/// What `migrates_from_every_release!` takes a reference to.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no reference to a model or a migrator",
    label = "give a `Schema`, a `&Schema` or a `Migrator`"
)]
pub trait Tested {
    /// The program that is tested.
    fn migrator(self) -> Migrator;
}

impl Tested for &'static Schema {
    fn migrator(self) -> Migrator {
        Migrator::new(self)
    }
}

impl Tested for &&'static Schema {
    fn migrator(self) -> Migrator {
        Migrator::new(self)
    }
}

impl Tested for &Migrator {
    fn migrator(self) -> Migrator {
        self.clone()
    }
}

/// Fails where a release has no snapshot in `folder`, and for each version there that is not among `tested` as [`assert_release`] does. What
/// [`migrates_from_every_release!`](crate::migrates_from_every_release) has found when it was compiled is `tested`; so a file that is newer is not
/// left out.
///
/// Does nothing while `UPDATE_SCHEMA` is set, which writes the snapshot of the present version.
///
/// # Panics
/// With the text of [`check_releases`], where it fails, or of [`check_release`](super::check_release).
#[track_caller]
pub fn assert_releases(
    model: impl Into<Migrator>,
    folder: impl AsRef<Path>,
    fixtures: Option<&Path>,
    tested: &[&str],
) {
    if is_updating() {
        return;
    }
    let (migrator, folder) = (model.into(), folder.as_ref());
    // No closure: the panic is told with the place of the test.
    let versions = match check_releases(&migrator, folder, fixtures) {
        Ok(versions) => versions,
        Err(error) => panic!("{error}"),
    };
    for version in versions.iter().filter(|version| !tested.contains(&version.as_str())) {
        assert_release(migrator.clone(), folder, version, fixtures);
    }
}

/// The versions that have a snapshot in `folder`, oldest first, where none is missing.
///
/// A snapshot knows which one came before it. So one is missing that was there when the next one was written, while an older one still is; where
/// the oldest ones were all taken away, their support has ended. And the model of today needs one of its own, once it is not what the newest
/// has.
///
/// # Errors
/// `Model` where one is missing, there is none at all, or two have the same version; where one was edited by hand, is of a newer format
/// or of a newer version than the model; where `fixtures` has a file of a version that has no snapshot. `Io` where the folder cannot be
/// read.
pub fn check_releases(
    migrator: &Migrator,
    folder: impl AsRef<Path>,
    fixtures: Option<&Path>,
) -> Result<Vec<String>> {
    let folder = folder.as_ref();
    let versions = versions(folder)?;
    let shown = folder.display();
    let Some(newest) = versions.last() else {
        return Err(Error::new(ErrorKind::Model, format!("`{shown}` has no snapshot of any version")).help(format!(
            "call `testing::assert_snapshot(&SCHEMA, \"{shown}\")` in a test, and run `{UPDATE}=1 cargo test`, which writes that of the present one"
        )));
    };
    if let Some([one, other]) = versions.windows(2).find(|pair| match pair {
        [one, other] => version_cmp(one, other).is_eq(),
        _ => false,
    }) {
        return Err(Error::new(
            ErrorKind::Model,
            format!("`{shown}` has `{one}.json` and `{other}.json`, which are the same version"),
        )
        .help("keep the one that was released"));
    }
    for version in &versions {
        refuse_gap(folder, &versions, version)?;
    }
    refuse_newer(migrator, folder, newest)?;
    let version = migrator.source.version();
    if version_cmp(newest, version).is_lt() {
        let changes = since(migrator, folder, newest)?;
        if !changes.is_empty() {
            let error = Error::new(
                ErrorKind::Model,
                format!("`{shown}` has no snapshot of version {version}, the model's"),
            )
            .cause(format!("the newest is of {newest}, and the model is another since"));
            return Err(changes.into_iter().fold(error, Error::cause).help(format!(
                "call `testing::assert_snapshot` for the model, run `{UPDATE}=1 cargo test`, read what it writes, and commit it"
            )));
        }
    }
    refuse_unknown(folder, fixtures, &versions)?;
    Ok(versions)
}

/// Refuses a snapshot that came after one that is not there, while an older one is.
fn refuse_gap(folder: &Path, versions: &[String], version: &str) -> Result<()> {
    let path = folder.join(format!("{version}.json"));
    let Some(after) = File::read(&path)?.after else { return Ok(()) };
    let is_there = versions.iter().any(|found| version_cmp(found, &after).is_eq());
    let older = versions.iter().find(|found| version_cmp(found, &after).is_lt());
    match older {
        Some(older) if !is_there => Err(Error::new(
            ErrorKind::Model,
            format!("`{}` is missing", folder.join(format!("{after}.json")).display()),
        )
        .cause(format!("`{}` came after it, and `{older}.json` before", path.display()))
        .help("put it back from version control; to end the support of old releases, take all away from the oldest on")),
        _ => Ok(()),
    }
}

/// Refuses a snapshot of a version above the model's.
pub(super) fn refuse_newer(migrator: &Migrator, folder: &Path, version: &str) -> Result<()> {
    let own = migrator.source.version();
    if version_cmp(version, own).is_gt() {
        return Err(Error::new(
            ErrorKind::Model,
            format!("`{}` has a snapshot of {version}, and the model is of version {own}", folder.display()),
        )
        .help("raise the version of the model, or take away the snapshot of what was never released"));
    }
    Ok(())
}

/// Refuses a fixture that no release would use.
fn refuse_unknown(folder: &Path, fixtures: Option<&Path>, versions: &[String]) -> Result<()> {
    let Some(fixtures) = fixtures else { return Ok(()) };
    if !fixtures.is_dir() {
        return Err(Error::new(
            ErrorKind::Model,
            format!("there is no folder `{}` of fixtures", fixtures.display()),
        )
        .help("correct the path, which is relative to the package, or leave `fixtures` out"));
    }
    for end in ["db", "sql"] {
        if let Some(version) = stems(fixtures, end)?.iter().find(|version| !versions.contains(version)) {
            return Err(Error::new(
                ErrorKind::Model,
                format!("`{}` is of no release", fixtures.join(format!("{version}.{end}")).display()),
            )
            .cause(format!("`{}` has no `{version}.json`", folder.display()))
            .help("give it the name of a version that has a snapshot, written as there"));
        }
    }
    Ok(())
}
