//! Update the model, restart.

// The derives write `::schema_runtime::…`; this lets the crate's own tests use them.
#[allow(unused_extern_crates)]
extern crate self as schema_runtime;

mod apply;
mod backup;
mod catalog;
mod clash;
mod column_type;
mod connection;
mod deadline;
mod descriptor;
mod diff;
mod error;
mod fingerprint;
mod history;
mod migrator;
mod plan;
mod preflight;
mod prepare;
mod rehearse;
mod rename;
mod report;
mod revision;
mod run;
mod settings;
mod snapshot;
mod sqlite_error;
mod status;
mod table;
mod target;
pub mod testing;
mod version;
mod wanted;

pub use apply::IntegrityCheck;
pub use backup::{BackupInfo, BackupPolicy};
pub use catalog::{
    Catalog, CheckInfo, ColumnInfo, ForeignKeyInfo, GeneratedInfo, IndexInfo, IndexTermInfo, KeyTermInfo,
    NotNullInfo, OpaqueInfo, PrimaryKeyInfo, TableInfo, TriggerInfo, UniqueInfo, ViewInfo, VirtualTableInfo,
};
pub use column_type::{ColumnType, ConstOf, Json, Literals, NoConst};
pub use deadline::Cancel;
pub use descriptor::*;
pub use diff::{Change, ColumnProperty, ConstraintKind, TableProperty};
pub use error::{Error, ErrorKind, Result};
pub use fingerprint::{table_fingerprint, text_fingerprint};
pub use migrator::{Migrator, Observer};
pub use plan::{
    Check, CheckKind, Complexity, Cost, Hazard, HazardCode, Method, Needs, PLAN_FORMAT, Plan, PlanKey, Step,
};
pub use report::{Event, Outcome, Phases, Report, StepReport};
pub use revision::{Kind, Revision, Status as RevisionStatus};
pub use rusqlite;
pub use schema_derive::{ColumnType, Table, schema};
pub use snapshot::{Owners, RenameRecord, Snapshot, State};
pub use status::Status;
pub use table::{Column, Table};
pub use target::{DriftPolicy, RemovalPolicy};

/// What generated code calls; no part of the public interface.
#[doc(hidden)]
pub mod __private {
    pub use crate::clash::{Clash, Objects, expect_kind, has_key, unknown_value};
    pub use crate::table::{BaseFor, Contains, TableIn, closed, column, same_base};
}
