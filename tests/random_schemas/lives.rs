//! Lives of databases made up by dice: one version of a model after another, and back to earlier ones, under the policies that are the
//! default, with rows that arrive between them and objects that somebody else makes. What a model no longer has is retained.

use rusqlite::Connection;
use rusqlite::config::DbConfig;
use schema_runtime::testing::{Dice, fill_roughly};
use schema_runtime::{Catalog, DriftPolicy, Error, ErrorKind, Migrator, Outcome};
use schema_sql::{eq_name, quote_ident};

use super::grammar::Schema;
use super::make::Maker;
use super::{Ended, caught, each_seed};
use crate::support::carry::{Hints, carry};
use crate::support::memory;
use crate::support::pair::{HISTORY, parse};

/// A database, and the schema that its model had last.
struct Life {
    conn: Connection,
    dice: Dice,
    schema: Schema,
    /// Type and name of what somebody else has made.
    theirs: Vec<(&'static str, String)>,
    /// Whether somebody has changed something by hand since it was right.
    altered: bool,
    drift: DriftPolicy,
    ended: Ended,
}

/// Why a run may refuse: a change by hand, rows in the way, a model that is none, what depends on a column, a loss without consent, a name
/// that is taken.
const REFUSALS: [ErrorKind; 6] = [
    ErrorKind::Drift,
    ErrorKind::Data,
    ErrorKind::Model,
    ErrorKind::Dependent,
    ErrorKind::Refused,
    ErrorKind::Conflict,
];

impl Life {
    /// The start of a program whose model is `schema`.
    ///
    /// # Errors
    /// What must not be.
    fn start(&mut self, schema: &Schema) -> Result<(), String> {
        let Ok(model) = parse(&schema.sql(Some(&self.schema))) else {
            self.ended.push("no model".to_owned());
            return Ok(());
        };
        let migrator = Migrator::for_model(model).history_table(HISTORY).no_time_limit().drift(self.drift);
        let before = memory::copy_of(&self.conn);
        let was = memory::catalog(&before);
        let report = match migrator.run_on(&mut self.conn) {
            Ok(report) => report,
            Err(error) => return self.refused(&before, &error),
        };
        let told = |text: String| format!("{text}\n{report}");
        if report.outcome == Outcome::Repaired && !self.altered {
            return Err(told("nobody has changed anything of the model's".to_owned()));
        }
        let is = memory::catalog(&self.conn);
        let hints = applicable(schema.hints(&self.schema), &was, &is);
        self.healthy(&before).map_err(told)?;
        kept(&was, &is, &hints).map_err(told)?;
        self.theirs_are_there().map_err(told)?;
        let carried = carry((&before, &was), (&emptied(&self.conn), &is), &hints);
        if !carried.faults.is_empty() {
            return Err(told(format!("done, though SQLite refuses the rows: {:?}", carried.faults)));
        }
        carried.same_rows(&self.conn).map_err(told)?;
        let again = migrator.run_on(&mut self.conn).map_err(|error| told(format!("again\n{error}")))?;
        if again.outcome != Outcome::UpToDate {
            return Err(told(format!("again\n{again}")));
        }
        self.ended.push(format!("{:?}", report.outcome).to_lowercase());
        self.schema = schema.clone();
        self.altered = false;
        Ok(())
    }

    fn refused(&mut self, before: &Connection, error: &Error) -> Result<(), String> {
        if memory::everything(&self.conn) != memory::everything(before) {
            return Err(format!("refused, and changed\n{error}"));
        }
        if !REFUSALS.contains(&error.kind()) || (error.kind() == ErrorKind::Drift && !self.altered) {
            return Err(format!("refused for {:?}\n{error}", error.kind()));
        }
        self.ended.push(format!("refused for {:?}", error.kind()));
        Ok(())
    }

    /// The file is sound, and what worked before works.
    fn healthy(&self, before: &Connection) -> Result<(), String> {
        memory::as_sound_as(before, &self.conn)?;
        let broken = |conn: &Connection| memory::catalog(conn).broken().map_err(|error| error.to_string());
        let was = broken(before)?;
        match broken(&self.conn)?.iter().find(|fault| !was.has(fault)) {
            Some((kind, name, reason)) => Err(format!("{kind} {name} works no more: {reason}")),
            None => Ok(()),
        }
    }

    fn theirs_are_there(&self) -> Result<(), String> {
        let objects = memory::lines(&self.conn, "SELECT type, name FROM sqlite_schema")?;
        match self.theirs.iter().find(|(kind, name)| !objects.contains(&format!("'{kind}'|'{name}'"))) {
            Some((kind, name)) => Err(format!("{kind} {name} of somebody else is gone")),
            None => Ok(()),
        }
    }

    /// Rows arrive, and sometimes somebody makes something beside the model.
    fn lives_on(&mut self) {
        if self.dice.one_in(2) {
            self.is_added_to(&memory::catalog(&self.conn));
        }
        if self.dice.one_in(6) {
            self.is_altered(&memory::catalog(&self.conn));
        }
        let rows = [0, 1, 2, 5][self.dice.at(4)];
        self.conn.execute_batch("PRAGMA foreign_keys = OFF").expect("a pragma");
        let catalog = memory::catalog(&self.conn);
        fill_roughly(&self.conn, &catalog, &mut self.dice, rows).unwrap_or_else(|err| panic!("{err}"));
    }

    /// Somebody makes something beside the model.
    fn is_added_to(&mut self, catalog: &Catalog) {
        let Some(table) = catalog.tables.get(self.dice.at(catalog.tables.len().max(1))) else { return };
        let column = quote_ident(&table.columns[self.dice.at(table.columns.len())].name);
        let (name, table) = (format!("theirs{}", self.theirs.len()), quote_ident(&table.name));
        let (kind, sql) = match self.dice.roll(6) {
            0 => ("index", format!("CREATE INDEX {name} ON {table} ({column})")),
            1 => ("view", format!("CREATE VIEW {name} AS SELECT {column} AS c FROM {table}")),
            2 => ("view", format!("CREATE VIEW {name} AS SELECT * FROM {table}")),
            3 => {
                let rows = format!("INSERT INTO {name} VALUES (1, 2)");
                ("table", format!("CREATE TABLE {name} (x, {column} UNIQUE); {rows}"))
            }
            4 => {
                let on = format!("AFTER UPDATE OF {column} ON {table}");
                ("trigger", format!("CREATE TRIGGER {name} {on} BEGIN SELECT new.{column}; END"))
            }
            _ => ("column", format!("ALTER TABLE {table} ADD COLUMN {name} TEXT DEFAULT 'd'")),
        };
        if self.conn.execute_batch(&sql).is_ok() && kind != "column" {
            self.theirs.push((kind, name));
        }
    }

    /// Somebody takes something away from a table, or renames it.
    fn is_altered(&mut self, catalog: &Catalog) {
        let Some(table) = catalog.tables.get(self.dice.at(catalog.tables.len().max(1))) else { return };
        let column = quote_ident(&table.columns[self.dice.at(table.columns.len())].name);
        let name = quote_ident(&table.name);
        let sql = match self.dice.roll(4) {
            0 => table.indexes.first().map(|index| format!("DROP INDEX {}", quote_ident(&index.name))),
            1 => Some(format!("ALTER TABLE {name} DROP COLUMN {column}")),
            2 => Some(format!("ALTER TABLE {name} RENAME COLUMN {column} TO by_hand{}", self.ended.len())),
            _ => Some(format!("ALTER TABLE {name} RENAME TO by_hand{}", self.ended.len())),
        };
        let is_theirs = |name: &str| self.theirs.iter().any(|(_, theirs)| theirs == name);
        let index = table.indexes.first().is_some_and(|index| is_theirs(&index.name));
        if let Some(sql) = sql.filter(|_| !is_theirs(&table.name) && !index) {
            self.altered |= self.conn.execute_batch(&sql).is_ok();
        }
    }
}

/// The renames that a run could follow: of what was there, to what was not.
fn applicable(hints: Hints, was: &Catalog, is: &Catalog) -> Hints {
    let tables: Vec<(String, String)> = hints
        .tables
        .into_iter()
        .filter(|(from, to)| was.table(from).is_some() && was.table(to).is_none() && is.table(to).is_some())
        .collect();
    let old = |table: &str| {
        let from = tables.iter().find(|(_, to)| eq_name(to, table)).map_or(table, |(from, _)| from);
        was.table(from)
    };
    let column = |(table, from, to): &(String, String, String)| {
        old(table).is_some_and(|old| old.column(from).is_some() && old.column(to).is_none())
    };
    let columns = hints.columns.into_iter().filter(column).collect();
    Hints { columns, tables: tables.clone(), backfills: hints.backfills }
}

/// Whether every table and column is still there.
fn kept(was: &Catalog, is: &Catalog, hints: &Hints) -> Result<(), String> {
    for table in &was.tables {
        let name = hints.tables.iter().find(|(from, _)| eq_name(from, &table.name));
        let name = name.map_or(table.name.as_str(), |(_, to)| to);
        let Some(now) = is.table(name) else { return Err(format!("table {name} is gone")) };
        for column in &table.columns {
            let renamed =
                |(of, from, _): &&(String, String, String)| eq_name(of, name) && eq_name(from, &column.name);
            let column = hints.columns.iter().find(renamed).map_or(column.name.as_str(), |(_, _, to)| to);
            if now.column(column).is_none() {
                return Err(format!("column {name}.{column} is gone"));
            }
        }
    }
    Ok(())
}

/// The schema of a database, without its rows.
fn emptied(conn: &Connection) -> Connection {
    let made = memory::copy_of(conn);
    made.execute_batch("PRAGMA foreign_keys = OFF").expect("a pragma");
    made.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false).expect("triggers off");
    for table in &memory::catalog(conn).tables {
        made.execute_batch(&format!("DELETE FROM {}", quote_ident(&table.name))).expect("no rows");
    }
    made
}

/// One life: from version to version, and back.
fn life(seed: u64) -> Result<Ended, String> {
    let mut dice = Dice::new(seed);
    let mut maker = Maker::new(&mut dice);
    let first = maker.schema();
    let second = maker.evolve(&first);
    let third = maker.evolve(&second);
    let conn = memory::empty();
    let drift = if dice.one_in(3) { DriftPolicy::Repair } else { DriftPolicy::Refuse };
    let mut life = Life {
        conn,
        dice,
        schema: Schema::default(),
        theirs: Vec::new(),
        altered: false,
        drift,
        ended: Vec::new(),
    };
    for schema in [&first, &second, &third, &second, &first] {
        let (held, text) = (memory::script(&life.conn), schema.sql(Some(&life.schema)));
        let started = caught(|| life.start(schema).map(|()| Vec::new()));
        started.map_err(|fault| {
            format!("--- seed {seed}\n{fault}\n--- the database\n{held}\n--- the model\n{text}\n")
        })?;
        life.lives_on();
    }
    Ok(life.ended)
}

#[test]
fn nothing_is_lost_in_a_life_under_the_default_policies() {
    let tally = each_seed(300, |seed, _| life(seed));
    if tally.total >= 200 {
        assert!(
            tally.of("created") * 2 > tally.total && tally.of("migrated") > tally.total,
            "{:?}",
            tally.counts
        );
    }
}
