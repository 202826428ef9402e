//! Changes made up by dice, a life on what they left, and the way back by the stored undo and the backup: what was deleted since stays so, what
//! was inserted or written since stays, and all else is as it was.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::Connection;
use rusqlite::config::DbConfig;
use schema_runtime::testing::{Dice, fill_roughly};
use schema_runtime::{Back, Catalog, ErrorKind, Migrator, Model, RemovalPolicy, TableInfo};
use schema_sql::quote_ident;

use super::make::Maker;
use super::{Ended, caught, each_seed};
use crate::support::carry::{Hints, affinity};
use crate::support::pair::{HISTORY, Target, parse};
use crate::support::{memory, oracle};

fn migrator(model: Model) -> Migrator {
    let migrator = Migrator::for_model(model).removed(RemovalPolicy::Drop);
    ["L101", "L102", "L103", "L201"]
        .into_iter()
        .fold(migrator.history_table(HISTORY).no_time_limit(), |migrator, code| migrator.allow(code))
}

/// The file as it was at each point.
struct Told {
    before: Connection,
    changed: Connection,
    lived: Connection,
    now: Connection,
    hints: Hints,
}

/// What a row holds by column, each value with its storage class.
type Row = BTreeMap<String, String>;

fn quiet(path: &Path) -> Connection {
    let conn = Connection::open(path).expect("the file");
    conn.execute_batch("PRAGMA foreign_keys = OFF").expect("a pragma");
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false).expect("triggers off");
    conn
}

/// Rows arrive, go and change.
fn live(path: &Path, dice: &mut Dice) {
    let conn = quiet(path);
    let catalog = memory::catalog(&conn);
    let rows = [0, 1, 3][dice.at(3)];
    fill_roughly(&conn, &catalog, dice, rows).unwrap_or_else(|err| panic!("{err}"));
    for table in catalog.tables.iter().filter(|table| !table.without_rowid) {
        let name = quote_ident(&table.name);
        let Some(rowid) = memory::rowid_name(table) else { continue };
        let some = |dice: &mut Dice| {
            format!("{rowid} IN (SELECT {rowid} FROM {name} LIMIT 1 OFFSET {})", dice.roll(4))
        };
        if dice.one_in(2) {
            let _ = conn.execute_batch(&format!("DELETE FROM {name} WHERE {}", some(dice)));
        }
        let column = &table.columns[dice.at(table.columns.len())];
        if dice.one_in(2) && memory::alias(table).is_none_or(|alias| alias.name != column.name) {
            let value = dice.pick(&["7", "'changed'", "NULL", "2.5"]);
            let column = quote_ident(&column.name);
            let _ = conn.execute_batch(&format!(
                "UPDATE OR ABORT {name} SET {column} = {value} WHERE {}",
                some(dice)
            ));
        }
    }
}

/// The rows of a table by this column, without those that have NULL there, and how many those are.
fn rows(conn: &Connection, table: &TableInfo, key: &str) -> (BTreeMap<String, Row>, usize) {
    let columns: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
    let list: Vec<String> = std::iter::once(&key).chain(&columns).map(|name| quote_ident(name)).collect();
    let sql = format!("SELECT {} FROM {}", list.join(", "), quote_ident(&table.name));
    let mut statement = conn.prepare(&sql).expect("a table");
    let mut found = statement.query([]).expect("rows");
    let (mut rows, mut without) = (BTreeMap::new(), 0);
    while let Some(row) = found.next().expect("a row") {
        let cell = |at: usize| memory::cell(row.get_ref(at).expect("a value"));
        let values = columns.iter().enumerate().map(|(at, name)| ((*name).to_owned(), cell(at + 1)));
        match cell(0) {
            null if null == "NULL" => without += 1,
            id => drop(rows.insert(id, values.collect())),
        }
    }
    (rows, without)
}

impl Told {
    /// # Errors
    /// The first row that is not as it must be.
    fn rows_are_right(&self) -> Result<u64, String> {
        let (before, changed) = (memory::catalog(&self.before), memory::catalog(&self.changed));
        let mut proved = 0;
        for from in &before.tables {
            proved += self.rows_of(from, &changed).map_err(|text| format!("table {}: {text}", from.name))?;
        }
        Ok(proved)
    }

    fn rows_of(&self, from: &TableInfo, changed: &Catalog) -> Result<u64, String> {
        let renamed = self.hints.tables.iter().find(|(old, _)| *old == from.name);
        let to = changed.table(renamed.map_or(&from.name, |(_, new)| new));
        let taken = |(_, new): &(String, String)| *new == from.name;
        let Some(to) = to.filter(|_| renamed.is_some() || !self.hints.tables.iter().any(taken)) else {
            // The change had dropped it: its rows are those of the backup.
            let terms: Vec<String> = from.columns.iter().map(|column| quote_ident(&column.name)).collect();
            let of = |conn: &Connection| memory::rows(conn, "main", &from.name, &terms);
            let (was, is) = (of(&self.before)?, of(&self.now)?);
            return if was == is {
                Ok(1)
            } else {
                Err(format!("was\n{}\nand is\n{}", was.join("\n"), is.join("\n")))
            };
        };
        let new = |column: &str| {
            let renamed =
                self.hints.columns.iter().find(|(table, old, _)| *table == to.name && old == column);
            let taken = |(table, _, new): &(String, String, String)| *table == to.name && new == column;
            let name = renamed.map_or(column, |(_, _, new)| new.as_str());
            let is_other = renamed.is_none() && self.hints.columns.iter().any(taken);
            to.column(name).filter(|_| !is_other)
        };
        let Some(key) = memory::alias(from) else { return Ok(0) };
        let Some(new_key) = new(&key.name).filter(|column| affinity(column, to) == 1) else { return Ok(0) };
        let ((was, _), (left, _)) =
            (rows(&self.before, from, &key.name), rows(&self.changed, to, &new_key.name));
        let ((lived, without), (is, _)) =
            (rows(&self.lived, to, &new_key.name), rows(&self.now, from, &key.name));
        // A row without a number has got one, by consent.
        if !lived.keys().all(|id| is.contains_key(id)) || is.len() != lived.len() + without {
            return Err(format!("rows {:?} and {without} became {:?}", lived.keys(), is.keys()));
        }
        let plain = from.columns.iter().filter(|column| column.generated.is_none());
        let mut proved = 0;
        for column in plain.filter(|column| column.name != key.name) {
            let there = new(&column.name);
            for (id, row) in &is {
                let now = &row[&column.name];
                let value = |rows: &BTreeMap<String, Row>| {
                    there.and_then(|column| rows.get(id).map(|row| row[&column.name].clone()))
                };
                let (made, since) = (value(&left), value(&lived));
                let old = was.get(id).filter(|_| left.contains_key(id)).map(|row| row[&column.name].clone());
                let same_kind = there.is_some_and(|there| {
                    there.generated.is_none() && affinity(there, to) == affinity(column, from)
                });
                let expected = match (&old, &since) {
                    // Untouched: as it was, but for a NULL that was filled.
                    (Some(old), _) if made == since && (old != "NULL" || made.is_none()) => old,
                    (_, Some(since)) if same_kind => since,
                    _ => continue,
                };
                proved += 1;
                if now != expected {
                    return Err(format!(
                        "{} of row {id} was {old:?}, was changed to {made:?}, then {since:?}, and is {now}",
                        column.name
                    ));
                }
            }
        }
        Ok(proved)
    }
}

/// One change, what comes after it, and the way back.
fn there_and_back(seed: u64) -> Result<Ended, String> {
    let mut dice = Dice::new(seed);
    let mut maker = Maker::new(&mut dice);
    let from = maker.schema();
    let to = maker.evolve(&from);
    let texts = [from.sql(None), to.sql(Some(&from))];
    let [Ok(old), Ok(new)] = texts.each_ref().map(|text| parse(text)) else {
        return Ok(vec!["no model".to_owned()]);
    };
    let fault =
        |text: String| format!("--- seed {seed}\n{text}\n--- from\n{}\n--- to\n{}\n", texts[0], texts[1]);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("app.db");
    migrator(old).run(&path).map_err(|error| fault(format!("the creation\n{error}")))?;
    let fresh = Target::of(memory::load(&path)).fresh;
    {
        let conn = quiet(&path);
        let rows = [1, 2, 5][dice.at(3)];
        fill_roughly(&conn, &memory::catalog(&conn), &mut dice, rows).unwrap_or_else(|err| panic!("{err}"));
    }
    let before = memory::load(&path);
    match migrator(new).run(&path) {
        Err(_) => return Ok(vec!["refused".to_owned()]),
        Ok(report) if report.plan.is_empty() => return Ok(vec!["nothing to do".to_owned()]),
        Ok(_) => {}
    }
    let changed = memory::load(&path);
    live(&path, &mut dice);
    let lived = memory::load(&path);
    let report = match migrator(Model::empty("main")).rollback(&path, &Back::Last(1)) {
        Ok(report) => report,
        Err(error) => {
            if memory::everything(&memory::load(&path)) != memory::everything(&lived) {
                return Err(fault(format!("refused, and changed\n{error}")));
            }
            let known = [ErrorKind::Data, ErrorKind::Backup, ErrorKind::Refused];
            return match known.contains(&error.kind()) {
                true => Ok(vec![format!("the way back was refused for {:?}", error.kind())]),
                false => Err(fault(format!("refused for {:?}\n{error}", error.kind()))),
            };
        }
    };
    let told = |text: String| fault(format!("{text}\n{report}"));
    let now = memory::load(&path);
    memory::as_sound_as(&before, &now).map_err(told)?;
    oracle::compare(&now, &fresh).map_err(told)?;
    let proved =
        Told { before, changed, lived, now, hints: to.hints(&from) }.rows_are_right().map_err(told)?;
    let mut ended = vec!["there and back".to_owned()];
    if proved > 0 {
        ended.push("with rows that were proved".to_owned());
    }
    Ok(ended)
}

#[test]
fn what_was_done_since_a_change_stays_done_on_the_way_back() {
    let tally = each_seed(200, |seed, _| caught(|| there_and_back(seed)));
    if tally.total >= 200 {
        assert!(tally.of("with rows that were proved") * 4 > tally.total, "{:?}", tally.counts);
    }
}
