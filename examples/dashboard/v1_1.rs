//! The derived tables of release 1.1: a tile has a region, which migration 036 fills.

use schema_runtime::{Schema, Table, schema};

pub use crate::v1_0::Viewer;

#[derive(Table)]
#[table(name = "tiles", unique(viewer_id, position))]
pub struct Tile {
    #[column(primary_key)]
    pub id: i64,
    #[column(references(Viewer::ID, on_delete = "cascade"))]
    pub viewer_id: i64,
    pub position: u32,
    /// The name of an application.
    pub app: String,
    pub region: Option<String>,
}

pub const SCHEMA: Schema = schema! { version: "1.1.0", tables: [Viewer, Tile], allow: ["L513"] };
