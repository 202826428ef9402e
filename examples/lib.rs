//! Programs as a user would write them, each an example target; and the code of the pages in `docs`, which rustdoc runs.
//!
//! - `start`: the program of the README.
//! - `manage`: the command of a program: its model, and what a start would do, by hand.
//!   `cargo run --example manage -- plan app.db`
//! - `tutorial`: a list of things to do through its releases, for `docs/tutorial.md`.
//!   `cargo run --example tutorial -- 1.0`
//! - `task_orchestrator`: a task server's database that follows its model through three versions, without losing a row.
//!   `cargo run --example task_orchestrator [PATH]`
//! - `dashboard`: a database of numbered migrations beside derived tables, in dev, qa and prod, with a hotfix that comes back from prod.
//!   `cargo run --example dashboard [FOLDER]`

pub mod book;

macro_rules! pages {
    ($($name:ident $page:literal)*) => { $(
        #[cfg(doctest)]
        #[doc = include_str!(concat!(env!("OUT_DIR"), "/", $page))]
        struct $name;
    )* };
}

pages! {
    Readme "README.md"
    Command "command.md"
    Cookbook "cookbook.md"
    Hazards "hazards.md"
    Introduction "introduction.md"
    Limits "limits.md"
    Moving "moving.md"
    Operations "operations.md"
}
