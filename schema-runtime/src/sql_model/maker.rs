//! Makes a script's objects in a scratch database, reads them back, and looks for what refers to nothing.

use std::collections::BTreeMap;

use rusqlite::Connection;
use schema_sql::{CreateKind, eq_name, fold, significant, split_create_index, split_create_trigger};

use super::fault::{Fault, Span};
use super::locate;
use super::script::{Item, Script, State};
use crate::broken;
use crate::catalog::{self, Catalog};
use crate::connection::{self, Hook, SqliteResult};
use crate::creating::Creating;
use crate::error::Result;
use crate::rehearse;

/// SQLite's own tables as `.schema` prints them.
///
/// SQLite: <https://www.sqlite.org/fileformat2.html>, sections 2.6.2 to 2.6.6.
const SQLITE_TABLES: [(&str, &[&str]); 5] = [
    ("sqlite_sequence", &["name", "seq"]),
    ("sqlite_stat1", &["tbl", "idx", "stat"]),
    ("sqlite_stat2", &["tbl", "idx", "sampleno", "sample"]),
    ("sqlite_stat3", &["tbl", "idx", "neq", "nlt", "ndlt", "sample"]),
    ("sqlite_stat4", &["tbl", "idx", "neq", "nlt", "ndlt", "sample"]),
];

/// Makes statements in an empty scratch database.
pub(super) struct Maker<'a> {
    pub(super) conn: &'a Connection,
    pub(super) creating: Creating<'a>,
    pub(super) hook: Option<&'a Hook>,
    /// Names of the history's tables.
    pub(super) own: &'a [String],
    pub(super) faults: &'a mut Vec<Fault>,
}

impl Maker<'_> {
    /// Makes every statement of the script and reads the result. It is whole only if no fault was found.
    ///
    /// Kind goes before kind, as each may need the kinds before it: tables, virtual tables, indexes, views, triggers. A table
    /// that is called as the shadow of a virtual table waits until that one is made.
    ///
    /// # Errors
    /// Whatever reading the scratch database may give.
    pub(super) fn make(&mut self, script: &mut Script<'_>) -> Result<Catalog> {
        self.pass_over(script);
        self.refuse_repeated(script);
        self.refuse_headless(script);
        let late = |script: &Script<'_>, item: &Item<'_>| {
            let starts = |owner: &Item<'_>| {
                let rest = fold(item.name());
                rest.strip_prefix(&fold(owner.name())).is_some_and(|rest| rest.starts_with('_'))
            };
            script.items.iter().any(|owner| owner.is(CreateKind::VirtualTable) && starts(owner))
        };
        let late: Vec<bool> = script.items.iter().map(|item| late(script, item)).collect();
        let is_late = |at: usize| late.get(at).copied().unwrap_or(false);
        for at in waiting(script, CreateKind::Table) {
            if !is_late(at) {
                self.run(script, at);
            }
        }
        for at in waiting(script, CreateKind::VirtualTable) {
            self.virtual_table(script, at)?;
        }
        for at in waiting(script, CreateKind::Table) {
            self.late_table(script, at)?;
        }
        for kind in [CreateKind::Index, CreateKind::View, CreateKind::Trigger] {
            for at in waiting(script, kind) {
                self.dependent(script, at);
            }
        }
        self.creating.settle().at(|| "cannot make the script in a scratch database".to_owned())?;
        let catalog = catalog::read(self.conn, "main", self.own)?;
        self.refuse_unread(script, &catalog);
        if self.faults.is_empty() {
            self.refuse_dangling(script, &catalog);
            self.refuse_broken(script, &catalog)?;
        }
        Ok(catalog)
    }

    /// Tables that SQLite makes by itself, and refuses to make by name.
    fn pass_over(&mut self, script: &mut Script<'_>) {
        for item in &mut script.items {
            let Some(table) = &item.table else { continue };
            let known = SQLITE_TABLES.iter().find(|(name, _)| eq_name(name, &table.name));
            if known.is_some_and(|(_, columns)| has_columns(item, columns)) {
                item.state = State::PassedOver;
            }
        }
    }

    /// `IF NOT EXISTS` would make SQLite pass over the second of two.
    fn refuse_repeated(&mut self, script: &mut Script<'_>) {
        let mut seen: BTreeMap<(bool, String), usize> = BTreeMap::new();
        for item in script.items.iter_mut().filter(|item| item.state == State::Waiting) {
            let Some(head) = &item.head else { continue };
            // Triggers have names of their own; all else shares one space.
            let key = (head.kind == CreateKind::Trigger, fold(&head.name));
            let Some(first) = seen.get(&key) else {
                seen.insert(key, item.at);
                continue;
            };
            let (line, _) = schema_sql::line_column(script.text, *first);
            let span = item.name_span();
            let what = format!("`{}` is made a second time", head.name);
            let help = format!("take one of the two out; the first is in line {line}");
            self.faults.push(Fault::new(span, what).help(help));
            item.state = State::Refused;
        }
    }

    /// Statements of which not even the name could be read; SQLite says why.
    fn refuse_headless(&mut self, script: &mut Script<'_>) {
        for item in script.items.iter_mut().filter(|item| item.state == State::Waiting) {
            if item.head.is_some() {
                continue;
            }
            item.state = State::Refused;
            let fault = match (self.conn.prepare(item.sql), schema_sql::create_head(item.sql)) {
                (Err(err), _) => locate::fault(self.conn, item.sql, &catalog::reason(&err, item.sql)),
                (Ok(_), Err(err)) => Fault::new(Span::new(err.at, 1), err.what),
                (Ok(_), Ok(_)) => continue,
            };
            self.faults.push(fault.placed(item.at));
        }
    }

    fn run(&mut self, script: &mut Script<'_>, at: usize) {
        let Some(item) = script.items.get_mut(at) else { return };
        item.state = State::Made;
        if let Err(err) = self.creating.run(item.sql) {
            item.state = State::Refused;
            let fault = locate::fault(self.conn, item.sql, &catalog::reason(&err, item.sql));
            self.faults.push(fault.placed(item.at));
        }
    }

    /// A virtual table may read a table that is called as one of its shadows: so if it fails, those are made first.
    fn virtual_table(&mut self, script: &mut Script<'_>, at: usize) -> Result<()> {
        let known = self.faults.len();
        self.run(script, at);
        if self.faults.len() == known || waiting(script, CreateKind::Table).is_empty() {
            return Ok(());
        }
        let first = self.faults.split_off(known);
        for table in waiting(script, CreateKind::Table) {
            self.late_table(script, table)?;
        }
        self.run(script, at);
        if self.faults.len() > known {
            self.faults.truncate(known);
            self.faults.extend(first);
        }
        Ok(())
    }

    /// A table that a virtual table may have made already.
    fn late_table(&mut self, script: &mut Script<'_>, at: usize) -> Result<()> {
        let Some(item) = script.items.get_mut(at) else { return Ok(()) };
        let shadow: Vec<String> = self
            .conn
            .prepare(
                "SELECT x.name FROM temp.pragma_table_list AS l, temp.pragma_table_xinfo(l.name, 'main') AS x
                 WHERE l.schema = 'main' AND l.type = 'shadow' AND l.name = ?1 COLLATE NOCASE ORDER BY x.cid",
            )
            .and_then(|mut columns| columns.query_map([item.name()], |row| row.get(0))?.collect())
            .at(|| "cannot look for the tables of virtual tables".to_owned())?;
        if shadow.is_empty() {
            self.run(script, at);
            return Ok(());
        }
        let names: Vec<&str> = shadow.iter().map(String::as_str).collect();
        if has_columns(item, &names) {
            item.state = State::PassedOver;
            return Ok(());
        }
        item.state = State::Refused;
        let what = format!(
            "a virtual table makes `{}` for itself, of the columns {}",
            item.name(),
            names.join(", ")
        );
        self.faults
            .push(Fault::new(item.name_span(), what).help("take the statement out, or give it another name"));
        Ok(())
    }

    /// An index, view or trigger; nothing is said of one that only suffers from another statement's fault.
    fn dependent(&mut self, script: &mut Script<'_>, at: usize) {
        let Some(item) = script.items.get(at) else { return };
        let table = owner(item);
        let refused = |other: &Item<'_>| {
            other.state == State::Refused
                && (other.is_unnamed_create()
                    || table.as_ref().is_some_and(|name| eq_name(name, other.name())))
        };
        let suffers = table.is_some() && script.items.iter().any(refused);
        let known = self.faults.len();
        self.run(script, at);
        let missing = |fault: &Fault| fault.what().starts_with("no such table: ");
        if suffers && self.faults.get(known..).is_some_and(|new| new.iter().all(missing)) {
            self.faults.truncate(known);
        }
    }

    /// What was made must be in the catalog, or it would be left out without a word.
    fn refuse_unread(&mut self, script: &Script<'_>, catalog: &Catalog) {
        for item in script.items.iter().filter(|item| item.state == State::Made) {
            let name = item.name();
            let table = owner(item);
            let is_own =
                |own: &String| eq_name(own, name) || table.as_ref().is_some_and(|table| eq_name(own, table));
            let found = match item.head.as_ref().map(|head| head.kind) {
                Some(CreateKind::Table) => catalog.table(name).is_some(),
                Some(CreateKind::VirtualTable) => catalog.virtual_table(name).is_some(),
                Some(CreateKind::Index) => catalog.index(name).is_some(),
                Some(CreateKind::View) => catalog.view(name).is_some(),
                _ => catalog.trigger(name).is_some(),
            };
            if let Some(object) = catalog.opaque.iter().find(|object| eq_name(&object.name, name)) {
                let what = format!("{} `{name}` cannot be read with certainty", object.kind);
                self.faults.push(Fault::new(item.name_span(), format!("{what}: {}", object.reason)));
            } else if !found && !self.own.iter().any(is_own) {
                let what =
                    format!("`{name}` would be a part of a virtual table, which makes its parts itself");
                let help = "give it, or its table, another name, or take it out";
                self.faults.push(Fault::new(item.name_span(), what).help(help));
            }
        }
    }

    fn refuse_dangling(&mut self, script: &Script<'_>, catalog: &Catalog) {
        for fault in rehearse::dangling(catalog) {
            let of_table =
                |item: &&Item<'_>| item.is(CreateKind::Table) && eq_name(item.name(), &fault.table);
            let Some(item) = script.items.iter().find(of_table) else { continue };
            let help = "write the table that it refers to, with those columns as a key; if it is another model's, say \
                        `-- schema: external` before its CREATE TABLE";
            self.faults.push(Fault::new(parent_span(item, fault.key), fault.text).help(help));
        }
    }

    fn refuse_broken(&mut self, script: &Script<'_>, catalog: &Catalog) -> Result<()> {
        let hook = self.hook;
        let broken = broken::find(&|| connection::scratch(None, hook), catalog)?;
        let mut found: Vec<(&Item<'_>, &str)> = Vec::new();
        for item in &script.items {
            let kinds = [
                ("view", CreateKind::View),
                ("virtual table", CreateKind::VirtualTable),
                ("trigger", CreateKind::Trigger),
            ];
            let is = |kind: &str| kinds.iter().any(|(word, is)| *word == kind && item.is(*is));
            let fault = broken.iter().find(|(kind, name, _)| is(kind) && eq_name(name, item.name()));
            found.extend(fault.map(|(_, _, reason)| (item, reason)));
        }
        for (item, reason) in &found {
            // A view of a broken view repeats what is wrong with that one.
            let says_it = |item: &Item<'_>| locate::names(item.sql, reason);
            let elsewhere = || found.iter().any(|(other, why)| why == reason && says_it(other));
            if says_it(item) || !elsewhere() {
                self.faults.push(locate::fault(self.conn, item.sql, reason).placed(item.at));
            }
        }
        Ok(())
    }
}

/// The statements of this kind that are still to be run.
fn waiting(script: &Script<'_>, kind: CreateKind) -> Vec<usize> {
    let is = |item: &Item<'_>| item.state == State::Waiting && item.is(kind);
    script.items.iter().enumerate().filter(|(_, item)| is(item)).map(|(at, _)| at).collect()
}

fn has_columns(item: &Item<'_>, names: &[&str]) -> bool {
    item.table.as_ref().is_some_and(|table| {
        table.columns.len() == names.len()
            && table.columns.iter().zip(names).all(|(column, name)| eq_name(&column.name, name))
    })
}

/// The table or view that an index or trigger belongs to.
fn owner(item: &Item<'_>) -> Option<String> {
    match item.head.as_ref()?.kind {
        CreateKind::Index => split_create_index(item.sql).ok().map(|index| index.table),
        CreateKind::Trigger => split_create_trigger(item.sql).ok().map(|trigger| trigger.table),
        _ => None,
    }
}

/// The name of the parent in the table's foreign key of this number; the table's name where it cannot be told.
fn parent_span(item: &Item<'_>, key: usize) -> Span {
    let constraints = item.table.iter().flat_map(|table| {
        table.columns.iter().flat_map(|column| &column.constraints).chain(&table.constraints)
    });
    let mut keys =
        constraints.filter(|constraint| matches!(constraint.kind, schema_sql::ConstraintKind::ForeignKey(_)));
    let tokens = significant(item.sql).unwrap_or_default();
    let parent = keys.nth(key).and_then(|key| {
        let mut tokens = tokens.iter().skip_while(|token| token.at < key.at);
        tokens.find(|token| token.is_word("REFERENCES"))?;
        tokens.next()
    });
    parent.map_or_else(|| item.name_span(), |token| Span::new(item.at + token.at, token.text.len()))
}
