//! What the rows of one schema must be under another, worked out by nothing but `INSERT … SELECT` between two databases: so
//! whoever migrates is held against SQLite's own conversions and constraints.

use rusqlite::Connection;
use rusqlite::config::DbConfig;
use schema_runtime::{Catalog, ColumnInfo, TableInfo};
use schema_sql::{eq_name, quote_ident};

use super::memory;

/// What was called otherwise before, and what fills new columns.
#[derive(Debug, Clone, Default)]
pub struct Hints {
    /// Tables, old name and new.
    pub tables: Vec<(String, String)>,
    /// Columns: the new name of the table, old name, new name.
    pub columns: Vec<(String, String, String)>,
    /// Table, column and the expression that fills it for rows that are there.
    pub backfills: Vec<(String, String, String)>,
}

impl Hints {
    pub fn old_table<'a>(&'a self, new: &'a str) -> &'a str {
        self.tables.iter().find(|(_, to)| eq_name(to, new)).map_or(new, |(from, _)| from)
    }

    pub fn old_column<'a>(&'a self, table: &str, new: &'a str) -> &'a str {
        let found = self.columns.iter().find(|(of, _, to)| eq_name(of, table) && eq_name(to, new));
        found.map_or(new, |(_, from, _)| from)
    }

    /// The table that became this one.
    fn source<'a>(&self, old: &'a Catalog, new: &TableInfo) -> Option<&'a TableInfo> {
        let name = self.old_table(&new.name);
        // A name that another table was given its own from is another table's.
        if name == new.name && self.tables.iter().any(|(from, _)| eq_name(from, name)) {
            return None;
        }
        old.table(name)
    }

    fn source_column<'a>(&self, old: &'a TableInfo, table: &str, new: &ColumnInfo) -> Option<&'a ColumnInfo> {
        let name = self.old_column(table, &new.name);
        let taken = |(of, from, _): &(String, String, String)| eq_name(of, table) && eq_name(from, name);
        if name == new.name && self.columns.iter().any(taken) {
            return None;
        }
        old.column(name)
    }
}

/// The rows of the old schema, carried into the new one as far as they go.
pub struct Carried {
    /// `main` is the old database, `fresh` the new one.
    conn: Connection,
    old: Catalog,
    new: Catalog,
    hints: Hints,
    /// Why rows cannot be carried: the table, and what SQLite says.
    pub faults: Vec<(String, String)>,
}

/// `DEFAULT` as an expression; `None` where it says NULL.
fn default_of(column: &ColumnInfo) -> Option<String> {
    let text = column.default.as_deref()?;
    // A bare word is a string.
    let bare = !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '_');
    let known = ["null", "true", "false", "current_timestamp", "current_date", "current_time"];
    let word = text.to_ascii_lowercase();
    if word == "null" {
        None
    } else if bare && !text.starts_with(|c: char| c.is_ascii_digit()) && !known.contains(&word.as_str()) {
        Some(format!("'{text}'"))
    } else if text.starts_with('"') {
        Some(format!("'{}'", text.trim_matches('"').replace('\'', "''")))
    } else {
        Some(format!("({text})"))
    }
}

/// Whether two runs of the default may give two values.
fn varies(column: &ColumnInfo) -> bool {
    column.default.as_deref().is_some_and(|text| {
        text.contains('(') || text.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("current_"))
    })
}

/// How a column stores what it is given: 0 as it is, and one number for each affinity.
/// SQLite: <https://www.sqlite.org/datatype3.html>, section 3.1.
pub fn affinity(column: &ColumnInfo, table: &TableInfo) -> u8 {
    let name = column.type_name.to_ascii_uppercase();
    if table.strict && name == "ANY" {
        5
    } else if name.contains("INT") {
        1
    } else if ["CHAR", "CLOB", "TEXT"].iter().any(|part| name.contains(part)) {
        2
    } else if name.is_empty() || name.contains("BLOB") {
        0
    } else if ["REAL", "FLOA", "DOUB"].iter().any(|part| name.contains(part)) {
        3
    } else {
        4
    }
}

/// Carries the rows of `old` into a copy of `fresh`, which has none.
pub fn carry(
    (old, from): (&Connection, &Catalog),
    (fresh, to): (&Connection, &Catalog),
    hints: &Hints,
) -> Carried {
    let mut conn = memory::copy_of(old);
    memory::attach_copy(&mut conn, fresh, "fresh");
    conn.execute_batch("PRAGMA foreign_keys = OFF").expect("a pragma");
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false).expect("triggers off");
    let mut carried =
        Carried { conn, old: from.clone(), new: to.clone(), hints: hints.clone(), faults: Vec::new() };
    carried.all();
    carried
}

impl Carried {
    fn all(&mut self) {
        let mut faults = Vec::new();
        for to in &self.new.tables {
            let Some(from) = self.hints.source(&self.old, to) else { continue };
            if let Err(err) = self.conn.execute_batch(&self.insert(from, to)) {
                faults.push((to.name.clone(), err.to_string()));
            } else if self.makes_rowids_up(from, to) {
                faults.push((to.name.clone(), "NULL becomes the rowid".to_owned()));
            }
        }
        if faults.is_empty() {
            faults = self.orphans();
        }
        self.faults = faults;
    }

    /// Whether a column becomes the rowid that holds NULL: SQLite takes any number for it.
    fn makes_rowids_up(&self, from: &TableInfo, to: &TableInfo) -> bool {
        let Some(column) = memory::alias(to) else { return false };
        let Some(found) = self.hints.source_column(from, &to.name, column) else { return false };
        let filled = self.backfill(to, column).is_some();
        let query = format!(
            "SELECT 1 FROM main.{} WHERE {} IS NULL LIMIT 1",
            quote_ident(&from.name),
            quote_ident(&found.name)
        );
        !filled && memory::lines(&self.conn, &query).is_ok_and(|rows| !rows.is_empty())
    }

    fn backfill(&self, table: &TableInfo, column: &ColumnInfo) -> Option<&str> {
        let is_it = |(of, name, _): &&(String, String, String)| {
            eq_name(of, &table.name) && eq_name(name, &column.name)
        };
        self.hints.backfills.iter().find(is_it).map(|(_, _, expr)| expr.as_str())
    }

    /// Rows whose parents are missing, where they were not missing before.
    fn orphans(&self) -> Vec<(String, String)> {
        let count = |schema: &str| {
            let query = format!("SELECT \"table\", parent FROM pragma_foreign_key_check(NULL, '{schema}')");
            memory::lines(&self.conn, &query)
        };
        match (count("main"), count("fresh")) {
            (Ok(before), Ok(after)) => {
                // A table and its parent: what refers to another parent than before follows another rule.
                let times =
                    |lines: &[String], line: &String| lines.iter().filter(|other| *other == line).count();
                let mut tables: Vec<String> =
                    after.iter().filter(|line| times(&after, line) > times(&before, line)).cloned().collect();
                tables.dedup();
                let unquoted =
                    |line: &String| line.split('|').next().unwrap_or_default().trim_matches('\'').to_owned();
                tables.iter().map(|line| (unquoted(line), format!("no parent: {line}"))).collect()
            }
            (Ok(_), Err(err)) => {
                self.new.tables.iter().map(|table| (table.name.clone(), err.clone())).collect()
            }
            _ => Vec::new(),
        }
    }

    /// What is written into each column of the new table.
    fn values(&self, from: &TableInfo, to: &TableInfo) -> Vec<(String, String)> {
        let mut values = Vec::new();
        let rowid = memory::rowid_name(from);
        if let (Some(new), Some(old)) = (memory::hidden_rowid(to), rowid) {
            values.push((new.to_owned(), old.to_owned()));
        }
        for column in to.columns.iter().filter(|column| column.generated.is_none()) {
            let (backfill, is_rowid) = (self.backfill(to, column), to.is_rowid_alias(&column.name));
            // SQLite takes no default for a rowid.
            let default =
                backfill.map(|expr| format!("({expr})")).or_else(|| default_of(column).filter(|_| !is_rowid));
            let name = quote_ident(&column.name);
            match self.hints.source_column(from, &to.name, column) {
                Some(found) => {
                    let old = quote_ident(&found.name);
                    let tightens = (column.not_null.is_some() || is_rowid) && found.not_null.is_none();
                    match default.filter(|_| tightens) {
                        Some(default) => values.push((name, format!("coalesce({old}, {default})"))),
                        None => values.push((name, old)),
                    }
                }
                None => match (backfill, rowid.filter(|_| is_rowid)) {
                    (Some(expr), _) => values.push((name, format!("({expr})"))),
                    (None, Some(rowid)) => values.push((name, rowid.to_owned())),
                    (None, None) => {}
                },
            }
        }
        if values.is_empty() {
            let first = to.columns.iter().find(|column| column.generated.is_none()).expect("a column");
            values.push((quote_ident(&first.name), default_of(first).unwrap_or("NULL".to_owned())));
        }
        values
    }

    fn insert(&self, from: &TableInfo, to: &TableInfo) -> String {
        let (into, values): (Vec<String>, Vec<String>) = self.values(from, to).into_iter().unzip();
        format!(
            "INSERT OR ABORT INTO fresh.{} ({}) SELECT {} FROM main.{}",
            quote_ident(&to.name),
            into.join(", "),
            values.join(", "),
            quote_ident(&from.name)
        )
    }

    /// Columns whose values must be the same wherever the rows were carried, each as a term.
    fn terms(&self, from: Option<&TableInfo>, to: &TableInfo) -> Vec<String> {
        let mut terms: Vec<String> = Vec::new();
        if from.is_none_or(|from| !from.without_rowid) {
            terms.extend(memory::hidden_rowid(to).map(str::to_owned));
        }
        let unsteady = |column: &ColumnInfo| {
            let fills = from.is_none_or(|from| {
                let found = self.hints.source_column(from, &to.name, column);
                found.is_none_or(|found| found.not_null.is_none() && column.not_null.is_some())
            });
            varies(column) && fills
        };
        let any = to.columns.iter().any(unsteady);
        let steady =
            to.columns.iter().filter(|column| !unsteady(column) && (!any || column.generated.is_none()));
        terms.extend(steady.map(|column| quote_ident(&column.name)));
        terms
    }

    /// Whether `migrated` holds exactly the rows that were carried, in every column of every table.
    pub fn same_rows(&self, migrated: &Connection) -> Result<(), String> {
        for to in &self.new.tables {
            let from = self.hints.source(&self.old, to);
            let terms = self.terms(from, to);
            let expected = memory::rows(&self.conn, "fresh", &to.name, &terms)?;
            let found = memory::rows(migrated, "main", &to.name, &terms)?;
            if expected != found {
                return Err(format!(
                    "rows of {} ({})\nshould be\n{}\nand are\n{}",
                    to.name,
                    terms.join("|"),
                    differing(&expected, &found),
                    differing(&found, &expected)
                ));
            }
        }
        self.same_virtual_rows(migrated)
    }

    fn same_virtual_rows(&self, migrated: &Connection) -> Result<(), String> {
        for table in &self.new.virtual_tables {
            let Some(found) = self.old.virtual_table(&table.name) else { continue };
            if found.sql != table.sql {
                continue;
            }
            let all = ["*".to_owned()];
            let was = memory::rows(&self.conn, "main", &table.name, &all)?;
            let is = memory::rows(migrated, "main", &table.name, &all)?;
            if was != is {
                return Err(format!(
                    "rows of {}\nwere\n{}\nand are\n{}",
                    table.name,
                    was.join("\n"),
                    is.join("\n")
                ));
            }
        }
        Ok(())
    }

    /// After the undo: whether what came through in both directions without a conversion is what it was.
    pub fn same_survivors(&self, undone: &Connection) -> Result<(), String> {
        for to in &self.new.tables {
            let Some(from) = self.hints.source(&self.old, to) else { continue };
            let mut terms: Vec<String> = Vec::new();
            let same_alias = memory::alias(from).is_none() && memory::alias(to).is_none();
            if same_alias && !to.without_rowid {
                terms.extend(memory::hidden_rowid(from).map(str::to_owned));
            }
            for column in &to.columns {
                let Some(found) = self.hints.source_column(from, &to.name, column) else { continue };
                let kept = affinity(column, to) == affinity(found, from)
                    && column.generated.is_none()
                    && found.generated.is_none()
                    && (column.not_null.is_none() || found.not_null.is_some());
                if kept {
                    terms.push(quote_ident(&found.name));
                }
            }
            let expected = memory::rows(&self.conn, "main", &from.name, &terms)?;
            let found = memory::rows(undone, "main", &from.name, &terms)?;
            if expected != found {
                return Err(format!(
                    "rows of {} ({}) after the undo\nwere\n{}\nand are\n{}",
                    from.name,
                    terms.join("|"),
                    differing(&expected, &found),
                    differing(&found, &expected)
                ));
            }
        }
        Ok(())
    }

    /// Why the rows stand in the way without a consent to conversions: what SQLite refuses, and values that become others or
    /// do not fit the column's new type.
    pub fn reasons(&self) -> Vec<(String, String)> {
        let mut reasons = self.faults.clone();
        for to in &self.new.tables {
            let Some(from) = self.hints.source(&self.old, to) else { continue };
            for column in &to.columns {
                let Some(found) = self.hints.source_column(from, &to.name, column) else { continue };
                let computed = column.generated.is_some() != found.generated.is_some();
                let same = affinity(column, to) == affinity(found, from) && from.strict == to.strict;
                if (!same || computed) && !self.survives((from, found), (to, column)) {
                    reasons.push((to.name.clone(), format!("values of {} change", column.name)));
                }
            }
        }
        reasons
    }

    fn survives(
        &self,
        (from, found): (&TableInfo, &ColumnInfo),
        (to, column): (&TableInfo, &ColumnInfo),
    ) -> bool {
        let term = quote_ident(&found.name);
        let fits = match affinity(column, to) {
            1 => "'integer', 'null'",
            2 => "'text', 'null'",
            3 => "'real', 'null'",
            0 if to.strict => "'blob', 'null'",
            _ => "'integer', 'text', 'real', 'blob', 'null'",
        };
        let (old, new) = (quote_ident(&from.name), quote_ident(&to.name));
        let query = format!(
            "SELECT count(*) FROM fresh.{new} WHERE typeof({}) NOT IN ({fits})",
            quote_ident(&column.name)
        );
        let misfits = memory::lines(&self.conn, &query);
        // Row by row where the rows keep their ids: values may have changed places.
        let alias = |table| memory::alias(table).map(|column| column.name.as_str());
        let same_ids = alias(from).map(|old| old.to_owned())
            == alias(to).map(|new| self.hints.old_column(&to.name, new).to_owned());
        let ids = memory::rowid_name(from).zip(memory::rowid_name(to)).filter(|_| same_ids);
        // As text: a conversion that keeps the meaning may change the storage class.
        let text = |schema: &str, table: &str, term: &str, order: &str| {
            let query = format!(
                "SELECT CAST({term} AS TEXT) AS v, typeof({term}) = 'blob' FROM {schema}.{table} ORDER BY {order}"
            );
            memory::lines(&self.conn, &query)
        };
        let (before, after) = ids.unwrap_or(("1, 2", "1, 2"));
        misfits == Ok(vec!["0".to_owned()])
            && text("main", &old, &term, before) == text("fresh", &new, &quote_ident(&column.name), after)
    }

    /// Tables whose rows are at fault, by their old names.
    pub fn at_fault(&self) -> Vec<String> {
        let mut names: Vec<String> =
            self.reasons().iter().map(|(table, _)| self.hints.old_table(table).to_owned()).collect();
        names.sort();
        names.dedup();
        names
    }
}

fn differing(rows: &[String], others: &[String]) -> String {
    let only: Vec<&str> =
        rows.iter().filter(|row| !others.contains(row)).map(String::as_str).take(6).collect();
    format!("{} rows, of them only here\n{}", rows.len(), only.join("\n"))
}
