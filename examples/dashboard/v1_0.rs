//! The derived tables of release 1.0: what people see, beside what is measured.

use schema_runtime::{Schema, Table, schema};

#[derive(Table)]
#[table(name = "viewers")]
pub struct Viewer {
    #[column(primary_key)]
    pub id: i64,
    #[column(unique)]
    pub name: String,
}

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
}

pub const SCHEMA: Schema = schema! { version: "1.0.0", tables: [Viewer, Tile], allow: ["L513"] };
