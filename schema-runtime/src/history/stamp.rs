//! The stamp: what lets the next start be over after one look.

use rusqlite::{Connection, params};
use schema_sql::quote_ident;

use super::History;
use super::shape::{ColumnShape, columns, create, object};
use crate::connection::{SqliteResult, name_of};
use crate::{ErrorKind, Result};

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

impl History {
    /// Whether the stamps' table is there and is as this version writes it.
    ///
    /// # Errors
    /// `History`, if it is not ours.
    pub(super) fn check_state(&self, conn: &Connection) -> Result<Option<bool>> {
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
    pub(super) fn ensure_state(&self, conn: &Connection, new: bool) -> Result<()> {
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

    /// Lets the next start of every model look at everything.
    ///
    /// # Errors
    /// What writing may give.
    pub(crate) fn forget_stamps(&self, conn: &Connection) -> Result<()> {
        conn.execute_batch(&format!("DELETE FROM main.{}", quote_ident(&self.state_table())))
            .at(|| self.cannot_write(conn))
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

#[cfg(test)]
mod tests {
    use super::super::tests::database;
    use super::*;

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
}
