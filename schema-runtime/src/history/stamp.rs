//! The stamp: what lets the next start be over after one look.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, params};
use schema_sql::quote_ident;

use super::History;
use super::shape::{ColumnShape, columns, create, object};
use crate::connection::{SqliteResult, name_of};
use crate::{ErrorKind, Result};

/// The stamp's columns. They are a cache: a table of another format of ours is made anew.
///
/// What must be equal is one text: each column more would take longer to ask for than to compare.
const STAMP: [(&str, &str); 5] = [
    ("model", "TEXT PRIMARY KEY"),
    ("fingerprint", "TEXT NOT NULL"),
    ("schema_cookie", "INTEGER NOT NULL"),
    ("revision", "INTEGER NOT NULL"),
    ("texts", "BLOB"),
];

/// Columns that older versions had.
const FORMER: [&str; 3] = ["policy", "migrations", "format"];

/// What lets the next start-up be over after one look: one row a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// The model's name.
    pub(crate) model: String,
    /// The model's fingerprint, the policies that were in force, the checksum of the numbered migrations, and the engine's format.
    pub(crate) fingerprint: String,
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
                let names = || STAMP.iter().map(|(name, _)| *name).chain(FORMER);
                let known = |column: &ColumnShape| names().any(|name| column.is(name));
                let ours = found.iter().any(|column| column.is("fingerprint")) && found.iter().all(known);
                if ours {
                    let present = STAMP.iter().all(|(name, _)| found.iter().any(|column| column.is(name)));
                    Ok(Some(present && found.len() == STAMP.len()))
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
            "SELECT fingerprint, schema_cookie, revision FROM main.{} WHERE model = ?1",
            quote_ident(&self.state_table())
        );
        let stamp = conn.prepare(&sql).and_then(|mut statement| {
            statement.query_row([model], |row| {
                let (fingerprint, schema_cookie, revision) = (row.get(0)?, row.get(1)?, row.get(2)?);
                Ok(Stamp { model: model.to_owned(), fingerprint, schema_cookie, revision })
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
    pub(crate) fn write_stamp(&self, conn: &Connection, stamp: &Stamp, texts: Option<&[u8]>) -> Result<()> {
        let sql = format!(
            "INSERT OR REPLACE INTO main.{} (model, fingerprint, schema_cookie, revision, texts) VALUES (?, ?, ?, ?, ?)",
            quote_ident(&self.state_table())
        );
        let Stamp { model, fingerprint, schema_cookie, revision } = stamp;
        conn.execute(&sql, params![model, fingerprint, schema_cookie, revision, texts])
            .map(|_| ())
            .at(|| self.cannot_write(conn))
    }

    /// Whether every text of the catalog is the one that was stamped for `model`; not so where none was.
    ///
    /// # Errors
    /// What reading the file may give.
    pub(crate) fn has_stamped_texts(&self, conn: &Connection, model: &str) -> Result<bool> {
        let sql = format!("SELECT texts FROM main.{} WHERE model = ?1", quote_ident(&self.state_table()));
        let compare = || -> rusqlite::Result<bool> {
            let mut statement = conn.prepare(&sql)?;
            let mut found = statement.query([model])?;
            let Some(row) = found.next()? else { return Ok(false) };
            let ValueRef::Blob(mut rest) = row.get_ref(0)? else { return Ok(false) };
            let same = each_text(conn, |text| {
                let Some(after) = rest.strip_prefix(text).and_then(|rest| rest.strip_prefix(&[0])) else {
                    return false;
                };
                rest = after;
                true
            })?;
            Ok(same && rest.is_empty())
        };
        compare().at(|| self.cannot_read(conn))
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

/// All texts of the catalog, one after the other, each with a NUL behind it, which no text of SQL has.
///
/// # Errors
/// What reading the file may give.
pub(crate) fn catalog_texts(conn: &Connection) -> Result<Vec<u8>> {
    let mut texts = Vec::new();
    each_text(conn, |text| {
        texts.extend_from_slice(text);
        texts.push(0);
        true
    })
    .at(|| format!("cannot read the catalog of {}", name_of(conn)))?;
    Ok(texts)
}

/// Gives each text of the catalog to `take` until that says no; whether it never did.
fn each_text(conn: &Connection, mut take: impl FnMut(&[u8]) -> bool) -> rusqlite::Result<bool> {
    let mut statement = conn.prepare("SELECT sql FROM main.sqlite_schema ORDER BY rowid")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let text = match row.get_ref(0)? {
            ValueRef::Text(text) | ValueRef::Blob(text) => text,
            _ => &[],
        };
        if !take(text) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// SQLite's schema cookie: another number whenever the schema has changed. Does not parse the schema.
///
/// # Errors
/// What reading the file's header may give.
pub(crate) fn schema_cookie(conn: &Connection) -> Result<i64> {
    conn.prepare("PRAGMA main.schema_version")
        .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
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
            schema_cookie: schema_cookie(&conn).expect("cookie"),
            revision: 1,
        };
        history.write_stamp(&conn, &stamp, None).expect("write");
        stamp.revision = 2;
        history.write_stamp(&conn, &stamp, None).expect("write");
        assert_eq!(history.read_stamp(&conn, "main").expect("read"), Some(stamp));
        conn.execute_batch("DROP TABLE migration_state; CREATE TABLE migration_state (x)").expect("foreign");
        assert_eq!(history.read_stamp(&conn, "main").expect("foreign"), None);
        assert_eq!(history.ensure(&conn).expect_err("foreign").kind(), ErrorKind::History);
    }
}
