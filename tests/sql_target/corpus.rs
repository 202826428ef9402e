//! Schemas of real programs as targets.

use schema_runtime::{BackupPolicy, Migrator, Model, ModelOptions, Outcome};

use crate::corpus::shared;
use crate::support::place::Place;

/// Files that are no target as they stand, with the mistakes that are told, and what is taken out before the rest is tried.
const REFUSED: &[(&str, &[&str], &[&str])] = &[(
    "mopidy_local.sql",
    &["`PRAGMA` is no CREATE statement\ncaused by: mopidy_local.sql:1:1\n"],
    &["PRAGMA user_version = 7;"],
)];

#[test]
fn every_schema_of_the_corpus_is_a_target_that_a_database_reaches_and_keeps() {
    let Some(shared) = shared() else { return };
    let mut names: Vec<_> = std::fs::read_dir(shared.join("corpus/schemas"))
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    names.sort();
    for path in &names {
        let mut text = std::fs::read_to_string(path).expect("a text");
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if let Some((_, mistakes, out)) = REFUSED.iter().find(|(file, _, _)| *file == name) {
            let error =
                Model::from_sql(&text, &name, "main", &ModelOptions::new()).expect_err(&name).to_string();
            for mistake in *mistakes {
                assert!(error.contains(mistake), "{name}: {mistake:?} is missing in\n{error}");
            }
            for part in *out {
                assert!(text.contains(part), "{name}: {part:?} is not there");
                text = text.replace(part, "");
            }
        }
        let target = || {
            let model = Model::from_sql(&text, &name, "main", &ModelOptions::new());
            Migrator::for_model(model.unwrap_or_else(|err| panic!("{err}"))).backup(BackupPolicy::Never)
        };
        let made = Place::new();
        let report = target().run(made.path()).unwrap_or_else(|err| panic!("{name}: {err}"));
        assert_eq!(report.outcome, Outcome::Created, "{name}");
        assert_eq!(target().run(made.path()).expect("a second run").outcome, Outcome::UpToDate, "{name}");
        let again = target().dry_run(true).run(made.path()).expect("a plan");
        assert!(again.plan.is_empty(), "{name}: {}", again.plan);
        let by_hand = Place::by_hand(&text);
        let report = target().run(by_hand.path()).unwrap_or_else(|err| panic!("{name}: {err}"));
        assert!(report.plan.is_empty(), "{name}: {}", report.plan);
    }
    println!("{} schemas", names.len());
    assert!(!names.is_empty());
}
