//! Many objects made one after the other in time that grows with their number, and not with its square.
//!
//! Each `CREATE` makes SQLite look through all rows of `sqlite_schema` for those of the new object. So where there are many, the rows of those
//! that are made already are set aside, and put back as they were at the end, or as soon as a statement fails. The schema that SQLite
//! holds in memory knows all of them meanwhile.
//!
//! SQLite: <https://www.sqlite.org/pragma.html#pragma_writable_schema>.

use rusqlite::config::DbConfig;
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, ErrorCode, params_from_iter};

/// So many rows are looked through quickly.
const FEW: usize = 64;

/// After so many refusals the rows stay: to put them back each time would cost more.
const REFUSALS: usize = 4;

/// Makes objects in the main database of a connection, inside the caller's transaction where there is one, until [`Creating::settle`].
pub(crate) struct Creating<'c> {
    conn: &'c Connection,
    /// Whether a transaction was open at the start.
    within: bool,
    /// Statements whose rows are not aside.
    made: usize,
    refused: usize,
    /// The columns of `sqlite_schema`.
    aside: Vec<[Value; 5]>,
}

impl<'c> Creating<'c> {
    pub(crate) fn on(conn: &'c Connection) -> Self {
        Creating { conn, within: !conn.is_autocommit(), made: 0, refused: 0, aside: Vec::new() }
    }

    /// The same on the user's file. A connection in DEFENSIVE mode lets nobody set rows aside.
    ///
    /// SQLite: <https://www.sqlite.org/c3ref/c_dbconfig_defensive.html>, `SQLITE_DBCONFIG_DEFENSIVE`.
    pub(crate) fn on_live(conn: &'c Connection) -> Self {
        let defensive = conn.db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE).unwrap_or(true);
        Creating { refused: if defensive { REFUSALS } else { 0 }, ..Creating::on(conn) }
    }

    /// Runs one `CREATE` statement.
    ///
    /// # Errors
    /// SQLite's own. What was made before is there.
    pub(crate) fn run(&mut self, sql: &str) -> rusqlite::Result<()> {
        if self.made >= FEW && self.refused < REFUSALS {
            match self.set_aside() {
                // Somebody's authorizer lets objects be made, which is all that was asked for.
                Err(err) if err.sqlite_error_code() == Some(ErrorCode::AuthorizationForStatementDenied) => {
                    self.refused = REFUSALS;
                    self.conn.execute_batch("PRAGMA writable_schema = OFF")?;
                }
                done => done?,
            }
        }
        self.made += 1;
        let made = self.conn.execute_batch(sql);
        if made.is_err() {
            self.refused += 1;
            if !self.aside.is_empty() {
                // SQLite may have forgotten what it had in memory.
                self.settle()?;
                self.conn.execute_batch("PRAGMA writable_schema = RESET")?;
            }
        }
        made
    }

    /// Puts the rows back: whatever reads the catalog sees all of them again. Where SQLite has ended the caller's transaction, as
    /// it may after an error, they are back already, and nothing may be written any more.
    ///
    /// # Errors
    /// SQLite's own; a scratch database is then of no use, and a transaction must be rolled back.
    pub(crate) fn settle(&mut self) -> rusqlite::Result<()> {
        if self.aside.is_empty() {
            return Ok(());
        }
        if self.within && self.conn.is_autocommit() {
            self.aside.clear();
            return Ok(());
        }
        // Those behind them come behind them.
        self.conn.execute_batch("PRAGMA writable_schema = ON")?;
        self.set_aside()?;
        self.conn.execute_batch("PRAGMA writable_schema = ON")?;
        let sql =
            "INSERT INTO main.sqlite_schema (type, name, tbl_name, rootpage, sql) VALUES (?, ?, ?, ?, ?)";
        let mut statement = self.conn.prepare(sql)?;
        self.made = self.aside.len();
        for row in self.aside.drain(..) {
            statement.execute(params_from_iter(row))?;
        }
        self.conn.execute_batch("PRAGMA writable_schema = OFF")
    }

    fn set_aside(&mut self) -> rusqlite::Result<()> {
        let encoding: String = self.conn.query_row("PRAGMA main.encoding", [], |row| row.get(0))?;
        if encoding != "UTF-8" {
            // Half a character of UTF-16 would come back as another one.
            self.refused = REFUSALS;
            return Ok(());
        }
        let sql = "SELECT type, name, tbl_name, rootpage, sql FROM main.sqlite_schema ORDER BY rowid";
        let mut statement = self.conn.prepare(sql)?;
        let mut rows = statement.query([])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let mut columns = [const { Value::Null }; 5];
            for (at, column) in columns.iter_mut().enumerate() {
                let value = row.get_ref(at)?;
                if matches!(value, ValueRef::Text(text) if std::str::from_utf8(text).is_err()) {
                    // Somebody's text that could not be put back as it is: everything stays where it is.
                    self.refused = REFUSALS;
                    return Ok(());
                }
                *column = row.get(at)?;
            }
            found.push(columns);
        }
        drop(rows);
        self.conn.execute_batch(
            "PRAGMA writable_schema = ON; DELETE FROM main.sqlite_schema; PRAGMA writable_schema = OFF",
        )?;
        self.made = 0;
        self.aside.append(&mut found);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(conn: &Connection) -> Vec<(String, String, Option<String>)> {
        let mut statement =
            conn.prepare("SELECT type, name, sql FROM sqlite_schema ORDER BY rowid").expect("prepare");
        let found =
            statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).expect("query");
        found.collect::<rusqlite::Result<_>>().expect("rows")
    }

    fn statements(n: usize) -> Vec<String> {
        let mut list = vec!["CREATE TABLE first (id INTEGER PRIMARY KEY AUTOINCREMENT, a UNIQUE)".to_owned()];
        for at in 0..n {
            list.push(format!("CREATE TABLE t{at} (a UNIQUE, b REFERENCES first, c CHECK (c > 0))"));
            list.push(format!("CREATE INDEX i{at} ON t{at} (b)"));
        }
        list.push("CREATE VIEW v AS SELECT * FROM t0".to_owned());
        list.push("CREATE TRIGGER g AFTER INSERT ON t1 BEGIN DELETE FROM t2; END".to_owned());
        list
    }

    #[test]
    fn the_catalog_is_the_one_that_sqlite_alone_makes() {
        let (conn, plain) =
            (Connection::open_in_memory().expect("open"), Connection::open_in_memory().expect("open"));
        let list = statements(200);
        let mut creating = Creating::on(&conn);
        for sql in &list {
            creating.run(sql).expect(sql);
            plain.execute_batch(sql).expect(sql);
        }
        creating.settle().expect("settle");
        assert_eq!(rows(&conn), rows(&plain));
        let check: String = conn.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("check");
        assert_eq!(check, "ok");
        // As it is in memory, and read again.
        for _ in 0..2 {
            conn.execute_batch("INSERT INTO t1 (a) VALUES (1); ALTER TABLE t3 RENAME COLUMN c TO d")
                .expect("use");
            conn.execute_batch("ALTER TABLE t3 RENAME COLUMN d TO c; DELETE FROM t1").expect("use");
            conn.execute_batch("PRAGMA writable_schema = RESET").expect("reset");
        }
    }

    #[test]
    fn a_text_that_is_no_utf8_stays_where_it_is() {
        let conn = Connection::open_in_memory().expect("open");
        conn.execute_batch(
            "CREATE VIEW odd AS SELECT 1; PRAGMA writable_schema = ON;
             UPDATE sqlite_schema SET sql = CAST(CAST('CREATE VIEW odd AS SELECT ''' AS BLOB) || x'ff27' AS TEXT);
             PRAGMA writable_schema = RESET",
        )
        .expect("a text");
        let odd = || -> Vec<u8> {
            let sql = "SELECT CAST(sql AS BLOB) FROM sqlite_schema WHERE name = 'odd'";
            conn.query_row(sql, [], |row| row.get(0)).expect("the text")
        };
        let before = odd();
        let mut creating = Creating::on(&conn);
        for sql in &statements(100) {
            creating.run(sql).expect(sql);
        }
        creating.settle().expect("settle");
        assert_eq!(odd(), before);
        assert!(before.contains(&0xff));
    }

    #[test]
    fn after_a_refused_statement_all_that_was_made_is_there() {
        let conn = Connection::open_in_memory().expect("open");
        let list = statements(200);
        let mut creating = Creating::on(&conn);
        for (at, sql) in list.iter().enumerate() {
            creating.run(sql).expect(sql);
            if at % 90 == 89 {
                // One that is not parsed, and one that fails as it runs.
                creating.run("CREATE TABLE nothing (a, a)").expect_err("twice a");
                conn.execute_batch("INSERT INTO first (a) VALUES (1)").expect("insert");
                creating.run("CREATE UNIQUE INDEX bad ON t0 (1)").expect("no rows");
                creating.run("CREATE INDEX bad ON t0 (b)").expect_err("twice");
                conn.execute_batch("DROP INDEX bad; DELETE FROM first").expect("drop");
                assert_eq!(
                    rows(&conn).iter().filter(|row| row.2.is_some() && row.1 != "sqlite_sequence").count(),
                    at + 1
                );
            }
        }
        creating.settle().expect("settle");
        let check: String = conn.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("check");
        assert_eq!(check, "ok");
    }
}
