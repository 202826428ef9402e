//! Pairs of models and rows made up by a generator with fixed seeds: whatever comes of a change, no row is lost or altered
//! without a word, and no refusal is one that only we could explain.

use rusqlite::Connection;
use schema_runtime::{Error, ErrorKind, Migrator, Outcome, RemovalPolicy, Report};

use crate::support::case::query_text;
use crate::support::model::model;

/// xorshift64*, so that a seed gives the same models on every machine.
struct Dice(u64);

impl Dice {
    fn new(seed: u64) -> Dice {
        Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % sides
    }

    fn one_in(&mut self, sides: u64) -> bool {
        self.roll(sides) == 0
    }

    fn pick<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[usize::try_from(self.roll(list.len() as u64)).expect("small")]
    }
}

/// One column of a made-up table.
#[derive(Clone, PartialEq)]
struct Column {
    name: String,
    type_name: &'static str,
    rules: String,
    generated: bool,
}

#[derive(Clone)]
struct Table {
    key: &'static str,
    columns: Vec<Column>,
    constraints: Vec<String>,
    options: &'static str,
    indexes: Vec<String>,
}

const TYPES: [&str; 6] = ["INTEGER", "TEXT", "REAL", "BLOB", "", "NUMERIC"];
const STRICT_TYPES: [&str; 5] = ["INTEGER", "TEXT", "REAL", "BLOB", "ANY"];

fn column(dice: &mut Dice, name: &str, strict: bool, others: &[Column]) -> Column {
    let type_name = if strict { dice.pick(&STRICT_TYPES) } else { dice.pick(&TYPES) };
    let plain: Vec<&Column> = others.iter().filter(|other| !other.generated && other.name != name).collect();
    let mut rules = String::new();
    if !plain.is_empty() && dice.one_in(9) {
        let of = plain[usize::try_from(dice.roll(plain.len() as u64)).expect("small")];
        let kind = if dice.one_in(2) { "STORED" } else { "VIRTUAL" };
        let type_name = if strict { "ANY" } else { "" };
        return Column {
            name: name.to_owned(),
            type_name,
            rules: format!(" AS ({} || '!') {kind}", of.name),
            generated: true,
        };
    }
    let default = match type_name {
        "INTEGER" | "NUMERIC" => "7",
        "TEXT" => "'seven'",
        "REAL" => "7.5",
        "BLOB" => "x'07'",
        _ => "CURRENT_DATE",
    };
    let has_default = dice.one_in(3);
    if has_default {
        rules.push_str(&format!(" DEFAULT {default}"));
    }
    if dice.one_in(4) {
        rules.push_str(" NOT NULL");
    }
    if dice.one_in(8) {
        rules.push_str(" UNIQUE");
    }
    if dice.one_in(8) {
        rules.push_str(" COLLATE NOCASE");
    }
    if dice.one_in(8) {
        rules.push_str(&format!(" CHECK ({name} <> 'x')"));
    }
    Column { name: name.to_owned(), type_name, rules, generated: false }
}

fn table(dice: &mut Dice) -> Table {
    let options = ["", "", "", " STRICT", " WITHOUT ROWID", " STRICT, WITHOUT ROWID"][dice.roll(6) as usize];
    let strict = options.contains("STRICT");
    let key = if options.contains("WITHOUT") {
        dice.pick(&["id INTEGER PRIMARY KEY", "id TEXT PRIMARY KEY"])
    } else if strict {
        dice.pick(&["id INTEGER PRIMARY KEY", "id TEXT PRIMARY KEY", "id INTEGER"])
    } else {
        dice.pick(&[
            "id INTEGER PRIMARY KEY",
            "id INTEGER PRIMARY KEY",
            "id TEXT PRIMARY KEY",
            "id INTEGER",
            "id INTEGER PRIMARY KEY AUTOINCREMENT",
        ])
    };
    let mut columns = Vec::new();
    for name in ["a", "b", "c", "d"] {
        if dice.roll(4) > 0 {
            let made = column(dice, name, strict, &columns);
            columns.push(made);
        }
    }
    let mut table = Table { key, columns, constraints: Vec::new(), options, indexes: Vec::new() };
    extras(dice, &mut table);
    table
}

fn extras(dice: &mut Dice, table: &mut Table) {
    let names: Vec<String> = table.columns.iter().map(|column| column.name.clone()).collect();
    table.constraints.clear();
    table.indexes.clear();
    if names.is_empty() {
        return;
    }
    let name = names[usize::try_from(dice.roll(names.len() as u64)).expect("small")].clone();
    match dice.roll(8) {
        0 => table.constraints.push(format!("UNIQUE ({name}, id)")),
        1 => table.constraints.push(format!("CONSTRAINT named CHECK ({name} IS NOT id OR {name} IS NULL)")),
        2 => table.indexes.push(format!("CREATE INDEX t_one ON t ({name})")),
        3 => table.indexes.push(format!("CREATE UNIQUE INDEX t_two ON t ({name}) WHERE {name} > 5")),
        4 => table.indexes.push(format!("CREATE INDEX t_three ON t (length({name}) DESC, id)")),
        _ => {}
    }
}

/// Another table that shares most of its columns with the first.
fn evolve(dice: &mut Dice, old: &Table) -> (Table, Vec<String>) {
    let mut new = old.clone();
    let mut hints = Vec::new();
    if dice.one_in(4) {
        let fresh = table(dice);
        new.key = fresh.key;
        new.options = fresh.options;
    }
    let strict = new.options.contains("STRICT");
    let mut columns: Vec<Column> = Vec::new();
    for found in &old.columns {
        match dice.roll(6) {
            0 => {}
            1 => columns.push(column(dice, &found.name, strict, &columns)),
            2 if !found.generated && !names_it(&new, &found.name) => {
                let name = format!("{}_new", found.name);
                hints.push(format!("--: renamed_from t.{name} {}", found.name));
                let rules = rename(&found.rules, &found.name, &name);
                columns.push(Column { name, rules, ..found.clone() });
            }
            _ => columns.push(found.clone()),
        }
    }
    if dice.one_in(2) {
        let added = column(dice, "e", strict, &columns);
        if !added.generated && dice.one_in(2) {
            hints.push("--: backfill t.e id".to_owned());
        }
        columns.push(added);
    }
    for column in &mut columns {
        if strict && !column.generated && !STRICT_TYPES.contains(&column.type_name) {
            column.type_name = "ANY";
        }
        if column.generated {
            column.type_name = if strict { "ANY" } else { "" };
        }
    }
    // A generated column must find what it reads.
    loop {
        let names: Vec<String> =
            columns.iter().filter(|column| !column.generated).map(|column| column.name.clone()).collect();
        let before = columns.len();
        columns.retain(|column| {
            !column.generated || names.iter().any(|name| column.rules.contains(&format!("({name} ||")))
        });
        if columns.len() == before {
            break;
        }
    }
    new.columns = columns;
    extras(dice, &mut new);
    (new, hints)
}

fn names_it(table: &Table, name: &str) -> bool {
    table.columns.iter().any(|column| column.generated && column.rules.contains(&format!("({name} ||")))
}

fn rename(rules: &str, from: &str, to: &str) -> String {
    rules.replace(&format!("({from} "), &format!("({to} "))
}

fn sql(table: &Table, hints: &[String]) -> String {
    let mut lines = vec![table.key.to_owned()];
    for column in &table.columns {
        lines.push(format!("{} {}{}", column.name, column.type_name, column.rules));
    }
    lines.extend(table.constraints.iter().cloned());
    let mut text = hints.join("\n");
    text.push_str(&format!("\nCREATE TABLE t ({}){}", lines.join(", "), table.options));
    for index in &table.indexes {
        text.push_str(";\n");
        text.push_str(index);
    }
    text
}

const VALUES: [&str; 13] =
    ["NULL", "0", "1", "7", "-3", "9007199254740993", "5.0", "5.5", "'x'", "'X'", "'12'", "'1e3'", "x'31'"];

fn fill(dice: &mut Dice, conn: &Connection, table: &Table) {
    let names: Vec<&str> =
        table.columns.iter().filter(|column| !column.generated).map(|column| column.name.as_str()).collect();
    for id in 0..dice.roll(6) {
        let mut values = vec![if dice.one_in(6) { format!("'k{id}'") } else { (id * 5 + 1).to_string() }];
        values.extend(names.iter().map(|_| dice.pick(&VALUES).to_owned()));
        let mut columns = vec!["id"];
        columns.extend(&names);
        // Many rows break a rule of the table; those that do not are enough.
        let _ = conn
            .execute(&format!("INSERT INTO t ({}) VALUES ({})", columns.join(", "), values.join(", ")), []);
    }
}

fn affinity(type_name: &str) -> &str {
    if type_name == "ANY" { "" } else { type_name }
}

/// Columns whose values the change has no reason to touch, by old and new name.
fn kept(old: &Table, new: &Table, hints: &[String]) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    for column in old.columns.iter().filter(|column| !column.generated) {
        let name = hints
            .iter()
            .find(|hint| hint.ends_with(&format!(" {}", column.name)) && hint.contains("renamed_from"))
            .map_or(column.name.clone(), |_| format!("{}_new", column.name));
        let Some(after) = new.columns.iter().find(|other| other.name == name) else { continue };
        let tightened = after.rules.contains("NOT NULL") && !column.rules.contains("NOT NULL");
        if affinity(column.type_name) == affinity(after.type_name) && !after.generated && !tightened {
            pairs.push((column.name.clone(), name));
        }
    }
    pairs
}

/// One pair, migrated from the first model to the second.
struct Trial {
    seed: u64,
    before: String,
    after: String,
    policy: RemovalPolicy,
    consent: bool,
    /// Another table, a view and triggers stand beside the table.
    beside: bool,
    /// The columns to compare, by their names before and after.
    from: Vec<String>,
    to: Vec<String>,
}

/// What must be the same after the change, whatever it did.
#[derive(PartialEq)]
struct Values {
    kept: String,
    around: String,
}

const BESIDE: &str = "PRAGMA foreign_keys = OFF;
    CREATE TABLE c (id INTEGER PRIMARY KEY, t REFERENCES t (id) ON DELETE CASCADE ON UPDATE CASCADE);
    INSERT INTO c (t) SELECT id FROM t;
    CREATE TABLE log (x);
    CREATE VIEW v AS SELECT id FROM t;
    CREATE TRIGGER tr AFTER UPDATE ON t BEGIN INSERT INTO log VALUES (old.id); END;
    CREATE TRIGGER tr_d AFTER DELETE ON t BEGIN INSERT INTO log VALUES (old.id); END;
    PRAGMA foreign_keys = ON";
const AROUND: &str = "SELECT group_concat(id || ':' || t) FROM c UNION ALL SELECT count(*) FROM log";

impl Trial {
    fn fail(&self, text: &str) -> String {
        format!("seed {}: {text}\nfrom {}\nto {}", self.seed, self.before, self.after)
    }

    fn migrator(&self) -> Migrator {
        let migrator = Migrator::new(model(&self.after)).removed(self.policy);
        if self.consent { migrator.allow("L103") } else { migrator }
    }

    fn values(&self, conn: &Connection, columns: &[String]) -> Values {
        let list = columns.join(", ");
        let kept = match columns {
            [] => "SELECT count(*) FROM t".to_owned(),
            _ => format!("SELECT {list} FROM t ORDER BY {list}"),
        };
        let around = if self.beside { query_text(conn, AROUND) } else { String::new() };
        Values { kept: query_text(conn, &kept), around }
    }

    fn refused(
        &self,
        conn: &Connection,
        error: &Error,
        before: &(String, String),
    ) -> Result<&'static str, String> {
        let known = [
            ErrorKind::Data,
            ErrorKind::Model,
            ErrorKind::Conflict,
            ErrorKind::Refused,
            ErrorKind::Dependent,
        ];
        let text = error.to_string();
        // With consent to a conversion some values are of another type than their column: what a CHECK makes of them is
        // left to SQLite.
        let late =
            text.contains("cannot apply") && !(self.consent && text.contains("CHECK constraint failed"));
        if !known.contains(&error.kind()) || late {
            return Err(self.fail(&format!("{:?}\n{error}\nrows\n{}", error.kind(), before.1)));
        }
        if whole(conn) != *before {
            return Err(self.fail(&format!("refused and changed\n{error}")));
        }
        Ok(if error.kind() == ErrorKind::Data { "rows refused" } else { "refused" })
    }

    fn changed(
        &self,
        conn: &mut Connection,
        report: &Report,
        before: &Values,
    ) -> Result<&'static str, String> {
        let after = self.values(conn, &self.to);
        if after != *before {
            let text = format!("{report}\nrows were\n{}\nand are\n{}", before.kept, after.kept);
            return Err(self.fail(&format!("{text}\nbeside\n{}\nand\n{}", before.around, after.around)));
        }
        let integrity = query_text(conn, "PRAGMA integrity_check");
        if integrity != "'ok'" {
            return Err(self.fail(&format!("{report}\n{integrity}")));
        }
        match self.migrator().run_on(conn) {
            Ok(second) if second.outcome == Outcome::UpToDate => {}
            Ok(second) => return Err(self.fail(&format!("{report}\nagain\n{second}"))),
            Err(error) => return Err(self.fail(&format!("{report}\nagain\n{error}"))),
        }
        if report.plan.is_empty() {
            return Ok("nothing to do");
        }
        let left = whole(conn);
        match schema_runtime::testing::undo_last(model(&self.after), conn) {
            Ok(()) if self.values(conn, &self.from) != *before => {
                Err(self.fail(&format!("{report}\nnot undone")))
            }
            Ok(()) => Ok("changed"),
            Err(_) if whole(conn) == left => Ok("changed"),
            Err(error) => Err(self.fail(&format!("{report}\nthe refused undo left traces\n{error}"))),
        }
    }
}

/// The schema and all rows.
fn whole(conn: &Connection) -> (String, String) {
    let schema = "SELECT name, sql FROM sqlite_schema WHERE name NOT LIKE 'migration_%' ORDER BY name";
    (query_text(conn, schema), query_text(conn, "SELECT * FROM t ORDER BY id"))
}

/// What happened, for the count, or what must not happen.
fn try_one(seed: u64) -> Result<&'static str, String> {
    let mut dice = Dice::new(seed);
    let old = table(&mut dice);
    let (new, hints) = evolve(&mut dice, &old);
    let (from, to) = kept(&old, &new, &hints).into_iter().unzip();
    let trial = Trial {
        seed,
        before: sql(&old, &[]),
        after: sql(&new, &hints),
        policy: if dice.one_in(2) { RemovalPolicy::Drop } else { RemovalPolicy::Retain },
        consent: dice.one_in(3),
        beside: dice.one_in(2) && old.key != "id INTEGER",
        from,
        to,
    };
    let mut conn = Connection::open_in_memory().expect("a database");
    if Migrator::new(model(&trial.before)).run_on(&mut conn).is_err() {
        return Ok("no model");
    }
    fill(&mut dice, &conn, &old);
    if trial.beside {
        conn.execute_batch(BESIDE).map_err(|err| trial.fail(&format!("beside: {err}")))?;
    }
    let (all, values) = (whole(&conn), trial.values(&conn, &trial.from));
    match trial.migrator().run_on(&mut conn) {
        Err(error) => trial.refused(&conn, &error, &all),
        Ok(report) => trial.changed(&mut conn, &report, &values),
    }
}

#[test]
fn random_changes_lose_nothing_and_explain_every_refusal() {
    let seeds: u64 = std::env::var("SCHEMA_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(400);
    let mut counts: std::collections::BTreeMap<&str, u32> = std::collections::BTreeMap::new();
    let mut failures = Vec::new();
    for seed in 1..=seeds {
        match try_one(seed) {
            Ok(what) => *counts.entry(what).or_default() += 1,
            Err(text) => failures.push(text),
        }
    }
    let shown: Vec<&str> = failures.iter().take(12).map(String::as_str).collect();
    assert!(
        failures.is_empty(),
        "{} of {seeds} failed, {counts:?}\n\n{}",
        failures.len(),
        shown.join("\n\n")
    );
    // The generator must reach both ends.
    assert!(counts.get("changed").is_some_and(|count| u64::from(*count) * 4 > seeds), "{counts:?}");
    assert!(counts.get("rows refused").is_some_and(|count| u64::from(*count) * 20 > seeds), "{counts:?}");
}
