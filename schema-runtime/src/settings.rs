//! What a migration needs of a connection, and a guard that gives everything back.

use std::time::Duration;

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use crate::connection::{forget_schema, is_memory, name_of, rollback};
use crate::sqlite_error::SqliteResult;
use crate::{Error, ErrorKind, Result};

/// The on-off pragmas that are remembered, with what a migration needs them to be.
const FLAGS: [(&str, Option<bool>); 7] = [
    ("foreign_keys", Some(false)),
    ("legacy_alter_table", Some(false)),
    ("writable_schema", Some(false)),
    ("ignore_check_constraints", Some(false)),
    ("query_only", Some(false)),
    // Statements that write would give a row.
    ("count_changes", Some(false)),
    ("trusted_schema", None),
];

/// The options without a pragma that are remembered.
const OPTIONS: [DbConfig; 2] =
    [DbConfig::SQLITE_DBCONFIG_DEFENSIVE, DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER];

/// `PRAGMA synchronous` for FULL.
const FULL: i64 = 2;

/// A connection set up for a migration, until this is dropped.
///
/// To be made before the transaction begins and dropped after it has ended: `foreign_keys` and `synchronous` cannot be changed
/// inside one. A transaction that is still open at the drop (a panic came through) is rolled back first. The drop never
/// panics; what cannot be put back stays as it is.
pub(crate) struct Settings<'c> {
    conn: &'c Connection,
    flags: [Option<bool>; FLAGS.len()],
    options: [Option<bool>; OPTIONS.len()],
    synchronous: i64,
    busy_timeout: i64,
}

impl<'c> Settings<'c> {
    /// Remembers the settings of `conn` and sets what a migration needs: foreign keys, legacy renames, schema writes, ignored checks,
    /// `query_only` and `count_changes` off, `synchronous` at least FULL. DEFENSIVE and `trusted_schema` stay.
    ///
    /// # Errors
    /// `Connection`, if the journal mode is OFF or MEMORY on a database with a file (a crash would damage it), a transaction is
    /// open, or a setting did not take; everything is put back.
    pub(crate) fn enter(conn: &'c Connection) -> Result<Self> {
        if !conn.is_autocommit() {
            return Err(unusable(conn).cause("a transaction is open on it"));
        }
        refuse_unsafe_journal(conn)?;
        let settings = Settings {
            conn,
            flags: FLAGS.map(|(name, _)| flag(conn, name)),
            options: OPTIONS.map(|option| conn.db_config(option).ok()),
            synchronous: number(conn, "main.synchronous")?,
            busy_timeout: number(conn, "busy_timeout")?,
        };
        for (name, wanted) in FLAGS {
            if let Some(wanted) = wanted {
                set_flag(conn, name, wanted)?;
            }
        }
        if settings.synchronous < FULL {
            set_number(conn, "main.synchronous", FULL)?;
        }
        Ok(settings)
    }

    /// Leaves the connection as it is now.
    pub(crate) fn keep(self) {
        std::mem::forget(self);
    }
}

impl Drop for Settings<'_> {
    fn drop(&mut self) {
        let conn = self.conn;
        let is_open = !conn.is_autocommit();
        let _ = rollback(conn);
        if is_open || flag(conn, "writable_schema") == Some(true) {
            forget_schema(conn);
        }
        for ((name, _), before) in FLAGS.iter().zip(self.flags) {
            if let Some(before) = before {
                if flag(conn, name) != Some(before) {
                    let _ = set_flag(conn, name, before);
                }
            }
        }
        for (option, before) in OPTIONS.iter().zip(self.options) {
            if let Some(before) = before {
                let _ = set_option(conn, *option, before);
            }
        }
        if number(conn, "main.synchronous").ok() != Some(self.synchronous) {
            let _ = set_number(conn, "main.synchronous", self.synchronous);
        }
        if number(conn, "busy_timeout").ok() != Some(self.busy_timeout) {
            let millis = u64::try_from(self.busy_timeout).unwrap_or(0);
            let _ = conn.busy_timeout(Duration::from_millis(millis));
        }
    }
}

/// Sets again what [`Settings::enter`] has set and can be set inside a transaction: a function of somebody's has had the connection.
///
/// # Errors
/// `Connection` if a setting does not take.
pub(crate) fn restore(conn: &Connection) -> Result<()> {
    let inside = FLAGS.iter().filter(|(name, _)| *name != "foreign_keys");
    inside
        .filter_map(|(name, wanted)| Some((name, (*wanted)?)))
        .try_for_each(|(name, on)| set_flag(conn, name, on))
}

fn refuse_unsafe_journal(conn: &Connection) -> Result<()> {
    let what = || format!("cannot read the journal mode of {}", name_of(conn));
    let mode: String = conn.query_row("PRAGMA main.journal_mode", [], |row| row.get(0)).at(what)?;
    if !matches!(mode.as_str(), "off" | "memory") || is_memory(conn) {
        return Ok(());
    }
    Err(unusable(conn)
        .cause(format!("its journal mode is {}: a crash would damage the file", mode.to_uppercase()))
        .help("set `PRAGMA journal_mode = WAL` or `DELETE` on it before migrating"))
}

fn unusable(conn: &Connection) -> Error {
    Error::new(ErrorKind::Connection, format!("cannot migrate {} through this connection", name_of(conn)))
}

fn not_taken(conn: &Connection, name: &str) -> Error {
    unusable(conn)
        .cause(format!("setting `{name}` has no effect"))
        .help("remove what forbids it: an open transaction, an authorizer, or a SQLite built without it")
}

/// `None` where this SQLite does not know the pragma.
fn flag(conn: &Connection, name: &str) -> Option<bool> {
    conn.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0)).ok().map(|value| value != 0)
}

fn set_flag(conn: &Connection, name: &str, on: bool) -> Result<()> {
    let Some(now) = flag(conn, name) else {
        // A pragma that this SQLite lacks is off for good.
        return if on { Err(not_taken(conn, name)) } else { Ok(()) };
    };
    if now == on {
        return Ok(());
    }
    let word = if on { "ON" } else { "OFF" };
    conn.execute_batch(&format!("PRAGMA {name} = {word}"))
        .at(|| format!("cannot set `{name}` on the connection"))?;
    if flag(conn, name) == Some(on) { Ok(()) } else { Err(not_taken(conn, name)) }
}

fn number(conn: &Connection, name: &str) -> Result<i64> {
    conn.query_row(&format!("PRAGMA {name}"), [], |row| row.get(0))
        .at(|| format!("cannot read `{name}` of {}", name_of(conn)))
}

fn set_number(conn: &Connection, name: &str, value: i64) -> Result<()> {
    conn.execute_batch(&format!("PRAGMA {name} = {value}"))
        .at(|| format!("cannot set `{name}` on the connection"))?;
    if number(conn, name)? == value { Ok(()) } else { Err(not_taken(conn, name)) }
}

fn set_option(conn: &Connection, option: DbConfig, on: bool) -> Result<()> {
    let taken = conn.set_db_config(option, on).at(|| format!("cannot set {option:?} on the connection"))?;
    if taken == on { Ok(()) } else { Err(not_taken(conn, &format!("{option:?}"))) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deadline::{Cancel, Deadline};
    use std::panic::{AssertUnwindSafe, catch_unwind};

    fn file(folder: &tempfile::TempDir) -> Connection {
        let conn = Connection::open(folder.path().join("a.db")).expect("file");
        conn.execute_batch(
            "CREATE TABLE t (a); PRAGMA foreign_keys = ON; PRAGMA ignore_check_constraints = ON;
             PRAGMA legacy_alter_table = ON; PRAGMA synchronous = OFF; PRAGMA query_only = ON; PRAGMA busy_timeout = 1234",
        )
        .expect("setup");
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true).expect("defensive");
        conn
    }

    fn state(conn: &Connection) -> Vec<String> {
        let mut state: Vec<String> =
            FLAGS.iter().map(|(name, _)| format!("{name} {:?}", flag(conn, name))).collect();
        state.extend(OPTIONS.iter().map(|option| format!("{option:?} {:?}", conn.db_config(*option).ok())));
        state.push(format!("{:?} {:?}", number(conn, "synchronous").ok(), number(conn, "busy_timeout").ok()));
        state
    }

    #[test]
    fn everything_is_as_before_after_work_a_rollback_and_a_panic() {
        let folder = tempfile::tempdir().expect("folder");
        let conn = file(&folder);
        let before = state(&conn);
        let result = catch_unwind(AssertUnwindSafe(|| {
            let _settings = Settings::enter(&conn).expect("enter");
            assert_eq!(flag(&conn, "foreign_keys"), Some(false));
            assert_eq!(number(&conn, "synchronous").ok(), Some(FULL));
            conn.execute_batch("BEGIN IMMEDIATE; CREATE TABLE u (a); PRAGMA busy_timeout = 1")
                .expect("begin");
            conn.execute_batch("PRAGMA legacy_alter_table = ON").expect("legacy");
            for (option, on) in OPTIONS.into_iter().zip([false, false]) {
                conn.set_db_config(option, on).expect("an option");
            }
            conn.execute_batch("PRAGMA writable_schema = ON").expect("writable");
            conn.execute("UPDATE sqlite_schema SET sql = 'CREATE TABLE t(a, b)' WHERE name = 't'", [])
                .expect("edit");
            panic!("through the guard");
        }));
        assert!(result.is_err());
        assert_eq!(state(&conn), before);
        assert!(conn.is_autocommit());
        assert!(conn.prepare("SELECT * FROM u").is_err());
        assert!(conn.prepare("SELECT b FROM t").is_err());
    }

    #[test]
    fn a_panic_in_a_cancelled_run_still_puts_everything_back() {
        let folder = tempfile::tempdir().expect("folder");
        let mut conn = file(&folder);
        let tables: String = (0..500).map(|at| format!("CREATE TABLE t{at} (a);")).collect();
        conn.execute_batch(&format!("PRAGMA query_only = OFF; {tables}")).expect("tables");
        let before = state(&conn);
        let cancel = Cancel::new();
        let result = catch_unwind(AssertUnwindSafe(|| {
            let deadline = Deadline::install(&mut conn, None, Some(cancel.clone()));
            let _settings = Settings::enter(deadline.conn()).expect("enter");
            deadline.conn().execute_batch("BEGIN IMMEDIATE; CREATE TABLE u (a)").expect("begin");
            cancel.cancel();
            panic!("through both guards");
        }));
        assert!(result.is_err());
        assert_eq!(state(&conn), before);
        assert!(conn.is_autocommit());
    }

    #[test]
    fn a_journal_that_a_crash_would_not_survive_is_refused_on_a_file_only() {
        let folder = tempfile::tempdir().expect("folder");
        for mode in ["OFF", "MEMORY"] {
            let conn = Connection::open(folder.path().join("b.db")).expect("file");
            conn.execute_batch(&format!("PRAGMA journal_mode = {mode}")).expect("mode");
            assert_eq!(
                Settings::enter(&conn).err().map(|err| err.kind()),
                Some(ErrorKind::Connection),
                "{mode}"
            );
        }
        let memory = Connection::open_in_memory().expect("memory");
        assert!(Settings::enter(&memory).is_ok());
    }

    #[test]
    fn a_connection_inside_a_transaction_is_refused() {
        let conn = Connection::open_in_memory().expect("memory");
        conn.execute_batch("BEGIN").expect("begin");
        assert_eq!(Settings::enter(&conn).err().map(|err| err.kind()), Some(ErrorKind::Connection));
        assert!(!conn.is_autocommit());
    }
}
