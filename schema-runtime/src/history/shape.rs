//! What the history's table looks like: one of ours, one that can become one, or another; and its creation.

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension};
use schema_sql::quote_ident;

use super::{FORMAT, History, text};
use crate::connection::{SqliteResult, name_of};
use crate::{Error, ErrorKind, Result};

/// The columns that come first, as hand-rolled systems have them.
pub(super) const SEVEN: [(&str, &str); 7] = [
    ("id", "INTEGER PRIMARY KEY"),
    ("version", "TEXT NOT NULL"),
    ("name", "TEXT NOT NULL"),
    ("applied_at", "TEXT NOT NULL"),
    ("checksum", "TEXT NOT NULL"),
    ("status", "TEXT NOT NULL DEFAULT 'completed'"),
    ("rollback_sql", "TEXT"),
];

/// The columns that are ours. All can be added to a table with rows; their defaults describe rows that are not ours.
pub(super) const OURS: [(&str, &str); 17] = [
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

impl History {
    /// Tells what the history's table looks like. Reads only.
    ///
    /// # Errors
    /// `History`, naming what differs, if it is neither ours nor one that can be extended, or is of a newer format.
    pub(crate) fn check_shape(&self, conn: &Connection) -> Result<Shape> {
        self.check_state(conn)?;
        if !self.exists(conn)? {
            return Ok(Shape::Missing);
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
        let what = || self.cannot_read(conn);
        let sql = format!("PRAGMA main.index_list({})", quote_ident(&self.table));
        let mut statement = conn.prepare(&sql).at(what)?;
        let mut rows = statement.query([]).at(what)?;
        let mut unique: Option<String> = None;
        while let Some(row) = rows.next().at(what)? {
            if row.get(2).at(what)? {
                let name = text(row, 1).at(what)?.unwrap_or_default();
                unique = Some(unique.map_or(name.clone(), |first| first.min(name)));
            }
        }
        match unique {
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

    /// The columns that the table has; none where there is no table.
    pub(super) fn present(&self, conn: &Connection) -> Result<Vec<ColumnShape>> {
        match object(conn, &self.table)?.as_deref() {
            Some("table") => columns(conn, &self.table),
            _ => Ok(Vec::new()),
        }
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

    pub(super) fn foreign(&self, conn: &Connection, cause: String) -> Error {
        Error::new(
            ErrorKind::History,
            format!("cannot use the table `{}` of {} as history", self.table, name_of(conn)),
        )
        .cause(cause)
        .help("keep the history under another name with `Migrator::history_table`")
    }
}

/// What is known of a column of one of the two tables.
pub(super) struct ColumnShape {
    name: String,
    type_name: String,
    not_null: bool,
    key: i64,
    hidden: bool,
}

impl ColumnShape {
    pub(super) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// Whether the column is the rowid by another name.
    pub(super) fn is_rowid(&self) -> bool {
        self.key == 1 && self.type_name.eq_ignore_ascii_case("INTEGER")
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
pub(super) fn create<'a>(table: &str, columns: impl Iterator<Item = &'a (&'a str, &'a str)>) -> String {
    let columns: Vec<String> = columns.map(|(name, rest)| format!("  {name} {rest}")).collect();
    format!("CREATE TABLE main.{table} (\n{}\n);\n", columns.join(",\n"))
}

/// The type of the object called `name` in `main`. Triggers have names of their own.
pub(super) fn object(conn: &Connection, name: &str) -> Result<Option<String>> {
    let sql =
        "SELECT type FROM main.sqlite_master WHERE name = ?1 COLLATE NOCASE AND type <> 'trigger' LIMIT 1";
    conn.query_row(sql, [name], |row| row.get(0))
        .optional()
        .at(|| format!("cannot read the schema of {}", name_of(conn)))
}

pub(super) fn columns(conn: &Connection, table: &str) -> Result<Vec<ColumnShape>> {
    let what = || format!("cannot read the columns of `{table}` of {}", name_of(conn));
    // The pragma's table-valued function runs the same statement inside, and takes longer to prepare than that takes to run.
    let mut statement = conn.prepare(&format!("PRAGMA main.table_xinfo({})", quote_ident(table))).at(what)?;
    let rows = statement.query_map([], |row| {
        Ok(ColumnShape {
            name: text(row, 1)?.unwrap_or_default(),
            type_name: text(row, 2)?.unwrap_or_default(),
            not_null: row.get(3)?,
            key: row.get(5)?,
            hidden: row.get::<_, i64>(6)? != 0,
        })
    });
    rows.and_then(Iterator::collect).at(what)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{database, revision};
    use super::*;
    use crate::revision::Status;

    const HAND_ROLLED: &str = "CREATE TABLE migration_history (id INTEGER PRIMARY KEY AUTOINCREMENT, version VARCHAR(20), \
        name TEXT NOT NULL, applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, checksum TEXT, \
        status TEXT NOT NULL DEFAULT 'completed', rollback_sql TEXT); \
        INSERT INTO migration_history (version, name, checksum, status) VALUES ('034', 'sessions', 'abc', 'success');";

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
        assert_eq!(history.past(&conn, "main").expect("past").newest_version(), Some("0.1.0"));
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
}
