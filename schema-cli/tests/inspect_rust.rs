//! `inspect::rust` on schemas of real programs, and on one of oddities: the modules are compiled as they stand, and each is planned
//! against the database that it was read from. Nothing may be pending, and nothing may be missing but what a comment says.
//!
//! The files are those of the shared folder: `SCHEMA_SHARED`, or `../shared` beside the workspace. Without it the oddities alone
//! are compiled, and the test says so; with `SCHEMA_SHARED` set, a missing file fails.

mod inspect;

use std::fs;
use std::path::Path;
use std::process::Command;

use schema_cli::inspect::{RustModel, RustOptions, rust};
use schema_runtime::Catalog;
use schema_runtime::rusqlite::Connection;

use inspect::{Source, make, sources};

/// The package of the modules.
fn package(folder: &Path, names: &[&str]) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let manifest = format!(
        "[package]\nname = \"inspected\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[dependencies]\n\
         schema-runtime = {{ path = '{}', features = [\"bundled\"] }}\nschema-cli = {{ path = '{}' }}\n\n\
         [profile.dev]\ndebug = \"line-tables-only\"\n\n[workspace]\n",
        root.join("schema-runtime").display(),
        root.join("schema-cli").display()
    );
    fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    let modules: String = names.iter().map(|name| format!("mod {name};\n")).collect();
    let calls: String =
        names.iter().map(|name| format!("    report(\"{name}\", &{name}::SCHEMA);\n")).collect();
    let commands: String = names
        .iter()
        .map(|name| format!("        Ok(\"{name}\") => return schema_cli::run(&{name}::SCHEMA),\n"))
        .collect();
    let main = format!(
        "#![deny(warnings)]\n\n{modules}\nfn main() -> std::process::ExitCode {{\n    \
         match std::env::var(\"MODULE\").as_deref() {{\n{commands}        _ => {{}}\n    }}\n\
         {calls}    std::process::ExitCode::SUCCESS\n}}\n{REPORT}"
    );
    fs::write(folder.join("src/main.rs"), main).unwrap();
    // The defaults, which are not those of this workspace.
    fs::write(folder.join("rustfmt.toml"), "").unwrap();
}

fn assert_formatted(folder: &Path, names: &[&str]) {
    let rustfmt = || Command::new("rustfmt");
    if !rustfmt().arg("--version").output().is_ok_and(|output| output.status.success()) {
        println!("skipped: there is no rustfmt to ask whether the modules are formatted");
        return;
    }
    let files = names.iter().map(|name| folder.join(format!("src/{name}.rs")));
    output(rustfmt().args(["--check", "--edition", "2024"]).args(files).current_dir(folder));
}

/// One line for each thing that is not as it should be, then `done`.
const REPORT: &str = r#"
fn report(name: &str, schema: &'static schema_runtime::Schema) {
    let migrator = schema_runtime::Migrator::new(schema).adopt_any().history_table("history_of_ours");
    match migrator.status(format!("{name}.db")) {
        Err(err) => println!("{name}: {err}"),
        Ok(status) => {
            for step in &status.pending.steps {
                println!("{name}: pending {:?}", step.sql);
            }
            if let Some(refused) = &status.refused {
                println!("{name}: refused {refused}");
            }
            for foreign in &status.foreign {
                println!("{name}: foreign {foreign}");
            }
            for warning in &status.warnings {
                println!("{name}: warning {warning}");
            }
        }
    }
    // A new database has everything too, so that the model stands for the whole.
    match migrator.run(format!("{name}.new.db")) {
        Err(err) => println!("{name}: new {err}"),
        Ok(_) => println!("{name}: done"),
    }
}
"#;

fn output(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}\n{text}{err}");
    text
}

/// What a catalog holds, in numbers that no spelling changes: all but the migration's own tables.
fn census(catalog: &Catalog) -> Vec<(&'static str, usize)> {
    let ours = ["history_of_ours", "history_of_ours_state"];
    let tables = || catalog.tables.iter().filter(|table| !ours.contains(&table.name.as_str()));
    let columns = || {
        let ids = tables().flat_map(|table| table.columns.iter().map(move |column| (table, column)));
        ids.filter(|(table, column)| !table.is_rowid_alias(&column.name)).map(|(_, column)| column)
    };
    vec![
        ("tables", tables().count()),
        ("columns", tables().map(|table| table.columns.len()).sum()),
        ("not null", columns().filter(|column| column.not_null.is_some()).count()),
        ("defaults", columns().filter(|column| column.default.is_some()).count()),
        ("collations", columns().filter(|column| column.collation.is_some()).count()),
        ("generated", columns().filter(|column| column.generated.is_some()).count()),
        ("keys", tables().filter(|table| table.primary_key.is_some()).count()),
        ("rowids", tables().flat_map(|table| &table.primary_key).filter(|key| key.rowid_alias).count()),
        ("counters", tables().filter(|table| table.autoincrement()).count()),
        ("uniques", tables().map(|table| table.uniques.len()).sum()),
        ("checks", tables().map(|table| table.checks.len()).sum()),
        ("foreign keys", tables().map(|table| table.foreign_keys.len()).sum()),
        ("indexes", tables().map(|table| table.indexes.len()).sum()),
        ("strict", tables().filter(|table| table.strict).count()),
        ("without rowid", tables().filter(|table| table.without_rowid).count()),
        ("virtual tables", catalog.virtual_tables.len()),
        ("views", catalog.views.len()),
        ("triggers", catalog.triggers.len()),
    ]
}

/// What the model of `oddities.sql` leaves to the database: all that [`RustModel::left_out`] has as a whole.
const FOREIGN: [&str; 34] = [
    "check \"hidden \u{202e}\"(a\u{202e} != '\u{202e}')",
    "column \"__diesel_schema_migrations\".\"run_on\"",
    "column \"__diesel_schema_migrations\".\"version\"",
    "column \"collated\".\"a\"",
    "column \"descending\".\"a\"",
    "column \"descending\".\"id\"",
    "column \"empty_column\".\"\"",
    "column \"hidden \u{202e}\".\"\"",
    "column \"hidden \u{202e}\".\"a\u{202e}\"",
    "column \"migration_history\".\"version\"",
    "column \"seaql_migrations\".\"applied_at\"",
    "column \"seaql_migrations\".\"version\"",
    "column \"strict_default\".\"a\"",
    "foreign key \"child\"(\"counted\") to \"kinds\"",
    "foreign key \"child\"(\"gone\") to \"nowhere\"",
    "foreign key \"child\"(\"never\") to \"parent\"",
    "foreign key \"child\"(\"plain\") to \"parent\"",
    "foreign key \"child\"(\"self_id\") to \"child\"",
    "index \"on_left_out\"",
    "table \"__diesel_schema_migrations\"",
    "table \"collated\"",
    "table \"descending\"",
    "table \"empty_column\"",
    "table \"hidden \u{202e}\"",
    "table \"migration_history\"",
    "table \"seaql_migrations\"",
    "table \"strict_default\"",
    "trigger \"on_left_out_too\"",
    "trigger \"on_nothing\"",
    "unique \"parent\"(\"a\" DESC)",
    "unique \"parent\"(\"b\" COLLATE \"nocase\")",
    "view \"broken\"",
    "view \"of_left_out\"",
    "view \"reads_broken\"",
];

/// A table of a name that this library has taken.
const MEMOS: [&str; 3] = [
    "column \"migration_history\".\"created_ts\"",
    "column \"migration_history\".\"version\"",
    "table \"migration_history\"",
];

/// What is wrong with one schema, after the program `said` all that it has to say.
fn fault(name: &str, catalog: &Catalog, said: &str, folder: &Path) -> Option<String> {
    let of = |kind: &str| {
        let head = format!("{name}: {kind}");
        said.lines().filter(|line| line.starts_with(&head)).collect::<Vec<_>>()
    };
    let lines = of("");
    if of("done").len() != 1 || lines.len() != 1 + of("foreign").len() + of("warning").len() {
        return Some(format!("{name}: {lines:#?}"));
    }
    let foreign: Vec<&str> =
        of("foreign").iter().filter_map(|line| line.strip_prefix(&format!("{name}: foreign "))).collect();
    let expected: &[&str] = match name {
        "oddities" => &FOREIGN,
        "end_of_memos" => &MEMOS,
        _ => &[],
    };
    if foreign != expected {
        return Some(format!("{name}: not the model's: {foreign:#?}"));
    }
    let new = Connection::open(folder.join(format!("{name}.new.db"))).unwrap();
    let (found, made) = (census(catalog), census(&Catalog::read(&new).unwrap()));
    (expected.is_empty() && found != made).then(|| format!("{name}: found {found:?}, made {made:?}"))
}

#[test]
fn every_module_compiles_as_it_stands_and_changes_nothing() {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("inspect_rust");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(folder.join("src")).unwrap();
    let sources = sources();
    let mut models: Vec<(&str, Catalog, RustModel)> = Vec::new();
    for (name, source) in &sources {
        let catalog = make(source, &folder.join(format!("{name}.db")));
        let mut options = RustOptions::default();
        if let Source::Scripts(scripts) = source {
            options.scripts.clone_from(scripts);
        }
        let model = rust(&catalog, &options);
        fs::write(folder.join(format!("src/{name}.rs")), &model.text).unwrap();
        models.push((name, catalog, model));
    }
    let names: Vec<&str> = models.iter().map(|(name, ..)| *name).collect();
    package(&folder, &names);
    assert_formatted(&folder, &names);

    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut run = Command::new(cargo);
    run.args(["run", "--quiet", "--offline"]).current_dir(&folder).env("CARGO_TARGET_DIR", target);
    let said = output(&mut run);

    let mut faults: Vec<String> = Vec::new();
    for (name, catalog, model) in &models {
        println!("{name}: {} tables, {} things left out", catalog.tables.len(), model.left_out.len());
        for left in &model.left_out {
            if !model.text.contains(&format!(": {}.", left.reason)) {
                faults.push(format!("{name}: no comment says why {} is left out", left.object));
            }
            println!("    {}{}: {}", if left.whole { "" } else { "in part, " }, left.object, left.reason);
        }
        faults.extend(fault(name, catalog, &said, &folder));
    }
    // Each module beside a `main` that calls the command.
    for (name, ..) in &models {
        let mut check = Command::new(target.join("debug/inspected"));
        let flags = ["--adopt-any", "--history-table", "history_of_ours", "--json"];
        check.env("MODULE", name).arg("check").arg(format!("{name}.db")).args(flags).current_dir(&folder);
        let checked: serde_json::Value = serde_json::from_str(&output(&mut check)).unwrap();
        assert_eq!((&checked["exit"], &checked["pending"]), (&0.into(), &false.into()), "{name}: {checked}");
    }
    println!("{} schemas", models.len());
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
