//! One baseline from many migrations: the schema, and if asked for the rows, that they make on an empty database.
//!
//! The text is proved before it is given away: on an empty database it makes the same catalog and the same rows.

use rusqlite::Connection;
use rusqlite::types::ValueRef;
use schema_sql::{quote_ident, quote_str, significant};

use crate::catalog::{Catalog, TableInfo};
use crate::connection::{Hook, SqliteResult};
use crate::diff::diff;
use crate::error::{Error, ErrorKind, Result};
use crate::migration::{Body, Migration, Migrations, read};
use crate::model::ModelOptions;
use crate::replaced::Replaced;
use crate::trial::{Trial, unfit};

/// What [`Migrations::squash`] gives back.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Baseline {
    /// The text of the file, with the directive that says what it replaces.
    pub text: String,
    /// The numbers that it replaces, as they are written: `001`.
    pub replaces: Vec<String>,
    /// A number for it that no file has, where there is one right behind the last that it replaces; without one it takes that one's, whose
    /// file must go.
    pub number: Option<String>,
    /// Tables that have rows on an empty database, each with how many.
    pub rows: Vec<(String, u64)>,
}

impl Migrations {
    /// One migration from all up to the number `upto`, or from all: a baseline that makes on an empty database what they make one after the
    /// other.
    ///
    /// A database that has applied all of them counts the baseline as applied; an empty one runs it instead of them. Rows that the
    /// migrations insert are refused unless `with_data`, which takes them along as they are now.
    ///
    /// # Errors
    /// `Migration` if there are not two of them, one is a function or fails on an empty database, or their rows or the content of a virtual
    /// table cannot be taken along; `Refused` for rows without `with_data`.
    pub fn squash(&self, upto: Option<&str>, with_data: bool, options: &ModelOptions) -> Result<Baseline> {
        let last = match upto {
            None => None,
            Some(version) => Some(self.find(version).ok_or_else(|| no_such(version))?.number),
        };
        let over = Replaced::settle(self, &|_| None);
        let files: Vec<&Migration> =
            self.list.iter().filter(|migration| last.is_none_or(|last| migration.number <= last)).collect();
        if files.len() < 2 {
            return Err(wrong("there are not two migrations to make one of", "name a higher number"));
        }
        let hook = options.hook.as_ref();
        let mut trial = Trial::empty(hook)?;
        for migration in files.iter().filter(|migration| !over.passes_over(migration)) {
            if let Body::Code(_) = migration.up.body {
                return Err(wrong(
                    format!("{} is a function: what it does cannot be written as SQL", migration.title()),
                    "end before it",
                ));
            }
            refuse_settings(migration)?;
            trial.run(migration, &migration.up).map_err(|error| {
                unfit("the migrations cannot be made one: they do not run on an empty database", &error)
                    .cause(format!("at {}", migration.title()))
                    .help("mend the file, or end before it")
            })?;
        }
        let catalog = trial.catalog()?;
        let rows = rows_of(&trial, &catalog)?;
        refuse_rows(&trial, &catalog, &rows, with_data)?;
        let replaces = numbers(&files);
        let text = text(&trial, &catalog, &files, with_data)?;
        prove(&text, &trial, &catalog, hook)?;
        let next = files
            .last()
            .map(|last| (last.number + 1, last.digits.len()))
            .filter(|(number, _)| !self.list.iter().any(|migration| migration.number == *number));
        Ok(Baseline { text, replaces, number: next.map(|(number, width)| format!("{number:0width$}")), rows })
    }
}

fn wrong(cause: impl Into<String>, help: &str) -> Error {
    Error::new(ErrorKind::Migration, "the migrations cannot be made one")
        .cause(cause)
        .state("nothing was written")
        .help(help)
}

/// What a file keeps beside its schema, which only a migration outside of a transaction can set, no baseline has.
fn refuse_settings(migration: &Migration) -> Result<()> {
    let Body::Sql(text) = &migration.up.body else { return Ok(()) };
    let script = read(text, &migration.up.origin)?;
    let pragma = script.statements.iter().find(|statement| {
        significant(statement.text)
            .is_ok_and(|tokens| tokens.first().is_some_and(|first| first.is_word("PRAGMA")))
    });
    match pragma.filter(|_| !script.transaction) {
        None => Ok(()),
        Some(pragma) => Err(wrong(
            format!("{} sets what a file keeps beside its schema: `{}`", migration.title(), pragma.text),
            "end before it",
        )),
    }
}

fn no_such(version: &str) -> Error {
    wrong(format!("there is no migration {}", version.escape_debug()), "name one of the folder by its number")
}

/// All numbers for which the files stand, those of an earlier baseline among them.
fn numbers(files: &[&Migration]) -> Vec<String> {
    let mut all: Vec<(u64, String)> = Vec::new();
    for migration in files {
        let width = migration.digits.len();
        let earlier = migration.replaces.iter().flatten().flat_map(|(first, last)| *first..=*last);
        all.extend(earlier.map(|number| (number, format!("{number:0width$}"))));
        all.push((migration.number, migration.digits.clone()));
    }
    all.sort();
    all.dedup_by_key(|(number, _)| *number);
    all.into_iter().map(|(_, digits)| digits).collect()
}

/// The ways in which a database can have them all: by each file, or by what an earlier baseline stands for.
fn ways(files: &[&Migration]) -> Vec<Vec<String>> {
    let mut ways: Vec<Vec<String>> = vec![Vec::new()];
    let over: Vec<u64> = files
        .iter()
        .flat_map(|migration| migration.replaces.iter().flatten())
        .flat_map(|(first, last)| *first..=*last)
        .collect();
    for migration in files.iter().filter(|migration| !over.contains(&migration.number)) {
        let width = migration.digits.len();
        let digits = |part: &(u64, u64)| {
            (part.0..=part.1).map(|number| format!("{number:0width$}")).collect::<Vec<_>>()
        };
        let earlier = migration.replaces.iter().map(|way| way.iter().flat_map(digits).collect::<Vec<_>>());
        let choices: Vec<Vec<String>> =
            std::iter::once(vec![migration.digits.clone()]).chain(earlier).collect();
        ways = ways
            .iter()
            .flat_map(|way| choices.iter().map(|choice| [way.as_slice(), choice].concat()))
            .collect();
    }
    ways
}

/// `001, 003-034`: numbers that follow each other as one part.
fn ranges(numbers: &[String]) -> String {
    let mut parts: Vec<(u64, &str, &str)> = Vec::new();
    for digits in numbers {
        let number: u64 = digits.parse().unwrap_or_default();
        match parts.last_mut() {
            Some((last, _, end)) if *last + 1 == number => (*last, *end) = (number, digits),
            _ => parts.push((number, digits, digits)),
        }
    }
    let part = |(_, first, last): &(u64, &str, &str)| match first == last {
        true => (*first).to_owned(),
        false => format!("{first}-{last}"),
    };
    parts.iter().map(part).collect::<Vec<_>>().join(", ")
}

fn rows_of(trial: &Trial, catalog: &Catalog) -> Result<Vec<(String, u64)>> {
    let mut rows = Vec::new();
    for table in &catalog.tables {
        let count = trial.count(&table.name)?;
        if count > 0 {
            rows.push((table.name.clone(), count.unsigned_abs()));
        }
    }
    Ok(rows)
}

fn refuse_rows(trial: &Trial, catalog: &Catalog, rows: &[(String, u64)], with_data: bool) -> Result<()> {
    if let Some(object) = catalog.opaque.first() {
        return Err(wrong(
            format!("{} `{}` cannot be read with certainty: {}", object.kind, object.name, object.reason),
            "write it in plain SQL in a migration of its own",
        ));
    }
    for table in catalog.virtual_tables.iter().filter(|table| !table.is_derived()) {
        // One that cannot be counted has content that nobody can read.
        if trial.count(&table.name).unwrap_or(1) > 0 {
            return Err(wrong(
                format!("the virtual table `{}` has content of its own", table.name),
                "end before the migration that fills it",
            ));
        }
    }
    if rows.is_empty() || with_data {
        return Ok(());
    }
    let error =
        Error::new(ErrorKind::Refused, "the migrations insert rows, which a baseline of the schema lacks");
    let error =
        rows.iter().fold(error, |error, (table, count)| error.cause(format!("`{table}` has {count}")));
    Err(error
        .state("nothing was written")
        .help("say `--with-data` to write them as INSERTs, or end before the migration that inserts them"))
}

/// The whole file: tables, rows, then what would be in the way of the rows or be fired by them.
fn text(trial: &Trial, catalog: &Catalog, files: &[&Migration], with_data: bool) -> Result<String> {
    let numbers = numbers(files);
    let first_and_last = (numbers.first(), numbers.last());
    let (first, last) =
        (first_and_last.0.map_or("", String::as_str), first_and_last.1.map_or("", String::as_str));
    let mut text = format!("-- The schema as the migrations {first} to {last} leave it.\n");
    for way in ways(files) {
        text.push_str(&format!("-- schema: replaces {}\n", ranges(&way)));
    }
    for name in ["user_version", "application_id"] {
        let value: i64 = trial
            .conn()
            .query_row(&format!("PRAGMA main.{name}"), [], |row| row.get(0))
            .at(|| format!("cannot read `{name}`"))?;
        if value != 0 {
            text.push_str(&format!("\nPRAGMA {name} = {value};\n"));
        }
    }
    let mut push = |sql: &str| text.push_str(&format!("\n{};\n", sql.trim_end()));
    catalog.tables.iter().for_each(|table| push(&table.sql));
    if with_data && catalog.tables.iter().any(|table| !table.foreign_keys.is_empty()) {
        push("PRAGMA defer_foreign_keys = ON");
    }
    if with_data {
        for table in &catalog.tables {
            inserts(trial.conn(), table, &mut |sql| push(&sql))?;
        }
        marks(trial.conn(), catalog, &mut |sql| push(&sql))?;
    }
    catalog.virtual_tables.iter().for_each(|table| push(&table.sql));
    for table in catalog.virtual_tables.iter().filter(|table| with_data && table.is_derived()) {
        let name = quote_ident(&table.name);
        push(&format!("INSERT INTO {name} ({name}) VALUES ('rebuild')"));
    }
    catalog.tables.iter().flat_map(|table| &table.indexes).for_each(|index| push(&index.sql));
    catalog.views.iter().for_each(|view| push(&view.sql));
    catalog.triggers.iter().for_each(|trigger| push(&trigger.sql));
    Ok(text)
}

fn inserts(conn: &Connection, table: &TableInfo, push: &mut dyn FnMut(String)) -> Result<()> {
    let what = || format!("cannot read table `{}`", table.name);
    let mut names: Vec<String> = Vec::new();
    // Where the rowid is no column it may still be what an index or another table points to.
    let rowid = crate::plan::rowid_name(table)
        .filter(|_| !table.primary_key.as_ref().is_some_and(|key| key.rowid_alias));
    names.extend(rowid.map(str::to_owned));
    let plain = table.columns.iter().filter(|column| column.generated.is_none());
    names.extend(plain.map(|column| quote_ident(&column.name)));
    let (list, name) = (names.join(", "), quote_ident(&table.name));
    let order = rowid.map_or_else(String::new, |rowid| format!(" ORDER BY {rowid}"));
    let mut statement = conn.prepare(&format!("SELECT {list} FROM main.{name}{order}")).at(what)?;
    let mut rows = statement.query([]).at(what)?;
    while let Some(row) = rows.next().at(what)? {
        let values: Vec<String> = (0..names.len())
            .map(|at| row.get_ref(at).map(literal))
            .collect::<rusqlite::Result<_>>()
            .at(what)?;
        push(format!("INSERT INTO {name} ({list}) VALUES ({})", values.join(", ")));
    }
    Ok(())
}

/// High-water marks of AUTOINCREMENT that the rows alone would not set.
fn marks(conn: &Connection, catalog: &Catalog, push: &mut dyn FnMut(String)) -> Result<()> {
    for table in catalog.tables.iter().filter(|table| table.autoincrement()) {
        let name = quote_str(&table.name);
        let sql = format!("SELECT max(seq) FROM main.sqlite_sequence WHERE name = {name}");
        let mark: Option<i64> = conn
            .query_row(&sql, [], |row| row.get(0))
            .at(|| format!("cannot read the high-water mark of `{}`", table.name))?;
        let Some(mark) = mark else { continue };
        push(format!("DELETE FROM sqlite_sequence WHERE name = {name}"));
        push(format!("INSERT INTO sqlite_sequence (name, seq) VALUES ({name}, {mark})"));
    }
    Ok(())
}

/// A value as SQL that gives exactly it again.
fn literal(value: ValueRef<'_>) -> String {
    let hex = |bytes: &[u8]| format!("x'{}'", crate::revision::hex(bytes));
    let cast = |bytes: &[u8]| format!("CAST({} AS TEXT)", hex(bytes));
    match value {
        ValueRef::Null => "NULL".to_owned(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) if number.is_infinite() => {
            if number > 0.0 { "9e999" } else { "-9e999" }.to_owned()
        }
        ValueRef::Real(number) => format!("{number:?}"),
        ValueRef::Blob(bytes) => hex(bytes),
        ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) if !text.contains('\0') => quote_str(text),
            Ok(text) => with_nuls(text).unwrap_or_else(|| cast(bytes)),
            Err(_) => cast(bytes),
        },
    }
}

/// No literal has a NUL in it. One put in by SQLite is a NUL in whatever encoding the database has, which the bytes of a blob are not.
fn with_nuls(text: &str) -> Option<String> {
    let stand_in =
        ('!'..='~').chain('\u{a1}'..=char::MAX).find(|char| !text.contains(*char) && *char != '\'')?;
    let marked = text.replace('\0', stand_in.encode_utf8(&mut [0; 4]));
    Some(format!("replace({}, '{stand_in}', char(0))", quote_str(&marked)))
}

/// Runs the text on an empty database, and compares.
fn prove(text: &str, made: &Trial, catalog: &Catalog, hook: Option<&Hook>) -> Result<()> {
    let baseline = Migration::sql(1, "baseline", text)?;
    let mut trial = Trial::empty(hook)?;
    trial.run(&baseline, &baseline.up).map_err(|error| {
        unfit("the migrations cannot be made one: the baseline fails on an empty database", &error)
            .help("end before the migration that makes what is named")
    })?;
    let reached = trial.catalog()?;
    if let Some(change) = diff(&reached, catalog, &|_| true).first() {
        return Err(wrong(
            format!("the baseline would not lead to the same schema: {change}"),
            "end before the migration that makes it",
        ));
    }
    for table in &catalog.tables {
        if trial.count(&table.name)? > 0 && contents(trial.conn(), table)? != contents(made.conn(), table)? {
            return Err(wrong(
                format!("the baseline would not give the rows of `{}`", table.name),
                "end before the migration that inserts them",
            ));
        }
    }
    Ok(())
}

/// All rows, in the order in which they lie.
fn contents(conn: &Connection, table: &TableInfo) -> Result<Vec<String>> {
    let what = || format!("cannot read table `{}`", table.name);
    let sql = format!("SELECT * FROM main.{}", quote_ident(&table.name));
    let mut statement = conn.prepare(&sql).at(what)?;
    let columns = statement.column_count();
    let mut rows = statement.query([]).at(what)?;
    let mut list = Vec::new();
    while let Some(row) = rows.next().at(what)? {
        let values: Vec<String> =
            (0..columns).map(|at| row.get_ref(at).map(literal)).collect::<rusqlite::Result<_>>().at(what)?;
        list.push(values.join(", "));
    }
    Ok(list)
}
