//! The reader: what a database holds, from `sqlite_schema`, SQLite's own pragmas and the splitter.
//!
//! The pragmas miss much (CHECK, COLLATE, generated expressions, names), so every text is split and the split is checked
//! against what the pragmas do say. What does not agree is opaque: reported with the reason, never guessed at.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use rusqlite::Connection;
use rusqlite::types::ValueRef;
use schema_sql::{CreateKind, create_kind, eq_name, fold, quote_ident};

use super::table::{Found, FoundColumn, FoundIndex, index_info, table_info};
use super::{Catalog, OpaqueInfo, TableInfo, TriggerInfo, ViewInfo, VirtualTableInfo};
use crate::error::{Error, ErrorKind, Result};
use crate::sqlite_error::SqliteResult;

/// Reads the catalog of the database `schema` (`main`, or the name of an attached one) of `conn`.
///
/// Tables called as `own` says, and what belongs to them, are left out. Views and triggers that no longer work, modules,
/// functions and collations that are not registered, and temporary objects of the same names do no harm.
///
/// # Errors
/// `Corrupt` if SQLite finds the schema malformed, `NewerSqlite` if the linked SQLite is older than 3.37, and whatever
/// reading can meet. Nothing is written.
pub(crate) fn read(conn: &Connection, schema: &str, own: &[String]) -> Result<Catalog> {
    read_since(conn, schema, own, &[])
}

/// The same, where each of `before` was read already, here or from a scratch database, a moment ago or by the run that recorded it: a
/// table that has the same text and the same indexes as there is the same table, and SQLite is not asked once more.
///
/// # Errors
/// As [`read`].
pub(crate) fn read_since(
    conn: &Connection,
    schema: &str,
    own: &[String],
    before: &[&Catalog],
) -> Result<Catalog> {
    if rusqlite::version_number() < 3_037_000 {
        return Err(Error::new(
            ErrorKind::NewerSqlite,
            format!("cannot read the catalog with SQLite {}", rusqlite::version()),
        )
        .help("link SQLite 3.37 or newer, for example with the feature `bundled`"));
    }
    let what = || format!("cannot read the catalog of `{schema}`");
    let rows = schema_rows(conn, schema).at(what)?;
    let shadows = shadow_names(conn, schema, &rows).at(what)?;
    let same = Same::among(&rows, before);
    let mut reader =
        Reader { shadows: shadows.iter().map(|name| fold(name)).collect(), found: HashMap::new(), same, own };
    reader.found = found_tables(conn, schema, &reader.asked(&rows)).at(what)?;
    let mut catalog = reader.catalog(rows);
    give_shadows(shadows, &mut catalog.virtual_tables);
    Ok(catalog)
}

/// One row of `sqlite_schema`. A text that is not valid UTF-8 is kept lossily, and said so.
struct SchemaRow {
    kind: String,
    name: String,
    table: String,
    sql: String,
    /// Whether it has pages of its own.
    stored: bool,
    lossy: bool,
}

struct Reader<'a> {
    /// Folded.
    shadows: HashSet<String>,
    found: HashMap<String, Found>,
    same: Same<'a>,
    own: &'a [String],
}

impl Reader<'_> {
    fn catalog(&self, rows: Vec<SchemaRow>) -> Catalog {
        let mut catalog = Catalog::default();
        let mut indexes = Vec::new();
        for row in rows {
            if self.is_left_out(&row) {
                continue;
            }
            if row.lossy {
                catalog.opaque.push(opaque(row, "its name or text is not valid UTF-8"));
                continue;
            }
            match row.kind.as_str() {
                "table" => self.table(row, &mut catalog),
                "index" => indexes.push(row),
                "view" => catalog.views.push(ViewInfo { name: row.name, sql: row.sql }),
                "trigger" => {
                    catalog.triggers.push(TriggerInfo { name: row.name, table: row.table, sql: row.sql });
                }
                _ => catalog.opaque.push(opaque(row, "SQLite knows no object of this kind")),
            }
        }
        let places: HashMap<String, usize> =
            catalog.tables.iter().enumerate().map(|(at, table)| (fold(&table.name), at)).collect();
        for row in indexes.into_iter().filter(|row| self.same.table(&row.table).is_none()) {
            let table = places.get(&fold(&row.table)).and_then(|at| catalog.tables.get_mut(*at));
            if let Err(opaque) = self.index(row, table) {
                catalog.opaque.push(opaque);
            }
        }
        fill_parent_columns(&mut catalog.tables);
        catalog
    }

    /// The ordinary tables that SQLite is asked about. A virtual table whose module is not registered would fail.
    fn asked<'r>(&self, rows: &'r [SchemaRow]) -> Vec<&'r SchemaRow> {
        let is_asked = |row: &&SchemaRow| {
            row.kind == "table"
                && row.stored
                && !row.lossy
                && !self.is_left_out(row)
                && self.same.table(&row.name).is_none()
                && create_kind(&row.sql) == Some(CreateKind::Table)
        };
        rows.iter().filter(is_asked).collect()
    }

    /// Objects of SQLite's own, of ours, and of virtual tables. Indexes without a text belong to a constraint.
    fn is_left_out(&self, row: &SchemaRow) -> bool {
        is_reserved(&row.name)
            || is_reserved(&row.table)
            || self.own.iter().any(|name| eq_name(name, &row.name) || eq_name(name, &row.table))
            || self.shadows.contains(&fold(&row.table))
            || (row.kind == "index" && row.sql.is_empty())
    }

    fn table(&self, row: SchemaRow, catalog: &mut Catalog) {
        if create_kind(&row.sql) == Some(CreateKind::VirtualTable) {
            match schema_sql::split_create_virtual_table(&row.sql) {
                Ok(split) if eq_name(&split.name, &row.name) => {
                    catalog.virtual_tables.push(VirtualTableInfo {
                        name: row.name,
                        module: split.module,
                        args: split.args,
                        sql: row.sql,
                        shadows: Vec::new(),
                    });
                }
                Ok(_) => catalog.opaque.push(opaque(row, "its text names another table")),
                Err(err) => {
                    let reason = err.to_string();
                    catalog.opaque.push(opaque(row, reason));
                }
            }
            return;
        }
        if let Some(table) = self.same.table(&row.name) {
            catalog.tables.push(table.clone());
            return;
        }
        let nothing = Found::default();
        let found = self.found.get(&row.name).unwrap_or(&nothing);
        match table_info(&row.name, &row.sql, found) {
            Ok(table) => catalog.tables.push(table),
            Err(reason) => catalog.opaque.push(opaque(row, reason)),
        }
    }

    fn index(&self, row: SchemaRow, table: Option<&mut TableInfo>) -> std::result::Result<(), OpaqueInfo> {
        let Some(table) = table else {
            return Err(opaque(row, "its table could not be read"));
        };
        let found = self.found.get(&table.name).and_then(|found| found.index(&row.name));
        match index_info(&row.name, &row.sql, table, found) {
            Ok(index) => table.indexes.push(index),
            Err(reason) => return Err(opaque(row, reason)),
        }
        Ok(())
    }
}

/// The tables of earlier readings that are the same now, by folded name.
struct Same<'b>(HashMap<String, &'b TableInfo>);

impl<'b> Same<'b> {
    fn among(rows: &[SchemaRow], before: &[&'b Catalog]) -> Self {
        let mut all = HashMap::new();
        if before.is_empty() {
            return Same(all);
        }
        let mut texts: HashMap<String, Texts<'_>> = HashMap::new();
        for row in rows.iter().filter(|row| !row.lossy) {
            match row.kind.as_str() {
                "table" => texts.entry(fold(&row.name)).or_default().table = Some(row),
                "index" if !row.sql.is_empty() => {
                    texts.entry(fold(&row.table)).or_default().indexes.push(row);
                }
                _ => {}
            }
        }
        for before in before {
            let there: HashMap<String, &TableInfo> =
                before.tables.iter().map(|table| (fold(&table.name), table)).collect();
            let is_same = |name: &String| {
                there.get(name).is_some_and(|table| texts.get(name).is_some_and(|texts| texts.are_of(table)))
            };
            // A key without columns names those of its parent's, which must then be the same as well.
            let has_parents = |table: &TableInfo| {
                table.foreign_keys.iter().map(|key| fold(&key.table)).all(|parent| {
                    is_same(&parent) || !(texts.contains_key(&parent) || there.contains_key(&parent))
                })
            };
            for (name, table) in &there {
                if !all.contains_key(name) && is_same(name) && has_parents(table) {
                    all.insert(name.clone(), *table);
                }
            }
        }
        Same(all)
    }

    fn table(&self, name: &str) -> Option<&'b TableInfo> {
        if self.0.is_empty() { None } else { self.0.get(&fold(name)).copied() }
    }
}

/// What a database has of one table.
#[derive(Default)]
struct Texts<'r> {
    table: Option<&'r SchemaRow>,
    indexes: Vec<&'r SchemaRow>,
}

impl Texts<'_> {
    fn are_of(&self, table: &TableInfo) -> bool {
        self.table.is_some_and(|row| row.name == table.name && row.sql == table.sql)
            && self.indexes.len() == table.indexes.len()
            && (self.indexes.iter().zip(&table.indexes))
                .all(|(row, index)| row.name == index.name && row.sql == index.sql)
    }
}

/// A shadow table is called `<virtual table>_<suffix>`; the longest such name is its owner.
fn give_shadows(shadows: Vec<String>, tables: &mut [VirtualTableInfo]) {
    for shadow in shadows {
        let folded = fold(&shadow);
        let owns = |table: &&mut VirtualTableInfo| {
            folded.strip_prefix(&fold(&table.name)).is_some_and(|suffix| suffix.starts_with('_'))
        };
        if let Some(owner) = tables.iter_mut().filter(owns).max_by_key(|table| table.name.len()) {
            owner.shadows.push(shadow);
        }
    }
}

fn is_reserved(name: &str) -> bool {
    fold(name).starts_with("sqlite_")
}

fn opaque(row: SchemaRow, reason: impl Into<String>) -> OpaqueInfo {
    OpaqueInfo { kind: row.kind, name: row.name, table: row.table, sql: row.sql, reason: reason.into() }
}

/// `REFERENCES p` means p's primary key; written out, it equals `REFERENCES p(id)`.
fn fill_parent_columns(tables: &mut [TableInfo]) {
    let keys: BTreeMap<String, Vec<String>> = tables
        .iter()
        .filter_map(|table| {
            let key = table.primary_key.as_ref()?;
            Some((fold(&table.name), key.terms.iter().map(|term| term.column.clone()).collect()))
        })
        .collect();
    for key in tables.iter_mut().flat_map(|table| &mut table.foreign_keys) {
        if !key.to.is_empty() {
            continue;
        }
        if let Some(parent) = keys.get(&fold(&key.table)) {
            if parent.len() == key.columns.len() {
                key.to.clone_from(parent);
            }
        }
    }
}

fn schema_rows(conn: &Connection, schema: &str) -> rusqlite::Result<Vec<SchemaRow>> {
    let sql = format!(
        "SELECT type, name, tbl_name, sql, rootpage > 0 FROM {}.sqlite_schema ORDER BY rowid",
        quote_ident(schema)
    );
    let mut statement = conn.prepare(&sql)?;
    let rows = statement.query_map([], |row| {
        let mut lossy = false;
        let mut text = |at: usize| -> rusqlite::Result<String> {
            let (text, exact) = lossy_text(row.get_ref(at)?);
            lossy |= !exact;
            Ok(text)
        };
        let (kind, name, table, sql) = (text(0)?, text(1)?, text(2)?, text(3)?);
        let stored = row.get::<_, Option<bool>>(4)?.unwrap_or(false);
        Ok(SchemaRow { kind, name, table, sql, stored, lossy })
    })?;
    rows.collect()
}

fn lossy_text(value: ValueRef<'_>) -> (String, bool) {
    match value {
        ValueRef::Null => (String::new(), true),
        ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => (text.to_owned(), true),
            Err(_) => (String::from_utf8_lossy(bytes).into_owned(), false),
        },
        _ => (String::new(), false),
    }
}

/// A table of the user's may be called `pragma_table_list` and would hide SQLite's; `temp.` looks past those of `main`.
fn shadow_names(conn: &Connection, schema: &str, rows: &[SchemaRow]) -> rusqlite::Result<Vec<String>> {
    let is_virtual =
        |row: &SchemaRow| row.kind == "table" && create_kind(&row.sql) != Some(CreateKind::Table);
    if !rows.iter().any(is_virtual) {
        // No table is another's shadow: SQLite need not look at each.
        return Ok(Vec::new());
    }
    let mut statement = conn.prepare(
        "SELECT name FROM temp.pragma_table_list WHERE schema = ?1 AND type = 'shadow' ORDER BY name",
    )?;
    let names = statement.query_map([schema], |row| Ok(lossy_text(row.get_ref(0)?).0))?;
    names.collect()
}

/// What SQLite's pragmas say of these tables. Each is asked by its own statements: a join with the pragmas' table-valued functions
/// runs the same ones inside, and takes longer to prepare than they take to run.
fn found_tables(
    conn: &Connection,
    schema: &str,
    tables: &[&SchemaRow],
) -> rusqlite::Result<HashMap<String, Found>> {
    let schema = quote_ident(schema);
    let pragma = |name: &str, of: &str| conn.prepare(&format!("PRAGMA {schema}.{name}({})", quote_ident(of)));
    let mut all = HashMap::with_capacity(tables.len());
    for table in tables {
        let mut found = Found::default();
        let mut statement = pragma("table_xinfo", &table.name)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let default = row.get_ref(4)?;
            found.columns.push(FoundColumn {
                name: lossy_text(row.get_ref(1)?).0,
                type_name: lossy_text(row.get_ref(2)?).0,
                not_null: row.get(3)?,
                default: (default != ValueRef::Null).then(|| lossy_text(default).0),
                key_position: row.get(5)?,
                hidden: row.get(6)?,
            });
        }
        let mut statement = pragma("index_list", &table.name)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let name = lossy_text(row.get_ref(1)?).0;
            let of_constraint = lossy_text(row.get_ref(3)?).0 != "c";
            found.indexes.push(FoundIndex { name, of_constraint, columns: Vec::new() });
        }
        for index in &mut found.indexes {
            let mut statement = pragma("index_info", &index.name)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let column = row.get_ref(2)?;
                index.columns.push((column != ValueRef::Null).then(|| lossy_text(column).0));
            }
        }
        all.insert(table.name.clone(), found);
    }
    Ok(all)
}

/// The sets of columns that are keys, in a form that order and repetition do not change.
pub(super) fn key_set<'a>(keys: impl Iterator<Item = Vec<&'a str>>) -> BTreeSet<Vec<String>> {
    keys.map(|columns| {
        let mut distinct: Vec<String> = Vec::new();
        for column in columns.into_iter().map(fold) {
            if !distinct.contains(&column) {
                distinct.push(column);
            }
        }
        distinct
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_tables_and_sqlite_s_are_left_out_with_what_belongs_to_them() {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch(
            "CREATE TABLE t(id INTEGER PRIMARY KEY AUTOINCREMENT, a UNIQUE); INSERT INTO t VALUES (1, 2); ANALYZE;
             CREATE TABLE History(a UNIQUE); CREATE INDEX h ON history(a);",
        )
        .unwrap();
        let catalog = read(&conn, "main", &["history".to_owned()]).unwrap();
        assert_eq!(catalog.tables.iter().map(|table| table.name.as_str()).collect::<Vec<_>>(), ["t"]);
        assert_eq!(catalog.tables[0].indexes, []);
    }

    #[test]
    fn an_attached_database_is_read_by_its_name() {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch(
            "CREATE TABLE t(a); ATTACH ':memory:' AS \"o'th\"\"er\";
             CREATE TABLE \"o'th\"\"er\".t(b UNIQUE, c REFERENCES t); CREATE INDEX \"o'th\"\"er\".i ON t(c)",
        )
        .unwrap();
        let catalog = read(&conn, "o'th\"er", &[]).unwrap();
        assert_eq!((catalog.opaque.len(), catalog.tables[0].columns.len()), (0, 2));
        assert_eq!(catalog.tables[0].indexes[0].terms[0].term, "c");
    }

    #[test]
    fn what_the_text_and_the_pragmas_disagree_on_is_opaque() {
        let found = |name: &str| Found {
            columns: vec![FoundColumn {
                name: name.to_owned(),
                type_name: "INT".to_owned(),
                not_null: false,
                default: None,
                key_position: 0,
                hidden: 0,
            }],
            indexes: Vec::new(),
        };
        assert!(table_info("t", "CREATE TABLE t(a INT)", &found("a")).is_ok());
        for (sql, reason) in [
            ("CREATE TABLE t(a INT, b)", "its text has 2 columns where SQLite finds 1"),
            ("CREATE TABLE t(b INT)", "its text has a column `b` where SQLite finds `a`"),
            ("CREATE TABLE t(a TEXT)", "its text gives column `a` the type `TEXT` where SQLite finds `INT`"),
            ("CREATE TABLE t(a INT NOT NULL)", "its text and SQLite differ in the nullability of column `a`"),
            ("CREATE TABLE t(a INT DEFAULT 1)", "its text and SQLite differ in the default of column `a`"),
            ("CREATE TABLE t(a INT AS (1))", "its text and SQLite differ in the generation of column `a`"),
            (
                "CREATE TABLE t(a INT PRIMARY KEY)",
                "its text and SQLite differ in the key position of column `a`",
            ),
            ("CREATE TABLE t(a INT UNIQUE)", "its text and SQLite differ in the keys"),
            ("CREATE TABLE u(a INT)", "its text creates `u`"),
        ] {
            assert_eq!(table_info("t", sql, &found("a")).unwrap_err(), reason);
        }
    }

    #[test]
    fn a_reference_without_columns_is_one_to_the_parent_s_key() {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch(
            "CREATE TABLE p(a, b, PRIMARY KEY(b, a));
             CREATE TABLE c(x, y, FOREIGN KEY(x, y) REFERENCES P, FOREIGN KEY(x) REFERENCES p, FOREIGN KEY(y) REFERENCES q)",
        )
        .unwrap();
        let catalog = read(&conn, "main", &[]).unwrap();
        let to: Vec<Vec<String>> = catalog.tables[1].foreign_keys.iter().map(|key| key.to.clone()).collect();
        assert_eq!(to, [vec!["b".to_owned(), "a".to_owned()], vec![], vec![]]);
    }

    #[test]
    fn what_is_read_since_is_what_is_read() {
        let schema = "CREATE TABLE p(a INTEGER PRIMARY KEY, b UNIQUE); CREATE TABLE c(x REFERENCES p, y); CREATE INDEX i ON c(y);
            CREATE TABLE d(z REFERENCES c); CREATE TABLE T(a); CREATE VIEW v AS SELECT * FROM p;";
        let row = |name: &str, sql: &str| {
            format!(
                "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = '{sql}' WHERE name = '{name}';
                 PRAGMA writable_schema = RESET"
            )
        };
        for change in [
            String::new(),
            "ALTER TABLE t ADD COLUMN b".to_owned(),
            // The keys that name no column of it mean another one.
            row("p", "CREATE TABLE p(a INTEGER, b UNIQUE PRIMARY KEY)"),
            "DROP TABLE p; CREATE TABLE p(b INTEGER PRIMARY KEY, a UNIQUE)".to_owned(),
            "DROP INDEX i".to_owned(),
            "DROP INDEX i; CREATE INDEX i ON c(x)".to_owned(),
            "CREATE INDEX j ON d(z)".to_owned(),
            "DROP TABLE d; ALTER TABLE T RENAME TO d".to_owned(),
            "ALTER TABLE t RENAME TO tt; ALTER TABLE tt RENAME TO t".to_owned(),
            "DROP VIEW v; DROP TABLE p; CREATE VIRTUAL TABLE p USING fts5(a)".to_owned(),
            row("i", "CREATE INDEX i ON c(x)"),
        ] {
            let conn = Connection::open_in_memory().unwrap();
            conn.execute_batch(schema).unwrap();
            let before = read(&conn, "main", &[]).unwrap();
            conn.execute_batch(&change).unwrap();
            let after = read(&conn, "main", &[]).unwrap();
            for known in [&[][..], &[&before], &[&after], &[&before, &after], &[&Catalog::default(), &before]]
            {
                assert_eq!(read_since(&conn, "main", &[], known).unwrap(), after, "{change}");
            }
        }
    }

    #[test]
    fn no_text_makes_the_reader_or_the_printer_panic() {
        let conn = Connection::open_in_memory().unwrap();
        let sql = "CREATE TABLE t(\"a\" INT DEFAULT (-1 -- c\n) CHECK(a > 'é'), [b] TEXT COLLATE nocase REFERENCES t(a), \
                   g AS (a || \"b\") STORED, CONSTRAINT u UNIQUE(b DESC, a) ON CONFLICT IGNORE, PRIMARY KEY(a, b)) WITHOUT ROWID";
        conn.execute_batch(sql).unwrap();
        let rows = schema_rows(&conn, "main").unwrap();
        let found = found_tables(&conn, "main", &[&rows[0]]).unwrap().remove("t").unwrap();
        let pieces: Vec<char> = "()'\"[]`-,/*. \nx0;é🦀".chars().collect();
        let mut seed = 1u64;
        let mut next = |below: usize| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) as usize % below
        };
        let mut read_again = 0;
        for _ in 0..3000 {
            let mut text: Vec<char> = sql.chars().collect();
            for _ in 0..=next(2) {
                let at = next(text.len());
                match next(3) {
                    0 => text[at] = pieces[next(pieces.len())],
                    1 => text.insert(at, pieces[next(pieces.len())]),
                    _ => text.truncate(at.max(1)),
                }
            }
            let text: String = text.into_iter().collect();
            if let Ok(table) = table_info("t", &text, &found) {
                assert!(table.to_sql().starts_with("CREATE TABLE t ("), "{text}");
                read_again += 1;
            }
            let _ = super::super::print::strip_parentheses(&text);
        }
        assert!(read_again > 0);
    }
}
