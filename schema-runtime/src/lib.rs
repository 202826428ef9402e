//! Update the model, restart.

mod apply;
mod backup;
mod catalog;
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
pub use column_type::ColumnType;
pub use deadline::Cancel;
pub use descriptor::*;
pub use diff::{Change, ColumnProperty, ConstraintKind, TableProperty};
pub use error::{Error, ErrorKind, Result};
pub use migrator::{Migrator, Observer};
pub use plan::{
    Check, CheckKind, Complexity, Cost, Hazard, HazardCode, Method, Needs, PLAN_FORMAT, Plan, PlanKey, Step,
};
pub use report::{Event, Outcome, Phases, Report, StepReport};
pub use revision::{Kind, Revision, Status as RevisionStatus};
pub use rusqlite;
pub use snapshot::{Owners, RenameRecord, Snapshot, State};
pub use status::Status;
pub use target::{DriftPolicy, RemovalPolicy};
