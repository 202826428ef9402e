//! What an editor shows of the attributes of the derives: each is an item here, to which the derive makes a path of the attribute's own token.
//!
//! The whole of it, with all shapes, is at [`#[derive(Table)]`](derive@crate::Table).

macro_rules! attributes {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        $($(#[$doc])* #[allow(non_upper_case_globals)] pub const $name: () = ();)*
    };
}

/// Leaves what a derive checks to the compiler, whose messages stand on the attributes' tokens.
#[cfg(not(rust_analyzer))]
#[doc(hidden)]
#[macro_export]
macro_rules! __unseen {
    ($($token:tt)*) => { $($token)* };
}
#[cfg(rust_analyzer)]
#[doc(hidden)]
#[macro_export]
macro_rules! __unseen {
    ($($token:tt)*) => {};
}

/// The same of a value.
#[cfg(not(rust_analyzer))]
#[doc(hidden)]
#[macro_export]
macro_rules! __unseen_value {
    ($($token:tt)*) => { $($token)* };
}
#[cfg(rust_analyzer)]
#[doc(hidden)]
#[macro_export]
macro_rules! __unseen_value {
    ($($token:tt)*) => {
        loop {}
    };
}

/// Of `#[table(…)]`.
pub mod table {
    attributes! {
        /// `name = "tasks"`: the table's name; without it the struct's name in `snake_case`.
        name,
        /// `rename_all = "camelCase"`: the case of the columns' names.
        ///
        /// One of `lowercase`, `UPPERCASE`, `PascalCase`, `camelCase`, `snake_case`, `SCREAMING_SNAKE_CASE`, `kebab-case`,
        /// `SCREAMING-KEBAB-CASE`.
        rename_all,
        /// A `STRICT` table: SQLite refuses values that do not fit their columns.
        ///
        /// SQLite: <https://www.sqlite.org/stricttables.html>.
        strict,
        /// A `WITHOUT ROWID` table, which is stored in the order of its primary key.
        ///
        /// SQLite: <https://www.sqlite.org/withoutrowid.html>.
        without_rowid,
        /// `primary_key(a, b)`: a primary key of several columns.
        primary_key,
        /// `unique(a, b, name = "one")`: a `UNIQUE` constraint.
        unique,
        /// `index(columns(a desc, b collate "nocase", expr = "lower(x)"), unique, where = "a > 0", name = "by_a")`: an index.
        ///
        /// Without `name` it is `idx_<table>_<columns>`; one with an expression needs a name.
        index,
        /// `check("a > 0", name = "positive")`: a `CHECK` constraint.
        check,
        /// `foreign_key(columns(a, b), references(Other, x, y), on_delete = "cascade", on_update = "restrict", deferrable, name = "fk")`:
        /// a foreign key of several columns to fields of `Other`.
        foreign_key,
        /// `renamed_from = "todo"`: a name that the table had. Repeat it for more, newest first.
        renamed_from,
        /// `dropped("colour")`: columns that may be dropped with their data.
        dropped,
        /// Another model owns the table; it is only referred to.
        external,
        /// `column_order = "exact"`: the order of the columns counts; `"any"` is the default.
        column_order,
        /// `allow = "L508"`, `allow("L508", "L512")`: lints that find nothing in this table.
        ///
        /// `docs/hazards.md` has a section on each.
        allow,
    }
}

/// Of `#[column(…)]`.
pub mod column {
    attributes! {
        /// `name = "createdAt"`: the column's name; without it the field's, in the case of `rename_all`.
        name,
        /// `type = "VARCHAR(20)"`: an SQL type name instead of that of the Rust type.
        r#type,
        /// The primary key.
        primary_key,
        /// `AUTOINCREMENT`, on an `INTEGER` key: the id of a deleted row is never used again.
        ///
        /// SQLite: <https://www.sqlite.org/autoinc.html>.
        autoincrement,
        /// `UNIQUE`: no two rows have the same value.
        unique,
        /// `index`, `index(unique, where = "a > 0", name = "by_a")`: an index on this column.
        index,
        /// `default = 5`: a literal, `NULL`, or the path of a variant or a const: `Status::Pending`, `crate::MAX`.
        default,
        /// `default_sql = "CURRENT_TIMESTAMP"`: a default in SQL.
        default_sql,
        /// `check = "a > 0"`, `check("a > 0", name = "positive")`: a `CHECK` constraint.
        check,
        /// `references(Project::ID, on_delete = "set null", on_update = "cascade", deferrable, name = "fk")`: a foreign key.
        ///
        /// Actions are `no action`, `restrict`, `set null`, `set default`, `cascade`.
        references,
        /// `collate = "nocase"`: a collating sequence.
        collate,
        /// `generated("a + b", stored)`: a generated column; `virtual` is the default.
        generated,
        /// `renamed_from = "created"`: a name that the column had. Repeat it for more, newest first.
        renamed_from,
        /// `backfill = "lower(name)"`: SQL that fills existing rows when the column is added or made `NOT NULL`.
        backfill,
        /// `convert = "CAST(a AS TEXT)"`: SQL that turns the old value into the new type.
        convert,
        /// The value is stored as JSON text, as `Json<T>` is; an `Option` must be written as `Option<…>`.
        json,
        /// The field is no column.
        skip,
        /// `allow = "L511"`, `allow("L511", "L512")`: lints that find nothing on this column.
        ///
        /// `docs/hazards.md` has a section on each.
        allow,
    }
}

/// Of `#[column_type(…)]`.
pub mod column_type {
    attributes! {
        /// The enum is stored as text, the default.
        text,
        /// The enum is stored as its discriminant.
        integer,
        /// `rename_all = "kebab-case"`: the case of the texts.
        rename_all,
        /// `rename = "gone"`: this variant's text.
        rename,
    }
}

/// Of `index(…)`.
pub mod index {
    attributes! {
        /// `columns(a desc, b collate "nocase", expr = "lower(x)")`: fields, a column's own name in quotes, or expressions.
        columns,
        /// No two rows have the same values in these columns.
        unique,
        /// `where = "a > 0"`: only rows for which this is true are in the index.
        ///
        /// SQLite: <https://www.sqlite.org/partialindex.html>.
        r#where,
        /// `name = "by_a"`: the index's name; without it `idx_<table>_<columns>`. One with an expression needs a name.
        name,
        /// `allow = "L509"`, `allow("L508", "L509")`: lints that find nothing on this index.
        ///
        /// `docs/hazards.md` has a section on each.
        allow,
    }
}

/// Of `index(…)` of a column.
pub mod column_index {
    pub use super::index::{allow, name, unique, r#where};
}

/// Of `columns(…)` in an `index(…)`.
pub mod term {
    attributes! {
        /// `expr = "lower(x)"`: an expression instead of a column.
        ///
        /// SQLite: <https://www.sqlite.org/expridx.html>.
        expr,
        /// Ascending, the default.
        asc,
        /// Descending.
        desc,
        /// `b collate "nocase"`: a collating sequence for this index.
        collate,
    }
}

/// Of `unique(…)` of a table.
pub mod key {
    attributes! {
        /// `name = "one"`: the constraint's name.
        name,
    }
}

/// Of `check(…)`.
pub mod check {
    attributes! {
        /// `name = "positive"`: the constraint's name.
        name,
    }
}

/// Of `generated(…)`.
pub mod generated {
    attributes! {
        /// The value is stored when the row is written.
        ///
        /// SQLite: <https://www.sqlite.org/gencol.html>.
        stored,
        /// The value is computed whenever it is read, the default.
        r#virtual,
    }
}

/// Of `references(…)`.
pub mod references {
    attributes! {
        /// `on_delete = "cascade"`: what happens to the rows here when the row that they refer to is deleted.
        ///
        /// `no action`, the default, and `restrict` refuse it, `set null` and `set default` change the column, `cascade` deletes the rows.
        ///
        /// SQLite: <https://www.sqlite.org/foreignkeys.html>, section 4.3.
        on_delete,
        /// `on_update = "cascade"`: what happens to the rows here when the key that they refer to is changed.
        ///
        /// `no action`, the default, and `restrict` refuse it, `set null` and `set default` change the column, `cascade` follows.
        ///
        /// SQLite: <https://www.sqlite.org/foreignkeys.html>, section 4.3.
        on_update,
        /// The key is checked when the transaction commits, and not after each statement.
        ///
        /// SQLite: <https://www.sqlite.org/foreignkeys.html>, section 4.2.
        deferrable,
        /// `name = "fk"`: the constraint's name.
        name,
    }
}

/// Of `foreign_key(…)`.
pub mod foreign_key {
    attributes! {
        /// `columns(a, b)`: the fields that refer.
        columns,
        /// `references(Other, x, y)`: the table, and as many of its fields, which together are a key or unique.
        references,
    }
    pub use super::references::{deferrable, name, on_delete, on_update};
}

/// What `on_delete` and `on_update` can say. SQLite: <https://www.sqlite.org/foreignkeys.html>, section 4.3.
pub mod action {
    attributes! {
        /// `NO ACTION`, the default: refused, unless the rows that refer are gone or changed by the end of the statement, or of the
        /// transaction where the key is `deferrable`.
        no_action,
        /// `RESTRICT`: refused at once, also where the key is `deferrable`.
        restrict,
        /// `SET NULL`: the columns that refer become NULL; their fields are `Option`.
        set_null,
        /// `SET DEFAULT`: the columns that refer take their defaults.
        set_default,
        /// `CASCADE`: the rows that refer are deleted, or take the new key.
        cascade,
    }
}
