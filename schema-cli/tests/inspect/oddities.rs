//! The schema of a database, as it was found.
//!
//! What a model cannot say stands in comments, with its reason. A migration leaves it as it is in the
//! database that this was read from; a new database does not get it.

// The names and the comments are the database's, and lists may share columns.
#![allow(
    clippy::doc_lazy_continuation,
    clippy::doc_markdown,
    clippy::duplicated_attributes,
    clippy::enum_variant_names,
    clippy::struct_excessive_bools,
    clippy::struct_field_names,
    rustdoc::bare_urls
)]

use schema_runtime::rusqlite::types::Value;
use schema_runtime::{ColumnType, Schema, Table, schema};

/// `PRIMARY KEY (Order ID, type DESC)`, in part: a model gives a key no direction.
#[derive(Table)]
#[table(name = "order details")]
#[table(primary_key(order_id, type))]
#[table(index(columns(a_b_c, column_2nd desc), name = "an index"))]
pub struct OrderDetails {
    #[column(name = "Order ID")]
    pub order_id: Option<i64>,
    #[column(default = "note")]
    pub r#type: String,
    #[column(name = "2nd", default_sql = "0.50")]
    pub column_2nd: Option<f64>,
    #[column(name = "_id")]
    pub id: Option<Vec<u8>>,
    #[column(name = "ID")]
    pub id_2: Option<Value>,
    #[column(name = "self", type = "NUMERIC(10,2)", default = 1.5)]
    pub self_column: Option<f64>,
    #[column(name = "größe", collate = "NOCASE")]
    pub größe: Option<String>,
    #[column(name = r#"a"b\c"#, default = r#"it's "so""#)]
    pub a_b_c: Option<String>,
    #[column(name = "tab\there")]
    pub tab_here: Option<i64>,
}

#[derive(Table)]
#[table(name = "option")]
pub struct OptionRow {
    #[column(primary_key)]
    pub id: i64,
    #[column(type = "ANY", index)]
    pub value: Option<Value>,
    #[column(type = "DATETIME", default_sql = "CURRENT_TIMESTAMP")]
    pub when: Option<String>,
    #[column(type = "TIMESTAMP", default = 0)]
    pub stamp: i64,
}

#[derive(Table)]
#[table(name = "table")]
pub struct TableRow {
    #[column(primary_key, type = "INT")]
    pub id: Option<i64>,
    #[column(type = "BOOLEAN", default = true)]
    pub flag: bool,
    #[column(type = "BOOL", default_sql = "FALSE")]
    pub other: Option<bool>,
}

#[derive(ColumnType)]
pub enum KindStatus {
    New,
    #[column_type(rename = "on hold")]
    OnHold,
    #[column_type(rename = "")]
    Empty,
    #[column_type(rename = "Self")]
    SelfValue,
    #[column_type(rename = "2nd")]
    Value2nd,
    #[column_type(rename = "ON_HOLD")]
    OnHoldValue,
}

#[derive(ColumnType)]
#[column_type(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum KindSize {
    Small,
    VeryLarge,
}

#[derive(ColumnType)]
pub enum KindTwice {
    A,
}

#[derive(Table)]
#[table(name = "kinds")]
#[table(check("level < price"))]
#[table(index(
    columns(
        expr = "lower(size)" collate "NOCASE" desc,
        status collate "RTRIM",
        level desc
    ),
    unique,
    where = "level > 0 AND size <> ''",
    name = "kinds_by"
))]
pub struct Kind {
    #[column(primary_key, autoincrement)]
    pub id: i64,
    #[column(default = KindStatus::OnHold)]
    pub status: KindStatus,
    #[column(default_sql = "'none'")]
    pub size: Option<KindSize>,
    #[column(check = "level IN (1, 2)")]
    pub level: Option<i64>,
    #[column(check("named IN ('a')", name = "known"))]
    pub named: Option<String>,
    #[column(check = "twice IN ('b')")]
    pub twice: Option<KindTwice>,
    /// more
    #[column(check = "price > 0", index(where = "price > 1", name = "kinds_where"))]
    pub price: Option<f64>,
    #[column(generated("price * level", stored))]
    pub total: Option<f64>,
    #[column(generated("price / 2"))]
    pub half: Option<Value>,
}

/// `CONSTRAINT pk PRIMARY KEY (id) ON CONFLICT REPLACE`, in part: a model gives a key no name and no conflict clause.
/// `UNIQUE (a, b) ON CONFLICT IGNORE`, in part: a model gives a constraint no conflict clause.
/// `UNIQUE (b COLLATE NOCASE)`, not in the model: a model's unique columns have no direction and no collation of their own.
/// `UNIQUE (a DESC)`, not in the model: a model's unique columns have no direction and no collation of their own.
#[derive(Table)]
#[table(unique(a, b), unique(code, name = "code_once"))]
pub struct Parent {
    #[column(primary_key)]
    pub id: i64,
    /// `NOT NULL ON CONFLICT IGNORE`, in part: a model gives NOT NULL no name and no conflict clause.
    #[column(type = "TEXT")]
    pub code: Value,
    pub a: Option<i64>,
    pub b: Option<String>,
}

/// `FOREIGN KEY (code) REFERENCES parent (code) MATCH FULL`, in part: a model has no MATCH, which has no effect.
/// `FOREIGN KEY (gone) REFERENCES nowhere (id)`, not in the model: `nowhere` is no table of the model.
/// `FOREIGN KEY (plain) REFERENCES parent (b)`, not in the model: `b` is no key of `parent` and not unique there, so that no write to either table would succeed.
/// `FOREIGN KEY (never) REFERENCES parent (id)`, not in the model: SET NULL cannot work on a column that is NOT NULL.
/// `FOREIGN KEY (counted) REFERENCES kinds (id)`, not in the model: one of its columns has no declared type, and the other is AUTOINCREMENT: they have no Rust type in common.
/// `FOREIGN KEY (self_id) REFERENCES child (rowid)`, not in the model: `child` has no column `rowid`.
#[derive(Table)]
#[table(foreign_key(columns(parent_again), references(Kind, id)))]
#[table(foreign_key(columns(a, b), references(Parent, a, b)))]
#[table(index(columns(a, code), name = "by_both"))]
pub struct Child {
    #[column(references(
        Parent::ID,
        on_delete = "cascade",
        on_update = "set default",
        deferrable
    ))]
    pub parent_id: i64,
    #[column(type = "VARCHAR(9)", references(Parent::CODE, name = "by_code"))]
    pub code: Option<Value>,
    #[column(type = "TEXT", references(Parent::ID))]
    pub text_id: Option<i64>,
    #[column(references(Parent::CODE))]
    pub loose: Option<Value>,
    #[column(references(Parent::ID))]
    pub a: Option<i64>,
    pub b: Option<String>,
    pub gone: Option<i64>,
    pub plain: Option<i64>,
    pub never: i64,
    pub counted: Option<Value>,
    #[column(references(Parent::ID))]
    pub parent_again: Option<i64>,
    pub self_id: Option<i64>,
}

#[derive(Table)]
#[table(strict)]
pub struct StrictOne {
    #[column(primary_key, type = "INT")]
    pub id: i64,
    #[column(default_sql = "x'00'")]
    pub any: Option<Value>,
    #[column(default = 1)]
    pub n: Option<f64>,
    #[column(default_sql = "'a' || 'b'")]
    pub t: Option<String>,
    pub desc: Option<String>,
}

/// `PRIMARY KEY (k, at DESC)`, in part: a model gives a key no direction.
#[derive(Table)]
#[table(strict, without_rowid, primary_key(k, at))]
pub struct Keyed {
    pub k: String,
    pub at: i64,
}

#[derive(Table)]
pub struct NothingNull {
    #[column(default_sql = "(NULL)")]
    pub a: String,
    #[column(default = NULL)]
    pub b: Option<i64>,
    #[column(default = -5)]
    pub c: Option<i64>,
    #[column(default = "word")]
    pub d: Option<Value>,
}

#[derive(Table)]
#[table(unique(
    a_column_with_a_name_that_goes_on_for_very_long,
    another_column_with_a_name_that_goes_on_for_long,
    name = "a_constraint_of_a_name_that_goes_on"
))]
#[table(check(
    "a_column_with_a_name_that_goes_on_for_very_long > another_column_with_a_name_that_goes_on_for_long"
))]
#[table(index(
    columns(
        a_column_with_a_name_that_goes_on_for_very_long,
        another_column_with_a_name_that_goes_on_for_long
    ),
    name = "long_index_name_for_the_long_table"
))]
pub struct ATableWithANameThatGoesOnForVeryLongIndeedAndThenSomeMore {
    #[column(
        check = "a_column_with_a_name_that_goes_on_for_very_long BETWEEN 1000000 AND 2000000 OR 1"
    )]
    pub a_column_with_a_name_that_goes_on_for_very_long: Option<i64>,
    pub another_column_with_a_name_that_goes_on_for_long: Option<i64>,
}

#[derive(Table)]
#[table(name = "this_schema")]
pub struct ThisSchemaRow {
    pub name: Option<String>,
    pub descriptor: Option<String>,
    pub columns: Option<String>,
}

#[derive(Table)]
#[table(name = "Default")]
pub struct DefaultRow {
    #[column(primary_key)]
    pub id: i64,
    #[column(name = "Clone", type = "TEXT", references(ResultRow::ID))]
    pub clone: Option<i64>,
}

#[derive(Table)]
#[table(name = "result")]
pub struct ResultRow {
    #[column(primary_key)]
    pub id: i64,
}

#[derive(ColumnType)]
pub enum RemarkStatus {
    Open,
    Shut,
}

#[derive(ColumnType)]
pub enum RemarkAnswer {
    Open,
    Shut,
}

#[derive(ColumnType)]
pub enum RemarkShutStatus {
    Shut,
    Open,
}

/// what people said
/// one or the other
/// the end
#[derive(Table)]
#[table(name = "remarks", unique(status, flag))]
pub struct Remark {
    /// Since 2019; see \[the wiki] \<b>
    /// never used twice
    /// in any year
    #[column(primary_key)]
    pub id: i64,
    /// ''' not code
    /// https://example.org/on_hold
    #[column(name = "fooBar")]
    pub foo_bar_2: Option<String>,
    pub foo_bar: Option<String>,
    #[column(name = "🎉")]
    pub column: Option<String>,
    #[column(name = "🦀🦀")]
    pub column_2: Option<i64>,
    #[column(name = "2")]
    pub column_2_2: Option<i64>,
    #[column(default = false, check = "flag IN (0, 1)")]
    pub flag: bool,
    #[column(check = r#""other_flag" BETWEEN 0 AND 1"#)]
    pub other_flag: Option<bool>,
    pub status: Option<RemarkStatus>,
    pub old_status: Option<RemarkStatus>,
    pub answer: Option<RemarkAnswer>,
    pub shut_status: Option<RemarkShutStatus>,
}

#[derive(Table)]
#[table(name = "Box")]
pub struct BoxRow {
    #[column(primary_key)]
    pub id: i64,
    #[column(references(Remark::ID))]
    pub remark_id: Option<i64>,
}

#[derive(Table)]
#[table(name = "string")]
pub struct StringRow {
    #[column(primary_key)]
    pub id: i64,
    #[column(name = "String")]
    pub string: String,
}

#[derive(Table)]
#[table(name = "vec")]
pub struct VecRow {
    #[column(primary_key)]
    pub id: i64,
    pub items: Vec<u8>,
}

#[derive(Table)]
pub struct Options {
    #[column(primary_key)]
    pub id: i64,
}

#[derive(Table)]
#[table(name = "order_details")]
pub struct OrderDetailsRow {
    #[column(primary_key)]
    pub id: i64,
}

#[derive(Table)]
#[table(name = "🎉")]
pub struct TableRow2 {
    #[column(primary_key)]
    pub id: i64,
}

/// `UNIQUE (a ) ON CONFLICT IGNORE`, in part: a model gives a constraint no conflict clause.
#[derive(Table)]
#[table(name = "shown \u{202e}")]
pub struct Shown {
    /// of it
    #[column(name = "a\u{202e}", unique, check = "\"a\u{202e}\" <> '\u{202e}'")]
    pub a: Option<String>,
}

#[derive(Table)]
#[table(name = "migrations")]
pub struct Migration {
    #[column(primary_key)]
    pub id: i64,
}

#[derive(ColumnType)]
pub enum ÉtésAB {
    #[column_type(rename = "é")]
    É,
    #[column_type(rename = "é")]
    ÉValue,
    #[column_type(rename = "ﬁ")]
    Fi,
}

#[derive(Table)]
#[table(name = "étés")]
pub struct Étés {
    #[column(name = "é")]
    pub é_2: Option<i64>,
    #[column(name = "é")]
    pub é: Option<i64>,
    #[column(name = "ﬁ")]
    pub fi_2: Option<i64>,
    pub fi: Option<i64>,
    #[column(name = "a\u{200d}b")]
    pub a_b: Option<ÉtésAB>,
}

#[derive(Table)]
#[table(name = "étés")]
pub struct ÉtésRow {
    #[column(primary_key)]
    pub id: i64,
}

#[derive(Table)]
#[table(allow = "L510")]
pub struct Misquoted {
    #[column(check = r#"state <> "gone""#)]
    pub state: Option<String>,
    #[column(generated(r#"state || "2""#))]
    pub twice: Option<String>,
    #[column(index(where = r#"word <> "none""#, name = "misquoted_word"))]
    pub word: Option<String>,
}

pub const SCHEMA: Schema = schema! {
    tables: [
        OrderDetails,
        OptionRow,
        TableRow,
        Kind,
        Parent,
        Child,
        StrictOne,
        Keyed,
        NothingNull,
        ATableWithANameThatGoesOnForVeryLongIndeedAndThenSomeMore,
        ThisSchemaRow,
        DefaultRow,
        ResultRow,
        Remark,
        BoxRow,
        StringRow,
        VecRow,
        Options,
        OrderDetailsRow,
        TableRow2,
        Shown,
        Migration,
        Étés,
        ÉtésRow,
        Misquoted,
    ],
    views: [
        "CREATE VIEW \"a view\" AS SELECT 1 AS \"one\"  \n  \
, 2 -- ends here",
        r#"CREATE VIEW depends AS SELECT * FROM "a view""#,
        "CREATE VIEW near AS SELECT id FROM places WHERE x0 < 1",
    ],
    virtual_tables: [
        "CREATE VIRTUAL TABLE found USING fts5(named, content='kinds', content_rowid='id')",
        "CREATE VIRTUAL TABLE places USING rtree(id, x0, x1, y0, y1)",
    ],
    triggers: [
        r#"CREATE TRIGGER t AFTER INSERT ON kinds BEGIN INSERT INTO found (rowid, named) VALUES (new.id, "x"); END"#,
        r#"CREATE TRIGGER on_view INSTEAD OF INSERT ON "a view" BEGIN SELECT 'back\slash'; END"#,
    ],
};

// The table `descending` is not in the model: `INTEGER PRIMARY KEY DESC` is no rowid, and a model's INTEGER key is one.
//     CREATE TABLE descending (
//         id INTEGER PRIMARY KEY DESC,
//         a
//     )

// The table `collated` is not in the model: the primary key compares `a` by a collation of its own.
//     CREATE TABLE collated (
//         a TEXT,
//         PRIMARY KEY (a COLLATE NOCASE)
//     )

// The table `strict_default` is not in the model: column `a`: its default is of another type than its STRICT column, so that no insert can use it.
//     CREATE TABLE strict_default (
//         a INT DEFAULT 'one'
//     ) STRICT

// The table `empty_column` is not in the model: column ``: its name is empty or reserved.
//     CREATE TABLE empty_column (
//         "" INT
//     )

// The table `migration_history` is not in the model: its name is empty or reserved.
//     CREATE TABLE migration_history (
//         version TEXT PRIMARY KEY
//     )

// The table `hidden  ` is not in the model: column ``: its name is empty or reserved.
//     CREATE TABLE "hidden  " (
//         "a " TEXT CHECK ("a " <> ' '),
//         "" INT
//     )

// The table `__diesel_schema_migrations` is not in the model: it is the record of diesel; `schema adopt` takes over what it says.
//     CREATE TABLE __diesel_schema_migrations (
//         version VARCHAR(50) PRIMARY KEY NOT NULL,
//         run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
//     )

// The table `seaql_migrations` is not in the model: it is the record of sea-orm, which no model manages.
//     CREATE TABLE seaql_migrations (
//         version VARCHAR PRIMARY KEY NOT NULL,
//         applied_at BIGINT NOT NULL
//     )

// The view `broken` is not in the model: it does not work: no such table: main.nowhere.
//     CREATE VIEW broken AS SELECT gone FROM nowhere

// The view `reads_broken` is not in the model: it does not work: no such table: main.nowhere.
//     CREATE VIEW reads_broken AS SELECT * FROM broken

// The view `of_left_out` is not in the model: it does not work without what is left out: no such table: main.descending.
//     CREATE VIEW of_left_out AS SELECT * FROM descending

// The trigger `on_left_out_too` is not in the model: `descending` is not in the model.
//     CREATE TRIGGER on_left_out_too AFTER INSERT ON descending BEGIN SELECT 1; END

// The trigger `on_nothing` is not in the model: it does not work: no such table: main.nowhere.
//     CREATE TRIGGER on_nothing AFTER INSERT ON vec BEGIN INSERT INTO nowhere VALUES (1); END
