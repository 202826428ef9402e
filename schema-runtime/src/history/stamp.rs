//! The stamp: what lets the next start be over after one look.

use std::io::Read;

use rusqlite::blob::Blob;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, MAIN_DB, params};
use schema_sql::quote_ident;

use super::History;
use super::shape::{ColumnShape, columns, create, object};
use crate::connection::{SqliteResult, name_of};
use crate::fingerprint::text_fingerprint;
use crate::{ErrorKind, Result};

/// The stamp's columns. They are a cache: a table of another format of ours is made anew.
///
/// The stamp is one value at a rowid that the model's name tells, so that it can be read without a statement of SQL: to parse one takes
/// longer than all the rest. A blob, since text would be UTF-16 in some files.
const STAMP: [(&str, &str); 4] = [
    ("id", "INTEGER PRIMARY KEY"),
    ("model", "TEXT NOT NULL"),
    ("stamp", "BLOB NOT NULL"),
    ("texts", "BLOB"),
];

/// Columns that older versions had.
const FORMER: [&str; 6] = ["fingerprint", "schema_cookie", "revision", "policy", "migrations", "format"];

/// No stamp of ours is longer.
const LONGEST: usize = 1 << 16;

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

impl Stamp {
    fn to_bytes(&self) -> Vec<u8> {
        let Stamp { model, fingerprint, schema_cookie, revision } = self;
        format!("{fingerprint}\n{schema_cookie}\n{revision}\n{model}").into_bytes()
    }

    /// `None` for what is no stamp, or of another model whose name tells the same rowid.
    fn from_bytes(bytes: &[u8], model: &str) -> Option<Stamp> {
        let mut parts = std::str::from_utf8(bytes).ok()?.splitn(4, '\n');
        let (fingerprint, cookie, revision) = (parts.next()?, parts.next()?, parts.next()?);
        let (schema_cookie, revision) = (cookie.parse().ok()?, revision.parse().ok()?);
        (parts.next()? == model).then(|| Stamp {
            model: model.to_owned(),
            fingerprint: fingerprint.to_owned(),
            schema_cookie,
            revision,
        })
    }
}

/// The rowid of a model's stamp.
fn rowid_of(model: &str) -> i64 {
    let [.., a, b, c, d, e, f, g, h] = text_fingerprint(model).to_be_bytes();
    i64::from_be_bytes([a, b, c, d, e, f, g, h])
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
                let marks = |column: &ColumnShape| column.is("stamp") || column.is("fingerprint");
                let ours = found.iter().any(marks) && found.iter().all(known);
                if ours {
                    let present = STAMP.iter().all(|(name, _)| found.iter().any(|column| column.is(name)));
                    // Else a stamp is not found by its rowid, and each start adds one more.
                    let keyed = found.iter().any(|column| column.is("id") && column.is_rowid());
                    Ok(Some(present && keyed && found.len() == STAMP.len()))
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

    /// The stamp of `model`, and the schema cookie of the same moment. None where the table is missing or is not ours: then the whole
    /// check runs.
    ///
    /// # Errors
    /// What reading the file may give, such as `Busy`, `Corrupt` or `NewerSqlite`.
    ///
    /// SQLite: <https://www.sqlite.org/c3ref/blob_open.html>.
    pub(crate) fn read_stamp(&self, conn: &Connection, model: &str) -> Result<Option<(Stamp, i64)>> {
        self.with_stamp(conn, model, |stamp, cookie| Ok((stamp, cookie)))
    }

    /// The same, given to `then` while the file stays as it was then.
    ///
    /// # Errors
    /// As [`History::read_stamp`], and those of `then`.
    pub(crate) fn with_stamp<T>(
        &self,
        conn: &Connection,
        model: &str,
        then: impl FnOnce(Stamp, i64) -> Result<T>,
    ) -> Result<Option<T>> {
        // As long as it is open SQLite holds the state of the file.
        let Some(mut blob) = self.open(conn, model, "stamp")? else { return Ok(None) };
        let mut bytes = vec![0; blob.len().min(LONGEST)];
        // What it may fail with, SQLite says once more to whoever looks at everything.
        if blob.read_exact(&mut bytes).is_err() {
            return Ok(None);
        }
        let cookie = schema_cookie(conn)?;
        Stamp::from_bytes(&bytes, model).map(|stamp| then(stamp, cookie)).transpose()
    }

    /// A value of the model's row; `None` where there is no such table, column, row or value.
    fn open<'c>(&self, conn: &'c Connection, model: &str, column: &str) -> Result<Option<Blob<'c>>> {
        match conn.blob_open(MAIN_DB, &*self.state_table(), column, rowid_of(model), true) {
            Ok(blob) => Ok(Some(blob)),
            Err(err) => match crate::sqlite_error::kind_of(&err) {
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
            "INSERT OR REPLACE INTO main.{} (id, model, stamp, texts) VALUES (?, ?, ?, ?)",
            quote_ident(&self.state_table())
        );
        conn.execute(&sql, params![rowid_of(&stamp.model), stamp.model, stamp.to_bytes(), texts])
            .map(|_| ())
            .at(|| self.cannot_write(conn))
    }

    /// Whether every text of the catalog is the one that was stamped for `model`; not so where none was.
    ///
    /// # Errors
    /// What reading the file may give.
    pub(crate) fn has_stamped_texts(&self, conn: &Connection, model: &str) -> Result<bool> {
        let Some(mut blob) = self.open(conn, model, "texts")? else { return Ok(false) };
        let mut stamped = vec![0; blob.len()];
        if blob.read_exact(&mut stamped).is_err() {
            return Ok(false);
        }
        let mut rest = stamped.as_slice();
        let same = each_text(conn, |text| {
            let Some(after) = rest.strip_prefix(text).and_then(|rest| rest.strip_prefix(&[0])) else {
                return false;
            };
            rest = after;
            true
        });
        Ok(same.at(|| self.cannot_read(conn))? && rest.is_empty())
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
        let cookie = stamp.schema_cookie;
        assert_eq!(history.read_stamp(&conn, "main").expect("read"), Some((stamp.clone(), cookie)));
        assert_eq!(history.read_stamp(&conn, "other").expect("no row"), None);
        for model in ["", "a\nb", "é"] {
            let stamp = Stamp { model: model.to_owned(), ..stamp.clone() };
            assert_eq!(Stamp::from_bytes(&stamp.to_bytes(), model), Some(stamp.clone()));
            assert_eq!(Stamp::from_bytes(&stamp.to_bytes(), "main"), None);
        }
        for other in [&b""[..], b"f", b"f\n1\nx\nmain", b"f\nx\n1\nmain", b"\xff\n1\n1\nmain"] {
            assert_eq!(Stamp::from_bytes(other, "main"), None);
        }
        conn.execute_batch("DROP TABLE migration_state; CREATE TABLE migration_state (x)").expect("foreign");
        assert_eq!(history.read_stamp(&conn, "main").expect("foreign"), None);
        assert_eq!(history.ensure(&conn).expect_err("foreign").kind(), ErrorKind::History);
    }
}
