//! The tables of `common` as a model.

use schema_runtime::{
    BackupPolicy, ColumnDescriptor, ConstValue, ForeignKeyDescriptor, IndexDescriptor, IndexTermDescriptor,
    Migrator, PrimaryKeyDescriptor, Schema, SqlType, TableDescriptor,
};

use crate::common::table;

/// Which tables have a column more.
#[derive(Clone, Copy, PartialEq)]
pub enum More {
    Nowhere,
    InOne,
    Everywhere,
}

/// The model of the tables of `common`: what `#[derive(Table)]` would make, made at run time since their number is an argument.
fn model(n: usize, more: More) -> &'static Schema {
    fn keep<T>(list: Vec<T>) -> &'static [T] {
        Vec::leak(list)
    }
    let integer = |name| ColumnDescriptor::new(name, SqlType::Integer);
    let text = |name| ColumnDescriptor::new(name, SqlType::Text);
    let tables = (0..n).map(|at| {
        let mut columns = vec![
            integer("id").not_null(),
            text("name").not_null(),
            text("email"),
            integer("age").not_null().default(ConstValue::Integer(0)),
            ColumnDescriptor::new("score", SqlType::Real),
            ColumnDescriptor::new("payload", SqlType::Blob),
            integer("created_at").not_null(),
            integer("parent_id"),
        ];
        if more == More::Everywhere || (more == More::InOne && at == 0) {
            columns.push(integer("extra"));
        }
        let mut found = TableDescriptor::new(table(at).leak(), keep(columns))
            .primary_key(PrimaryKeyDescriptor::new(&["id"]));
        if at % 3 == 2 {
            let parent = table(at - 1).leak();
            found =
                found.foreign_keys(keep(vec![ForeignKeyDescriptor::new(&["parent_id"], parent, &["id"])]));
        }
        if at % 2 == 0 {
            let terms = keep(vec![IndexTermDescriptor::column("name")]);
            let name = format!("idx_{}_name", table(at)).leak();
            found = found.indexes(keep(vec![IndexDescriptor::new(name, terms)]));
        }
        &*Box::leak(Box::new(found))
    });
    let version = if more == More::Nowhere { "1.0.0" } else { "2.0.0" };
    Box::leak(Box::new(Schema::new("main", version, keep(tables.collect()))))
}

pub fn migrator(n: usize, more: More) -> Migrator {
    Migrator::new(model(n, more)).backup(BackupPolicy::Never)
}
