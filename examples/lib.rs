//! Programs as a user would write them, each an example target; this library is empty.
//!
//! - `start`: the program of the README.
//! - `manage`: the command of a program: its model, and what a start would do, by hand.
//!   `cargo run --example manage -- plan app.db`
//! - `task_orchestrator`: a task server's database that follows its model through three versions, without losing a row.
//!   `cargo run --example task_orchestrator [PATH]`
//! - `dashboard`: a database of numbered migrations beside derived tables, in dev, qa and prod, with a hotfix that comes back from prod.
//!   `cargo run --example dashboard [FOLDER]`
