//! The SQL that leads from one migration to another, without a database: for people who run scripts by hand.

use crate::error::{Error, ErrorKind, Result};
use crate::migration::{Body, Migration, Migrations, read};
use crate::replaced::covers;

/// What [`Migrations::script`] gives back.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Script {
    /// The SQL, in one transaction but for migrations that run outside of one, each under a comment; empty where there is nothing to do.
    pub sql: String,
    /// The numbers in the order in which they run.
    pub versions: Vec<String>,
    /// Whether it leads back.
    pub back: bool,
}

impl Migrations {
    /// The SQL that brings a database which has applied all migrations up to `from` to `upto`; back by their downs where `upto` is lower.
    /// `None`, or a number of zeros, is before the first, and `None` for `upto` the last.
    ///
    /// A baseline runs on an empty database instead of what it replaces, and nowhere else.
    ///
    /// # Errors
    /// `Migration` if there is no migration of a number, or if one on the way is a function, or has no way back.
    pub fn script(&self, from: Option<&str>, upto: Option<&str>) -> Result<Script> {
        let from = from.map_or(Ok(0), |version| self.place(version))?;
        let last = self.list.last().map_or(0, |migration| migration.number);
        let upto = upto.map_or(Ok(last), |version| self.place(version))?;
        let back = upto < from;
        let (low, high) = if back { (upto, from) } else { (from, upto) };
        let mut list: Vec<&Migration> = self
            .list
            .iter()
            .filter(|migration| migration.number > low && migration.number <= high)
            .filter(|migration| !self.is_passed_over(migration, low, high))
            .collect();
        if back {
            list.reverse();
        }
        let mut sql = String::new();
        let mut open = false;
        for migration in &list {
            let transaction = back || migration.up.transaction;
            match (open, transaction) {
                (false, true) => sql.push_str("\nBEGIN IMMEDIATE;\n"),
                (true, false) => sql.push_str("\nCOMMIT;\n"),
                _ => {}
            }
            open = transaction;
            sql.push_str(&one(migration, back)?);
        }
        if open {
            sql.push_str("\nCOMMIT;\n");
        }
        if !list.is_empty() {
            sql.insert_str(0, "PRAGMA foreign_keys = ON;\n");
        }
        let versions = list.iter().map(|migration| migration.digits.clone()).collect();
        Ok(Script { sql, versions, back })
    }

    fn place(&self, version: &str) -> Result<u64> {
        let number = version.parse::<u64>().ok();
        match number.filter(|number| *number == 0 || self.find(version).is_some()) {
            Some(number) => Ok(number),
            None => Err(wrong(format!("there is no migration {}", version.escape_debug()))
                .help("name one of the folder by its number, or 000 for an empty database")),
        }
    }

    /// Whether the way from `low` to `high` leads past it: beside a baseline it is one or the other.
    fn is_passed_over(&self, migration: &Migration, low: u64, high: u64) -> bool {
        let runs = |baseline: &Migration| low == 0 && baseline.number <= high;
        if !migration.replaces.is_empty() {
            return !runs(migration);
        }
        self.list.iter().any(|baseline| covers(&baseline.replaces, migration.number) && runs(baseline))
    }
}

fn wrong(cause: String) -> Error {
    Error::new(ErrorKind::Migration, "cannot write the script").cause(cause).state("nothing was written")
}

/// `-- 034 split_names: Names are split.`, and below it the statements.
fn one(migration: &Migration, back: bool) -> Result<String> {
    let title = migration.title();
    let way = match (back, &migration.down) {
        (false, _) => &migration.up,
        (true, Some(down)) => down,
        (true, None) => {
            return Err(wrong(format!("{title} has no way back"))
                .help("write its down file, or go back by `schema backup DB restore`"));
        }
    };
    let Body::Sql(text) = &way.body else {
        return Err(wrong(format!("{title} is a function: what it does cannot be written as SQL")).help(
            "run it with the program that has it, and write scripts for the ways before and behind it",
        ));
    };
    let script = read(text, &way.origin)?;
    let said = migration.description.as_ref().map_or_else(String::new, |text| format!(": {text}"));
    let mut sql = format!("\n-- {}{title}{said}\n", if back { "back from " } else { "" });
    for statement in &script.statements {
        sql.push_str(statement.text);
        sql.push_str(";\n");
    }
    Ok(sql)
}
