//! The automatic plan, written as a numbered migration: for teams that review SQL.
//!
//! A plan runs with foreign keys off, a migration with foreign keys enforced and without pragmas that outlive it. So each step is said anew,
//! on a scratch copy that has come as far: a table is rebuilt by way of a copy, together with the tables that refer to it, and triggers are
//! out of the way while rows are written. What a plan would ask the rows beforehand stands at the head of the file. Up and down then run on
//! copies with rows, and must lead to the target and back.

use std::path::Path;
use std::sync::Arc;

use rusqlite::Connection;
use schema_sql::{eq_name, idents, quote_ident, quote_str};

use crate::catalog::{self, Catalog, TableInfo, TriggerInfo, table_sql};
use crate::connection::{self, OpenMode, SqliteResult};
use crate::diff::{Change, diff};
use crate::error::{Error, ErrorKind, Result};
use crate::found;
use crate::migration::Migration;
use crate::migrator::Migrator;
use crate::plan::{CheckKind, Method, Plan, Step, held_name, in_main, rowid_name};
use crate::prepare::Prepared;
use crate::run::{Run, summary};
use crate::trial::{Trial, unfit};

/// What [`Migrator::author`] gives back.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Authored {
    /// The changes in one line, as the history would have them.
    pub summary: String,
    /// The text of the migration, without a description; empty where nothing is to do.
    pub up: String,
    /// The text that leads back; `None` where there is none that can be written.
    pub down: Option<String>,
    /// Why there is no way back, and what people should know of what is written.
    pub notes: Vec<String>,
}

impl<'a> Run<'a> {
    pub(crate) fn author(migrator: &'a Migrator, path: &Path) -> Result<Authored> {
        let mut planning = migrator.clone();
        (planning.options.dry_run, planning.options.written) = (true, true);
        let mut run = Run::new(&planning);
        let options = run.options;
        let conn = connection::open(path, OpenMode::ReadOnly, options.hook.as_ref(), options.lock_wait)?;
        connection::refuse_cut_file(&conn)?;
        connection::begin_reading(&conn)?;
        let migrations = Arc::clone(&options.migrations);
        let due = run.due(&conn, &migrations)?;
        if !due.is_empty() {
            return Err(Error::new(
                ErrorKind::Pending,
                "numbered migrations are due, and come before the next one",
            )
            .cause(format!("due: {}", due.titles()))
            .state("nothing was written")
            .help("apply them to this database, then write the next"));
        }
        let found = run.found(&conn)?;
        let prepared = run.prepare(&conn, found, true)?;
        if prepared.found.newer.is_some() {
            return Err(run
                .newer(&prepared)
                .err()
                .unwrap_or_else(|| wrong("the database is of a newer version than the model".to_owned())));
        }
        let author = Author { conn: &conn, migrator: &planning, own: found::own_tables(&planning) };
        author.write(&prepared)
    }
}

struct Author<'a> {
    conn: &'a Connection,
    migrator: &'a Migrator,
    own: Vec<String>,
}

fn wrong(cause: String) -> Error {
    Error::new(ErrorKind::Migration, "the change cannot be written as a migration")
        .cause(cause)
        .state("nothing was written")
        .help("let the program make it when it starts, or `schema apply`")
}

impl Author<'_> {
    fn write(&self, prepared: &Prepared) -> Result<Authored> {
        let mut authored = Authored {
            summary: summary(&prepared.plan),
            up: String::new(),
            down: None,
            notes: prepared.notes.iter().map(|note| note.text.clone()).collect(),
        };
        if prepared.plan.is_empty() {
            return Ok(authored);
        }
        let start = &prepared.found.live;
        authored.up = self.guards(&prepared.plan)? + &self.text(&prepared.plan, start)?;
        let mut trial = Trial::of_database(found::scratch(self.conn, self.migrator)?, self.conn, start)?;
        let reached = self.prove(&mut trial, &authored.up, &prepared.target.catalog, &|table| {
            prepared.found.model.table_hints(table).exact_order
        })?;
        match self.way_back(prepared, &mut trial, &reached) {
            Ok((down, notes)) => {
                authored.down = Some(down);
                authored.notes.extend(notes);
            }
            Err(error) => {
                let why = error.causes().first().map_or_else(|| error.what().to_owned(), Clone::clone);
                authored.notes.push(format!("there is no way back in SQL: {why}"));
            }
        }
        Ok(authored)
    }

    /// The way back, proved on the copy that has gone there, and what it does not bring back.
    fn way_back(
        &self,
        prepared: &Prepared,
        trial: &mut Trial,
        reached: &Catalog,
    ) -> Result<(String, Vec<String>)> {
        let undo = prepared
            .undo
            .as_ref()
            .ok_or_else(|| wrong("the change cannot be undone step by step".to_owned()))?;
        if undo.needs_backup {
            return Err(wrong(
                "the rows that are there stand in its way until a backup has given their values back"
                    .to_owned(),
            ));
        }
        let lost: Vec<&str> = undo.steps.iter().flat_map(|step| &step.restores).map(String::as_str).collect();
        let mut text = String::new();
        let mut notes = Vec::new();
        if !lost.is_empty() {
            let lost = lost.join(", ");
            text.push_str(&format!("-- Comes back without its values, which only a backup has: {lost}.\n"));
            notes.push(format!("the way back does not bring values back, which only a backup has: {lost}"));
        }
        text.push_str(&self.text(undo, reached)?);
        self.prove(trial, &text, &prepared.found.live, &|_| true)?;
        Ok((text, notes))
    }

    /// Runs the text on the copy as a migration, and compares; gives back what is reached.
    fn prove(
        &self,
        trial: &mut Trial,
        text: &str,
        target: &Catalog,
        exact: &dyn Fn(&str) -> bool,
    ) -> Result<Catalog> {
        let migration = Migration::sql(1, "written", text)?;
        let before = trial.catalog()?;
        let counts: Vec<(String, i64)> = before
            .tables
            .iter()
            .filter(|table| target.table(&table.name).is_some())
            .map(|table| trial.count(&table.name).map(|count| (table.name.clone(), count)))
            .collect::<Result<_>>()?;
        trial.run(&migration, &migration.up).map_err(|error| {
            unfit("the change cannot be written as a migration: it fails on a copy with rows", &error)
                .help("let the program make it when it starts, or `schema apply`")
        })?;
        let reached = trial.catalog()?;
        if let Some(change) = diff(&reached, target, exact).first() {
            return Err(wrong(format!("left over: {change}")));
        }
        for (table, count) in counts {
            let after = trial.count(&table)?;
            if after != count {
                return Err(wrong(format!("on a copy `{table}` had {count} rows, and has {after} after it")));
            }
        }
        Ok(reached)
    }

    /// What the rows must satisfy that no statement of the plan would notice.
    fn guards(&self, plan: &Plan) -> Result<String> {
        let mut text = String::new();
        for check in plan.steps.iter().flat_map(|step| &step.checks) {
            let consented =
                self.migrator.options.consents.iter().any(|one| one.covers(check.code, &check.object));
            if !matches!(check.kind, CheckKind::Conversion | CheckKind::Empty)
                || (check.code.is_loss() && consented)
            {
                continue;
            }
            // The name of the rule is what SQLite says where a row breaks it.
            let rule = quote_ident(&format!("{}: {}", check.object, check.fault));
            text.push_str(&format!(
                "-- {} {}: no row may be at fault here: {}.\nCREATE TABLE main.__schema_guard (ok CONSTRAINT {rule} CHECK (ok));\n\
                 INSERT INTO main.__schema_guard SELECT NOT EXISTS ({});\nDROP TABLE main.__schema_guard;\n",
                check.code.code(),
                check.object,
                check.fault,
                check.query
            ));
        }
        Ok(text)
    }

    /// The steps as statements that a migration may have, each said for the catalog that it finds.
    fn text(&self, plan: &Plan, start: &Catalog) -> Result<String> {
        let scratch = found::scratch(self.conn, self.migrator)?;
        catalog::replay(&scratch, start, &mut |_| Ok(()))?;
        let mut text = String::new();
        let mut deferred = false;
        for step in in_order(plan, start) {
            if !step.edits.is_empty() || step.needs.writable_schema {
                return Err(wrong(format!(
                    "`{}` needs an edit of the stored schema, or a function that is not registered",
                    step.summary()
                )));
            }
            let now = catalog::read(&scratch, "main", &self.own)?;
            let statements = said(step, &now, &mut deferred);
            text.push_str(&format!("-- {}\n", step.summary().replace('\n', " ")));
            for sql in &statements {
                // Without rows foreign keys say nothing here.
                if !sql.starts_with("PRAGMA") {
                    scratch.execute_batch(sql).at(|| {
                        format!("the change cannot be written as a migration: `{}` fails", step.summary())
                    })?;
                }
                text.push_str(sql);
                text.push_str(";\n");
            }
        }
        Ok(text)
    }
}

/// The steps, but of tables that are dropped those first that refer to another one: its rows would go by its foreign keys, and triggers
/// would fire.
fn in_order<'p>(plan: &'p Plan, start: &Catalog) -> Vec<&'p Step> {
    let dropped = |step: &&Step| matches!(step.changes.as_slice(), [Change::DropTable { .. }]);
    let mut drops: Vec<&Step> = plan.steps.iter().filter(dropped).collect();
    let names: Vec<String> = drops.iter().map(|step| step.object.clone()).collect();
    let order = children_first(start, &names);
    let rank = |step: &&Step| order.iter().position(|name| eq_name(name, &step.object)).unwrap_or(usize::MAX);
    drops.sort_by_key(rank);
    let mut drops = drops.into_iter();
    plan.steps.iter().map(|step| if dropped(&step) { drops.next().unwrap_or(step) } else { step }).collect()
}

fn refers(table: &TableInfo, parent: &str) -> bool {
    table.foreign_keys.iter().any(|key| eq_name(&key.table, parent))
}

/// The tables, none before one that refers to it, as far as there is no circle.
fn children_first(catalog: &Catalog, names: &[String]) -> Vec<String> {
    let mut left: Vec<String> = names.to_vec();
    let mut order = Vec::new();
    while !left.is_empty() {
        let is_free = |name: &String| {
            !left.iter().any(|other| {
                !eq_name(other, name) && catalog.table(other).is_some_and(|table| refers(table, name))
            })
        };
        let next = left.iter().position(is_free).unwrap_or(0);
        order.push(left.remove(next));
    }
    order
}

/// The statements of a step for the catalog `now`.
fn said(step: &Step, now: &Catalog, deferred: &mut bool) -> Vec<String> {
    let is_copy = step.method == Method::Rebuild && now.table(&step.object).is_some();
    let mut sql = match is_copy {
        true => return by_copy(step, now, deferred),
        false => step.sql.iter().filter_map(|sql| without_if_exists(sql, &step.object, now)).collect(),
    };
    if step.needs.triggers_off {
        let triggers: Vec<&TriggerInfo> = triggers_on(now, std::slice::from_ref(&step.object));
        let drops = triggers.iter().map(|trigger| drop_trigger(trigger));
        sql = drops.chain(sql).chain(triggers.iter().map(|trigger| in_main(&trigger.sql))).collect();
    }
    sql
}

/// A migration fails where the object is not as expected; what is gone with its table needs no statement.
fn without_if_exists(sql: &str, name: &str, now: &Catalog) -> Option<String> {
    for (start, plain, is_there) in [
        ("DROP TRIGGER IF EXISTS ", "DROP TRIGGER ", now.trigger(name).is_some()),
        ("DROP VIEW IF EXISTS ", "DROP VIEW ", now.view(name).is_some()),
    ] {
        if let Some(rest) = sql.strip_prefix(start) {
            return is_there.then(|| format!("{plain}{rest}"));
        }
    }
    Some(sql.to_owned())
}

fn triggers_on<'c>(catalog: &'c Catalog, tables: &[String]) -> Vec<&'c TriggerInfo> {
    let on = |trigger: &&TriggerInfo| tables.iter().any(|table| eq_name(table, &trigger.table));
    catalog.triggers.iter().filter(on).collect()
}

fn drop_trigger(trigger: &TriggerInfo) -> String {
    format!("DROP TRIGGER main.{}", quote_ident(&trigger.name))
}

/// A rebuild under enforced foreign keys. To drop a table deletes its rows first, which takes along or refuses those that refer to it; so all
/// tables that refer to it, and those that refer to them, are copied and dropped too, made again, and filled behind it.
///
/// SQLite: <https://www.sqlite.org/foreignkeys.html>, section 5.
fn by_copy(step: &Step, now: &Catalog, deferred: &mut bool) -> Vec<String> {
    let Some(table) = now.table(&step.object) else { return step.sql.clone() };
    let followers = followers(now, &table.name);
    let mut all: Vec<String> = followers.iter().map(|table| table.name.clone()).collect();
    all.push(table.name.clone());
    let mut sql = Vec::new();
    if !*deferred && (!followers.is_empty() || refers(table, &table.name)) {
        *deferred = true;
        sql.push("PRAGMA defer_foreign_keys = ON".to_owned());
    }
    let others: Vec<&TriggerInfo> = triggers_on(now, &all);
    sql.extend(others.iter().map(|trigger| drop_trigger(trigger)));
    std::iter::once(table).chain(followers.iter().copied()).for_each(|table| hold(now, table, &mut sql));
    for name in children_first(now, &all) {
        sql.push(format!("DROP TABLE main.{}", quote_ident(&name)));
    }
    // The first statement is the rename that this is instead of; then the table is made, filled and the copy dropped.
    let mut rest = step.sql.iter().skip(1);
    sql.extend(rest.next().cloned());
    let rest: Vec<&String> = rest.collect();
    sql.extend(followers.iter().map(|table| in_main(&table.sql)));
    // What fills it may read a table that refers to it.
    let reads = |table: &&&TableInfo| {
        let fill = rest.first().map(|sql| idents(sql).unwrap_or_default()).unwrap_or_default();
        fill.iter().any(|name| eq_name(name, &table.name))
    };
    let (read, unread): (Vec<&TableInfo>, Vec<&TableInfo>) =
        followers.iter().copied().partition(|table| reads(&table));
    read.iter().for_each(|table| put_back(now, table, &mut sql));
    let is_trigger =
        |sql: &&&String| schema_sql::create_kind(sql.as_str()) == Some(schema_sql::CreateKind::Trigger);
    sql.extend(rest.iter().filter(|sql| !is_trigger(sql)).map(|sql| (*sql).clone()));
    unread.iter().for_each(|table| put_back(now, table, &mut sql));
    for table in &followers {
        sql.extend(table.indexes.iter().map(|index| in_main(&index.sql)));
    }
    sql.extend(rest.iter().filter(is_trigger).map(|sql| (*sql).clone()));
    let of_followers = others.iter().filter(|trigger| !eq_name(&trigger.table, &table.name));
    sql.extend(of_followers.map(|trigger| in_main(&trigger.sql)));
    sql
}

/// The tables that refer to `name`, and those that refer to them, without itself; a parent before its children.
fn followers<'c>(catalog: &'c Catalog, name: &str) -> Vec<&'c TableInfo> {
    let mut names = vec![name.to_owned()];
    let mut at = 0;
    while let Some(parent) = names.get(at).cloned() {
        at += 1;
        for child in catalog.tables.iter().filter(|table| refers(table, &parent)) {
            if !names.iter().any(|known| eq_name(known, &child.name)) {
                names.push(child.name.clone());
            }
        }
    }
    let names = names.split_off(1);
    let mut order = children_first(catalog, &names);
    order.reverse();
    order.iter().filter_map(|name| catalog.table(name)).collect()
}

/// The columns that are copied: the rowid where it is no column, and all but the generated ones; of the copy all.
fn copied(table: &TableInfo, generated: bool) -> Vec<String> {
    let rowid = rowid_name(table).filter(|_| !table.primary_key.as_ref().is_some_and(|key| key.rowid_alias));
    let columns = table.columns.iter().filter(|column| generated || column.generated.is_none());
    rowid.map(str::to_owned).into_iter().chain(columns.map(|column| quote_ident(&column.name))).collect()
}

/// Copies the rows into a table of the same columns that has no rules, under the name that a rebuild reads from.
fn hold(now: &Catalog, table: &TableInfo, sql: &mut Vec<String>) {
    let mut shape = table.clone();
    shape.name = held_name(now, &table.name);
    shape.uniques.clear();
    shape.checks.clear();
    shape.foreign_keys.clear();
    shape.indexes.clear();
    shape.without_rowid = false;
    shape.primary_key = shape.primary_key.filter(|key| key.rowid_alias);
    for column in &mut shape.columns {
        (column.not_null, column.default, column.generated) = (None, None, None);
    }
    let list = copied(table, true).join(", ");
    sql.push(in_main(&table_sql(&shape)));
    sql.push(format!(
        "INSERT INTO main.{} ({list}) SELECT {list} FROM main.{}",
        quote_ident(&shape.name),
        quote_ident(&table.name)
    ));
    if table.autoincrement() {
        carry_mark(&table.name, &shape.name, sql);
    }
}

fn put_back(now: &Catalog, table: &TableInfo, sql: &mut Vec<String>) {
    let held = held_name(now, &table.name);
    let list = copied(table, false).join(", ");
    // By a conflict clause of the table a row would silently be left out.
    sql.push(format!(
        "INSERT OR ABORT INTO main.{} ({list}) SELECT {list} FROM main.{}",
        quote_ident(&table.name),
        quote_ident(&held)
    ));
    if table.autoincrement() {
        carry_mark(&held, &table.name, sql);
    }
    sql.push(format!("DROP TABLE main.{}", quote_ident(&held)));
}

/// The high-water mark of AUTOINCREMENT goes with the rows: the copy alone would set it to the largest rowid.
fn carry_mark(from: &str, to: &str, sql: &mut Vec<String>) {
    let (from, to) = (quote_str(from), quote_str(to));
    sql.push(format!("DELETE FROM main.sqlite_sequence WHERE name = {to}"));
    sql.push(format!(
        "INSERT INTO main.sqlite_sequence (name, seq) SELECT {to}, seq FROM main.sqlite_sequence WHERE name = {from}"
    ));
}
