//! What the rows of a model tell together: which is the last, which version is the newest, what was superseded or taken back.

use rusqlite::Row;

use super::text;
use crate::version::version_cmp;

/// The rows of one model, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Past(pub(super) Vec<Left>);

/// What a row says, but for what it holds of plans and catalogs.
#[derive(Debug)]
pub(super) struct Left {
    id: i64,
    version: String,
    kind: String,
    status: String,
    fingerprint: Option<String>,
    has_snapshot: bool,
}

impl Left {
    /// From these columns, in this order.
    pub(super) fn of(row: &Row<'_>) -> rusqlite::Result<Left> {
        Ok(Left {
            id: row.get(0)?,
            version: text(row, 1)?.unwrap_or_default(),
            kind: text(row, 2)?.unwrap_or_default(),
            status: text(row, 3)?.unwrap_or_default(),
            fingerprint: text(row, 4)?,
            has_snapshot: row.get(5)?,
        })
    }

    fn is_of(&self, version: &str) -> bool {
        version_cmp(&self.version, version).is_eq()
    }

    fn is_completed(&self) -> bool {
        self.status == "completed"
    }

    fn is_numbered(&self) -> bool {
        self.kind == "numbered"
    }

    /// What was applied and stands. Numbered migrations do not count: their numbers are not the model's versions. Nor do rollbacks, which
    /// record the way back to a version that has a row of its own.
    fn stands(&self) -> bool {
        self.is_completed() && ["automatic", "baseline", "restore"].contains(&self.kind.as_str())
    }
}

impl Past {
    /// The number of the last completed revision that carries a snapshot and was not rolled back. Numbered migrations do not count: what
    /// they leave is no state of the model.
    pub(crate) fn latest(&self) -> Option<i64> {
        self.last(|row| !row.is_numbered())
    }

    /// The number of the last numbered migration that carries a snapshot and was not rolled back, where it is above the revision `id`.
    pub(crate) fn numbered_above(&self, id: i64) -> Option<i64> {
        self.last(Left::is_numbered).filter(|last| *last > id)
    }

    fn last(&self, such: impl Fn(&Left) -> bool) -> Option<i64> {
        let mut rows = self.0.iter().rev();
        rows.find(|row| row.is_completed() && row.has_snapshot && such(row)).map(|row| row.id)
    }

    /// The highest version that was applied and not rolled back.
    pub(crate) fn newest_version(&self) -> Option<&str> {
        let standing = self.0.iter().filter(|row| row.stands());
        standing.map(|row| row.version.as_str()).max_by(|a, b| version_cmp(a, b))
    }

    /// Whether `fingerprint` was applied as `version` and another fingerprint was applied after it as the same version.
    pub(crate) fn is_superseded(&self, version: &str, fingerprint: &str) -> bool {
        let is_it = |row: &Left| row.fingerprint.as_deref() == Some(fingerprint);
        let applied = || {
            self.0.iter().rev().filter(|row| row.stands() && row.is_of(version) && row.fingerprint.is_some())
        };
        applied().any(is_it) && !applied().next().is_some_and(is_it)
    }

    /// Whether the newest change that left this `fingerprint`, as this `version` where it has one, was rolled back.
    pub(crate) fn was_rolled_back(&self, version: &str, fingerprint: &str) -> bool {
        let is_it = |row: &&Left| {
            row.kind == "automatic"
                && (row.is_completed() || row.status == "rolled_back")
                && row.fingerprint.as_deref() == Some(fingerprint)
                && (version.is_empty() || row.is_of(version))
        };
        self.0.iter().rev().find(is_it).is_some_and(|row| row.status == "rolled_back")
    }
}
