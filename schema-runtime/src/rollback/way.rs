//! A revision as something to go back over: its stored undo, the catalog it left, and the one it leads back to.

use crate::catalog::Catalog;
use crate::diff::{Change, diff};
use crate::error::{Error, ErrorKind, Result};
use crate::plan::Plan;
use crate::rename::{Rename, Renames};
use crate::revision::{Kind, Revision, Status};
use crate::snapshot::{ConvertRecord, Snapshot};

/// So many differences are named.
const NAMED: usize = 10;

/// The revisions of `model` that stand, newest first, as far as one can go back over them one after another.
pub(crate) fn standing<'r>(rows: &'r [Revision], model: &str) -> Vec<&'r Revision> {
    rows.iter()
        .rev()
        .filter(|row| row.model == model && row.status == Status::Completed)
        // A rollback or a restore records a way that was gone; what stands below it can still be undone.
        .filter(|row| row.is_change() || !matches!(row.kind, Kind::Rollback | Kind::Restore))
        .take_while(|row| row.is_change())
        .collect()
}

/// One revision that can be undone.
pub(crate) struct Way<'r> {
    pub(crate) revision: &'r Revision,
    /// Empty where the revision changed nothing.
    pub(crate) undo: Plan,
    /// Whether values have to come from the revision's backup: those that it dropped or converted.
    pub(crate) needs_backup: bool,
    /// The catalog that the revision left.
    pub(crate) left: Catalog,
    /// The catalog that the undo leads to.
    pub(crate) target: Catalog,
    /// The renames that the undo makes.
    pub(crate) renames: Renames,
    /// What the revision before left; of the first one, nothing.
    pub(crate) before: Snapshot,
    /// The conversions that the revision made.
    pub(crate) converts: Vec<ConvertRecord>,
    /// The newest revision of another model that came after it and stands.
    pub(crate) later: Option<&'r Revision>,
    /// Where some steps are undone alone: more of them.
    pub(crate) alone: Option<Alone>,
}

/// Steps of a revision that are undone while the others stand.
pub(crate) struct Alone {
    /// Their numbers in the undo of the whole, from 1.
    pub(crate) numbers: Vec<usize>,
    /// How to make them again; `None` where that leads nowhere.
    pub(crate) redo: Option<Plan>,
    /// What is recorded of the catalog that is left.
    pub(crate) snapshot: Snapshot,
    /// The catalog of the revision's backup.
    pub(crate) then: Catalog,
    /// From the catalog that the revision left to that of its backup.
    pub(crate) renames: Renames,
}

impl<'r> Way<'r> {
    /// Reads what is stored with `revision`, one of `rows`.
    ///
    /// # Errors
    /// `Tampered` if a row that says where to go was edited; `History` if there is no undo, or it cannot be read.
    pub(crate) fn of(rows: &'r [Revision], revision: &'r Revision) -> Result<Way<'r>> {
        let previous = rows.iter().rev().find(|row| {
            row.id < revision.id
                && row.model == revision.model
                && row.status == Status::Completed
                && row.snapshot.is_some()
        });
        for row in std::iter::once(revision).chain(previous) {
            if row.is_edited() {
                return Err(Error::new(
                    ErrorKind::Tampered,
                    format!("row {} of the history was edited", row.id),
                )
                .cause("its content is not what was written, and it says what to go back to")
                .help("find out who did it; restore the row, or a backup as a whole"));
            }
        }
        let missing = |what: &str| {
            Error::new(ErrorKind::History, format!("cannot undo revision {}: {what}", revision.id))
                .help("restore the backup that was made before it, as a whole")
        };
        let left = revision.snapshot.as_deref().ok_or_else(|| missing("it has no snapshot"))?;
        let left = Snapshot::from_json(left)?;
        let before = match previous.and_then(|row| row.snapshot.as_deref()) {
            Some(text) => Snapshot::from_json(text)?,
            None => Snapshot::of_others(&revision.model, Catalog::default()),
        };
        let plan = revision.plan.as_deref().map(Plan::from_json).transpose()?;
        let loses = plan.as_ref().is_some_and(Plan::loses);
        let undo = match (&revision.undo, plan) {
            (Some(undo), _) => Plan::from_json(undo)?,
            (None, Some(plan)) if plan.is_empty() => plan,
            _ => return Err(missing("no way back is stored with it")),
        };
        let target = left.start.clone().unwrap_or_else(|| before.catalog.clone());
        let needs_backup = undo.needs_backup || loses;
        let mut converts = left.converts;
        converts.retain(|made| !before.converts.contains(made));
        let later = rows.iter().rev().find(|row| {
            row.id > revision.id
                && row.model != revision.model
                && row.status == Status::Completed
                && row.is_change()
        });
        let renames = renames_of(&undo);
        let left = left.catalog;
        Ok(Way { revision, undo, needs_backup, left, target, renames, before, converts, later, alone: None })
    }

    /// # Errors
    /// `Drift`, naming each difference, if `live` is not what the revision left.
    pub(crate) fn refuse_drift(&self, live: &Catalog) -> Result<()> {
        let changes = diff(&self.left, live, &|_| false);
        if changes.is_empty() {
            return Ok(());
        }
        let error = Error::new(
            ErrorKind::Drift,
            format!("the catalog is no longer what revision {} left", self.revision.id),
        );
        let named = changes.iter().take(NAMED);
        let error = named.fold(error, |error, change| error.cause(format!("since then: {change}")));
        let more = changes.len().saturating_sub(NAMED);
        let error = if more > 0 { error.cause(format!("and {more} more differences")) } else { error };
        let Some(later) = self.later else {
            return Err(error.help("take these changes back first, or restore the backup as a whole"));
        };
        let error = error.cause(format!("revision {} of model `{}` came after it", later.id, later.model));
        Err(error.help(format!("roll model `{}` back first, or restore the backup as a whole", later.model)))
    }

    /// The catalog of the revision's backup.
    pub(crate) fn then(&self) -> &Catalog {
        self.alone.as_ref().map_or(&self.target, |alone| &alone.then)
    }

    /// The renames from the catalog that the revision left to that of its backup.
    pub(crate) fn renames_to_then(&self) -> &Renames {
        self.alone.as_ref().map_or(&self.renames, |alone| &alone.renames)
    }
}

/// The renames that a plan makes.
pub(super) fn renames_of(plan: &Plan) -> Renames {
    let list = plan.changes().filter_map(|change| match change {
        Change::RenameTable { from, to } => Some(Rename { table: None, from: from.clone(), to: to.clone() }),
        Change::RenameColumn { table, from, to } => {
            Some(Rename { table: Some(table.clone()), from: from.clone(), to: to.clone() })
        }
        _ => None,
    });
    Renames { list: list.collect(), unmatched: Vec::new() }
}
