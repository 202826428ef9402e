//! The stamp: what lets the next start be over after one look.

use std::io::{BufRead, BufReader, Read};

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

/// So many bytes of the stamped texts are read at once.
const PIECE: usize = 1 << 12;

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
        self.same_stamp(conn, model, false, |_, _| true)
    }

    /// The same where it is the `same` as the caller's. With `complete` every text of the catalog must be the one that was stamped with it,
    /// and the schema cookie, which stands for them, is that of the stamp.
    ///
    /// # Errors
    /// As [`History::read_stamp`].
    pub(crate) fn same_stamp(
        &self,
        conn: &Connection,
        model: &str,
        complete: bool,
        same: impl FnOnce(&Stamp, i64) -> bool,
    ) -> Result<Option<(Stamp, i64)>> {
        // As long as it is open SQLite holds the state of the file.
        let Some(blob) = self.open(conn, model, if complete { "texts" } else { "stamp" })? else {
            return Ok(None);
        };
        let mut length = blob.len();
        let mut blob = BufReader::with_capacity(length.clamp(1, PIECE), blob);
        // What it may fail with, SQLite says once more to whoever looks at everything.
        if complete {
            let mut first = [0; size_of::<u32>()];
            if blob.read_exact(&mut first).is_err() {
                return Ok(None);
            }
            length = usize::try_from(u32::from_le_bytes(first)).unwrap_or(usize::MAX);
        }
        let mut bytes = vec![0; length.min(LONGEST)];
        if blob.read_exact(&mut bytes).is_err() {
            return Ok(None);
        }
        let Some(stamp) = Stamp::from_bytes(&bytes, model) else { return Ok(None) };
        // A schema whose every text is the same is the same, whatever its version is: VACUUM raises that too.
        let cookie = if complete { stamp.schema_cookie } else { schema_cookie(conn)? };
        if !same(&stamp, cookie) || (complete && !has_texts(conn, blob).at(|| self.cannot_read(conn))?) {
            return Ok(None);
        }
        Ok(Some((stamp, cookie)))
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

    /// Writes the stamp of one model over the one before; with `complete` all texts of the catalog beside it.
    ///
    /// # Errors
    /// What reading the catalog and writing may give.
    pub(crate) fn write_stamp(&self, conn: &Connection, stamp: &Stamp, complete: bool) -> Result<()> {
        let bytes = stamp.to_bytes();
        let mut texts = None;
        if complete {
            // The stamp once more, so that who looks at the texts looks at one value.
            let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
            let mut all = [&length.to_le_bytes()[..], &bytes].concat();
            let read = each_text(conn, |text| {
                all.extend_from_slice(text);
                all.push(0);
                true
            });
            read.at(|| format!("cannot read the catalog of {}", name_of(conn)))?;
            texts = Some(all);
        }
        let sql = format!(
            "INSERT OR REPLACE INTO main.{} (id, model, stamp, texts) VALUES (?, ?, ?, ?)",
            quote_ident(&self.state_table())
        );
        conn.execute(&sql, params![rowid_of(&stamp.model), stamp.model, bytes, texts])
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

/// Whether the texts of the catalog are what is left of `stamped`: one after the other, each with a NUL behind it, which no text of SQL has.
fn has_texts(conn: &Connection, mut stamped: impl BufRead) -> rusqlite::Result<bool> {
    let same = each_text(conn, |text| goes_on_with(&mut stamped, text) && goes_on_with(&mut stamped, &[0]))?;
    Ok(same && stamped.fill_buf().is_ok_and(<[u8]>::is_empty))
}

/// Reads as much as `text` is long; whether it is that.
fn goes_on_with(stamped: &mut impl BufRead, mut text: &[u8]) -> bool {
    while !text.is_empty() {
        let Ok(there) = stamped.fill_buf() else { return false };
        let length = there.len().min(text.len());
        match (there.get(..length), text.split_at_checked(length)) {
            (Some(there), Some((now, rest))) if !now.is_empty() && there == now => text = rest,
            _ => return false,
        }
        stamped.consume(length);
    }
    true
}

/// Gives each text of the catalog to `take` until that says no; whether it never did.
fn each_text(conn: &Connection, mut take: impl FnMut(&[u8]) -> bool) -> rusqlite::Result<bool> {
    // In the order of its rows, as every table is read of which all is asked; to say so costs as much as the reading.
    let mut statement = conn.prepare("SELECT sql FROM main.sqlite_master")?;
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
        history.write_stamp(&conn, &stamp, false).expect("write");
        stamp.revision = 2;
        history.write_stamp(&conn, &stamp, false).expect("write");
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
