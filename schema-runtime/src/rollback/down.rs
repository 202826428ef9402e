//! The way back that belongs to a numbered migration: which one it is, what it would delete, and running it.
//!
//! What it leads to is compared with what was there before the migration: a way back that leaves something else is no way back, and runs
//! only where somebody has said so.

use std::time::Duration;

use rusqlite::Connection;
use schema_sql::{Token, eq_name, significant, split_statements};

use super::Way;
use crate::catalog::Catalog;
use crate::connection::{self, Deadline};
use crate::diff::{Change, diff};
use crate::error::{Error, ErrorKind, Result};
use crate::execute;
use crate::found;
use crate::history::History;
use crate::migration::{Body, Direction, Migrations, Surroundings};
use crate::migrator::Options;
use crate::plan::HazardCode;
use crate::record::millis;
use crate::rehearse;
use crate::report::MigrationRun;
use crate::revision::Revision;
use crate::run::Run;

/// The way back of a migration.
pub(crate) struct Down {
    /// The number as it is written.
    pub(super) version: String,
    pub(super) name: String,
    pub(super) direction: Direction,
    /// What it deletes with its content.
    pub(super) goes: Vec<Change>,
}

impl Down {
    /// The way back of the migration that `revision` records: that of the program, where it has the same migration, else the one that is
    /// kept in the history.
    ///
    /// # Errors
    /// `History` where there is none.
    pub(super) fn of(
        revision: &Revision,
        set: &Migrations,
        left: &Catalog,
        target: &Catalog,
    ) -> Result<Down> {
        let same = |checksum: &str| revision.fingerprint.as_deref() == Some(checksum);
        let known = set.find(&revision.version).filter(|migration| same(&migration.checksum));
        let file = format!("{}_{}.down.sql", revision.version, revision.name);
        let kept = || revision.rollback_sql.as_deref().map(|text| Direction::of_text(text, file.clone()));
        let Some(direction) = known.and_then(|migration| migration.down.clone()).or_else(kept) else {
            return Err(Error::new(
                ErrorKind::History,
                format!("cannot go back over migration {} {}", revision.version, revision.name),
            )
            .cause("it has no way back")
            .help(format!(
                "write `{file}` and name its folder, or restore the backup that was made before it"
            )));
        };
        let goes = goes(&direction, left, target);
        Ok(Down { version: revision.version.clone(), name: revision.name.clone(), direction, goes })
    }

    /// `034 split_names`.
    pub(super) fn title(&self) -> String {
        format!("{} {}", self.version, self.name)
    }

    /// What is told of it when it has run.
    pub(super) fn ran(&self, took: Duration) -> MigrationRun {
        MigrationRun {
            version: self.version.clone(),
            name: self.name.clone(),
            description: None,
            contained: false,
            ms: millis(took),
        }
    }

    /// Runs it; gives back the catalog that it leaves and how long it took.
    ///
    /// # Errors
    /// As [`execute::run`]; `Refused` if it leaves another catalog than `target`, and nobody has consented.
    pub(super) fn run(
        &self,
        (live, target): (&Catalog, &Catalog),
        own: &[String],
        (options, tell): (&Options, &dyn Fn(u64, u64)),
        deadline: &Deadline<'_>,
    ) -> Result<(Catalog, Duration)> {
        let (conn, title) = (deadline.conn(), self.title());
        let history = History::named(options.history_table.as_str());
        let seal = history.seal(conn)?;
        let surroundings = Surroundings { environment: options.environment.as_deref(), tell };
        let what = (title.as_str(), &self.direction);
        let (reached, took) = execute::run_held(what, (live, own), surroundings, deadline)?;
        history.refuse_changed(conn, seal.as_deref(), &title, false)?;
        let changes = diff(&reached, target, &|_| false);
        let code = HazardCode::InexactDown;
        if changes.is_empty() || options.consents.iter().any(|consent| consent.covers(code, &self.version)) {
            return Ok((reached, took));
        }
        let error = Error::new(
            ErrorKind::Refused,
            format!("the way back of migration {title} does not lead to what was there before it"),
        );
        let error = changes.iter().fold(error, |error, change| error.cause(format!("still to do: {change}")));
        Err(error.help(format!(
            "mend `{}`, or let it be with `.allow(\"{1}={2}\")`",
            self.direction.origin,
            code.code(),
            self.version
        )))
    }
}

impl Run<'_> {
    /// Tries the ways back of the migrations that come first on a copy with one row of each table; tells what people should know.
    ///
    /// # Errors
    /// As [`Down::run`], but that other rows may stand in the way there, or none.
    pub(super) fn try_downs(
        &self,
        conn: &Connection,
        live: &Catalog,
        ways: &[Way<'_>],
        own: &[String],
    ) -> Result<Vec<String>> {
        let mut first = ways.iter().map_while(|way| Some((way, way.down.as_ref()?))).peekable();
        if first.peek().is_none() {
            return Ok(Vec::new());
        }
        let samples = rehearse::samples(conn, live)?;
        let mut copy = rehearse::replayed(&|| found::scratch(conn, self.migrator), live, &samples)?;
        let options = self.options;
        let deadline = Deadline::install(&mut copy, options.time_limit, Some(options.cancel.clone()));
        connection::begin_immediate(deadline.conn(), Duration::ZERO, None)?;
        for (way, down) in first {
            match down.run((&way.left, &way.target), own, (options, &|_, _| {}), &deadline) {
                // It says what has become of the transaction, which is that of the copy.
                Err(error) if error.state_line().is_some() => {
                    return Err(error
                        .restate("it was tried on a copy; the database is unchanged")
                        .rather("take COMMIT and ROLLBACK out of its way back"));
                }
                Err(error) if error.kind() == ErrorKind::Migration => {
                    return Ok(vec![format!(
                        "the way back of migration {} fails on a copy with one row of each table: {}",
                        down.title(),
                        error.causes().first().map_or("", String::as_str)
                    )]);
                }
                result => result?,
            };
        }
        Ok(Vec::new())
    }
}

/// What goes between the two catalogs. A table or column that gets another name does not: that is read in a text; what a function does
/// nobody knows.
fn goes(direction: &Direction, left: &Catalog, target: &Catalog) -> Vec<Change> {
    let mut changes = diff(left, target, &|_| false);
    changes.retain(|change| {
        matches!(
            change,
            Change::DropTable { .. } | Change::DropVirtualTable { .. } | Change::DropColumn { .. }
        )
    });
    let Body::Sql(text) = &direction.body else { return changes };
    let names = Names::of(text);
    changes.retain(|change| match change {
        Change::DropColumn { table, column } => {
            !names.columns.iter().any(|(of, _, first)| eq_name(of, table) && eq_name(first, column))
        }
        change => names.dropped.iter().any(|name| eq_name(name, change.table())),
    });
    changes
}

/// What statements do with names; tables and columns by those that they have before the first statement.
#[derive(Default)]
struct Names {
    /// The tables that `DROP TABLE` takes away.
    dropped: Vec<String>,
    /// Tables that have another name by now: that one, and the first.
    tables: Vec<(String, String)>,
    /// Columns that have another name by now: the table, that one, and the first.
    columns: Vec<(String, String, String)>,
}

impl Names {
    fn of(text: &str) -> Names {
        let mut names = Names::default();
        for statement in split_statements(text).unwrap_or_default() {
            let tokens = significant(statement.text).unwrap_or_default();
            let [verb, word, rest @ ..] = tokens.as_slice() else { continue };
            let Some((now, rest)) = table_name(rest).filter(|_| word.is_word("TABLE")) else { continue };
            let known = names.tables.iter().find(|(name, _)| eq_name(name, &now));
            let table = known.map_or_else(|| now.clone(), |(_, first)| first.clone());
            match rest {
                _ if verb.is_word("DROP") => {
                    names.tables.retain(|(name, _)| !eq_name(name, &now));
                    names.dropped.push(table);
                }
                [rename, to, new] if rename.is_word("RENAME") && to.is_word("TO") => {
                    names.tables.retain(|(name, _)| !eq_name(name, &now));
                    names.tables.extend(new.ident().map(|new| (new, table)));
                }
                [word, column, rest @ ..] if column.is_word("COLUMN") && !rest.is_empty() => {
                    names.column(&table, word, rest);
                }
                [word, rest @ ..] => names.column(&table, word, rest),
                [] => {}
            }
        }
        names
    }

    /// `RENAME a TO b` and `DROP a`.
    fn column(&mut self, table: &str, word: &Token<'_>, rest: &[Token<'_>]) {
        let Some(now) = rest.first().and_then(Token::ident) else { return };
        let known = self.columns.iter().position(|(of, name, _)| eq_name(of, table) && eq_name(name, &now));
        match rest {
            [_] if word.is_word("DROP") => {
                known.map(|at| self.columns.remove(at));
            }
            [_, to, new] if word.is_word("RENAME") && to.is_word("TO") => {
                let first = known.map_or(now, |at| self.columns.remove(at).2);
                self.columns.extend(new.ident().map(|new| (table.to_owned(), new, first)));
            }
            _ => {}
        }
    }
}

/// The name behind `TABLE`, without `IF EXISTS` and the schema, and what stands behind it.
fn table_name<'t>(tokens: &'t [Token<'t>]) -> Option<(String, &'t [Token<'t>])> {
    let rest = if tokens.first()?.is_word("IF") { tokens.get(2..)? } else { tokens };
    let at = if rest.get(1).is_some_and(|token| token.is_op(".")) { 2 } else { 0 };
    Some((rest.get(at)?.ident()?, rest.get(at + 1..)?))
}
