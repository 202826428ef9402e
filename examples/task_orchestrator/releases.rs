//! What `cargo test` holds of this program: its model is the one that was reviewed, and every version that was released still migrates.

use schema_runtime::{migrates_from_every_release, testing};

use crate::v3;

// Version 3 asks that the task of an artifact is there, which invented rows know nothing of: those of the fixtures do.
migrates_from_every_release!(
    v3::SCHEMA,
    "task_orchestrator/schema",
    fixtures: "task_orchestrator/fixtures",
);

#[test]
fn the_model_is_what_was_reviewed() {
    testing::assert_snapshot(&v3::SCHEMA, "task_orchestrator/schema");
}
