//! The history and the stamp: two tables in the user's file, and what is written there.
//!
//! Knows no plan's inside: plans, undo and snapshots are text here. Everything that writes runs inside the caller's transaction.
//! Rows are only added; nothing but their status ever changes, and the last row where it says that a migration is running.

mod past;
mod shape;
mod stamp;

use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, OptionalExtension, Row, Statement, params, params_from_iter};
use schema_sql::quote_ident;

use crate::connection::{self, SqliteResult, name_of};
pub(crate) use crate::revision::{ALGORITHM, FORMAT};
use crate::revision::{Kind, Revision, Status};
use crate::sqlite_error::kind_of;
use crate::{Error, ErrorKind, Result};

use past::Left;
pub(crate) use past::Past;
pub(crate) use shape::Shape;
use shape::{OURS, SEVEN, object};
pub(crate) use stamp::{Stamp, schema_cookie};

/// The default name of the history's table.
pub(crate) const TABLE: &str = "migration_history";
/// The default name of the stamps' table.
pub(crate) const STATE: &str = "migration_state";

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

/// Refuses to go by a row that somebody has edited: what it `says` may be otherwise.
///
/// # Errors
/// `Tampered`, without a state and advice.
pub(crate) fn refuse_edited(row: &Revision, says: &str) -> Result<()> {
    if !row.is_edited() {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Tampered, format!("row {} of the history was edited", row.id))
        .cause(format!("its content is not what was written, and it says {says}")))
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

    /// Whether the history's table is there.
    ///
    /// # Errors
    /// `History` where the name is that of a view or an index; what reading the schema may give.
    pub(crate) fn exists(&self, conn: &Connection) -> Result<bool> {
        match object(conn, &self.table)?.as_deref() {
            None => Ok(false),
            Some("table") => Ok(true),
            Some(kind) => Err(self.foreign(conn, format!("it is a {kind}, not a table"))),
        }
    }

    fn cannot_read(&self, conn: &Connection) -> String {
        format!("cannot read the history `{}` of {}", self.table, name_of(conn))
    }

    fn cannot_write(&self, conn: &Connection) -> String {
        format!("cannot write the history `{}` of {}", self.table, name_of(conn))
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

    /// Says how what the row `running`, its number and checksum, says is running has ended: in its place, where nothing came after it, else in a
    /// row behind the last one, with the first as failed, as a person who resolves it leaves it. Gives back the row's number; `None` where that
    /// one is not there any more, or said to be something else.
    ///
    /// # Errors
    /// What reading and writing may give.
    pub(crate) fn conclude(
        &self,
        conn: &Connection,
        running: &(i64, String),
        revision: &Revision,
    ) -> Result<Option<i64>> {
        let (id, checksum) = running;
        let table = quote_ident(&self.table);
        let sql = format!(
            "SELECT EXISTS (SELECT 1 FROM main.{table} WHERE id = ?1 AND checksum = ?2 AND status = 'running')"
        );
        let runs: bool =
            conn.query_row(&sql, params![id, checksum], |row| row.get(0)).at(|| self.cannot_read(conn))?;
        if !runs {
            return Ok(None);
        }
        if self.head(conn)?.is_some_and(|(head, _)| head == *id) {
            let sql = format!("DELETE FROM main.{table} WHERE id = ?1");
            conn.execute(&sql, [id]).at(|| self.cannot_write(conn))?;
        } else {
            self.set_status(conn, *id, Status::Failed)?;
        }
        self.append(conn, revision).map(Some)
    }

    /// Whether a migration of `model` is said to be running, and not to have failed.
    ///
    /// # Errors
    /// `History`, if it is no table that says so; and what reading may give.
    pub(crate) fn is_running(&self, conn: &Connection, model: &str) -> Result<bool> {
        self.has_such(conn, model, "status = 'running' AND error IS NULL")
    }

    /// Whether a migration of `model` has not ended, be it at work or given up.
    ///
    /// # Errors
    /// As [`History::is_running`].
    pub(crate) fn has_running(&self, conn: &Connection, model: &str) -> Result<bool> {
        self.has_such(conn, model, "status = 'running'")
    }

    fn has_such(&self, conn: &Connection, model: &str, such: &str) -> Result<bool> {
        let names = ["model", "status", "error"];
        let sql =
            |source: &str| format!("SELECT EXISTS (SELECT 1 FROM {source} WHERE model = ?1 AND {such})");
        let Some(mut statement) = self.prepared(conn, &names, &sql)? else { return Ok(false) };
        let has: bool = statement.query_row([model], |row| row.get(0)).at(|| self.cannot_read(conn))?;
        // A view of this name says nothing.
        Ok(has && self.exists(conn)?)
    }

    /// Writes a row as it was written before, in another file of the same history, but for its status.
    ///
    /// # Errors
    /// What writing may give.
    pub(crate) fn carry_over(&self, conn: &Connection, revision: &Revision, status: Status) -> Result<()> {
        self.insert(conn, &Revision { status, ..revision.clone() })
    }

    /// Proves that the main database can be written, as [`connection::prove_writable`] does. Where there is a row to write, SQLite need not
    /// read the whole schema again, as it does when a table is taken back.
    ///
    /// # Errors
    /// As there.
    pub(crate) fn prove_writable(&self, conn: &Connection) -> Result<()> {
        connection::refuse_ended(conn)?;
        let what = || format!("cannot write to {}", name_of(conn));
        let page: i64 = conn.query_row("PRAGMA main.page_size", [], |row| row.get(0)).at(what)?;
        // A page more than there was, as for a table.
        let probed = conn.execute_batch(&format!(
            "SAVEPOINT schema_probe;
             INSERT OR REPLACE INTO main.{} (model, stamp) VALUES ('', zeroblob({page}));
             ROLLBACK TO schema_probe;
             RELEASE schema_probe",
            quote_ident(&self.state_table())
        ));
        match probed {
            Ok(()) => Ok(()),
            // There are no stamps, or none of this form.
            Err(err) if kind_of(&err) == ErrorKind::Sqlite && !conn.is_autocommit() => {
                conn.execute_batch("ROLLBACK TO schema_probe; RELEASE schema_probe").at(what)?;
                connection::prove_writable(conn)
            }
            Err(err) => Err(err).at(what),
        }
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

    /// What the rows of `model` say, but for what they hold of plans and catalogs.
    ///
    /// # Errors
    /// What reading may give.
    pub(crate) fn past(&self, conn: &Connection, model: &str) -> Result<Past> {
        let names = ["id", "version", "kind", "status", "fingerprint", "snapshot", "model"];
        let sql = |source: &str| {
            format!(
                "SELECT id, version, kind, status, fingerprint, snapshot IS NOT NULL FROM {source} WHERE model = ?1 ORDER BY id"
            )
        };
        let Some(mut statement) = self.prepared(conn, &names, &sql)? else { return Ok(Past::default()) };
        let rows = statement.query_map([model], Left::of);
        rows.and_then(Iterator::collect).map(Past).at(|| self.cannot_read(conn))
    }

    /// The row of this number.
    ///
    /// # Errors
    /// `History`, if the row cannot be understood; and what reading may give.
    pub(crate) fn row(&self, conn: &Connection, id: i64) -> Result<Option<Revision>> {
        Ok(self.select(conn, &format!("WHERE id = {id}"))?.pop())
    }

    /// The row that [`Past::latest`] names.
    ///
    /// # Errors
    /// As [`History::row`].
    pub(crate) fn latest(&self, conn: &Connection, model: &str) -> Result<Option<Revision>> {
        match self.past(conn, model)?.latest() {
            Some(id) => self.row(conn, id),
            None => Ok(None),
        }
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

    /// What each row and the two tables are now, `None` without a history: to see whether somebody who has had the connection has changed them.
    ///
    /// # Errors
    /// What reading may give.
    pub(crate) fn seal(&self, conn: &Connection) -> Result<Option<Vec<String>>> {
        if !self.exists(conn)? {
            return Ok(None);
        }
        let sql = format!(
            "SELECT id || ' ' || checksum || ' ' || status FROM main.{}
             UNION ALL SELECT name || ' ' || sql FROM main.sqlite_schema WHERE lower(tbl_name) IN (lower(?1), lower(?2)) AND sql NOTNULL
             UNION ALL SELECT name || ' ' || sql FROM temp.sqlite_schema
                 WHERE type = 'trigger' AND lower(tbl_name) IN (lower(?1), lower(?2))",
            quote_ident(&self.table)
        );
        let mut statement = conn.prepare(&sql).at(|| self.cannot_read(conn))?;
        let rows = statement.query_map([&self.table, &self.state_table()], |row| row.get(0));
        rows.and_then(Iterator::collect).at(|| self.cannot_read(conn))
    }

    /// Refuses what the migration called `title` has done, where it has changed what [`seal`](History::seal) gave before it; `None` where there
    /// was no history. Outside of a transaction, others may have added to it `meanwhile`, and said of rows that they are rolled back.
    ///
    /// # Errors
    /// `Migration`.
    pub(crate) fn refuse_changed(
        &self,
        conn: &Connection,
        seal: Option<&[String]>,
        title: &str,
        meanwhile: bool,
    ) -> Result<()> {
        let now = self.seal(conn)?;
        let without_status = |line: &'_ str| line.rsplit_once(' ').map_or("", |(line, _)| line).to_owned();
        let same = match (seal, &now) {
            (Some(seal), Some(now)) if meanwhile => {
                let now: Vec<String> = now.iter().map(|line| without_status(line)).collect();
                seal.iter().all(|line| now.contains(&without_status(line)))
            }
            (seal, now) => now.as_deref() == seal,
        };
        if same {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Migration, format!("migration {title} failed"))
            .cause(format!("it has changed the history, `{}`", self.table))
            .help("take that out: each migration gets its row by itself"))
    }

    /// The checksum of the first row of ours, which no other database has.
    ///
    /// # Errors
    /// What reading may give.
    pub(crate) fn identity(&self, conn: &Connection) -> Result<Option<String>> {
        let names = ["id", "checksum", "format"];
        let sql =
            |source: &str| format!("SELECT checksum FROM {source} WHERE format > 0 ORDER BY id LIMIT 1");
        let Some(mut statement) = self.prepared(conn, &names, &sql)? else { return Ok(None) };
        statement
            .query_row([], |row| text(row, 0))
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
    /// `History`, if it is no table, or a row cannot be understood; and what reading may give.
    pub(crate) fn all(&self, conn: &Connection) -> Result<Vec<Revision>> {
        if self.exists(conn)? { self.select(conn, "ORDER BY id") } else { Ok(Vec::new()) }
    }

    /// The plans of the newest `most` revisions that ran to their end, whatever became of them later, each with the milliseconds
    /// that it took; newest first.
    ///
    /// # Errors
    /// What reading may give.
    pub(crate) fn timed(&self, conn: &Connection, most: usize) -> Result<Vec<(String, u64)>> {
        let names = ["id", "plan", "duration_ms", "status"];
        let sql = |source: &str| {
            format!(
                "SELECT plan, duration_ms FROM {source} WHERE status IN ('completed', 'rolled_back') \
                 AND typeof(duration_ms) = 'integer' AND duration_ms > 0 AND plan IS NOT NULL ORDER BY id DESC LIMIT ?1"
            )
        };
        let Some(mut statement) = self.prepared(conn, &names, &sql)? else { return Ok(Vec::new()) };
        let what = || self.cannot_read(conn);
        let mut rows = statement.query([i64::try_from(most).unwrap_or(i64::MAX)]).at(what)?;
        let mut timed = Vec::new();
        while let Some(row) = rows.next().at(what)? {
            let took: i64 = row.get(1).at(what)?;
            timed.extend(text(row, 0).at(what)?.map(|plan| (plan, took.unsigned_abs())));
        }
        Ok(timed)
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

    /// What `sql` makes of the table and these of its columns; `None` where there is no table. Of one that was not extended yet, what it
    /// lacks is read as its default. The columns are looked at only where the statement does not do: few tables are such.
    fn prepared<'c>(
        &self,
        conn: &'c Connection,
        names: &[&str],
        sql: &dyn Fn(&str) -> String,
    ) -> Result<Option<Statement<'c>>> {
        let table = quote_ident(&self.table);
        let err = match conn.prepare(&sql(&format!("main.{table}"))) {
            Ok(statement) => return Ok(Some(statement)),
            Err(err) if kind_of(&err) == ErrorKind::Sqlite => err,
            Err(err) => return Err(err).at(|| self.cannot_read(conn)),
        };
        let found = self.present(conn)?;
        if found.is_empty() {
            return Ok(None);
        }
        let has = |name: &str| found.iter().any(|column| column.is(name));
        if names.iter().all(|name| has(name)) {
            return Err(err).at(|| self.cannot_read(conn));
        }
        let list = SEVEN.iter().chain(&OURS).filter(|(name, _)| names.contains(name)).map(|(name, rest)| {
            let default = rest.split_once("DEFAULT ").map_or("NULL", |(_, default)| default);
            if has(name) { (*name).to_owned() } else { format!("{default} AS {name}") }
        });
        let source = format!("(SELECT {} FROM main.{table})", list.collect::<Vec<_>>().join(", "));
        conn.prepare(&sql(&source)).map(Some).at(|| self.cannot_read(conn))
    }

    fn select(&self, conn: &Connection, tail: &str) -> Result<Vec<Revision>> {
        let names: Vec<&str> = SEVEN.iter().chain(&OURS).map(|(name, _)| *name).collect();
        let sql = |source: &str| format!("SELECT {} FROM {source} {tail}", names.join(", "));
        let Some(mut statement) = self.prepared(conn, &names, &sql)? else { return Ok(Vec::new()) };
        let mut rows = statement.query([]).at(|| self.cannot_read(conn))?;
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

/// A value as text, whatever it is: other systems store numbers and worse.
fn text(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<String>> {
    Ok(match row.get_ref(at)? {
        ValueRef::Null => None,
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Real(number) => Some(number.to_string()),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Some(match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => String::from_utf8_lossy(bytes).into_owned(),
        }),
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

    pub(super) fn database(sql: &str) -> (Connection, History) {
        let conn = Connection::open_in_memory().expect("memory");
        conn.execute_batch(sql).expect(sql);
        (conn, History::default())
    }

    pub(super) fn revision(version: &str, fingerprint: &str) -> Revision {
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
        let newest =
            |model: &str| history.past(&conn, model).expect("past").newest_version().map(str::to_owned);
        assert_eq!(newest("main").as_deref(), Some("1.10"));
        assert_eq!(newest("other"), None);
        history.set_status(&conn, 2, Status::RolledBack).expect("status");
        assert_eq!(history.latest(&conn, "main").expect("latest").map(|row| row.id), Some(1));
        assert_eq!(newest("main").as_deref(), Some("1.9"));
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
    fn an_equal_version_is_superseded_by_another_fingerprint_until_it_is_applied_again() {
        let (conn, history) = database("");
        history.ensure(&conn).expect("create");
        let superseded =
            |print: &str| history.past(&conn, "main").expect("read").is_superseded("1.0.0", print);
        history.append(&conn, &revision("1.0", "f1")).expect("append");
        assert!(!superseded("f1") && !superseded("f2"));
        history.append(&conn, &revision("1.0", "f2")).expect("append");
        assert!(superseded("f1") && !superseded("f2"));
        history.append(&conn, &revision("1.0", "f1")).expect("append");
        assert!(!superseded("f1") && superseded("f2"));
    }

    #[test]
    fn a_history_of_another_name_has_a_state_table_of_its_own() {
        assert_eq!(History::default().state_table(), "migration_state");
        assert_eq!(History::named("log").state_table(), "log_state");
    }
}
