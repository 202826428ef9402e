//! What people are asked for before revisions are taken back: tables and columns that go with their content, and values of since that
//! before has no place for. It is asked for by the name that it has now, and counted where it is: before anything is written, and again
//! when earlier steps back have led to it.

use rusqlite::Connection;
use schema_sql::{eq_name, quote_ident};

use super::Way;
use crate::catalog::Catalog;
use crate::connection::SqliteResult;
use crate::diff::Change;
use crate::error::{Error, ErrorKind, Result};
use crate::plan::{CheckKind, HazardCode};
use crate::preflight::{Consent, failing};
use crate::rename::Renames;

/// What is asked of those who take revisions back.
pub(super) struct Asked<'a> {
    pub(super) consents: &'a [Consent],
    /// Whether the present state is backed up: then a column may go with its values.
    pub(super) saved: bool,
}

/// A table, or one of its columns, by one of the names that it has on the way back.
#[derive(Clone)]
struct Place {
    code: HazardCode,
    table: String,
    column: Option<String>,
}

impl Place {
    fn of(change: &Change, left: &Catalog, renames: &Renames) -> Option<Place> {
        match change {
            Change::DropTable { table } => Some(
                Place { code: HazardCode::DropTable, table: table.clone(), column: None }.before(renames),
            ),
            Change::DropVirtualTable { table } => left
                .virtual_table(table)
                .filter(|found| !found.is_derived())
                .map(|_| Place { code: HazardCode::DropVirtualTable, table: table.clone(), column: None }),
            Change::DropColumn { table, column } => {
                let (table, column) = (table.clone(), Some(column.clone()));
                Some(Place { code: HazardCode::DropColumn, table, column }.before(renames))
            }
            _ => None,
        }
    }

    /// By the names that were there before these renames.
    fn before(&self, renames: &Renames) -> Place {
        Place {
            code: self.code,
            table: renames.old_table(&self.table).to_owned(),
            column: self.column.as_ref().map(|column| renames.old_column(&self.table, column).to_owned()),
        }
    }

    fn name(&self) -> String {
        match &self.column {
            None => self.table.clone(),
            Some(column) => format!("{}.{column}", self.table),
        }
    }

    fn is_in(&self, catalog: &Catalog) -> bool {
        match &self.column {
            None => catalog.table(&self.table).is_some() || catalog.virtual_table(&self.table).is_some(),
            Some(column) => catalog.table(&self.table).is_some_and(|table| table.column(column).is_some()),
        }
    }

    /// How many rows the table has, or how many values that are not NULL the column.
    fn count(&self, conn: &Connection) -> Result<i64> {
        let table = quote_ident(&self.table);
        let what = self.column.as_ref().map(|column| format!("{table}.{}", quote_ident(column)));
        let sql = format!("SELECT count({}) FROM main.{table}", what.as_deref().unwrap_or("*"));
        conn.query_row(&sql, [], |row| row.get(0)).at(|| format!("cannot count what `{}` holds", self.name()))
    }
}

impl Asked<'_> {
    /// What the undo of the oldest of `ways`, which are newest first, deletes with its content, in words; `held` is what `conn` holds,
    /// which is what the first `done` of them have led to. What is not there yet is passed over: it is asked for when it is.
    ///
    /// # Errors
    /// `Refused` for a table with rows, or without a backup a column with values, where nobody has consented.
    pub(super) fn deletions(
        &self,
        conn: &Connection,
        ways: &[Way<'_>],
        done: usize,
        held: &Catalog,
    ) -> Result<Vec<String>> {
        let mut told = Vec::new();
        let Some(way) = ways.last() else { return Ok(told) };
        let renames: Vec<&Renames> = ways.iter().map(|way| &way.renames).collect();
        let through = |place: &Place, from: usize| {
            let earlier = renames.get(from..ways.len() - 1).unwrap_or_default();
            earlier.iter().rev().fold(place.clone(), |place, renames| place.before(renames))
        };
        let own = &way.renames;
        for place in way.changes().filter_map(|change| Place::of(change, &way.left, own)) {
            let there = through(&place, done);
            if !there.is_in(held) {
                continue;
            }
            let count = there.count(conn)?;
            if count > 0 {
                told.push(self.ask(&through(&place, 0), count)?);
            }
        }
        Ok(told)
    }

    fn consents_to(&self, code: HazardCode, object: &str) -> bool {
        self.consents.iter().any(|consent| consent.covers(code, object))
    }

    /// Values that the way back would turn into something else: those that came since and that the type of before cannot hold, and NULLs
    /// where the rowid is to be. `way` is the
    /// next one to be undone. What comes back from the backup anyway by an expression is asked for when it is there.
    ///
    /// # Errors
    /// `Data` where nobody has consented.
    pub(super) fn conversions(&self, conn: &Connection, way: &Way<'_>) -> Result<Vec<String>> {
        let asked_later = |object: &str| {
            let names = &way.renames;
            way.converts.iter().any(|record| {
                way.target.tables.iter().any(|table| {
                    eq_name(names.old_table(&table.name), &record.table)
                        && table.columns.iter().any(|column| {
                            eq_name(names.old_column(&table.name, &column.name), &record.column)
                                && eq_name(&format!("{}.{}", table.name, column.name), object)
                        })
                })
            })
        };
        let mut told = Vec::new();
        for check in way.undo.steps.iter().flat_map(|step| &step.checks) {
            let asked = match check.kind {
                CheckKind::Conversion => !(way.needs_backup && asked_later(&check.object)),
                CheckKind::Empty => true,
                _ => false,
            };
            if !asked {
                continue;
            }
            let Some(text) = failing(conn, check)? else { continue };
            if !self.consents_to(check.code, &check.object) {
                return Err(data(text, check.help.clone()));
            }
            told.push(text);
        }
        Ok(told)
    }

    /// Values of `object` that the undo has invented for `rows` rows.
    ///
    /// # Errors
    /// `Data` where nobody has consented.
    pub(super) fn made_up(&self, object: &str, rows: u64) -> Result<Option<String>> {
        if rows == 0 {
            return Ok(None);
        }
        let code = HazardCode::NotNull;
        if !self.consents_to(code, object) {
            let code = code.code();
            return Err(data(
                format!(
                    "{rows} rows of now have no value for `{object}`, which is NOT NULL without a default"
                ),
                format!(
                    "delete these rows, or allow {code}={object}: they then hold an empty value, or where it must be unique an invented one"
                ),
            ));
        }
        Ok(Some(format!("{rows} rows that came since hold an invented value in `{object}`")))
    }

    /// Values of `object` that were written since in a form that only an expression leads to, and none back.
    ///
    /// # Errors
    /// `Data` where nobody has consented.
    pub(super) fn one_way(&self, object: &str, rows: u64) -> Result<Option<String>> {
        if rows == 0 {
            return Ok(None);
        }
        let text = format!(
            "{rows} values of `{object}` were written since, and the `convert` of the revision has no way back"
        );
        if !self.consents_to(HazardCode::ConvertValues, object) {
            let code = HazardCode::ConvertValues.code();
            return Err(data(
                text,
                format!(
                    "turn them by hand to what they were before, or allow {code}={object}: they stay as they are"
                ),
            ));
        }
        Ok(Some(format!("{text}: they stay as they are")))
    }

    fn ask(&self, place: &Place, count: i64) -> Result<String> {
        let object = place.name();
        let what = match place.column {
            Some(_) => format!("{count} values that are not NULL"),
            None => format!("{count} rows"),
        };
        let consented = self.consents_to(place.code, &object);
        let may_go = consented || (place.column.is_some() && self.saved);
        if !may_go {
            return Err(Error::new(
                ErrorKind::Refused,
                format!("the rollback deletes `{object}` with {what}"),
            )
            .cause("the revision that is taken back made it")
            .help(format!(
                "consent with `.allow(\"{0}={object}\")`, or keep the revision",
                place.code.code()
            )));
        }
        let kept = if self.saved { "the backup has them" } else { "no backup has them" };
        Ok(format!("`{object}` went with {what}; {kept}"))
    }
}

fn data(cause: String, help: String) -> Error {
    Error::new(ErrorKind::Data, "rows of the database stand in the way of the rollback")
        .cause(cause)
        .help(help)
}
