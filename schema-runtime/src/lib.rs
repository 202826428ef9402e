//! Update the model, restart.

#[allow(dead_code, reason = "the stages above call it")]
mod backup;
mod column_type;
#[allow(dead_code, reason = "the stages above call it")]
mod connection;
#[allow(dead_code, reason = "the stages above call it")]
mod deadline;
mod descriptor;
mod error;
#[allow(dead_code, reason = "the stages above call it")]
mod history;
#[allow(dead_code, reason = "the stages above call it")]
mod report;
#[allow(dead_code, reason = "the stages above call it")]
mod revision;
#[allow(dead_code, reason = "the stages above call it")]
mod settings;
#[allow(dead_code, reason = "the stages above call it")]
mod sqlite_error;
#[allow(dead_code, reason = "the stages above call it")]
mod version;

pub use backup::{BackupInfo, BackupPolicy};
pub use column_type::ColumnType;
pub use deadline::Cancel;
pub use descriptor::*;
pub use error::{Error, ErrorKind, Result};
pub use report::{Event, Observer, Outcome, Phase, PhaseTime, Report, StepReport};
pub use revision::{Kind, Revision, Status};
pub use rusqlite;
