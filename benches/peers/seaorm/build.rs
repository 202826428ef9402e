//! The entities of the tables of `common`.

#[path = "../common.rs"]
mod common;

use std::fmt::Write as _;

use common::table;

fn main() {
    println!("cargo:rerun-if-env-changed=PEER_TABLES");
    let tables = std::env::var("PEER_TABLES").unwrap_or_else(|_| "10".to_owned());
    println!("cargo:rustc-env=PEER_TABLES={tables}");
    let mut text = String::new();
    for at in 0..tables.parse().expect("PEER_TABLES is a number") {
        let name = table(at);
        let index = if at % 2 == 0 { "#[sea_orm(indexed)] " } else { "" };
        let parent = if at % 3 == 2 {
            let parent = table(at - 1);
            format!(
                "#[sea_orm(belongs_to = \"super::{parent}::Entity\", from = \"Column::ParentId\", to = \"super::{parent}::Column::Id\")] Parent"
            )
        } else {
            String::new()
        };
        write!(
            text,
            "pub mod {name} {{
                use sea_orm::entity::prelude::*;
                #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
                #[sea_orm(table_name = \"{name}\")]
                pub struct Model {{
                    #[sea_orm(primary_key)] pub id: i64, {index}pub name: String, pub email: Option<String>,
                    #[sea_orm(default_value = 0)] pub age: i64, pub score: Option<f64>, pub payload: Option<Vec<u8>>,
                    pub created_at: i64, pub parent_id: Option<i64>,
                }}
                #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
                pub enum Relation {{ {parent} }}
                impl ActiveModelBehavior for ActiveModel {{}}
            }}\n"
        )
        .expect("a string");
    }
    let folder = std::env::var("OUT_DIR").expect("OUT_DIR");
    std::fs::write(format!("{folder}/entities.rs"), text).expect("entities.rs");
}
