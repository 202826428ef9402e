//! Declared renames: which of them are still to be applied, and in which statements.

use schema_sql::{eq_name, quote_ident};

use crate::catalog::{Catalog, Lookup};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Model, TableHints};
use crate::snapshot::{RenameRecord, Snapshot, key};

/// One rename that is to be applied. Columns are named within the table's new name: tables are renamed first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rename {
    /// `None` renames a table.
    pub(crate) table: Option<String>,
    pub(crate) from: String,
    pub(crate) to: String,
}

/// The renames of one run, in the order in which they are applied.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Renames {
    pub(crate) list: Vec<Rename>,
    /// Declared renames whose old name is nowhere to be found, as text.
    pub(crate) unmatched: Vec<String>,
}

/// A group of names that change places with each other: all tables, or the columns of one table.
struct Group<'a> {
    /// What to call the group's owner in messages.
    place: String,
    /// Names that exist now.
    live: Vec<&'a str>,
    /// Declared renames: new name, old names, whether history has it as applied from that name.
    declared: Vec<(&'a str, &'a [String])>,
    applied: Vec<(&'a str, &'a str)>,
    has_history: bool,
    /// Names that the model managed last.
    managed: Vec<&'a str>,
}

impl Group<'_> {
    fn is_live(&self, name: &str) -> bool {
        self.live.iter().any(|live| eq_name(live, name))
    }

    fn is_applied(&self, to: &str, from: &str) -> bool {
        self.applied.iter().any(|(t, f)| eq_name(t, to) && eq_name(f, from))
    }

    /// Which declared renames hold for the live names, as (from, to).
    fn pending(&self, unmatched: &mut Vec<String>) -> Result<Vec<(String, String)>> {
        let mut found: Vec<(String, String)> = Vec::new();
        for (to, names) in &self.declared {
            // Another spelling of the same name needs no declaration: to SQLite it is the same name.
            if let Some(live) = self.live.iter().find(|live| eq_name(live, to) && *live != to) {
                found.push(((*live).to_owned(), (*to).to_owned()));
                continue;
            }
            let source = names.iter().find(|from| self.is_live(from) && !self.is_applied(to, from));
            match source {
                Some(from) => {
                    let live = self.live.iter().find(|live| eq_name(live, from)).copied();
                    found.push((live.unwrap_or(from).to_owned(), (*to).to_owned()));
                }
                None if !names.is_empty() && !self.is_live(to) => unmatched.push(format!(
                    "`renamed_from` of {}`{to}` matches nothing: there is no `{}`",
                    self.place,
                    names.join("` or `")
                )),
                None => {}
            }
        }
        // A name that exists can only be taken if its present holder moves away as well.
        loop {
            let keep: Vec<bool> = found
                .iter()
                .map(|(from, to)| {
                    eq_name(from, to)
                        || !self.is_live(to)
                        || found.iter().any(|(other, away)| eq_name(other, to) && !eq_name(away, to))
                })
                .collect();
            if keep.iter().all(|keep| *keep) {
                break;
            }
            for ((from, to), keep) in found.iter().zip(&keep) {
                if !keep && self.is_managed(from) && !self.is_managed(to) {
                    return Err(self.taken(from, to));
                }
            }
            let mut flags = keep.iter();
            found.retain(|_| flags.next().copied().unwrap_or(false));
        }
        self.refuse_two_claims(&found)?;
        self.refuse_unclear_cycle(&found)?;
        Ok(found)
    }

    fn is_managed(&self, name: &str) -> bool {
        self.managed.iter().any(|managed| eq_name(managed, name))
    }

    /// Leaving the rename out would give the new name the values of something else without a word.
    fn taken(&self, from: &str, to: &str) -> Error {
        Error::new(ErrorKind::Conflict, format!("{}`{from}` cannot be renamed to `{to}`", self.place))
            .cause(format!(
                "the database has a `{to}` already, which is retired or was not made by the model"
            ))
            .state("nothing was changed")
            .help(format!("drop or rename that `{to}` by hand, or take `renamed_from` off"))
    }

    fn refuse_two_claims(&self, found: &[(String, String)]) -> Result<()> {
        for (at, (from, to)) in found.iter().enumerate() {
            if let Some((_, other)) = found.iter().skip(at + 1).find(|(f, _)| eq_name(f, from)) {
                return Err(Error::new(
                    ErrorKind::Model,
                    format!("{}`{to}` and `{other}` both say that they were `{from}`", self.place),
                )
                .help("leave `renamed_from` on one of them"));
            }
        }
        Ok(())
    }

    /// Names that swap places look the same before and after, so only the history can tell whether it has happened.
    fn refuse_unclear_cycle(&self, found: &[(String, String)]) -> Result<()> {
        if self.has_history {
            return Ok(());
        }
        let names: Vec<&str> = found
            .iter()
            .filter(|(from, to)| !eq_name(from, to) && is_in_cycle(found, from, to))
            .map(|(_, to)| to.as_str())
            .collect();
        if !names.is_empty() {
            return Err(Error::new(
                ErrorKind::Conflict,
                format!(
                    "cannot tell whether {}`{}` have changed places already",
                    self.place,
                    names.join("`, `")
                ),
            )
            .cause("the database has no history that would tell")
            .help(
                "run the program once without these `renamed_from`, so that the present state is recorded",
            ));
        }
        Ok(())
    }
}

/// Whether every table and column of the model has the same upper and lower case letters in the file, or is not there.
fn is_spelt_alike(live: &Catalog, wanted: &Catalog) -> bool {
    let live = Lookup::of(live);
    wanted.tables.iter().all(|table| {
        live.table(&table.name).is_none_or(|found| {
            let spelt = |name: &str| found.column(name).is_none_or(|column| column.name == name);
            found.name == table.name && table.columns.iter().all(|column| spelt(&column.name))
        })
    })
}

/// Whether the name that moves from `from` to `to` pushes others until one moves to `from`.
fn is_in_cycle(found: &[(String, String)], from: &str, to: &str) -> bool {
    let mut at = to;
    for _ in found {
        if eq_name(at, from) {
            return true;
        }
        match found.iter().find(|(other, _)| eq_name(other, at)) {
            Some((_, next)) => at = next,
            None => return false,
        }
    }
    eq_name(at, from)
}

impl Renames {
    /// The declared renames that `live` still needs, given what the history says was applied.
    ///
    /// # Errors
    /// `Model` if two objects claim one former name; `Conflict` if names change places and no history tells whether
    /// they have done so already.
    pub(crate) fn resolve(live: &Catalog, last: Option<&Snapshot>, model: &Model) -> Result<Renames> {
        let mut renames = Renames::default();
        if !model.tables.values().any(TableHints::renames) && is_spelt_alike(live, &model.catalog) {
            return Ok(renames);
        }
        let none: &[RenameRecord] = &[];
        let records = last.map_or(none, |last| last.renames.as_slice());
        let tables = Group {
            place: "table ".to_owned(),
            live: live.tables.iter().map(|table| table.name.as_str()).collect(),
            declared: model
                .catalog
                .tables
                .iter()
                .map(|table| (table.name.as_str(), model.table_hints(&table.name).renamed_from.as_slice()))
                .collect(),
            applied: records
                .iter()
                .filter(|record| record.column.is_none())
                .map(|record| (record.table.as_str(), record.from.as_str()))
                .collect(),
            has_history: last.is_some(),
            managed: live
                .tables
                .iter()
                .map(|table| table.name.as_str())
                .filter(|name| last.is_some_and(|last| last.owners.is_managed(&key::table(name))))
                .collect(),
        };
        let found = tables.pending(&mut renames.unmatched)?;
        if live.tables.is_empty() {
            renames.unmatched.clear();
        }
        let old_name = |new: &str| {
            found
                .iter()
                .find(|(_, to)| eq_name(to, new))
                .map_or_else(|| new.to_owned(), |(from, _)| from.clone())
        };
        for (from, to) in &found {
            renames.list.push(Rename { table: None, from: from.clone(), to: to.clone() });
        }
        for table in &model.catalog.tables {
            let Some(found) = live.table(&old_name(&table.name)) else { continue };
            let hints = model.table_hints(&table.name);
            let columns = Group {
                place: format!("column `{}`.", table.name),
                live: found.columns.iter().map(|column| column.name.as_str()).collect(),
                declared: table
                    .columns
                    .iter()
                    .map(|column| (column.name.as_str(), hints.column(&column.name).renamed_from.as_slice()))
                    .collect(),
                applied: records
                    .iter()
                    // The record has the table's name of then.
                    .filter(|record| {
                        eq_name(&record.table, &table.name) || eq_name(&record.table, &found.name)
                    })
                    .filter_map(|record| record.column.as_deref().map(|to| (to, record.from.as_str())))
                    .collect(),
                has_history: last.is_some(),
                managed: found
                    .columns
                    .iter()
                    .map(|column| column.name.as_str())
                    .filter(|name| {
                        last.is_some_and(|last| last.owners.is_managed(&key::column(&found.name, name)))
                    })
                    .collect(),
            };
            for (from, to) in columns.pending(&mut renames.unmatched)? {
                renames.list.push(Rename { table: Some(table.name.clone()), from, to });
            }
        }
        Ok(renames)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The renames that undo these in `catalog`, where they have led. What has taken a former name since is moved aside to a
    /// name that nothing wants, so that the undo drops it there.
    pub(crate) fn undoing(&self, catalog: &Catalog) -> Renames {
        let mut back = self.reversed();
        let mut aside: Vec<Rename> = Vec::new();
        for rename in back.list.iter().filter(|rename| !eq_name(&rename.from, &rename.to)) {
            let taken = match &rename.table {
                None => catalog.table(&rename.to).map(|table| table.name.clone()),
                Some(old) => {
                    let table =
                        back.list.iter().find(|other| other.table.is_none() && eq_name(&other.to, old));
                    let table = catalog.table(table.map_or(old.as_str(), |table| table.from.as_str()));
                    table.and_then(|table| table.column(&rename.to)).map(|column| column.name.clone())
                }
            };
            let leaves = |name: &str| {
                back.list.iter().any(|other| other.table == rename.table && eq_name(&other.from, name))
            };
            if let Some(from) = taken.filter(|name| !leaves(name)) {
                aside.push(Rename {
                    table: rename.table.clone(),
                    from,
                    to: format!("__schema_gone_{}", aside.len()),
                });
            }
        }
        // Tables first, as everywhere.
        let tables = back.list.iter().take_while(|rename| rename.table.is_none()).count();
        let (of_tables, of_columns): (Vec<_>, Vec<_>) =
            aside.into_iter().partition(|rename| rename.table.is_none());
        back.list.splice(tables..tables, of_tables);
        back.list.extend(of_columns);
        back
    }

    /// The renames that undo these.
    fn reversed(&self) -> Renames {
        let tables = self.list.iter().filter(|rename| rename.table.is_none());
        let old_table = |new: &str| {
            let renamed = self.list.iter().find(|rename| rename.table.is_none() && eq_name(&rename.to, new));
            renamed.map_or_else(|| new.to_owned(), |rename| rename.from.clone())
        };
        let mut list: Vec<Rename> = tables
            .map(|rename| Rename { table: None, from: rename.to.clone(), to: rename.from.clone() })
            .collect();
        for rename in &self.list {
            if let Some(table) = &rename.table {
                list.push(Rename {
                    table: Some(old_table(table)),
                    from: rename.to.clone(),
                    to: rename.from.clone(),
                });
            }
        }
        Renames { list, unmatched: Vec::new() }
    }

    /// Those of the renames whose old name `catalog` holds: what a snapshot of earlier needs to follow the live file.
    pub(crate) fn applicable(&self, catalog: &Catalog) -> Renames {
        let old_table = |new: &str| {
            let renamed = self.list.iter().find(|rename| rename.table.is_none() && eq_name(&rename.to, new));
            renamed.map_or_else(|| new.to_owned(), |rename| rename.from.clone())
        };
        let fits = |rename: &Rename| match &rename.table {
            None => catalog.table(&rename.from).is_some(),
            Some(table) => {
                catalog.table(&old_table(table)).is_some_and(|table| table.column(&rename.from).is_some())
            }
        };
        Renames {
            list: self.list.iter().filter(|rename| fits(rename)).cloned().collect(),
            unmatched: Vec::new(),
        }
    }

    /// The name that the table `new` has before the renames.
    pub(crate) fn old_table<'a>(&'a self, new: &'a str) -> &'a str {
        let renamed = self.list.iter().find(|rename| rename.table.is_none() && eq_name(&rename.to, new));
        renamed.map_or(new, |rename| rename.from.as_str())
    }

    /// The name that the column `new` of the table (by its new name) has before the renames.
    pub(crate) fn old_column<'a>(&'a self, table: &str, new: &'a str) -> &'a str {
        let of_table = |rename: &&Rename| rename.table.as_deref().is_some_and(|name| eq_name(name, table));
        let renamed = self.list.iter().filter(of_table).find(|rename| eq_name(&rename.to, new));
        renamed.map_or(new, |rename| rename.from.as_str())
    }

    /// The name that the table `old` has after the renames.
    pub(crate) fn new_table<'a>(&'a self, old: &'a str) -> &'a str {
        let renamed = self.list.iter().find(|rename| rename.table.is_none() && eq_name(&rename.from, old));
        renamed.map_or(old, |rename| rename.to.as_str())
    }

    /// The name that the column `old` of the table (by its new name) has after the renames.
    pub(crate) fn new_column<'a>(&'a self, table: &str, old: &'a str) -> &'a str {
        let of_table = |rename: &&Rename| rename.table.as_deref().is_some_and(|name| eq_name(name, table));
        let renamed = self.list.iter().filter(of_table).find(|rename| eq_name(&rename.from, old));
        renamed.map_or(old, |rename| rename.to.as_str())
    }

    /// The native statements, group by group: all tables, then the columns of each table. Names that change places, and
    /// tables whose name changes only its spelling (SQLite: "there is already another table"), go through a third name.
    pub(crate) fn statements(&self) -> Vec<(Vec<Rename>, Vec<String>)> {
        let mut groups: Vec<(Option<String>, Vec<Rename>)> = Vec::new();
        for rename in &self.list {
            match groups.iter_mut().find(|(table, _)| *table == rename.table) {
                Some((_, list)) => list.push(rename.clone()),
                None => groups.push((rename.table.clone(), vec![rename.clone()])),
            }
        }
        groups.into_iter().map(|(table, list)| (list.clone(), order(table.as_deref(), list))).collect()
    }
}

fn order(table: Option<&str>, mut pending: Vec<Rename>) -> Vec<String> {
    let mut statements = Vec::new();
    let mut spare = 0;
    let mut emit = |from: &str, to: &str| {
        statements.push(match table {
            None => format!("ALTER TABLE main.{} RENAME TO {}", quote_ident(from), quote_ident(to)),
            Some(table) => format!(
                "ALTER TABLE main.{} RENAME COLUMN {} TO {}",
                quote_ident(table),
                quote_ident(from),
                quote_ident(to)
            ),
        });
    };
    while !pending.is_empty() {
        let free = pending.iter().position(|rename| {
            let others = pending.iter().filter(|other| !std::ptr::eq(*other, rename));
            let respelled = table.is_none() && eq_name(&rename.from, &rename.to);
            !respelled && !others.into_iter().any(|other| eq_name(&other.from, &rename.to))
        });
        match free {
            Some(at) => {
                let rename = pending.remove(at);
                emit(&rename.from, &rename.to);
            }
            None => {
                let third = format!("__schema_name_{spare}");
                spare += 1;
                if let Some(first) = pending.first_mut() {
                    emit(&first.from, &third);
                    first.from = third;
                }
            }
        }
    }
    statements
}
