//! Numbered migrations that are due, by what the history has; and each of them, run inside the transaction of a start.
//!
//! What is recorded and what is found must agree: a text that changed after it was applied, a file that is gone, a number that comes too
//! late are refused, each with the way to mend it. A migration above all that a program knows is one of a newer program.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use rusqlite::config::DbConfig;
use schema_sql::migration::When;
use schema_sql::{Snippet, quote_ident, significant};

use crate::catalog::{self, Catalog, reason};
use crate::connection::{self, Deadline, SqliteResult};
use crate::error::{Error, ErrorKind, Result};
use crate::migration::{
    Body, Direction, Function, Migration, MigrationContext, Migrations, Surroundings, read,
};
use crate::replaced::Replaced;
use crate::revision::{Kind, Revision, Status};
use crate::settings;
use crate::sql_model::fault_in;
use crate::sqlite_error::kind_of;

/// Why one is recorded without being run.
pub(crate) const HELD: &str = "the model holds all that it makes";

/// What a start is to run.
#[derive(Default)]
pub(crate) struct Due<'m> {
    pub(crate) before: Vec<&'m Migration>,
    pub(crate) after: Vec<&'m Migration>,
    /// Those that wait, since this start goes only as far as a target.
    pub(crate) left: Vec<&'m Migration>,
    /// What people should know: numbers out of their order, and those that only a newer program has.
    pub(crate) warnings: Vec<String>,
}

/// What the caller wants of the migrations.
pub(crate) struct Wish {
    /// Whether a number below the newest applied one may run.
    pub(crate) out_of_order: bool,
    /// Whether what was rolled back may run again.
    pub(crate) reapply: bool,
    /// The last that shall run.
    pub(crate) up_to: Option<u64>,
}

impl<'m> Due<'m> {
    /// For what the model waits: a migration that comes before it and is left out.
    pub(crate) fn holds_model(&self) -> Option<&'m Migration> {
        self.left.iter().find(|migration| migration.when == When::Before).copied()
    }

    /// Lets nothing be due for a program that is older than the database, which never migrates: where `newer` has a version.
    pub(crate) fn only_for(&mut self, newer: &Option<String>) {
        if newer.is_some() {
            self.before.clear();
            self.after.clear();
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.before.is_empty() && self.after.is_empty()
    }

    /// All, in the order in which they run.
    pub(crate) fn all(&self) -> impl Iterator<Item = &'m Migration> + '_ {
        self.before.iter().chain(&self.after).copied()
    }

    /// `034 split_names, 035 index`.
    pub(crate) fn titles(&self) -> String {
        self.all().map(Migration::title).collect::<Vec<_>>().join(", ")
    }
}

/// What the history has of the numbers of `model`: the newest row of each, which alone counts, but for one that has not ended: what a restore
/// has put behind it does not end it. A failure is no state of it.
pub(crate) fn recorded<'r>(rows: &'r [Revision], model: &str) -> BTreeMap<u64, &'r Revision> {
    let counts = |row: &&Revision| {
        row.model == model
            && row.kind == Kind::Numbered
            && !matches!(row.status, Status::Failed | Status::Other)
    };
    let mut recorded: BTreeMap<u64, &Revision> = BTreeMap::new();
    for row in rows.iter().filter(counts) {
        let Ok(number) = row.version.parse() else { continue };
        let newest = recorded.entry(number).or_insert(row);
        if newest.status != Status::Running {
            *newest = row;
        }
    }
    recorded
}

/// What of `set` is due for `model`, whose history is `rows`.
///
/// # Errors
/// `Conflict` where history and migrations disagree, with each disagreement; `RolledBack` where one was taken back and may not come again
/// by itself.
pub(crate) fn due<'m>(rows: &[Revision], set: &'m Migrations, model: &str, wish: &Wish) -> Result<Due<'m>> {
    let recorded = recorded(rows, model);
    let mut due = Due::default();
    let mut conflicts: Vec<Disagreement> = Vec::new();
    let known = set.list.last().map(|migration| migration.number);
    let replaced =
        Replaced::settle(set, &|number| recorded.get(&number).copied().filter(|row| is_applied(row)));
    conflicts.extend(
        replaced.gaps.iter().map(|(what, help)| Disagreement { what: what.clone(), help: help.clone() }),
    );
    for (number, row) in &recorded {
        let found = set.list.iter().find(|migration| migration.number == *number);
        if replaced.stands_for(row, found) {
            continue;
        }
        match disagreement(row, found) {
            Some(_) if found.is_none() && known.is_none_or(|known| *number > known) => due.warnings.push(format!(
                "the database has the migration {} {}, which this program does not know: it is an older one",
                row.version, row.name
            )),
            other => conflicts.extend(other),
        }
    }
    let newest = recorded.iter().rfind(|(_, row)| is_applied(row)).map(|(number, _)| *number);
    for migration in set.list.iter().filter(|migration| !replaced.passes_over(migration)) {
        if recorded.get(&migration.number).is_some_and(|row| row.status != Status::RolledBack) {
            continue;
        }
        if wish.up_to.is_some_and(|last| migration.number > last) {
            due.left.push(migration);
            continue;
        }
        if let Some(newest) = newest.filter(|newest| migration.number < *newest) {
            let text = format!("{} comes after {newest:03}, which is applied", migration.title());
            if !wish.out_of_order {
                let version = &migration.digits;
                conflicts.push(Disagreement {
                    what: format!("{text}, though its number is lower"),
                    help: format!(
                        "give it the next number, or let it run out of order: `--out-of-order`, `.out_of_order()`; if all of it is there, or it shall never \
                         run here: `schema resolve --applied {version}` or `--skip {version}`, with `--reason TEXT`"
                    ),
                });
                continue;
            }
            due.warnings.push(format!("{text}: it runs out of order"));
        }
        match migration.when {
            When::Before => due.before.push(migration),
            When::After => due.after.push(migration),
        }
    }
    conflicts.extend(due.all().filter_map(|migration| of_another_model(rows, migration, model)));
    refuse_disagreements(conflicts)?;
    // All that is due and has a row has gone back.
    let again = due.all().find(|migration| recorded.contains_key(&migration.number));
    match again.filter(|_| !wish.reapply) {
        None => Ok(due),
        Some(migration) => {
            Err(Error::new(ErrorKind::RolledBack, format!("migration {} was rolled back", migration.title()))
                .state("nothing was changed")
                .help("to apply it again, use `schema apply` or say `.reapply()`"))
        }
    }
}

/// Where history and migrations say different things.
struct Disagreement {
    what: String,
    help: String,
}

/// The same text under the same number and name, applied for another model: it would run twice.
fn of_another_model(rows: &[Revision], migration: &Migration, model: &str) -> Option<Disagreement> {
    // Nobody knows whether two functions are the same.
    let Body::Sql(_) = &migration.up.body else { return None };
    let is_it = |row: &&Revision| {
        row.model != model
            && row.kind == Kind::Numbered
            && is_applied(row)
            && row.name == migration.name
            && row.version.parse() == Ok(migration.number)
            && row.fingerprint.as_deref() == Some(migration.checksum.as_str())
    };
    let row = rows.iter().rfind(is_it)?;
    Some(Disagreement {
        what: format!(
            "{} was applied for model `{}`, and is due for model `{model}`",
            migration.title(),
            row.model
        ),
        help: format!(
            "give the migrations to model `{}`, or the model that name; where both shall have it, give it another name here",
            row.model
        ),
    })
}

fn is_applied(row: &Revision) -> bool {
    matches!(row.status, Status::Completed | Status::Skipped)
}

/// What a recorded number and the migration that has it now disagree about.
fn disagreement(row: &Revision, found: Option<&Migration>) -> Option<Disagreement> {
    let of = |what: String, help: String| Some(Disagreement { what, help });
    let version = &row.version;
    if row.status == Status::Running {
        return Some(unfinished(row));
    }
    if !is_applied(row) {
        return None;
    }
    match found {
        None => of(
            format!("{} {} was applied, and is gone", row.version, row.name),
            format!(
                "put its file back from version control; if what it did was taken back by hand: `schema resolve --undone {version} --reason TEXT`"
            ),
        ),
        Some(found) if found.name != row.name => of(
            format!("{} was applied as {}, and is called {} now", row.version, row.name, found.name),
            format!(
                "give it its name again, and another migration another number; if it is the same one: `schema resolve --rehash {version} --reason TEXT`"
            ),
        ),
        Some(found) if row.fingerprint.as_deref() != Some(found.checksum.as_str()) => of(
            format!("{} was changed after it was applied on {}", found.title(), row.applied_at),
            format!(
                "put its text back from version control, and make the change in a migration of its own; if its text of now is what was applied: \
                 `schema resolve --rehash {version} --reason TEXT`"
            ),
        ),
        Some(_) => None,
    }
}

/// A migration outside of a transaction that is at work, or of which a part may be there.
fn unfinished(row: &Revision) -> Disagreement {
    let (version, name, at) = (&row.version, &row.name, &row.applied_at);
    let how = match &row.error {
        Some(error) => format!("failed ({error})"),
        None => "has not ended".to_owned(),
    };
    Disagreement {
        what: format!(
            "{version} {name} was begun on {at} and {how}: it runs outside of a transaction, so a part of it may be there"
        ),
        help: format!(
            "look at what is there, then say what it is: `schema resolve --applied {version}`, or `--undone {version}` where nothing of it is left; \
             with `--reason TEXT`"
        ),
    }
}

/// Refuses to go on where a migration of `model` has not ended.
///
/// # Errors
/// `Conflict`, naming it.
pub(crate) fn refuse_unfinished(rows: &[Revision], model: &str) -> Result<()> {
    let recorded = recorded(rows, model);
    let running = recorded.into_values().filter(|row| row.status == Status::Running);
    refuse_disagreements(running.map(unfinished).collect())
}

fn refuse_disagreements(conflicts: Vec<Disagreement>) -> Result<()> {
    if conflicts.is_empty() {
        return Ok(());
    }
    let help = conflicts.iter().map(|conflict| conflict.help.as_str()).collect::<Vec<_>>().join("; ");
    let error = Error::new(ErrorKind::Conflict, "the migrations contradict the history")
        .state("nothing was changed")
        .help(help);
    Err(conflicts.into_iter().fold(error, |error, conflict| error.cause(conflict.what)))
}

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
    // Which a migration may set, and the next shall not find.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_LEGACY_ALTER_TABLE, false)
        .at(|| "cannot set renames back behind a migration".to_owned())?;
    done?;
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
    conn.execute_batch("PRAGMA defer_foreign_keys = OFF")
        .at(|| "cannot set foreign keys for a migration".to_owned())
}

fn set_keys(conn: &Connection, on: bool) -> Result<()> {
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, on)
        .map(drop)
        .at(|| "cannot set foreign keys for a migration".to_owned())
}
