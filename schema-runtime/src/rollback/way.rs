//! A revision as something to go back over: its stored undo, the catalog it left, and the one it leads back to.

use super::down::Down;
use crate::catalog::Catalog;
use crate::diff::{Change, diff};
use crate::error::{Error, ErrorKind, Result};
use crate::history::refuse_edited;
use crate::migration::Migrations;
use crate::plan::{Plan, PlanKey};
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
        .filter(|row| !is_note(rows, row))
        // A rollback or a restore records a way that was gone; what stands below it can still be undone.
        .filter(|row| leads_on(row) || !matches!(row.kind, Kind::Rollback | Kind::Restore))
        .take_while(|row| leads_on(row))
        .collect()
}

/// Whether the row only notes what a start of a model that stood already has found changed around it, by hand or by another model.
///
/// There is nothing in it to go back over, and it goes with the change that it stands on.
pub(super) fn is_note(rows: &[Revision], row: &Revision) -> bool {
    let plan = || row.plan.as_deref().and_then(|plan| Plan::from_json(plan).ok());
    if row.kind != Kind::Automatic || row.undo.is_some() || !plan().is_some_and(|plan| plan.is_empty()) {
        return false;
    }
    let mut below = rows.iter().rev().filter(|below| below.id < row.id && below.model == row.model);
    let stood = below.find(|below| below.kind == Kind::Automatic && below.status == row.status);
    stood.is_some_and(|stood| stood.version == row.version && stood.fingerprint == row.fingerprint)
}

/// Whether somebody has said after `revision` that the migration of `row` was taken back by hand: what it had left was there before the revision.
fn is_undone_since(rows: &[Revision], row: &Revision, revision: &Revision) -> bool {
    let number = |row: &Revision| row.version.parse::<u64>().ok();
    let is_numbered = |row: &Revision| row.kind == Kind::Numbered && row.status == Status::RolledBack;
    // The first that says so ended this row; a later one is of a migration that ran again.
    let mut said = rows.iter().filter(|said| {
        said.id > row.id
            && said.model == row.model
            && is_numbered(said)
            && said.snapshot.is_none()
            && number(said) == number(row)
    });
    is_numbered(row) && said.next().is_some_and(|said| said.id > revision.id)
}

/// Whether one can go back over the row: over a change, or a numbered migration.
pub(super) fn leads_on(row: &Revision) -> bool {
    row.is_change() || row.kind == Kind::Numbered
}

/// One revision that can be undone.
pub(crate) struct Way<'r> {
    pub(crate) revision: &'r Revision,
    /// Empty where the revision changed nothing, and of a numbered migration.
    pub(crate) undo: Plan,
    /// Of a numbered migration.
    pub(crate) down: Option<Down>,
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
    /// What the model left last, where a numbered migration has come between that and the revision.
    pub(crate) model_left: Option<Catalog>,
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
    /// Reads what is stored with `revision`, one of `rows`; `set` has what the program knows of numbered migrations.
    ///
    /// # Errors
    /// `Tampered` if a row that says where to go was edited; `History` if there is no way back, or it cannot be read.
    pub(crate) fn of(rows: &'r [Revision], revision: &'r Revision, set: &Migrations) -> Result<Way<'r>> {
        let mut below = rows.iter().rev().filter(|row| {
            row.id < revision.id
                && row.model == revision.model
                && (row.status == Status::Completed || is_undone_since(rows, row, revision))
                && row.snapshot.is_some()
        });
        let previous = below.next();
        let of_model = previous.filter(|row| row.kind == Kind::Numbered);
        let of_model = of_model.and_then(|_| below.find(|row| row.kind != Kind::Numbered));
        for row in [Some(revision), previous, of_model].into_iter().flatten() {
            refuse_edited(row, "what to go back to").map_err(|error| {
                error.help("find out who did it; restore the row, or a backup as a whole")
            })?;
        }
        let left = revision.snapshot.as_deref().ok_or_else(|| match revision.kind {
            Kind::Numbered => missing(revision, "it was recorded without being run"),
            _ => missing(revision, "it has no snapshot"),
        })?;
        let left = Snapshot::from_json(left)?;
        let before = match previous.and_then(|row| row.snapshot.as_deref()) {
            Some(text) => Snapshot::from_json(text)?,
            None => Snapshot::of_others(&revision.model, Catalog::default()),
        };
        let model_left = of_model.and_then(|row| row.snapshot.as_deref()).map(Snapshot::from_json);
        let model_left = model_left.transpose()?.map(|snapshot| snapshot.catalog);
        let plan = revision.plan.as_deref().map(Plan::from_json).transpose()?;
        // A revision that changed nothing has nothing to take back, whatever else it has found.
        let nothing = revision.undo.is_none() && plan.as_ref().is_some_and(Plan::is_empty);
        let found = left.start.as_ref().unwrap_or(if nothing { &left.catalog } else { &before.catalog });
        let target = found.clone();
        let loses = plan.as_ref().is_some_and(Plan::loses);
        let down = (revision.kind == Kind::Numbered)
            .then(|| Down::of(revision, set, &left.catalog, &target))
            .transpose()?;
        let undo = match (&revision.undo, plan) {
            _ if down.is_some() => Plan::empty(&revision.model, &before.version, PlanKey::default()),
            (Some(undo), _) => Plan::from_json(undo)?,
            (None, Some(plan)) if plan.is_empty() => plan,
            _ => return Err(missing(revision, "no way back is stored with it")),
        };
        let needs_backup = undo.needs_backup || loses;
        let mut converts = left.converts;
        converts.retain(|made| !before.converts.contains(made));
        let later = rows.iter().rev().find(|row| {
            row.id > revision.id
                && row.model != revision.model
                && row.status == Status::Completed
                && leads_on(row)
                && !is_note(rows, row)
        });
        let renames = renames_of(&undo);
        Ok(Way {
            revision,
            undo,
            down,
            needs_backup,
            left: left.catalog,
            target,
            renames,
            before,
            model_left,
            converts,
            later,
            alone: None,
        })
    }

    /// What the way back changes, as far as it is known before.
    pub(crate) fn changes(&self) -> impl Iterator<Item = &Change> {
        self.undo.changes().chain(self.down.iter().flat_map(|down| &down.goes))
    }

    /// The same for people.
    pub(crate) fn told(&self) -> Vec<String> {
        match &self.down {
            Some(down) => vec![format!("migration {}", down.title())],
            None => self.undo.changes().map(ToString::to_string).collect(),
        }
    }

    /// What is recorded of the state that the way back has reached.
    pub(crate) fn snapshot(&self, reached: Catalog) -> Snapshot {
        let before = self.alone.as_ref().map_or(&self.before, |alone| &alone.snapshot);
        // What migrations have made of the model's objects is no state of the model: its next start shall see the difference.
        let catalog = self.model_left.clone().filter(|_| self.alone.is_none()).unwrap_or(reached);
        Snapshot { catalog, start: None, ..before.clone() }
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

fn missing(revision: &Revision, what: &str) -> Error {
    Error::new(ErrorKind::History, format!("cannot undo revision {}: {what}", revision.id))
        .help("restore the backup that was made before it, as a whole")
}

/// The renames that a plan makes.
pub(crate) fn renames_of(plan: &Plan) -> Renames {
    let list = plan.changes().filter_map(|change| match change {
        Change::RenameTable { from, to } => Some(Rename { table: None, from: from.clone(), to: to.clone() }),
        Change::RenameColumn { table, from, to } => {
            Some(Rename { table: Some(table.clone()), from: from.clone(), to: to.clone() })
        }
        _ => None,
    });
    Renames { list: list.collect(), unmatched: Vec::new() }
}
