//! Ordered work: from a catalog and a target to steps, each with its SQL, method, cost and hazards.
//!
//! A plan is one serialisable value that library, command, tests and report share: the plan that is shown is the plan that
//! runs. Nothing here sees a connection; what the planner must know of the data comes as `Facts`.

mod aside;
mod checks;
mod cost;
mod edit;
mod hazard;
mod hygiene;
mod method;
mod order;
mod pace;
mod proof;
mod rebuild;
mod table;
mod virtual_tables;

use std::collections::BTreeMap;
use std::fmt;

use schema_sql::fold;
use serde::{Deserialize, Serialize};

pub use checks::{Check, CheckKind};
pub use hazard::{Hazard, HazardCode, is_model_lint};
pub(crate) use method::WAYS;
#[cfg(test)]
pub(crate) use order::catalog_step;
pub(crate) use order::{Request, in_main, plan};
pub use pace::Pace;
pub(crate) use proof::{TableProof, proofs};
pub(crate) use rebuild::{cast, held_name, made_up_where_added, rowid_name, stored};

use crate::catalog::Faults;
use crate::diff::Change;
use crate::error::{Error, ErrorKind, Result};

/// The format of a plan's JSON form; raised when a field changes its meaning.
pub const PLAN_FORMAT: u32 = 1;

/// Everything a run is going to do to the catalog and to rows, in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Plan {
    /// The format of this value, [`PLAN_FORMAT`].
    pub format: u32,
    /// The model's name.
    pub model: String,
    /// The model's version.
    pub version: String,
    /// SHA-256 of the catalog that the plan was made for, and the history's newest row: a plan fits nothing else.
    pub key: PlanKey,
    /// By what the estimates of the steps are multiplied already.
    #[serde(default, skip_serializing_if = "Pace::is_one")]
    pub pace: Pace,
    /// The steps.
    pub steps: Vec<Step>,
    /// In an undo: the rows that are there stand in its way until the backup's values are back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub needs_backup: bool,
}

/// What a plan was made for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PlanKey {
    /// SHA-256 of the names and texts of the live catalog's objects, in hexadecimal digits.
    pub catalog: String,
    /// The id of the newest history row, 0 where there is none.
    pub head: i64,
}

/// One step: what changes, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Step {
    /// What it changes.
    pub changes: Vec<Change>,
    /// The table, view or trigger it works on.
    pub object: String,
    /// Its statements, in order, without a trailing semicolon.
    pub sql: Vec<String>,
    /// Texts that are changed in place, before the statements run. Those of consecutive steps are changed together: SQLite
    /// parses the whole schema again once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub edits: Vec<CatalogEdit>,
    /// What the statements need of the connection.
    pub needs: Needs,
    /// How it works.
    pub method: Method,
    /// What a person should know.
    pub hazards: Vec<Hazard>,
    /// What the rows must satisfy before it may run.
    pub checks: Vec<Check>,
    /// What it is going to cost.
    pub cost: Cost,
    /// Whether the table's rows must be as many afterwards as before.
    pub keeps_rows: bool,
    /// In an undo: tables and columns that it brings back, whose values only the backup has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub restores: Vec<String>,
}

/// The stored `CREATE` text of a table or index that is changed in place; no page of it is touched.
///
/// SQLite: <https://www.sqlite.org/lang_altertable.html>, section 7.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CatalogEdit {
    /// The table or index, spelt as the catalog has it.
    pub name: String,
    /// Its new text.
    pub sql: String,
    /// Of an index: the name that it has afterwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<String>,
}

/// What a step needs of the connection besides foreign keys off, which every plan has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Needs {
    /// `legacy_alter_table` on, so that renaming a table away rewrites nothing else.
    pub legacy_alter: bool,
    /// Triggers disabled, so that filling rows has no side effect.
    pub triggers_off: bool,
    /// `writable_schema` on: SQLite then leaves alone what it cannot read for want of a function or collation, instead of
    /// refusing. Nothing is written to the schema by hand.
    pub writable_schema: bool,
}

/// How a step works; cheapest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Method {
    /// Only the catalog changes; no row is touched.
    Catalog,
    /// Rows are read, not written (an index that is built counts as this).
    Scan,
    /// Rows are written in place.
    Update,
    /// Rows are copied into a new table.
    Rebuild,
}

/// What a step or a plan costs.
///
/// The time is what the time limit counts: the checks of the rows, the rehearsal, the steps and the proofs after them. Where it
/// comes from is in the table of `plan/cost.rs`; [`Plan::pace`] fits it to the database.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Cost {
    /// Rows read or written.
    pub rows: u64,
    /// Bytes read or written.
    pub bytes: u64,
    /// Estimated time, milliseconds.
    pub ms: u64,
    /// Disk space needed besides the database's own, in bytes, until the next checkpoint or VACUUM.
    pub disk: u64,
}

/// How much a plan asks of the people who run it.
///
/// - simple: every step is a catalog change or a scan, and no hazard is about loss;
/// - moderate: rows are written or copied in one table, or a column or table is renamed, and no hazard is about loss;
/// - complex: rows are written or copied in several tables, or a hazard is about loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Complexity {
    /// See the type.
    Simple,
    /// See the type.
    Moderate,
    /// See the type.
    Complex,
}

/// What the planner must know of the data and of the engine.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts {
    /// `sqlite3_libversion_number()` at run time.
    pub(crate) sqlite: i32,
    /// By folded live name.
    pub(crate) tables: BTreeMap<String, TableFacts>,
    /// Views and triggers of the live catalog that do not work, by name, with the reason.
    pub(crate) broken: Faults,
    /// Whether some index or table needs a function or collation that is not registered, so that SQLite refuses to rename
    /// anything or to drop a column anywhere.
    pub(crate) unregistered: bool,
    /// Whether the connection forbids edits of the catalog (DEFENSIVE).
    pub(crate) defensive: bool,
    /// Whether the plan becomes a written migration: foreign keys are enforced while it runs, and a table that is empty here may have
    /// rows elsewhere.
    pub(crate) written: bool,
    /// What is known against this SQLite for a file in this journal mode.
    pub(crate) defects: Vec<String>,
    /// How fast this database changes, by its history.
    pub(crate) pace: Pace,
}

#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct TableFacts {
    /// The high-water mark of AUTOINCREMENT, 0 without one.
    pub(crate) mark: i64,
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
    /// Whether `rows` and `bytes` are a bound that was read off the ids and the file's size: nobody counted.
    pub(crate) about: bool,
}

impl TableFacts {
    /// The number of rows in words.
    pub(crate) fn shown(&self) -> String {
        let about = if self.about { "up to " } else { "" };
        if self.rows == 1 { format!("{about}1 row") } else { format!("{about}{} rows", self.rows) }
    }
}

impl Facts {
    pub(crate) fn of(&self, table: &str) -> TableFacts {
        self.tables.get(&fold(table)).copied().unwrap_or_default()
    }
}

impl Plan {
    /// A plan of no steps.
    pub(crate) fn empty(model: &str, version: &str, key: PlanKey) -> Plan {
        Plan {
            format: PLAN_FORMAT,
            model: model.to_owned(),
            version: version.to_owned(),
            key,
            pace: Pace::default(),
            steps: Vec::new(),
            needs_backup: false,
        }
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Every change, in order.
    pub fn changes(&self) -> impl Iterator<Item = &Change> {
        self.steps.iter().flat_map(|step| step.changes.iter())
    }

    /// Every hazard, in order.
    pub fn hazards(&self) -> impl Iterator<Item = &Hazard> {
        self.steps.iter().flat_map(|step| step.hazards.iter())
    }

    /// Whether it deletes or narrows something.
    pub(crate) fn loses(&self) -> bool {
        self.hazards().any(|hazard| hazard.code.is_loss())
    }

    /// The sum of the steps' costs.
    pub fn cost(&self) -> Cost {
        self.steps.iter().fold(Cost::default(), |sum, step| Cost {
            rows: sum.rows.saturating_add(step.cost.rows),
            bytes: sum.bytes.saturating_add(step.cost.bytes),
            ms: sum.ms.saturating_add(step.cost.ms),
            disk: sum.disk.saturating_add(step.cost.disk),
        })
    }

    /// How much the plan asks of the people who run it, by the rules of [`Complexity`].
    pub fn complexity(&self) -> Complexity {
        let writes = self.steps.iter().filter(|step| step.method >= Method::Update).count();
        let renames = self
            .changes()
            .any(|change| matches!(change, Change::RenameTable { .. } | Change::RenameColumn { .. }));
        if writes > 1 || self.loses() {
            Complexity::Complex
        } else if writes == 1 || renames {
            Complexity::Moderate
        } else {
            Complexity::Simple
        }
    }

    /// Where a run of steps with edits begins: all edits of that run, in order.
    pub(crate) fn edits_from(&self, at: usize) -> Option<Vec<&CatalogEdit>> {
        let begins = at == 0 || self.steps.get(at - 1).is_none_or(|step| step.edits.is_empty());
        if !begins {
            return None;
        }
        let run = self.steps.iter().skip(at).take_while(|step| !step.edits.is_empty());
        let edits: Vec<&CatalogEdit> = run.flat_map(|step| &step.edits).collect();
        (!edits.is_empty()).then_some(edits)
    }

    /// The edits of the run of steps that begins at `at` as a script; `None` where none begins there.
    ///
    /// A table that is made and dropped gives the schema another cookie, whatever number it has; without it other connections
    /// would go on by the old texts.
    pub fn edit_script(&self, at: usize) -> Option<String> {
        let edits: Vec<String> = self.edits_from(at)?.iter().map(|edit| edit.to_sql() + ";\n").collect();
        Some(format!(
            "PRAGMA writable_schema = ON;\n{}CREATE TABLE main.__schema_cookie (x);\n\
             DROP TABLE main.__schema_cookie;\nPRAGMA writable_schema = RESET;\n",
            edits.concat()
        ))
    }

    /// The plan as JSON, of the format that [`Plan::format`] says.
    ///
    /// # Errors
    /// `History` if it cannot be written as JSON.
    pub fn to_json(&self) -> Result<String> {
        serde_json::to_string(self)
            .map_err(|err| Error::new(ErrorKind::History, "cannot write the plan as JSON").source(err))
    }

    /// Reads a plan that [`to_json`](Self::to_json) wrote.
    ///
    /// # Errors
    /// `History` if the text is no plan, or one of a newer format.
    pub fn from_json(text: &str) -> Result<Plan> {
        let plan: Plan = serde_json::from_str(text).map_err(|err| {
            Error::new(ErrorKind::History, "cannot read the plan")
                .source(err)
                .state("nothing was changed")
                .help("make the plan again")
        })?;
        if plan.format > PLAN_FORMAT {
            return Err(Error::new(
                ErrorKind::History,
                format!(
                    "cannot read a plan of format {}: this program knows format {PLAN_FORMAT}",
                    plan.format
                ),
            )
            .state("nothing was changed")
            .help("update the program"));
        }
        Ok(plan)
    }

    /// The plan as an SQL script, for people to read or to run by hand with foreign keys off.
    pub fn to_sql(&self) -> String {
        let mut script = String::new();
        let mut legacy = false;
        for (at, step) in self.steps.iter().enumerate() {
            if step.needs.legacy_alter != legacy {
                legacy = step.needs.legacy_alter;
                script.push_str(if legacy {
                    "PRAGMA legacy_alter_table = ON;\n"
                } else {
                    "PRAGMA legacy_alter_table = OFF;\n"
                });
            }
            script.push_str(&self.edit_script(at).unwrap_or_default());
            for sql in &step.sql {
                script.push_str(sql);
                script.push_str(";\n");
            }
        }
        if legacy {
            script.push_str("PRAGMA legacy_alter_table = OFF;\n");
        }
        script
    }
}

impl CatalogEdit {
    /// The edit as a statement, which `writable_schema` must allow.
    pub fn to_sql(&self) -> String {
        let (sql, name) = (schema_sql::quote_str(&self.sql), schema_sql::quote_str(&self.name));
        match &self.index {
            None => {
                format!("UPDATE main.sqlite_schema SET sql = {sql} WHERE type = 'table' AND name = {name}")
            }
            Some(new) => format!(
                "UPDATE main.sqlite_schema SET name = {}, sql = {sql} WHERE type = 'index' AND name = {name}",
                schema_sql::quote_str(new)
            ),
        }
    }
}

impl Step {
    /// All that it runs, in order: edits of the catalog as updates of `sqlite_schema`, then its statements.
    pub fn statements(&self) -> Vec<String> {
        self.edits.iter().map(CatalogEdit::to_sql).chain(self.sql.iter().cloned()).collect()
    }

    /// One line: the changes, joined.
    pub fn summary(&self) -> String {
        if self.changes.is_empty() {
            return self.upkeep();
        }
        let changes: Vec<String> = self.changes.iter().map(ToString::to_string).collect();
        match (self.method, changes.len()) {
            (Method::Rebuild, 2..) => format!("rebuild table {}: {}", self.object, changes.join("; ")),
            _ => changes.join("; "),
        }
    }
}

impl Step {
    /// Whether it only makes a table, an index, a view or a trigger.
    pub(crate) fn only_creates(&self) -> bool {
        self.edits.is_empty()
            && self.needs == Needs::default()
            && !self.changes.is_empty()
            && self.changes.iter().all(Change::creates)
    }

    /// What a step does that changes nothing by itself and serves the others.
    fn upkeep(&self) -> String {
        let object = crate::catalog::name_sql(&self.object);
        let of_sequence = ["DELETE FROM main.sqlite_sequence ", "CREATE TABLE main.__schema_sequence "];
        if self.sql.first().is_some_and(|sql| of_sequence.iter().any(|start| sql.starts_with(start))) {
            return format!("note the highest id of {object}");
        }
        match self.sql.first().and_then(|sql| sql.split_ascii_whitespace().next()) {
            Some("DROP") => format!("set aside {object}"),
            Some("CREATE") => format!("put back {object}"),
            Some("UPDATE") => format!("write rows of {object}"),
            Some("REINDEX") => format!("build the indexes of {object} anew"),
            _ => format!("fill {object} anew"),
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Method::Catalog => "catalog",
            Method::Scan => "scan",
            Method::Update => "update",
            Method::Rebuild => "rebuild",
        })
    }
}

impl fmt::Display for Plan {
    /// One line a step: number, method and changes; below it its hazards.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.steps.is_empty() {
            return f.write_str("nothing to do");
        }
        for (at, step) in self.steps.iter().enumerate() {
            if at > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{}. {} ({})", at + 1, step.summary(), step.method)?;
            for hazard in &step.hazards {
                write!(f, "\n   {hazard}")?;
            }
        }
        Ok(())
    }
}
