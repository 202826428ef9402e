//! What `cargo test` holds of the newest release: model and migrations are those that were reviewed, and the releases before still migrate.

use schema_runtime::{Migrations, Migrator, migrates_from_every_release, testing};

use crate::{code, v1_1};

fn migrator() -> Migrator {
    let all = schema_runtime::migrations!("dashboard/migrations").expect("the files are in order");
    let all = Migrations::new(all.iter().cloned().chain(code::all())).expect("each number is there once");
    Migrator::new(&v1_1::SCHEMA).migrations(all).out_of_order()
}

// The hosts of invented nodes name no region, which migration 035 asks of them: those of the fixture do.
migrates_from_every_release!(migrator(), "dashboard/schema", fixtures: "dashboard/fixtures");

#[test]
fn the_model_and_the_migrations_are_what_was_reviewed() {
    testing::assert_snapshot(migrator(), "dashboard/schema");
}
