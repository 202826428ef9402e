//! One direction of a numbered migration, run: a text statement by statement, a function with all that it may do wrong; foreign keys are
//! enforced meanwhile.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use rusqlite::config::DbConfig;
use schema_sql::{Snippet, quote_ident, significant};

use crate::catalog::{self, Catalog, reason};
use crate::connection::{self, Deadline, SqliteResult};
use crate::error::{Error, ErrorKind, Result};
use crate::migration::{Body, Direction, Function, Migration, MigrationContext, Surroundings, read};
use crate::settings;
use crate::sql_model::fault_in;
use crate::sqlite_error::kind_of;

/// Runs one way of a migration, up or down, in the open transaction, or outside of any where it says so; foreign keys are enforced meanwhile.
///
/// # Errors
/// `Migration` if a statement or the function fails, or leaves a transaction other than it found it; `TimeLimit` and `Cancelled`.
pub(crate) fn run(
    conn: &Connection,
    title: &str,
    direction: &Direction,
    surroundings: Surroundings<'_>,
    deadline: &Deadline<'_>,
) -> Result<Duration> {
    let began = Instant::now();
    deadline.check(|| format!("migration {title} was not begun"))?;
    if direction.transaction {
        connection::refuse_ended(conn)?;
    }
    enforce(conn, true)?;
    let done = match &direction.body {
        Body::Sql(text) => run_text(conn, title, (text, &direction.origin), deadline),
        Body::Code(function) if direction.transaction => {
            run_code(conn, title, function.as_ref(), surroundings, deadline)
        }
        Body::Code(function) => call(conn, title, function.as_ref(), surroundings, deadline).0,
    };
    let open = !direction.transaction && !conn.is_autocommit();
    if open {
        connection::rollback(conn)?;
    }
    if !direction.transaction {
        settings::restore(conn)?;
    }
    enforce(conn, false)?;
    done?;
    if direction.transaction {
        connection::refuse_ended(conn)?;
    }
    if open {
        return Err(failed(title)
            .cause("it has left a transaction open, which was rolled back")
            .help("end it with COMMIT"));
    }
    Ok(began.elapsed())
}

/// The same inside of a transaction, where `live` is there before it: rows that it leaves without a parent are refused. What is there then, and
/// how long it took.
///
/// # Errors
/// As [`run`].
pub(crate) fn run_held(
    (title, direction): (&str, &Direction),
    (live, own): (&Catalog, &[String]),
    surroundings: Surroundings<'_>,
    deadline: &Deadline<'_>,
) -> Result<(Catalog, Duration)> {
    let conn = deadline.conn();
    let orphans = deferrable(conn, direction, live)?;
    let took = run(conn, title, direction, surroundings, deadline)?;
    let after = catalog::read(conn, "main", own)?;
    if let Some(orphans) = orphans {
        refuse_orphans(conn, title, &after, &orphans)?;
    }
    Ok((after, took))
}

/// The savepoint around a function: it is gone where the function has ended the transaction, even if it has begun another.
const AROUND: &str = "schema_migration";

fn run_code(
    conn: &Connection,
    title: &str,
    function: &Function,
    surroundings: Surroundings<'_>,
    deadline: &Deadline<'_>,
) -> Result<()> {
    let what = || format!("cannot run migration {title}");
    conn.execute_batch(&format!("SAVEPOINT {AROUND}")).at(what)?;
    let (done, stopped) = call(conn, title, function, surroundings, deadline);
    if !conn.is_autocommit() && conn.execute_batch(&format!("RELEASE {AROUND}")).is_ok() {
        settings::restore(conn)?;
        return done;
    }
    match done {
        // It gave up with the error by which SQLite has taken everything back.
        Err(error) if stopped => Err(error),
        done => Err(done
            .err()
            .unwrap_or_else(|| failed(title).cause("it has ended the transaction"))
            .state("the transaction ended while the function ran: what ran before that may be in the file, and what the function did afterwards is")
            .rather("take COMMIT and ROLLBACK out, and give back each error of SQLite; compare the file with the backup, and restore that")),
    }
}

/// What the function gives back, and whether SQLite may have taken the transaction back by then.
fn call(
    conn: &Connection,
    title: &str,
    function: &Function,
    surroundings: Surroundings<'_>,
    deadline: &Deadline<'_>,
) -> (Result<()>, bool) {
    let told = Cell::new(None);
    let progress = |done: u64, total: u64| {
        let hundredths = done.saturating_mul(100).checked_div(total).unwrap_or(100);
        if told.replace(Some(hundredths)) != Some(hundredths) {
            (surroundings.tell)(done, total);
        }
        deadline.check(|| format!("migration {title} was stopped at {done} of {total}"))
    };
    let context = MigrationContext { conn, environment: surroundings.environment, progress: &progress };
    match catch_unwind(AssertUnwindSafe(|| function(&context))) {
        Ok(Ok(())) => (Ok(()), false),
        Ok(Err(error)) => {
            let stopped = error.downcast_ref::<rusqlite::Error>().is_some_and(ends_transactions);
            (Err(given_back(title, error, deadline)), stopped)
        }
        Err(panic) => {
            let failed = failed(title).cause(format!("its function panicked: {}", said(panic.as_ref())));
            (Err(failed.help("mend the function: an error that it gives back says more")), false)
        }
    }
}

/// Whether SQLite may have taken the transaction back with this error.
///
/// SQLite: <https://www.sqlite.org/lang_transaction.html>, section 3.
fn ends_transactions(err: &rusqlite::Error) -> bool {
    matches!(kind_of(err), ErrorKind::DiskFull | ErrorKind::Io | ErrorKind::Cancelled | ErrorKind::Busy)
}

/// What the error that a function has given back becomes: a time limit stays one.
fn given_back(title: &str, error: Box<dyn StdError + Send + Sync>, deadline: &Deadline<'_>) -> Error {
    let error = match error.downcast::<Error>() {
        Ok(stopped) if deadline.interrupted() == Some(stopped.kind()) => return *stopped,
        Ok(other) => other as Box<dyn StdError + Send + Sync>,
        Err(error) => error,
    };
    let mut failed = failed(title).help("mend the function, or the rows that it does not expect");
    let mut link: Option<&dyn StdError> = Some(error.as_ref());
    while let Some(error) = link {
        failed = failed.cause(error.to_string());
        // Below an error of SQLite is its code only.
        link = if error.is::<rusqlite::Error>() { None } else { error.source() };
    }
    failed
}

/// Whether `list` runs here, a new file, one after the other; tried and taken back. The error inside is that of the one which does not.
pub(crate) fn all_run(
    conn: &Connection,
    list: &[&Migration],
    environment: Option<&str>,
    deadline: &Deadline<'_>,
) -> Result<Result<()>> {
    let what = || "cannot try the migrations on a new file".to_owned();
    conn.execute_batch("SAVEPOINT schema_try").at(what)?;
    let trial = Surroundings::of_trial(environment);
    // What runs outside of a transaction is not there to make the schema.
    let tried = list
        .iter()
        .filter(|migration| migration.up.transaction)
        .try_for_each(|migration| run(conn, &migration.title(), &migration.up, trial, deadline).map(drop));
    let back = conn.execute_batch("ROLLBACK TO schema_try; RELEASE schema_try");
    if back.is_err() {
        tried?;
        return back.at(what).map(Ok);
    }
    match tried {
        Err(error) if error.kind() != ErrorKind::Migration => Err(error),
        tried => Ok(tried),
    }
}

/// How many rows there are without a parent, by table, rowid (none of a table WITHOUT ROWID) and the parent's table.
pub(crate) type Orphans = BTreeMap<(String, Option<i64>, String), u64>;

/// The rows without a parent, where the migration can leave more of them: a deferred check lets them stand until the commit, which would
/// refuse them and not say which. `None` where each statement is held to the keys.
pub(crate) fn deferrable(
    conn: &Connection,
    direction: &Direction,
    catalog: &Catalog,
) -> Result<Option<Orphans>> {
    let says = match &direction.body {
        // `DEFERRABLE` of a table that it makes, or the pragma; or a table goes, see `run_text`.
        Body::Sql(text) => {
            text.to_ascii_lowercase().contains("defer")
                || read(text, &direction.origin)?.statements.iter().any(|it| drops_table(it.text))
        }
        Body::Code(_) => true,
    };
    let deferred = catalog.tables.iter().any(|table| table.foreign_keys.iter().any(|key| key.deferred));
    (says || deferred).then(|| orphans(conn, catalog)).transpose()
}

/// Refuses rows without a parent that are not among those of `before`.
pub(crate) fn refuse_orphans(
    conn: &Connection,
    title: &str,
    catalog: &Catalog,
    before: &Orphans,
) -> Result<()> {
    let after = orphans(conn, catalog)?;
    let new = after.iter().find(|(row, count)| before.get(*row).is_none_or(|before| before < *count));
    let Some(((table, rowid, parent), _)) = new else { return Ok(()) };
    let row = rowid.map_or_else(|| "a row".to_owned(), |rowid| format!("row {rowid}"));
    let error = failed(title).cause(format!("{row} of `{table}` refers to a `{parent}` that does not exist"));
    if catalog.table(parent).is_some() {
        return Err(error.help("insert the parent, or mend the row, in the same migration"));
    }
    Err(error.help("delete or mend such rows before the table is dropped; to rebuild a table, make the new one by another name, copy the rows, drop the old one, then rename the new one"))
}

fn orphans(conn: &Connection, catalog: &Catalog) -> Result<Orphans> {
    let mut orphans = Orphans::new();
    for table in catalog.tables.iter().filter(|table| !table.foreign_keys.is_empty()) {
        let mut look = || -> rusqlite::Result<()> {
            let sql = format!("PRAGMA main.foreign_key_check({})", quote_ident(&table.name));
            let mut statement = conn.prepare(&sql)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                *orphans.entry((row.get(0)?, row.get(1)?, row.get(2)?)).or_default() += 1;
            }
            Ok(())
        };
        match look() {
            // A key that names no table or column of now can be checked by nobody.
            Err(err) if kind_of(&err) == ErrorKind::Sqlite => {}
            result => result.at(|| format!("cannot check the foreign keys of `{}`", table.name))?,
        }
    }
    Ok(orphans)
}

fn run_text(
    conn: &Connection,
    title: &str,
    (text, origin): (&str, &str),
    deadline: &Deadline<'_>,
) -> Result<()> {
    let script = read(text, origin)?;
    let of = script.statements.len();
    for (number, statement) in script.statements.iter().enumerate() {
        let what = || format!("statement {} of {of} failed", number + 1);
        let step = || -> rusqlite::Result<()> {
            let mut prepared = conn.prepare(statement.text)?;
            let mut rows = prepared.raw_query();
            while rows.next()?.is_some() {}
            Ok(())
        };
        // With foreign keys DROP TABLE deletes the rows first, and those of others by CASCADE: a table could not be rebuilt. Rows that
        // have lost their parent are found at the end. SQLite: <https://www.sqlite.org/lang_droptable.html>, <https://www.sqlite.org/lang_altertable.html#otheralter>
        let drops = drops_table(statement.text);
        if drops {
            set_keys(conn, false)?;
        }
        let result = step();
        if drops {
            set_keys(conn, true)?;
        }
        result.map_err(|err| {
            let why = reason(&err, statement.text);
            let (at, len) = fault_in(conn, statement.text, &why);
            let snippet = Snippet::new(text, statement.at + at, len);
            let place = format!("{origin}:{}:{}\n{snippet}", snippet.line(), snippet.column());
            let error = deadline.error(err, what());
            match error.kind() {
                ErrorKind::TimeLimit | ErrorKind::Cancelled | ErrorKind::DiskFull | ErrorKind::Io => error,
                _ => failed(title)
                    .cause(format!("statement {} of {of}: {why}", number + 1))
                    .cause(place)
                    .help("mend the file, or the rows that it does not expect"),
            }
        })?;
    }
    Ok(())
}

/// Whether the statement is `DROP TABLE …`.
fn drops_table(sql: &str) -> bool {
    let tokens = significant(sql).unwrap_or_default();
    matches!(tokens.as_slice(), [drop, table, ..] if drop.is_word("DROP") && table.is_word("TABLE"))
}

pub(crate) fn failed(title: &str) -> Error {
    Error::new(ErrorKind::Migration, format!("migration {title} failed"))
}

fn said(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "without a text".to_owned())
}

/// `PRAGMA foreign_keys` has no effect inside a transaction, this has. A check that one migration has put off is not put off for others.
fn enforce(conn: &Connection, on: bool) -> Result<()> {
    set_keys(conn, on)?;
    // What one migration has set, the next shall not find.
    conn.execute_batch("PRAGMA defer_foreign_keys = OFF; PRAGMA legacy_alter_table = OFF")
        .at(|| "cannot set foreign keys for a migration".to_owned())
}

fn set_keys(conn: &Connection, on: bool) -> Result<()> {
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, on)
        .map(drop)
        .at(|| "cannot set foreign keys for a migration".to_owned())
}
