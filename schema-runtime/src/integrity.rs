//! SQLite's own check of a table, read with care: what it says of rows is held against the rows.
//!
//! Before 3.41 both checks look at the wrong column of a WITHOUT ROWID table whose key does not come first, since they count
//! columns as declared and not as stored: each row may then be said to hold a NULL, or a value of another type, that it does not.
//!
//! From 3.41 on, where a virtual column stands before the `INTEGER PRIMARY KEY`, they take a row not to hold its last column, but its
//! default: a numeric column whose default is a text is then said to hold a TEXT value, which means one that should be a number.

use rusqlite::Connection;
use schema_sql::quote_ident;

/// How thoroughly each table that was written is checked before the commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum IntegrityCheck {
    /// `PRAGMA quick_check` of each rebuilt or edited table.
    #[default]
    Quick,
    /// `PRAGMA integrity_check` of each: also looks every row up in every index, about ten times slower.
    Full,
}

impl IntegrityCheck {
    /// The pragma's name.
    pub(crate) fn pragma(self) -> &'static str {
        match self {
            IntegrityCheck::Quick => "quick_check",
            IntegrityCheck::Full => "integrity_check",
        }
    }
}

/// The first fault of `table` in `main` that its rows do not refute.
///
/// SQLite says a hundred things at most, so that behind a hundred refuted ones a broken CHECK may stay unsaid. Pages come first.
pub(crate) fn fault_of_table(
    conn: &Connection,
    table: &str,
    check: IntegrityCheck,
) -> rusqlite::Result<Option<String>> {
    let pragma = check.pragma();
    let mut statement = conn.prepare(&format!("PRAGMA main.{pragma}({})", quote_ident(table)))?;
    let mut rows = statement.query([])?;
    let mut refuted: Option<String> = None;
    while let Some(row) = rows.next()? {
        let fault: String = row.get(0)?;
        if fault == "ok" || refuted.as_ref() == Some(&fault) {
            continue;
        }
        if !is_refuted(conn, &fault)? {
            return Ok(Some(fault));
        }
        refuted = Some(fault);
    }
    Ok(None)
}

/// Whether a line of either check is about what rows hold, and not about pages or indexes.
pub(crate) fn is_of_rows(fault: &str) -> bool {
    fault.starts_with("CHECK constraint failed in ") || fault.contains(" value in ")
}

/// Whether `fault`, a line such as `NULL value in t.c`, is about the values of a column that holds no such value.
///
/// # Errors
/// SQLite's, if the rows cannot be read.
pub(crate) fn is_refuted(conn: &Connection, fault: &str) -> rusqlite::Result<bool> {
    let Some((kind, place)) = fault.split_once(" value in ") else { return Ok(false) };
    // The planner believes a declared NOT NULL, but does not look through `typeof`.
    let wrong = match kind {
        "NULL" => "= 'null'",
        // Only a text that looks like a number is wrong in a numeric column: the comparison turns it into one.
        "TEXT" => "= 'text' AND {value} = CAST({value} AS NUMERIC)",
        "NUMERIC" => "IN ('integer', 'real')",
        "non-INT" | "non-INTEGER" => "NOT IN ('integer', 'null')",
        "non-REAL" => "NOT IN ('real', 'integer', 'null')",
        "non-TEXT" => "NOT IN ('text', 'null')",
        "non-BLOB" => "NOT IN ('blob', 'null')",
        _ => return Ok(false),
    };
    // Names may hold dots: the first reading that there is.
    for (dot, _) in place.match_indices('.') {
        let (table, column) = (quote_ident(&place[..dot]), quote_ident(&place[dot + 1..]));
        let value = format!("{table}.{column}");
        let wrong = wrong.replace("{value}", &value);
        let sql =
            format!("SELECT EXISTS (SELECT 1 FROM main.{table} NOT INDEXED WHERE typeof({value}) {wrong})");
        if let Ok(mut statement) = conn.prepare(&sql) {
            let found: bool = statement.query_row([], |row| row.get(0))?;
            return Ok(!found);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(sql: &str) -> Connection {
        let conn = Connection::open_in_memory().expect("a database");
        conn.execute_batch(sql).expect("a table");
        conn
    }

    #[test]
    fn a_null_that_is_there_is_a_fault() {
        let conn = table("CREATE TABLE \"a.b\" (\"c.d\", e); INSERT INTO \"a.b\" VALUES ('x', 1), (NULL, 2)");
        conn.execute_batch(
            "PRAGMA writable_schema = ON;
             UPDATE sqlite_schema SET sql = 'CREATE TABLE \"a.b\" (\"c.d\" NOT NULL, e)';
             CREATE TABLE bump (x); DROP TABLE bump; PRAGMA writable_schema = RESET",
        )
        .expect("an edit");
        let fault = fault_of_table(&conn, "a.b", IntegrityCheck::Quick).expect("a check");
        assert_eq!(fault.as_deref(), Some("NULL value in a.b.c.d"));
    }

    #[test]
    fn what_no_row_holds_is_refuted_and_nothing_else_is() {
        let conn = table("CREATE TABLE t (a, b, c); INSERT INTO t VALUES ('x', 1, '7'), (x'00', NULL, 2)");
        for (fault, refuted) in [
            ("NULL value in t.a", true),
            ("NULL value in t.b", false),
            ("NUMERIC value in t.a", true),
            ("NUMERIC value in t.b", false),
            ("TEXT value in t.a", true),
            ("TEXT value in t.b", true),
            ("TEXT value in t.c", false),
            ("non-INT value in t.a", false),
            ("non-INTEGER value in t.b", true),
            ("non-TEXT value in t.a", false),
            ("NULL value in t.missing", false),
            ("CHECK constraint failed in t", false),
            ("row 1 missing from index i", false),
        ] {
            assert_eq!(is_refuted(&conn, fault), Ok(refuted), "{fault}");
        }
    }
}
