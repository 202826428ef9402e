//! Update the model, restart: SQLite files that follow the structs of a Rust program.
//!
//! A program declares its tables as structs, makes a const [`Schema`] of them, and calls [`Migrator::run`] when it starts. The file is
//! then created or changed, backed up, verified and recorded, in one transaction, without losing a row.
//!
//! ```
//! use schema_runtime::rusqlite::Connection;
//! use schema_runtime::{ColumnType, Migrator, Outcome, Schema, Table, schema};
//!
//! #[derive(ColumnType)]
//! enum Status { Pending, Done }
//!
//! #[derive(Table)]
//! #[table(name = "tasks", index(columns(status, created_at)))]
//! struct Task {
//!     #[column(primary_key)]
//!     id: i64,
//!     #[column(default = Status::Pending)]
//!     status: Status,
//!     #[column(default_sql = "CURRENT_TIMESTAMP")]
//!     created_at: String,
//!     notes: Option<String>,
//! }
//! const SCHEMA: Schema = schema! { version: "1.0.0", tables: [Task] };
//!
//! // The same program, a release later.
//! mod later {
//!     # use schema_runtime::{ColumnType, Schema, Table, schema};
//!     #[derive(ColumnType)]
//!     pub enum Status { Pending, Blocked, Done }
//!
//!     #[derive(Table)]
//!     #[table(name = "tasks", index(columns(status, created_at)))]
//!     pub struct Task {
//!         #[column(primary_key)]
//!         id: i64,
//!         #[column(default = Status::Pending)]
//!         status: Status,
//!         #[column(default_sql = "CURRENT_TIMESTAMP")]
//!         created_at: String,
//!         #[column(renamed_from = "notes", backfill = "''")]
//!         text: String,
//!         #[column(default = 5)]
//!         priority: u8,
//!     }
//!     pub const SCHEMA: Schema = schema! { version: "1.1.0", tables: [Task] };
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("app.db");
//! assert_eq!(Migrator::new(&SCHEMA).run(&path)?.outcome, Outcome::Created);
//! Connection::open(&path)?.execute("INSERT INTO tasks (notes) VALUES (NULL), ('call back')", [])?;
//!
//! let report = Migrator::new(&later::SCHEMA).run(&path)?;
//! assert_eq!(report.outcome, Outcome::Migrated);
//! assert!(report.backup.is_some());
//! let sql = "SELECT group_concat(status || '/' || text || '/' || priority, ', ') FROM tasks";
//! let rows: String = Connection::open(&path)?.query_row(sql, [], |row| row.get(0))?;
//! assert_eq!(rows, "pending//5, pending/call back/5");
//!
//! assert_eq!(Migrator::new(&later::SCHEMA).run(&path)?.outcome, Outcome::UpToDate);
//! # Ok(())
//! # }
//! ```
//!
//! # Declaring
//!
//! [`#[derive(Table)]`](derive@Table) lists the attributes of tables and columns. The trait [`ColumnType`] has the table of Rust types and
//! SQL types; [`#[derive(ColumnType)]`](derive@ColumnType) adds newtypes and enums, [`Json`] and [`json`] whatever serde writes. [`schema!`] checks
//! tables against each other, and takes views, triggers and virtual tables as SQL. All of it ends in const data that can be
//! written by hand as well: [`TableDescriptor`] and its like.
//!
//! # Running
//!
//! [`Migrator`] is the builder and the front door; its defaults are the safe ones. [`Report`] says what was done, for people by `Display`
//! and for machines through serde; an [`Event`] is what an observer hears meanwhile; [`Status`] is what a run would do.
//! [`Health`] is how the file is, from 0 to 100, with what to do about each [`FindingCode`].
//!
//! ```no_run
//! # use schema_runtime::{BackupPolicy, DriftPolicy, FailurePolicy, Migrator, RemovalPolicy, Schema, Table, schema};
//! # use std::time::Duration;
//! # #[derive(Table)]
//! # struct Task { #[column(primary_key)] id: i64 }
//! # const SCHEMA: Schema = schema! { tables: [Task] };
//! # fn register(_: &schema_runtime::rusqlite::Connection) -> schema_runtime::rusqlite::Result<()> { Ok(()) }
//! let report = Migrator::new(&SCHEMA)
//!     .connection(register)                            // functions, collations, modules, keys
//!     .removed(RemovalPolicy::Retain)                  // or Drop, or Refuse
//!     .drift(DriftPolicy::Refuse)                      // or Repair
//!     .backup(BackupPolicy::Always)                    // or Rewrites, or Never
//!     .allow("L103=tasks.estimate")                    // consent to one hazard on one column
//!     .lock_wait(Duration::from_secs(5))
//!     .time_limit(Duration::from_secs(15))
//!     .on_failure(FailurePolicy::Abort)                // or Continue, or ReadOnly
//!     .observer(|event| println!("{event}"))           // logs, progress bars, notifications
//!     .run("app.db")?;                                 // or .run_on(&mut connection)
//! # Ok::<(), schema_runtime::Error>(())
//! ```
//!
//! # How a change is made
//!
//! Each stage is a module, and data goes one way:
//!
//! | stage | modules | what it does |
//! | --- | --- | --- |
//! | wanted | `descriptor`, `known`, `wanted`, `sql_model`, `creating` | the model is made in a scratch database and read back: [`Catalog`] |
//! | found | `found`, `catalog`, `history`, `snapshot` | the file is read by the same reader, with what was applied last: [`Snapshot`] |
//! | target | `rename`, `target` | the three are merged by the policies; every difference gets its cause |
//! | difference | `diff` | catalogs compared: a list of [`Change`] |
//! | plan | `plan` | ordered steps with their [`Method`], [`Hazard`]s, [`Check`]s and [`Cost`]: a [`Plan`] |
//! | proof | `prepare`, `reach`, `rehearse`, `broken`, `preflight` | the plan and its undo run on a scratch copy; live rows are held against each new rule |
//! | by hand | `migration`, `replaced`, `numbered`, `execute`, `contained`, `bounds`, `batch`, `outside` | [`Migrations`] that people have written run before and after the plan, in its transaction |
//! | written | `authored`, `trial`, `migrated`, `lint`, `squash`, `offline` | migrations made, tried and looked at before anybody applies them: [`Migrator::author`], [`Model::from_migrations`], [`Lint`], [`Migrations::squash`], [`Migrations::script`] |
//! | from elsewhere | `import`, `tracking`, `adopt`, `resolve` | files and records of other tools taken over ([`Adoption`]); what a person says of a disagreement ([`Resolve`]) |
//! | backup | `backup`, `upkeep` | a verified copy, made while the lock is held: [`BackupInfo`]; old ones go by [`Retention`] |
//! | change | `apply`, `integrity`, `settings`, `deadline` | the steps in one transaction, then the proof that the catalog and the rows are as planned |
//! | going back | `rollback`, `restore` | the stored undo of a revision, with the values from its backup: [`Back`], [`Candidate`] |
//! | record | `record`, `history`, `revision`, `report`, `status`, `older`, `health` | a [`Revision`], with the plan, the undo and the snapshot, and the commit |
//!
//! `run` goes through them under one write lock; `migrator` is what callers see of it.
//!
//! # Errors
//!
//! Every failure is one [`Error`] of an [`ErrorKind`], whose table says in what state each leaves the database and what to do.
//! A program matches on the kind, a person reads the text:
//!
//! ```text
//! error: rows of the database stand in the way of the change
//! caused by: rows of `tasks` have NULL in `notes`, which becomes NOT NULL: 2 (first rowids or keys: 1, 3)
//! state: nothing was changed
//! help: give `notes` a `backfill` for these rows, or mend them
//! ```
//!
//! # SQLite
//!
//! SQLite 3.37 or newer, through rusqlite 0.32 to 0.41, which is re-exported as [`rusqlite`]. The feature `bundled` compiles SQLite
//! into the program; without it the one that the program links is used.
//!
//! # Features
//!
//! None is on by default.
//!
//! | feature | what it brings |
//! | --- | --- |
//! | `bundled` | SQLite itself, compiled into the program, as rusqlite's feature of the same name does |
//! | `tracing` | every event goes to the crate `tracing` |
//! | `chrono`, `time`, `jiff` | columns of dates and times of these crates |
//! | `uuid` | columns of `uuid::Uuid` |
//! | `rust_decimal` | columns of `rust_decimal::Decimal` |
//! | `serde_json` | nothing: columns of `serde_json::Value` are there without it |
//!
//! [`ColumnType`] says how each type is stored.

#![cfg_attr(docsrs, feature(doc_cfg))]

// The derives write `::schema_runtime::…`; this lets the crate's own tests use them.
#[allow(unused_extern_crates)]
extern crate self as schema_runtime;

mod adopt;
mod allow;
mod apply;
mod attributes;
mod authored;
mod backup;
mod baseline;
mod batch;
mod bounds;
mod broken;
mod catalog;
mod clash;
mod column_type;
mod connection;
mod contained;
mod crates;
mod creating;
mod deadline;
mod defect;
mod descriptor;
mod diff;
mod edit;
mod env;
mod error;
mod execute;
mod fingerprint;
mod folder;
mod found;
mod health;
mod history;
mod import;
mod indexing;
mod integrity;
pub mod json;
mod known;
mod lint;
mod location;
mod migrated;
mod migration;
mod migrator;
mod model;
mod model_lint;
mod numbered;
mod observe;
mod offline;
mod older;
mod outside;
mod plan;
mod plan_file;
mod preflight;
mod prepare;
mod reach;
mod record;
mod rehearse;
mod rename;
mod replaced;
mod report;
mod resolve;
mod restore;
mod revision;
mod rollback;
mod run;
mod settings;
mod snapshot;
mod sql_model;
mod sqlite_error;
mod squash;
mod statistics;
mod status;
mod table;
mod target;
pub mod testing;
mod tracking;
mod trial;
mod upkeep;
mod version;
mod wanted;

pub use adopt::{Adopted, Adoption};
pub use authored::Authored;
pub use backup::{
    BackupFolder, BackupInfo, BackupPolicy, Kept, KeptBecause, Pruned, Retention, Stray, StrayKind,
};
pub use catalog::{
    Catalog, CheckInfo, ColumnInfo, Faults, ForeignKeyInfo, GeneratedInfo, IndexInfo, IndexTermInfo,
    KeyTermInfo, NotNullInfo, OpaqueInfo, PrimaryKeyInfo, TableInfo, TriggerInfo, UniqueInfo, ViewInfo,
    VirtualTableInfo,
};
pub use column_type::{ColumnType, ConstOf, Json, Literals, NoConst};
pub use deadline::Cancel;
pub use descriptor::*;
pub use diff::{Change, ColumnProperty, ConstraintKind, TableProperty};
pub use env::Environment;
pub use error::{Error, ErrorKind, Refusal, Result};
pub use fingerprint::{table_fingerprint, text_fingerprint};
pub use health::{
    BackupCheck, BackupFacts, EngineFacts, FileFacts, Finding, FindingCode, Health, HealthCheck,
    HistoryFacts, ModelFacts, RevisionFacts, RollbackFacts, SchemaFacts, Severity,
};
pub use import::Imported;
pub use integrity::IntegrityCheck;
pub use lint::{Lint, LintFinding, LintLevel};
pub use migration::{Migration, MigrationContext, MigrationResult, Migrations};
pub use migrator::{FailurePolicy, Migrator, Observer};
pub use model::{Model, ModelOptions};
pub use model_lint::{ModelFinding, ModelLint};
pub use observe::CommandObserver;
pub use offline::Script;
pub use plan::{
    CatalogEdit, Check, CheckKind, Complexity, Cost, Hazard, HazardCode, Method, Needs, PLAN_FORMAT, Pace,
    Plan, PlanKey, Step,
};
pub use plan_file::{PLAN_FILE_FORMAT, PlanFile};
pub use report::{Event, MigrationRun, Outcome, Phases, Report, RestoredRows, StepReport};
pub use resolve::Resolve;
pub use revision::{Kind, Revision, Status as RevisionStatus};
pub use rollback::{Back, Candidate};
pub use rusqlite;
pub use schema_derive::{ColumnType, Table, migrates_from_every_release, migrations, schema};
pub use snapshot::{ConvertRecord, Owners, RenameRecord, Snapshot, State};
pub use squash::Baseline;
pub use statistics::{Group, Runs, Statistics};
pub use status::Status;
pub use table::{Column, Table};
pub use target::{DriftPolicy, RemovalPolicy};
pub use tracking::Tracking;

/// Makes a test of what is to be said of a model: a warning is shown and passes, an error fails.
///
/// ```no_run
/// # use schema_runtime::{Schema, Table, schema};
/// # #[derive(Table)]
/// # struct Task { #[column(primary_key)] id: i64 }
/// # const SCHEMA: Schema = schema! { version: "1.2.0", tables: [Task] };
/// schema_runtime::lints!(SCHEMA);
/// # mod with_releases { use super::*;
/// // The folder of the snapshots has the releases that are supported; what is denied is an error.
/// schema_runtime::lints!(SCHEMA, releases: "schema", deny: ["L508", "L511=user.email"]);
/// # } mod strictly { use super::*;
/// schema_runtime::lints!(SCHEMA, deny: warnings);
/// # }
/// ```
///
/// A `Migrator` may stand in place of the model. The test is called `lints_of_the_model`; as [`testing::assert_lints`].
#[macro_export]
macro_rules! lints {
    ($model:expr $(, releases: $folder:expr)? , deny: warnings $(,)?) => {
        #[::core::prelude::v1::test]
        fn lints_of_the_model() {
            let lint = $crate::ModelLint::new()$(.releases($folder))?.deny_warnings();
            $crate::testing::assert_lints_with(&lint, $crate::__private::Tested::migrator(&($model)));
        }
    };
    ($model:expr $(, releases: $folder:expr)? $(, deny: [$($finding:expr),* $(,)?])? $(,)?) => {
        #[::core::prelude::v1::test]
        fn lints_of_the_model() {
            let lint = $crate::ModelLint::new()$(.releases($folder))?$($(.deny($finding))*)?;
            $crate::testing::assert_lints_with(&lint, $crate::__private::Tested::migrator(&($model)));
        }
    };
}

/// What generated code calls; no part of the public interface.
#[doc(hidden)]
pub mod __private {
    pub use crate::{__unseen as unseen, __unseen_value as unseen_value};
    pub mod attributes {
        pub use crate::attributes::{
            action, check, column, column_index, column_type, foreign_key, generated, index, key, references,
            table, term,
        };
    }
    pub use crate::clash::{Clash, Objects, expect_kind, has_key, unknown_value};
    pub use crate::plan::is_model_lint;
    pub use crate::table::{BaseFor, Contains, TableIn, closed, column, same_base};
    pub use crate::testing::releases::Tested;
}

/// The code in the guide is compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../docs/migrations.md")]
#[doc = include_str!("../../docs/testing.md")]
struct MigrationsGuide;
