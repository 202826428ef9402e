//! One change from a filled database to a schema as SQL, held to everything that can be proved of it.

use rusqlite::Connection;
use schema_runtime::{
    Catalog, Error, ErrorKind, Method, Migrator, Model, ModelOptions, Outcome, Plan, RemovalPolicy,
};

use super::carry::{Carried, Hints, carry};
use super::memory;
use super::oracle::{self, Alike};

/// A schema as SQL, and what is made of it.
pub struct Target {
    /// `None` where the text is no model.
    pub model: Option<Model>,
    /// Without rows.
    pub fresh: Connection,
    pub catalog: Catalog,
}

impl Target {
    /// The schema of a database without rows.
    pub fn of(fresh: Connection) -> Target {
        let sql = memory::script(&fresh);
        let catalog = memory::catalog(&fresh);
        Target { model: parse(&sql).ok(), fresh, catalog }
    }
}

/// What is migrated to what.
pub struct Pair<'a> {
    /// With rows; whatever the target lacks is the model's own.
    pub filled: &'a Connection,
    /// The schema of `filled`.
    pub from: &'a Target,
    /// The target, with directives.
    pub to: &'a Target,
    pub hints: &'a Hints,
    /// Conversions that lose something are allowed.
    pub consent: bool,
}

/// How it ended, where nothing is wrong with it.
pub enum End {
    /// There was nothing to do.
    Nothing,
    /// Changed; whether the undo brought it back or was refused; how like the programs are.
    Changed { plan: Box<Plan>, undone: bool, alike: Alike },
    /// The rows stand in the way: those of these tables.
    Rows { tables: Vec<String>, error: Box<Error> },
    /// Refused for another reason, before anything was touched.
    Refused(Box<Error>),
}

/// The name of the history: one that no schema has. A real one has a table `migration_history` of its own.
pub const HISTORY: &str = "history_of_schema";

/// The model of this text.
pub fn parse(sql: &str) -> Result<Model, Error> {
    Model::from_sql(sql, "schema.sql", "main", &ModelOptions::new().history_table(HISTORY))
}

fn violations(conn: &Connection) -> Option<usize> {
    memory::lines(conn, "SELECT * FROM pragma_foreign_key_check").ok().map(|lines| lines.len())
}

impl Pair<'_> {
    pub fn migrator(&self) -> Migrator {
        let model = self.to.model.clone().expect("a target");
        let migrator =
            Migrator::for_model(model).removed(RemovalPolicy::Drop).history_table(HISTORY).no_time_limit();
        if self.consent { migrator.allow("L103") } else { migrator }
    }

    /// Migrates, and proves what came of it.
    ///
    /// # Errors
    /// What is wrong, as text.
    pub fn run(&self) -> Result<End, String> {
        let mut conn = memory::copy_of(self.filled);
        conn.execute_batch("PRAGMA foreign_keys = ON").expect("a pragma");
        let carried =
            carry((self.filled, &self.from.catalog), (&self.to.fresh, &self.to.catalog), self.hints);
        let migrator = self.migrator();
        let report = match migrator.run_on(&mut conn) {
            Ok(report) => report,
            Err(error) => return self.refused(&conn, error, &carried),
        };
        let told = |text: String| format!("{text}\n{report}");
        self.healthy(&conn).map_err(told)?;
        if !carried.faults.is_empty() {
            return Err(told(format!("done, though SQLite refuses the rows: {:?}", carried.faults)));
        }
        carried.same_rows(&conn).map_err(told)?;
        same_schema(self.to, &conn).map_err(told)?;
        let alike = oracle::compare(&conn, &self.to.fresh).map_err(told)?;
        match migrator.run_on(&mut conn) {
            Ok(second) if second.outcome == Outcome::UpToDate => {}
            Ok(second) => return Err(told(format!("again\n{second}"))),
            Err(error) => return Err(told(format!("again\n{error}"))),
        }
        let again =
            migrator.dry_run(true).run_on(&mut conn).map_err(|error| told(format!("again\n{error}")))?;
        if !again.plan.is_empty() {
            return Err(told(format!("again\n{}", again.plan)));
        }
        if report.plan.is_empty() {
            return Ok(End::Nothing);
        }
        let undone = self.undo(&mut conn, &carried).map_err(told)?;
        Ok(End::Changed { plan: Box::new(report.plan.clone()), undone, alike })
    }

    fn healthy(&self, conn: &Connection) -> Result<(), String> {
        memory::as_sound_as(self.filled, conn)?;
        let (before, after) = (violations(self.filled), violations(conn));
        if before.is_some() && (after.is_none() || after > before) {
            return Err(format!("foreign keys: {before:?} violations, now {after:?}"));
        }
        let left = "SELECT name FROM sqlite_schema WHERE name LIKE '\\_\\_schema%' ESCAPE '\\'";
        match memory::lines(conn, left)?.as_slice() {
            [] => Ok(()),
            left => Err(format!("left over: {left:?}")),
        }
    }

    fn undo(&self, conn: &mut Connection, carried: &Carried) -> Result<bool, String> {
        let left = memory::copy_of(conn);
        if let Err(error) = schema_runtime::testing::undo_last_of("main", HISTORY, conn) {
            if memory::everything(conn) != memory::everything(&left) {
                return Err(format!("the refused undo left traces\n{error}"));
            }
            let text = error.to_string();
            // Rows that only the backup has are missed by a rule of before.
            let known = [
                "constraint failed",
                "foreign key",
                "backup",
                "rows of `",
                "datatype mismatch",
                "cannot store",
            ];
            return if known.iter().any(|part| text.contains(part)) {
                Ok(false)
            } else {
                Err(format!("the undo\n{error}"))
            };
        }
        let told = |text: String| format!("after the undo\n{text}");
        memory::as_sound_as(self.filled, conn).map_err(told)?;
        oracle::compare(conn, &self.from.fresh).map_err(told)?;
        carried.same_survivors(conn).map_err(told)?;
        Ok(true)
    }

    fn refused(&self, conn: &Connection, error: Error, carried: &Carried) -> Result<End, String> {
        if memory::everything(conn) != memory::everything(self.filled) {
            return Err(format!("refused, and changed\n{error}"));
        }
        let text = error.to_string();
        // A parent's key that is computed, say, cannot be asked for before it is there.
        let parents = error.kind() == ErrorKind::Data && text.contains("refer to a missing parent");
        // With consent, a value may be of another type than its column: what a CHECK makes of it is left to SQLite.
        let checked = self.consent && text.contains("CHECK constraint failed");
        if text.contains("cannot apply") && !parents && !checked {
            return Err(format!("found out late\n{error}"));
        }
        if error.kind() != ErrorKind::Data {
            return Ok(End::Refused(Box::new(error)));
        }
        let reasons = if self.consent { carried.faults.clone() } else { carried.reasons() };
        let named = reasons.iter().any(|(table, _)| {
            text.contains(&format!("`{table}`"))
                || text.contains(&format!("`{}`", self.hints.old_table(table)))
                || text.contains(table.as_str())
        });
        if !named {
            return Err(format!("refused, though SQLite would take the rows: {reasons:?}\n{error}"));
        }
        Ok(End::Rows { tables: carried.at_fault(), error: Box::new(error) })
    }
}

/// Whether our own reader finds no difference between the schema and what the database holds.
fn same_schema(wanted: &Target, conn: &Connection) -> Result<(), String> {
    let Some(model) = &wanted.model else { return Ok(()) };
    let found = parse(&memory::script(conn)).map_err(|err| format!("what it left is no schema\n{err}"))?;
    let plan = Migrator::for_model(model.clone())
        .history_table(HISTORY)
        .diff(&found)
        .map_err(|err| format!("the difference\n{err}"))?;
    if plan.is_empty() { Ok(()) } else { Err(format!("another schema than wanted:\n{plan}")) }
}

/// The heaviest method of the plan, and whether it edits the catalog.
pub fn method(plan: &Plan) -> String {
    let edits = plan.steps.iter().any(|step| !step.edits.is_empty());
    let heaviest = plan.steps.iter().map(|step| step.method).max().unwrap_or(Method::Catalog);
    format!("{heaviest:?}{}", if edits { " with edits" } else { "" }).to_lowercase()
}

/// A pair that is kept, with rows of its own.
pub struct Kept {
    /// A sentence about behaviour.
    pub name: &'static str,
    pub before: &'static str,
    /// SQL that fills the tables, and may alter them.
    pub rows: &'static str,
    /// The target, with directives.
    pub after: &'static str,
    /// Tables by their old and new names.
    pub tables: &'static [(&'static str, &'static str)],
    /// Columns: the table's new name, and the old and new one of the column.
    pub columns: &'static [(&'static str, &'static str, &'static str)],
    /// Table, column and expression.
    pub backfills: &'static [(&'static str, &'static str, &'static str)],
    pub consent: bool,
    /// How it ends: the plan's heaviest method, or `rows: ` or `refused: ` and a part of the message.
    pub ends: &'static str,
}

impl Kept {
    pub const DEFAULT: Kept = Kept {
        name: "",
        before: "",
        rows: "",
        after: "",
        tables: &[],
        columns: &[],
        backfills: &[],
        consent: false,
        ends: "",
    };

    fn run(&self) -> Result<String, String> {
        let (mut conn, fresh) = (memory::empty(), memory::empty());
        for made in [&conn, &fresh] {
            made.execute_batch(self.before).map_err(|err| format!("before: {err}"))?;
        }
        conn.execute_batch("PRAGMA foreign_keys = OFF").expect("a pragma");
        conn.execute_batch(self.rows).map_err(|err| format!("rows: {err}"))?;
        let from = Target::of(memory::without_rows(&conn, fresh));
        let model = from.model.clone().ok_or("the first schema is no model")?;
        Migrator::for_model(model)
            .history_table(HISTORY)
            .run_on(&mut conn)
            .map_err(|error| format!("the adoption\n{error}"))?;
        let model = match parse(self.after) {
            Ok(model) => model,
            Err(error) => return Ok(format!("refused: {error}")),
        };
        let made = memory::empty();
        made.execute_batch("PRAGMA foreign_keys = OFF").expect("a pragma");
        made.execute_batch(self.after).map_err(|err| format!("after: {err}"))?;
        let to = Target { model: Some(model), ..Target::of(made) };
        let owned = |(a, b, c): &(&str, &str, &str)| ((*a).to_owned(), (*b).to_owned(), (*c).to_owned());
        let hints = Hints {
            tables: self.tables.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect(),
            columns: self.columns.iter().map(owned).collect(),
            backfills: self.backfills.iter().map(owned).collect(),
        };
        let pair = Pair { filled: &conn, from: &from, to: &to, hints: &hints, consent: self.consent };
        Ok(match pair.run()? {
            End::Nothing => "nothing".to_owned(),
            End::Changed { plan, undone, .. } => {
                format!("{}{}", method(&plan), if undone { "" } else { ", undo refused" })
            }
            End::Rows { error, .. } => format!("rows: {error}"),
            End::Refused(error) => format!("refused: {error}"),
        })
    }
}

/// Runs every kept pair and reports all that fail, or end otherwise.
pub fn run_kept(kept: &[Kept]) {
    let mut failures = String::new();
    for pair in kept {
        let (kind, part) = pair.ends.split_once(": ").unwrap_or((pair.ends, ""));
        match pair.run() {
            Ok(end) if part.is_empty() && end == kind => {}
            Ok(end) if !part.is_empty() && end.starts_with(kind) && end.contains(part) => {}
            Ok(end) => failures.push_str(&format!("--- {}\nends with {end}\n\n", pair.name)),
            Err(text) => failures.push_str(&format!("--- {}\n{text}\n\n", pair.name)),
        }
    }
    assert!(failures.is_empty(), "{failures}");
}
