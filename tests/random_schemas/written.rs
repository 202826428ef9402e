//! The same pairs, each change written as a numbered migration: it leads to the same rows as the automatic change, and leaves nothing to plan.

use std::collections::BTreeMap;

use rusqlite::Connection;
use schema_runtime::{BackupPolicy, ErrorKind, Migration, Migrations, Migrator, Model};

use schema_sql::quote_ident;

use super::{Trial, parse};
use crate::support::memory;
use crate::support::pair::{HISTORY, Pair, Target};

/// The rows of every table. A rebuild adopts the model's order of columns, which an edit of the text leaves: here they are in that of their names.
fn contents(conn: &Connection, without_rowids: bool) -> Vec<String> {
    let catalog = memory::catalog(conn);
    let mut all = Vec::new();
    for table in &catalog.tables {
        let mut terms: Vec<String> = table.columns.iter().map(|column| quote_ident(&column.name)).collect();
        terms.sort();
        terms.extend(memory::hidden_rowid(table).filter(|_| !without_rowids).map(str::to_owned));
        let mut rows = memory::rows(conn, "main", &table.name, &terms).unwrap_or_else(|err| vec![err]);
        rows.sort();
        all.push(format!("{}: {}", table.name, rows.join("; ")));
    }
    for table in &catalog.virtual_tables {
        let rows = memory::rows(conn, "main", &table.name, &["*".to_owned()]).unwrap_or_else(|err| vec![err]);
        all.push(format!("{}: {}", table.name, rows.join("; ")));
    }
    all.sort();
    all
}

/// How the pair ended.
///
/// # Errors
/// What must not be.
fn run(trial: &Trial) -> Result<&'static str, String> {
    let Some((filled, fresh)) = trial.filled() else { return Ok("no schema") };
    let from = Target::of(fresh);
    let plain = memory::empty();
    if from.model.is_none() || plain.execute_batch(&trial.to.sql(None)).is_err() {
        return Ok("no schema");
    }
    let mut to = Target::of(plain);
    to.model = parse(&trial.to.sql(Some(&trial.from))).ok();
    if to.model.is_none() {
        return Ok("no target");
    }
    let place = tempfile::tempdir().expect("a folder");
    let path = place.path().join("app.db");
    memory::save(&filled, &path);
    Migrator::for_model(Model::empty("main")).history_table(HISTORY).baseline(&path).expect("a baseline");
    let baselined = memory::load(&path);
    let hints = trial.to.hints(&trial.from);
    let pair = Pair { filled: &baselined, from: &from, to: &to, hints: &hints, consent: trial.consent };
    let migrator = pair.migrator().backup(BackupPolicy::Never);
    let told = |text: String| {
        format!("{text}\n--- from\n{}--- to\n{}", trial.from.sql(None), trial.to.sql(Some(&trial.from)))
    };
    let mut wanted = memory::copy_of(&baselined);
    let automatic = migrator.run_on(&mut wanted);
    let authored = match (migrator.author(&path), &automatic) {
        (Ok(authored), _) => authored,
        (Err(error), Ok(_)) if error.kind() == ErrorKind::Migration => {
            let fails_loudly = error.to_string().contains("cannot be written as a migration");
            return if fails_loudly { Ok("cannot be written") } else { Err(told(error.to_string())) };
        }
        (Err(error), Ok(_)) => return Err(told(format!("only the written one is refused\n{error}"))),
        (Err(_), Err(_)) => return Ok("refused"),
    };
    if let Err(error) = automatic {
        return Err(told(format!("only the automatic one is refused\n{error}")));
    }
    if authored.up.is_empty() {
        return Ok("nothing to do");
    }
    let mut migration =
        Migration::sql(1, "written", &authored.up).map_err(|error| told(error.to_string()))?;
    if let Some(down) = &authored.down {
        migration = migration.with_down(down).map_err(|error| told(error.to_string()))?;
    }
    let beside = migrator.clone().migrations(Migrations::new([migration]).expect("one"));
    let report = match beside.run(&path) {
        Ok(report) => report,
        // Rows that only SQLite itself refuses.
        Err(error) => return Err(told(format!("{error}\n{}", authored.up))),
    };
    if !report.plan.is_empty() {
        return Err(told(format!("something is left to plan\n{report}\n{}", authored.up)));
    }
    let found = memory::load(&path);
    // A rowid that a table gets anew is anything.
    let new_rowids = from.catalog.tables.iter().any(|table| table.without_rowid);
    let (found, wanted) = (contents(&found, new_rowids), contents(&wanted, new_rowids));
    if found != wanted {
        return Err(told(format!(
            "other rows\n{}\n--- found\n{found:#?}\n--- wanted\n{wanted:#?}",
            authored.up
        )));
    }
    Ok(if authored.down.is_some() { "both ways" } else { "one way" })
}

#[test]
fn random_changes_can_be_written_as_migrations() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let first = number("SCHEMA_FIRST").unwrap_or(1);
    let last = first + number("SCHEMA_WRITTEN").unwrap_or(150) - 1;
    let mut counts = BTreeMap::<&str, u64>::new();
    let mut failures = Vec::new();
    for seed in first..=last {
        match run(&Trial::new(seed)) {
            Ok(what) => *counts.entry(what).or_default() += 1,
            Err(text) => failures.push(format!("seed {seed}: {text}")),
        }
    }
    println!("{counts:?}");
    let shown: Vec<&str> = failures.iter().take(5).map(String::as_str).collect();
    assert!(failures.is_empty(), "{} failed\n{}", failures.len(), shown.join("\n\n"));
    let of = |what: &str| counts.get(what).copied().unwrap_or(0);
    assert!(of("both ways") + of("one way") > 4 * of("cannot be written"), "{counts:?}");
}
