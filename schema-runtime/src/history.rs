//! The history and the stamp: two tables in the user's file, and what is written there.
//!
//! Knows no plan's inside: plans, undo and snapshots are text here. Everything that writes runs inside the caller's transaction.
//! Rows are only added; nothing but their status ever changes.

use std::cmp::Ordering;

use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};
use schema_sql::quote_ident;

use crate::connection::{SqliteResult, name_of};
pub(crate) use crate::revision::{ALGORITHM, FORMAT};
use crate::revision::{Kind, Revision, Status};
pub(crate) use crate::version::version_cmp;
use crate::{Error, ErrorKind, Result};

/// The default name of the history's table.
pub(crate) const TABLE: &str = "migration_history";
/// The default name of the stamps' table.
pub(crate) const STATE: &str = "migration_state";

/// The columns that come first, as hand-rolled systems have them.
const SEVEN: [(&str, &str); 7] = [
    ("id", "INTEGER PRIMARY KEY"),
    ("version", "TEXT NOT NULL"),
    ("name", "TEXT NOT NULL"),
    ("applied_at", "TEXT NOT NULL"),
    ("checksum", "TEXT NOT NULL"),
    ("status", "TEXT NOT NULL DEFAULT 'completed'"),
    ("rollback_sql", "TEXT"),
];

/// The columns that are ours. All can be added to a table with rows; their defaults describe rows that are not ours.
const OURS: [(&str, &str); 17] = [
    ("model", "TEXT NOT NULL DEFAULT ''"),
    ("kind", "TEXT NOT NULL DEFAULT 'numbered'"),
    ("batch", "INTEGER NOT NULL DEFAULT 0"),
    ("duration_ms", "INTEGER NOT NULL DEFAULT 0"),
    ("plan", "TEXT"),
    ("undo", "TEXT"),
    ("snapshot", "TEXT"),
    ("fingerprint", "TEXT"),
    ("backup", "TEXT"),
    ("error", "TEXT"),
    ("environment", "TEXT"),
    ("actor", "TEXT"),
    ("program", "TEXT"),
    ("reason", "TEXT"),
    ("checksum_algorithm", "TEXT NOT NULL DEFAULT ''"),
    ("previous_checksum", "TEXT"),
    ("format", "INTEGER NOT NULL DEFAULT 0"),
];

/// The stamp's columns. They are a cache: a table of another format of ours is made anew.
const STAMP: [(&str, &str); 7] = [
    ("model", "TEXT PRIMARY KEY"),
    ("fingerprint", "TEXT NOT NULL"),
    ("policy", "TEXT NOT NULL"),
    ("migrations", "TEXT NOT NULL"),
    ("format", "INTEGER NOT NULL"),
    ("schema_cookie", "INTEGER NOT NULL"),
    ("revision", "INTEGER NOT NULL"),
];

/// What the history's table looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Shape {
    /// There is none.
    Missing,
    /// As this version writes it.
    Current,
    /// Ours, of an earlier format; these columns are still to be added.
    Older(Vec<&'static str>),
    /// The seven columns of a hand-rolled system; ours are still to be added.
    HandRolled,
}

/// What lets the next start-up be over after one look: one row a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// The model's name.
    pub(crate) model: String,
    /// The model's fingerprint.
    pub(crate) fingerprint: String,
    /// The policies that were in force.
    pub(crate) policy: String,
    /// The checksum of the numbered migrations.
    pub(crate) migrations: String,
    /// The engine's format.
    pub(crate) format: i64,
    /// SQLite's schema cookie after the run.
    pub(crate) schema_cookie: i64,
    /// The history's last revision then.
    pub(crate) revision: i64,
}

/// A row of the history that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tampered {
    /// The row.
    pub(crate) id: i64,
    /// Its version.
    pub(crate) version: String,
    /// What is wrong with it.
    pub(crate) problem: &'static str,
}

/// The history of one database, by the name of its table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct History {
    table: String,
}

impl Default for History {
    fn default() -> Self {
        History { table: TABLE.to_owned() }
    }
}

impl History {
    /// The history in `table`.
    pub(crate) fn named(table: impl Into<String>) -> Self {
        History { table: table.into() }
    }

    /// The name of the history's table.
    pub(crate) fn table(&self) -> &str {
        &self.table
    }

    /// The name of the stamps' table: `migration_state`, or for another history its name with `_state` behind it.
    pub(crate) fn state_table(&self) -> String {
        if self.table.eq_ignore_ascii_case(TABLE) {
            STATE.to_owned()
        } else {
            format!("{}_state", self.table)
        }
    }

    /// The names of our own tables, which are no part of any catalog.
    pub(crate) fn own_tables(&self) -> Vec<String> {
        vec![self.table.clone(), self.state_table()]
    }

    /// Whether the history's table, or something else of that name, is there.
    ///
    /// # Errors
    /// What reading the schema may give.
    pub(crate) fn exists(&self, conn: &Connection) -> Result<bool> {
        Ok(object(conn, &self.table)?.is_some())
    }

    /// Tells what the history's table looks like. Reads only.
    ///
    /// # Errors
    /// `History`, naming what differs, if it is neither ours nor one that can be extended, or is of a newer format.
    pub(crate) fn check_shape(&self, conn: &Connection) -> Result<Shape> {
        self.check_state(conn)?;
        let Some(kind) = object(conn, &self.table)? else { return Ok(Shape::Missing) };
        if kind != "table" {
            return Err(self.foreign(conn, format!("it is a {kind}, not a table")));
        }
        let found = columns(conn, &self.table)?;
        self.check_columns(conn, &found)?;
        self.check_keys(conn)?;
        if found.len() == SEVEN.len() {
            return Ok(Shape::HandRolled);
        }
        let missing: Vec<&str> = OURS
            .iter()
            .map(|(name, _)| *name)
            .filter(|name| !found.iter().any(|column| column.is(name)))
            .collect();
        self.check_format(conn, &found)?;
        Ok(if missing.is_empty() { Shape::Current } else { Shape::Older(missing) })
    }

    fn check_columns(&self, conn: &Connection, found: &[ColumnShape]) -> Result<()> {
        for (name, _) in SEVEN {
            let Some(column) = found.iter().find(|column| column.is(name)) else {
                return Err(self.foreign(conn, format!("the column `{name}` is missing")));
            };
            let fault = match name {
                "id" if column.key != 1 || !column.type_name.eq_ignore_ascii_case("INTEGER") => {
                    "is not the INTEGER PRIMARY KEY"
                }
                "id" => continue,
                _ if column.key != 0 => "is part of the primary key",
                "rollback_sql" if column.not_null => "is NOT NULL",
                "applied_at" => continue,
                _ if !keeps_text(&column.type_name) => "would turn text into numbers",
                _ => continue,
            };
            return Err(self.foreign(conn, format!("the column `{name}` {fault}")));
        }
        let known = |column: &ColumnShape| SEVEN.iter().chain(&OURS).any(|(name, _)| column.is(name));
        for column in found {
            if column.hidden {
                return Err(self.foreign(conn, format!("the column `{}` is generated", column.name)));
            }
            if !known(column) {
                if found.iter().any(|column| column.is("format")) {
                    self.check_format(conn, found)?;
                }
                return Err(self.foreign(conn, format!("the column `{}` is not known", column.name)));
            }
        }
        Ok(())
    }

    /// Rows of one version are many, and `id` must number itself: no unique index, also none of the primary key (which a rowid
    /// alias does not have, but `INT PRIMARY KEY` and WITHOUT ROWID do).
    fn check_keys(&self, conn: &Connection) -> Result<()> {
        let sql = "SELECT name FROM pragma_index_list(?1, 'main') WHERE \"unique\" ORDER BY name LIMIT 1";
        let index: Option<String> =
            conn.query_row(sql, [&self.table], |row| row.get(0)).optional().at(|| self.cannot_read(conn))?;
        match index {
            Some(index) => Err(self.foreign(conn, format!("its index `{index}` is unique"))),
            None => Ok(()),
        }
    }

    fn check_format(&self, conn: &Connection, found: &[ColumnShape]) -> Result<()> {
        if !found.iter().any(|column| column.is("format")) {
            return Ok(());
        }
        let sql = format!("SELECT max(format) FROM main.{}", quote_ident(&self.table));
        let newest: Value = conn.query_row(&sql, [], |row| row.get(0)).at(|| self.cannot_read(conn))?;
        match newest {
            Value::Integer(format) if format > FORMAT => Err(Error::new(
                ErrorKind::History,
                format!("cannot use the history `{}` of {}", self.table, name_of(conn)),
            )
            .cause(format!("it is of format {format}; this program knows formats up to {FORMAT}"))
            .help("build the program with a newer version of `schema-runtime`")),
            Value::Integer(_) | Value::Null => Ok(()),
            _ => Err(self.foreign(conn, "its column `format` holds something else than numbers".to_owned())),
        }
    }

    fn foreign(&self, conn: &Connection, cause: String) -> Error {
        Error::new(
            ErrorKind::History,
            format!("cannot use the table `{}` of {} as history", self.table, name_of(conn)),
        )
        .cause(cause)
        .help("keep the history under another name with `Migrator::history_table`")
    }

    fn cannot_read(&self, conn: &Connection) -> String {
        format!("cannot read the history `{}` of {}", self.table, name_of(conn))
    }

    fn cannot_write(&self, conn: &Connection) -> String {
        format!("cannot write the history `{}` of {}", self.table, name_of(conn))
    }

    /// Creates both tables, or brings them to the present format. Rows are kept.
    ///
    /// # Errors
    /// As [`History::check_shape`], and what writing may give.
    pub(crate) fn ensure(&self, conn: &Connection) -> Result<()> {
        let table = quote_ident(&self.table);
        let add = |names: &[&str]| -> String {
            let columns = OURS.iter().filter(|(name, _)| names.contains(name));
            columns
                .map(|(name, rest)| format!("ALTER TABLE main.{table} ADD COLUMN {name} {rest};\n"))
                .collect()
        };
        let shape = self.check_shape(conn)?;
        let sql = match &shape {
            Shape::Current => String::new(),
            Shape::Missing => create(&table, SEVEN.iter().chain(&OURS)),
            Shape::Older(missing) => add(missing),
            Shape::HandRolled => add(&OURS.map(|(name, _)| name)),
        };
        let is_new = shape == Shape::Missing;
        conn.execute_batch(&sql).at(|| self.cannot_write(conn))?;
        self.ensure_state(conn, is_new)
    }

    /// Whether the stamps' table is there and is as this version writes it.
    ///
    /// # Errors
    /// `History`, if it is not ours.
    fn check_state(&self, conn: &Connection) -> Result<Option<bool>> {
        let name = self.state_table();
        let refused = |cause: String| Err(History::named(name.as_str()).foreign(conn, cause));
        match object(conn, &name)?.as_deref() {
            None => Ok(None),
            Some("table") => {
                let found = columns(conn, &name)?;
                let known = |column: &ColumnShape| STAMP.iter().any(|(name, _)| column.is(name));
                let ours = found.iter().any(|column| column.is("fingerprint")) && found.iter().all(known);
                if ours {
                    Ok(Some(found.len() == STAMP.len()))
                } else {
                    refused("its columns are not those of a stamp".to_owned())
                }
            }
            Some(kind) => refused(format!("it is a {kind}, not a table")),
        }
    }

    /// Beside a history that is `new` a table of another form is not an older one of ours.
    fn ensure_state(&self, conn: &Connection, new: bool) -> Result<()> {
        let table = quote_ident(&self.state_table());
        let create = create(&table, STAMP.iter());
        let sql = match self.check_state(conn)? {
            Some(true) => return Ok(()),
            Some(false) if new => {
                let cause = "its columns are not those of a stamp".to_owned();
                return Err(History::named(self.state_table()).foreign(conn, cause));
            }
            Some(false) => format!("DROP TABLE main.{table};\n{create}"),
            None => create,
        };
        conn.execute_batch(&sql).at(|| self.cannot_write(conn))
    }

    /// Adds `revision` behind the last row, whatever its `id`, `checksum` and `previous_checksum` say, and returns the row's number.
    /// The table must be current ([`History::ensure`]).
    ///
    /// # Errors
    /// What writing may give; `Data` for a constraint that a hand-rolled table has.
    pub(crate) fn append(&self, conn: &Connection, revision: &Revision) -> Result<i64> {
        let last = self.head(conn)?;
        let mut row = revision.clone();
        row.id = last.as_ref().map_or(1, |(id, _)| id.saturating_add(1));
        row.previous_checksum = last.map(|(_, checksum)| checksum);
        row.checksum_algorithm = ALGORITHM.to_owned();
        row.format = FORMAT;
        row.checksum = row.computed_checksum();
        self.insert(conn, &row)?;
        Ok(row.id)
    }

    /// Writes a row as it was written before, in another file of the same history, but for its status.
    ///
    /// # Errors
    /// What writing may give.
    pub(crate) fn carry_over(&self, conn: &Connection, revision: &Revision, status: Status) -> Result<()> {
        self.insert(conn, &Revision { status, ..revision.clone() })
    }

    /// Lets the next start of every model look at everything.
    ///
    /// # Errors
    /// What writing may give.
    pub(crate) fn forget_stamps(&self, conn: &Connection) -> Result<()> {
        conn.execute_batch(&format!("DELETE FROM main.{}", quote_ident(&self.state_table())))
            .at(|| self.cannot_write(conn))
    }

    fn insert(&self, conn: &Connection, row: &Revision) -> Result<()> {
        let names: Vec<&str> = SEVEN.iter().chain(&OURS).map(|(name, _)| *name).collect();
        let marks = vec!["?"; names.len()].join(", ");
        let sql =
            format!("INSERT INTO main.{} ({}) VALUES ({marks})", quote_ident(&self.table), names.join(", "));
        conn.execute(&sql, params_from_iter(values(row))).map(|_| ()).at(|| self.cannot_write(conn))
    }

    /// Sets the status of one row.
    ///
    /// # Errors
    /// `History`, if there is no such row; and what writing may give.
    pub(crate) fn set_status(&self, conn: &Connection, id: i64, status: Status) -> Result<()> {
        let sql = format!("UPDATE main.{} SET status = ?2 WHERE id = ?1", quote_ident(&self.table));
        let changed = conn.execute(&sql, params![id, status.as_str()]).at(|| self.cannot_write(conn))?;
        if changed == 1 {
            return Ok(());
        }
        Err(Error::new(ErrorKind::History, self.cannot_write(conn))
            .cause(format!("there is no revision {id}")))
    }

    /// The last completed revision of `model` that carries a snapshot and was not rolled back.
    ///
    /// # Errors
    /// `History`, if the row cannot be understood; and what reading may give.
    pub(crate) fn latest(&self, conn: &Connection, model: &str) -> Result<Option<Revision>> {
        let wanted =
            "WHERE model = ?1 AND status = 'completed' AND snapshot IS NOT NULL ORDER BY id DESC LIMIT 1";
        Ok(self.select(conn, wanted, &[model])?.pop())
    }

    /// Number and checksum of the last row, of whatever model.
    ///
    /// # Errors
    /// What reading may give.
    pub(crate) fn head(&self, conn: &Connection) -> Result<Option<(i64, String)>> {
        if !self.exists(conn)? {
            return Ok(None);
        }
        let sql =
            format!("SELECT id, checksum FROM main.{} ORDER BY id DESC LIMIT 1", quote_ident(&self.table));
        conn.query_row(&sql, [], |row| Ok((row.get(0)?, text(row, 1)?.unwrap_or_default())))
            .optional()
            .at(|| self.cannot_read(conn))
    }

    /// The checksum of the first row of ours, which no other database has.
    ///
    /// # Errors
    /// What reading may give.
    pub(crate) fn identity(&self, conn: &Connection) -> Result<Option<String>> {
        if !self.present(conn)?.iter().any(|column| column.is("format")) {
            return Ok(None);
        }
        let table = quote_ident(&self.table);
        let sql = format!("SELECT checksum FROM main.{table} WHERE format > 0 ORDER BY id LIMIT 1");
        conn.query_row(&sql, [], |row| text(row, 0))
            .optional()
            .map(Option::flatten)
            .at(|| self.cannot_read(conn))
    }

    /// The names of all models that have a row, in order.
    ///
    /// # Errors
    /// As `all`.
    pub(crate) fn models(&self, conn: &Connection) -> Result<Vec<String>> {
        let sql = format!("SELECT DISTINCT model FROM main.{} ORDER BY model", quote_ident(&self.table));
        let what = || format!("cannot read the history of {}", name_of(conn));
        let mut statement = conn.prepare(&sql).at(what)?;
        let rows = statement.query_map([], |row| Ok(text(row, 0)?.unwrap_or_default())).at(what)?;
        rows.map(|row| row.at(what)).collect()
    }

    /// All revisions of all models, oldest first.
    ///
    /// # Errors
    /// `History`, if a row cannot be understood; and what reading may give.
    pub(crate) fn all(&self, conn: &Connection) -> Result<Vec<Revision>> {
        self.select(conn, "ORDER BY id", &[])
    }

    /// The plans of the newest `most` revisions that ran to their end, whatever became of them later, each with the milliseconds
    /// that it took; newest first.
    ///
    /// # Errors
    /// What reading may give.
    pub(crate) fn timed(&self, conn: &Connection, most: usize) -> Result<Vec<(String, u64)>> {
        if !self.present(conn)?.iter().any(|column| column.is("duration_ms")) {
            return Ok(Vec::new());
        }
        let sql = format!(
            "SELECT plan, duration_ms FROM main.{} WHERE status IN ('completed', 'rolled_back') AND typeof(duration_ms) = 'integer' AND duration_ms > 0 \
             AND plan IS NOT NULL ORDER BY id DESC LIMIT ?1",
            quote_ident(&self.table)
        );
        let what = || self.cannot_read(conn);
        let mut statement = conn.prepare(&sql).at(what)?;
        let mut rows = statement.query([i64::try_from(most).unwrap_or(i64::MAX)]).at(what)?;
        let mut timed = Vec::new();
        while let Some(row) = rows.next().at(what)? {
            let took: i64 = row.get(1).at(what)?;
            timed.extend(text(row, 0).at(what)?.map(|plan| (plan, took.unsigned_abs())));
        }
        Ok(timed)
    }

    /// The highest version of `model` that was applied and not rolled back. Numbered migrations do not count: their numbers are not the
    /// model's versions. Nor do rollbacks, which record the way back to a version that has a row of its own.
    ///
    /// # Errors
    /// As [`History::all`].
    pub(crate) fn newest_version(&self, conn: &Connection, model: &str) -> Result<Option<String>> {
        let applied = self.applied(conn, model)?;
        Ok(applied.into_iter().map(|(version, _)| version).max_by(|a, b| version_cmp(a, b)))
    }

    /// Whether `fingerprint` was applied as `version` of `model` and another fingerprint was applied after it as the same version.
    ///
    /// # Errors
    /// As [`History::all`].
    pub(crate) fn superseded(
        &self,
        conn: &Connection,
        model: &str,
        version: &str,
        fingerprint: &str,
    ) -> Result<bool> {
        let mut applied = self.applied(conn, model)?;
        applied.retain(|(other, print)| version_cmp(other, version) == Ordering::Equal && print.is_some());
        let is_it = |found: &(String, Option<String>)| found.1.as_deref() == Some(fingerprint);
        Ok(applied.iter().any(is_it) && !applied.last().is_some_and(is_it))
    }

    /// Whether the newest change that left this `fingerprint` of `model`, as this `version` where it has one, was rolled back.
    ///
    /// # Errors
    /// As [`History::all`].
    pub(crate) fn was_rolled_back(
        &self,
        conn: &Connection,
        model: &str,
        version: &str,
        fingerprint: &str,
    ) -> Result<bool> {
        let sql = format!(
            "SELECT version, status = 'rolled_back' FROM main.{} WHERE model = ?1 AND fingerprint = ?2 AND kind = 'automatic'
             AND status IN ('completed', 'rolled_back') ORDER BY id DESC",
            quote_ident(&self.table)
        );
        let mut statement = conn.prepare(&sql).at(|| self.cannot_read(conn))?;
        let mut rows = statement.query([model, fingerprint]).at(|| self.cannot_read(conn))?;
        while let Some(row) = rows.next().at(|| self.cannot_read(conn))? {
            let found = text(row, 0).at(|| self.cannot_read(conn))?.unwrap_or_default();
            if version.is_empty() || version_cmp(&found, version) == Ordering::Equal {
                return row.get(1).at(|| self.cannot_read(conn));
            }
        }
        Ok(false)
    }

    /// Versions and fingerprints of what was applied of `model` and stands, oldest first.
    fn applied(&self, conn: &Connection, model: &str) -> Result<Vec<(String, Option<String>)>> {
        let found = self.present(conn)?;
        if !["model", "kind", "fingerprint"].iter().all(|name| found.iter().any(|column| column.is(name))) {
            return Ok(Vec::new());
        }
        let sql = format!(
            "SELECT version, fingerprint FROM main.{} WHERE model = ?1 AND status = 'completed'
             AND kind IN ('automatic', 'baseline', 'restore') ORDER BY id",
            quote_ident(&self.table)
        );
        let mut statement = conn.prepare(&sql).at(|| self.cannot_read(conn))?;
        let rows = statement.query_map([model], |row| Ok((text(row, 0)?.unwrap_or_default(), text(row, 1)?)));
        rows.and_then(Iterator::collect).at(|| self.cannot_read(conn))
    }

    /// The rows that are not as they were written, or whose predecessor is gone. Rows of another system carry no checksum of ours;
    /// the first row of ours vouches for the one before it.
    ///
    /// # Errors
    /// As [`History::all`].
    pub(crate) fn verify_chain(&self, conn: &Connection) -> Result<Vec<Tampered>> {
        let mut tampered = Vec::new();
        let mut previous: Option<String> = None;
        let mut ours_began = false;
        for row in self.all(conn)? {
            let foreign = row.format == 0 && row.checksum_algorithm.is_empty();
            let problem = if foreign && !ours_began {
                None
            } else if foreign {
                Some("it was not written by this library")
            } else if row.checksum_algorithm != ALGORITHM {
                Some("its checksum is of an algorithm that is not known")
            } else if row.is_edited() {
                Some("its content is not what was written")
            } else if row.previous_checksum != previous {
                Some("the row before it was changed, added or removed")
            } else {
                None
            };
            if let Some(problem) = problem {
                tampered.push(Tampered { id: row.id, version: row.version, problem });
            }
            ours_began |= !foreign;
            previous = Some(row.checksum);
        }
        Ok(tampered)
    }

    /// The stamp of `model`, by one statement. None where the table is missing or is not ours: then the whole check runs.
    ///
    /// # Errors
    /// What reading the file may give, such as `Busy`, `Corrupt` or `NewerSqlite`.
    pub(crate) fn read_stamp(&self, conn: &Connection, model: &str) -> Result<Option<Stamp>> {
        let sql = format!(
            "SELECT fingerprint, policy, migrations, format, schema_cookie, revision FROM main.{} WHERE model = ?1",
            quote_ident(&self.state_table())
        );
        let stamp = conn.query_row(&sql, [model], |row| {
            Ok(Stamp {
                model: model.to_owned(),
                fingerprint: row.get(0)?,
                policy: row.get(1)?,
                migrations: row.get(2)?,
                format: row.get(3)?,
                schema_cookie: row.get(4)?,
                revision: row.get(5)?,
            })
        });
        match stamp {
            Ok(stamp) => Ok(Some(stamp)),
            Err(err) => match crate::sqlite_error::kind_of(&err) {
                // No such table, no such column, no row, another type of value.
                ErrorKind::Sqlite => Ok(None),
                _ => Err(err).at(|| self.cannot_read(conn)),
            },
        }
    }

    /// Writes the stamp of one model over the one before.
    ///
    /// # Errors
    /// What writing may give.
    pub(crate) fn write_stamp(&self, conn: &Connection, stamp: &Stamp) -> Result<()> {
        let sql = format!(
            "INSERT OR REPLACE INTO main.{}
             (model, fingerprint, policy, migrations, format, schema_cookie, revision) VALUES (?, ?, ?, ?, ?, ?, ?)",
            quote_ident(&self.state_table())
        );
        let Stamp { model, fingerprint, policy, migrations, format, schema_cookie, revision } = stamp;
        conn.execute(&sql, params![model, fingerprint, policy, migrations, format, schema_cookie, revision])
            .map(|_| ())
            .at(|| self.cannot_write(conn))
    }

    /// The columns that the table has; none where there is no table.
    fn present(&self, conn: &Connection) -> Result<Vec<ColumnShape>> {
        match object(conn, &self.table)?.as_deref() {
            Some("table") => columns(conn, &self.table),
            _ => Ok(Vec::new()),
        }
    }

    /// Rows, also of a table that was not extended yet: what it lacks is read as its default.
    fn select(&self, conn: &Connection, tail: &str, values: &[&str]) -> Result<Vec<Revision>> {
        let found = self.present(conn)?;
        if found.is_empty() {
            return Ok(Vec::new());
        }
        let list: Vec<String> = SEVEN
            .iter()
            .chain(&OURS)
            .map(|(name, rest)| {
                let default = rest.split_once("DEFAULT ").map_or("NULL", |(_, default)| default);
                let has = found.iter().any(|column| column.is(name));
                if has { (*name).to_owned() } else { format!("{default} AS {name}") }
            })
            .collect();
        let table = quote_ident(&self.table);
        let sql = format!("SELECT * FROM (SELECT {} FROM main.{table}) {tail}", list.join(", "));
        let mut statement = conn.prepare(&sql).at(|| self.cannot_read(conn))?;
        let mut rows = statement.query(params_from_iter(values)).at(|| self.cannot_read(conn))?;
        let mut revisions = Vec::new();
        while let Some(row) = rows.next().at(|| self.cannot_read(conn))? {
            revisions.push(self.revision(conn, row)?);
        }
        Ok(revisions)
    }

    fn revision(&self, conn: &Connection, row: &Row<'_>) -> Result<Revision> {
        let optional = |at: usize| text(row, at).at(|| self.cannot_read(conn));
        let string = |at: usize| optional(at).map(Option::unwrap_or_default);
        let number = |at: usize| row.get::<_, i64>(at).at(|| self.cannot_read(conn));
        let id = number(0)?;
        let word = string(8)?;
        let kind = Kind::from_word(&word).ok_or_else(|| {
            Error::new(ErrorKind::History, self.cannot_read(conn))
                .cause(format!("revision {id} is of the unknown kind `{word}`"))
                .help("build the program with a newer version of `schema-runtime`, or undo the edit by hand")
        })?;
        Ok(Revision {
            id,
            version: string(1)?,
            name: string(2)?,
            applied_at: string(3)?,
            checksum: string(4)?,
            status: Status::from_word(&string(5)?).unwrap_or(Status::Other),
            rollback_sql: optional(6)?,
            model: string(7)?,
            kind,
            batch: number(9)?,
            duration_ms: number(10)?,
            plan: optional(11)?,
            undo: optional(12)?,
            snapshot: optional(13)?,
            fingerprint: optional(14)?,
            backup: optional(15)?,
            error: optional(16)?,
            environment: optional(17)?,
            actor: optional(18)?,
            program: optional(19)?,
            reason: optional(20)?,
            checksum_algorithm: string(21)?,
            previous_checksum: optional(22)?,
            format: number(23)?,
        })
    }
}

/// SQLite's schema cookie: another number whenever the schema has changed. Does not parse the schema.
///
/// # Errors
/// What reading the file's header may give.
pub(crate) fn schema_cookie(conn: &Connection) -> Result<i64> {
    conn.query_row("PRAGMA main.schema_version", [], |row| row.get(0))
        .at(|| format!("cannot read the schema version of {}", name_of(conn)))
}

/// What is known of a column of one of the two tables.
struct ColumnShape {
    name: String,
    type_name: String,
    not_null: bool,
    key: i64,
    hidden: bool,
}

impl ColumnShape {
    fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

/// Whether the affinity of a declared type leaves every text as it is.
///
/// SQLite: <https://www.sqlite.org/datatype3.html>, section 3.1.
fn keeps_text(type_name: &str) -> bool {
    let name = type_name.to_ascii_uppercase();
    let has = |part: &str| name.contains(part);
    name.is_empty()
        || name == "ANY"
        || (!has("INT") && (has("CHAR") || has("CLOB") || has("TEXT") || has("BLOB")))
}

/// `CREATE TABLE main."t" (a …, b …);` with one column a line.
fn create<'a>(table: &str, columns: impl Iterator<Item = &'a (&'a str, &'a str)>) -> String {
    let columns: Vec<String> = columns.map(|(name, rest)| format!("  {name} {rest}")).collect();
    format!("CREATE TABLE main.{table} (\n{}\n);\n", columns.join(",\n"))
}

/// The type of the object called `name` in `main`.
fn object(conn: &Connection, name: &str) -> Result<Option<String>> {
    let sql = "SELECT type FROM main.sqlite_master WHERE name = ?1 COLLATE NOCASE LIMIT 1";
    conn.query_row(sql, [name], |row| row.get(0))
        .optional()
        .at(|| format!("cannot read the schema of {}", name_of(conn)))
}

fn columns(conn: &Connection, table: &str) -> Result<Vec<ColumnShape>> {
    let what = || format!("cannot read the columns of `{table}` of {}", name_of(conn));
    let sql = "SELECT name, type, \"notnull\", pk, hidden FROM pragma_table_xinfo(?1, 'main') ORDER BY cid";
    let mut statement = conn.prepare(sql).at(what)?;
    let rows = statement.query_map([table], |row| {
        Ok(ColumnShape {
            name: text(row, 0)?.unwrap_or_default(),
            type_name: text(row, 1)?.unwrap_or_default(),
            not_null: row.get(2)?,
            key: row.get(3)?,
            hidden: row.get::<_, i64>(4)? != 0,
        })
    });
    rows.and_then(Iterator::collect).at(what)
}

/// A value as text, whatever it is: other systems store numbers and worse.
fn text(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<String>> {
    Ok(match row.get_ref(at)? {
        ValueRef::Null => None,
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Real(number) => Some(number.to_string()),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
    })
}

/// The values of a row, in the order of the columns.
fn values(row: &Revision) -> Vec<Value> {
    let text = |text: &str| Value::Text(text.to_owned());
    let optional = |text: &Option<String>| text.clone().map_or(Value::Null, Value::Text);
    vec![
        Value::Integer(row.id),
        text(&row.version),
        text(&row.name),
        text(&row.applied_at),
        text(&row.checksum),
        text(row.status.as_str()),
        optional(&row.rollback_sql),
        text(&row.model),
        text(row.kind.as_str()),
        Value::Integer(row.batch),
        Value::Integer(row.duration_ms),
        optional(&row.plan),
        optional(&row.undo),
        optional(&row.snapshot),
        optional(&row.fingerprint),
        optional(&row.backup),
        optional(&row.error),
        optional(&row.environment),
        optional(&row.actor),
        optional(&row.program),
        optional(&row.reason),
        text(&row.checksum_algorithm),
        optional(&row.previous_checksum),
        Value::Integer(row.format),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    const HAND_ROLLED: &str = "CREATE TABLE migration_history (id INTEGER PRIMARY KEY AUTOINCREMENT, version VARCHAR(20), \
        name TEXT NOT NULL, applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, checksum TEXT, \
        status TEXT NOT NULL DEFAULT 'completed', rollback_sql TEXT); \
        INSERT INTO migration_history (version, name, checksum, status) VALUES ('034', 'sessions', 'abc', 'success');";

    fn database(sql: &str) -> (Connection, History) {
        let conn = Connection::open_in_memory().expect("memory");
        conn.execute_batch(sql).expect(sql);
        (conn, History::default())
    }

    fn revision(version: &str, fingerprint: &str) -> Revision {
        let at = "2026-01-01T00:00:00.000Z".to_owned();
        let mut row = Revision::new("main", Kind::Automatic, version, "add t.a", at);
        row.fingerprint = Some(fingerprint.to_owned());
        row.snapshot = Some("{}".to_owned());
        row
    }

    #[test]
    fn what_was_appended_is_read_back_and_chained() {
        let (conn, history) = database("");
        assert_eq!(history.head(&conn).expect("head"), None);
        assert_eq!(history.latest(&conn, "main").expect("latest"), None);
        history.ensure(&conn).expect("create");
        history.ensure(&conn).expect("nothing to do");
        assert_eq!(history.check_shape(&conn).expect("shape"), Shape::Current);
        let mut first = revision("1.9", "f1");
        first.rollback_sql = Some("it's\r\n\"this\"".to_owned());
        assert_eq!(history.append(&conn, &first).expect("append"), 1);
        assert_eq!(history.append(&conn, &revision("1.10", "f2")).expect("append"), 2);
        let all = history.all(&conn).expect("all");
        assert_eq!(all[0].rollback_sql, first.rollback_sql);
        assert_eq!(all[1].previous_checksum.as_ref(), Some(&all[0].checksum));
        assert_eq!(history.head(&conn).expect("head"), Some((2, all[1].checksum.clone())));
        assert_eq!(history.newest_version(&conn, "main").expect("newest").as_deref(), Some("1.10"));
        assert_eq!(history.newest_version(&conn, "other").expect("newest"), None);
        history.set_status(&conn, 2, Status::RolledBack).expect("status");
        assert_eq!(history.latest(&conn, "main").expect("latest").map(|row| row.id), Some(1));
        assert_eq!(history.newest_version(&conn, "main").expect("newest").as_deref(), Some("1.9"));
        assert_eq!(history.verify_chain(&conn).expect("chain"), Vec::new());
        assert_eq!(
            history.set_status(&conn, 9, Status::Failed).expect_err("none").kind(),
            ErrorKind::History
        );
    }

    #[test]
    fn edits_and_removals_are_found_by_the_chain() {
        let (conn, history) = database("");
        history.ensure(&conn).expect("create");
        for version in ["1", "2", "3", "4"] {
            history.append(&conn, &revision(version, version)).expect("append");
        }
        conn.execute_batch(
            "UPDATE migration_history SET snapshot = '{ }' WHERE id = 1; DELETE FROM migration_history WHERE id = 3",
        )
        .expect("tamper");
        let found = history.verify_chain(&conn).expect("chain");
        assert_eq!(found.iter().map(|row| row.id).collect::<Vec<_>>(), [1, 4]);
    }

    #[test]
    fn a_hand_rolled_history_is_read_and_then_extended_with_its_rows() {
        let (conn, history) = database(HAND_ROLLED);
        assert_eq!(history.check_shape(&conn).expect("shape"), Shape::HandRolled);
        assert_eq!(history.latest(&conn, "main").expect("latest"), None);
        let before = history.all(&conn).expect("all");
        assert_eq!((before[0].version.as_str(), before[0].status), ("034", Status::Other));
        history.ensure(&conn).expect("extend");
        assert_eq!(history.check_shape(&conn).expect("shape"), Shape::Current);
        assert_eq!(history.all(&conn).expect("all"), before);
        history.append(&conn, &revision("0.1.0", "f")).expect("append");
        let all = history.all(&conn).expect("all");
        assert_eq!((all[1].id, all[1].previous_checksum.as_deref()), (2, Some("abc")));
        assert_eq!(history.newest_version(&conn, "main").expect("newest").as_deref(), Some("0.1.0"));
        assert_eq!(history.verify_chain(&conn).expect("chain"), Vec::new());
    }

    #[test]
    fn an_older_format_of_ours_is_extended() {
        let (conn, history) = database("");
        history.ensure(&conn).expect("create");
        conn.execute_batch("ALTER TABLE migration_history DROP COLUMN reason").expect("drop");
        assert_eq!(history.check_shape(&conn).expect("shape"), Shape::Older(vec!["reason"]));
        history.ensure(&conn).expect("extend");
        history.append(&conn, &revision("1", "f")).expect("append");
        assert_eq!(history.verify_chain(&conn).expect("chain"), Vec::new());
    }

    #[test]
    fn other_shapes_are_refused_and_named() {
        let rows = [
            ("CREATE VIEW migration_history AS SELECT 1", "it is a view"),
            ("CREATE TABLE migration_history (id INTEGER PRIMARY KEY, version TEXT)", "`name` is missing"),
            (&*HAND_ROLLED.replace("INTEGER PRIMARY KEY AUTOINCREMENT", "INT PRIMARY KEY"), "`id` is not"),
            (&*HAND_ROLLED.replace("VARCHAR(20)", "REAL"), "`version` would turn"),
            (&*HAND_ROLLED.replace("VARCHAR(20)", "TEXT UNIQUE"), "is unique"),
            (
                &*HAND_ROLLED.replace("name TEXT", "author TEXT DEFAULT '', name TEXT"),
                "`author` is not known",
            ),
            (
                &*HAND_ROLLED.replace("rollback_sql TEXT", "rollback_sql TEXT NOT NULL DEFAULT ''"),
                "is NOT NULL",
            ),
        ];
        for (sql, cause) in rows {
            let (conn, history) = database(sql);
            let err = history.ensure(&conn).expect_err(sql);
            assert_eq!(err.kind(), ErrorKind::History);
            assert!(err.to_string().contains(cause), "{err}");
            History::named("we \"ird").ensure(&conn).expect("another name works");
        }
    }

    #[test]
    fn a_newer_format_is_refused_with_both_numbers() {
        let (conn, history) = database("");
        history.ensure(&conn).expect("create");
        history.append(&conn, &revision("1", "f")).expect("append");
        conn.execute_batch(
            "UPDATE migration_history SET format = 7; ALTER TABLE migration_history ADD COLUMN z",
        )
        .expect("newer");
        let err = history.check_shape(&conn).expect_err("newer");
        assert!(err.to_string().contains("format 7") && err.to_string().contains("up to 1"), "{err}");
    }

    #[test]
    fn an_equal_version_is_superseded_by_another_fingerprint_until_it_is_applied_again() {
        let (conn, history) = database("");
        history.ensure(&conn).expect("create");
        let superseded = |print: &str| history.superseded(&conn, "main", "1.0.0", print).expect("read");
        history.append(&conn, &revision("1.0", "f1")).expect("append");
        assert!(!superseded("f1") && !superseded("f2"));
        history.append(&conn, &revision("1.0", "f2")).expect("append");
        assert!(superseded("f1") && !superseded("f2"));
        history.append(&conn, &revision("1.0", "f1")).expect("append");
        assert!(!superseded("f1") && superseded("f2"));
    }

    #[test]
    fn a_stamp_is_replaced_and_none_is_no_error() {
        let (conn, history) = database("");
        assert_eq!(history.read_stamp(&conn, "main").expect("no table"), None);
        history.ensure(&conn).expect("create");
        assert_eq!(history.read_stamp(&conn, "main").expect("no row"), None);
        let mut stamp = Stamp {
            model: "main".to_owned(),
            fingerprint: "f".to_owned(),
            policy: "p".to_owned(),
            migrations: String::new(),
            format: 1,
            schema_cookie: schema_cookie(&conn).expect("cookie"),
            revision: 1,
        };
        history.write_stamp(&conn, &stamp).expect("write");
        stamp.revision = 2;
        history.write_stamp(&conn, &stamp).expect("write");
        assert_eq!(history.read_stamp(&conn, "main").expect("read"), Some(stamp));
        conn.execute_batch("DROP TABLE migration_state; CREATE TABLE migration_state (x)").expect("foreign");
        assert_eq!(history.read_stamp(&conn, "main").expect("foreign"), None);
        assert_eq!(history.ensure(&conn).expect_err("foreign").kind(), ErrorKind::History);
    }

    #[test]
    fn a_history_of_another_name_has_a_state_table_of_its_own() {
        assert_eq!(History::default().state_table(), "migration_state");
        assert_eq!(History::named("log").state_table(), "log_state");
    }
}
