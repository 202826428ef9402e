//! What the derives and `schema!` make of correct models: the evaluated descriptors, in full.

use std::borrow::Cow;
use std::marker::PhantomData;

use schema_runtime::rusqlite::Connection;
use schema_runtime::{
    CheckDescriptor, Column, ColumnDescriptor, ColumnOrder, ColumnType, ConstValue, ForeignKeyDescriptor,
    IndexDescriptor, IndexTermDescriptor, Json, PrimaryKeyDescriptor, ReferenceAction, Schema, SqlType,
    Table, TableDescriptor, UniqueDescriptor, schema,
};

#[derive(Debug, Clone, Copy, PartialEq, ColumnType)]
enum Status {
    Pending,
    InProgress,
    #[column_type(rename = "finished")]
    Done,
}

impl Status {
    const FIRST: Status = Status::Pending;
}

#[derive(Debug, Clone, Copy, PartialEq, ColumnType)]
#[column_type(integer)]
enum Level {
    Low = -1,
    High = 10,
}

#[derive(Debug, Clone, Copy, PartialEq, ColumnType)]
struct Meters(f64);

impl Meters {
    const ZERO: Meters = Meters(0.0);
}

#[derive(Debug, Clone, PartialEq, ColumnType)]
struct Email(String);

#[derive(ColumnType)]
struct Name<'a>(Cow<'a, str>);

/// A key that knows its table.
#[derive(ColumnType)]
struct Id<T> {
    id: i64,
    of: PhantomData<T>,
}

type Alias = Option<Email>;
const MAX: u8 = 9;

#[derive(Table)]
struct Project {
    #[column(primary_key, autoincrement)]
    id: i64,
    #[column(references(Task::<'static>::SLUG))]
    main_task: Option<String>,
}

#[derive(Table)]
#[table(
    name = "tasks",
    rename_all = "camelCase",
    strict,
    unique(slug, project_id, name = "one_slug"),
    index(columns(status, created_at desc, title collate "nocase")),
    index(columns(expr = "lower(title)"), unique, where = "priority > 0", name = "by_title"),
    check("priority BETWEEN 0 AND 9", name = "priority_range"),
    foreign_key(columns(left, right), references(Pair, a, b), on_update = "set default", deferrable, name = "pair"),
    renamed_from = "todo",
    renamed_from = "todos",
    dropped("colour"),
    column_order = "exact"
)]
struct Task<'a> {
    #[column(primary_key)]
    id: i64,
    #[column(unique, collate = "nocase")]
    slug: String,
    title: Name<'a>,
    #[column(default = Status::Pending, index)]
    status: Status,
    #[column(default = Status::FIRST)]
    first: Option<Status>,
    #[column(default = Level::High)]
    level: Level,
    #[column(references(Project::ID, on_delete = "cascade"))]
    project_id: i64,
    #[column(default = 5, check("priority < 100"))]
    priority: u8,
    #[column(default = MAX)]
    max: Option<u8>,
    #[column(default = Meters::ZERO)]
    length: Meters,
    #[column(default = -1.5)]
    offset: f32,
    #[column(default = "a'b")]
    email: Alias,
    #[column(default = true)]
    open: bool,
    #[column(default = NULL)]
    nothing: Option<i64>,
    #[column(
        default_sql = "CURRENT_TIMESTAMP",
        renamed_from = "created",
        renamed_from = "made",
        backfill = "'1970'",
        convert = "CAST(created_at AS TEXT)"
    )]
    created_at: String,
    #[column(generated("length(slug)", stored))]
    slug_length: i64,
    #[column(json)]
    tags: Option<Vec<String>>,
    meta: Json<Vec<u8>>,
    #[column(name = "Kind", type = "ANY")]
    r#type: Vec<u8>,
    left: i64,
    right: Option<i64>,
    parent: Option<Id<Task<'static>>>,
    #[column(references(Self::ID))]
    sibling: Option<i64>,
    #[column(skip)]
    _cache: std::collections::HashMap<String, &'a str>,
}

#[derive(Table)]
#[table(without_rowid, primary_key(a, b), external)]
struct Pair {
    a: i64,
    b: i64,
}

const AUDIT: &str = "CREATE TRIGGER audit AFTER INSERT ON tasks BEGIN SELECT 1; END";

const SCHEMA: Schema = schema! {
    name: "app",
    version: "1.2.0",
    tables: [Project, Task<'_>, Pair],
    views: ["CREATE VIEW open_tasks AS SELECT * FROM tasks WHERE open"],
    triggers: [AUDIT],
    virtual_tables: ["CREATE VIRTUAL TABLE search USING fts5(title)"],
    dropped: ["old_table"],
};

static DEFAULTS: Schema = schema! { tables: [Pair] };

const UNIQUES: &[UniqueDescriptor] =
    &[UniqueDescriptor::new(&["slug"]), UniqueDescriptor::new(&["slug", "projectId"]).name("one_slug")];
const CHECKS: &[CheckDescriptor] = &[
    CheckDescriptor::new("priority < 100"),
    CheckDescriptor::new("priority BETWEEN 0 AND 9").name("priority_range"),
];
const FOREIGN_KEYS: &[ForeignKeyDescriptor] = &[
    ForeignKeyDescriptor::new(&["projectId"], "project", &["id"]).on_delete(ReferenceAction::Cascade),
    ForeignKeyDescriptor::new(&["sibling"], "tasks", &["id"]),
    ForeignKeyDescriptor::new(&["left", "right"], "pair", &["a", "b"])
        .on_update(ReferenceAction::SetDefault)
        .deferrable()
        .name("pair"),
];
const STATUS: &[IndexTermDescriptor] = &[IndexTermDescriptor::column("status")];
const BY_STATUS: &[IndexTermDescriptor] = &[
    IndexTermDescriptor::column("status"),
    IndexTermDescriptor::column("createdAt").desc(),
    IndexTermDescriptor::column("title").collate("nocase"),
];
const BY_TITLE: &[IndexTermDescriptor] = &[IndexTermDescriptor::expr("lower(title)")];
const INDEXES: &[IndexDescriptor] = &[
    IndexDescriptor::new("idx_tasks_status", STATUS),
    IndexDescriptor::new("idx_tasks_status_createdAt_title", BY_STATUS),
    IndexDescriptor::new("by_title", BY_TITLE).unique().filter("priority > 0"),
];
/// The tasks, written by hand but for the columns.
const EXPECTED: TableDescriptor = TableDescriptor::new("tasks", <Task<'_> as Table>::DESCRIPTOR.columns)
    .primary_key(PrimaryKeyDescriptor::new(&["id"]))
    .uniques(UNIQUES)
    .checks(CHECKS)
    .foreign_keys(FOREIGN_KEYS)
    .indexes(INDEXES)
    .strict()
    .renamed_from(&["todo", "todos"])
    .dropped(&["colour"])
    .column_order(ColumnOrder::Exact);

#[test]
fn every_attribute_arrives_in_the_descriptor() {
    let of = ColumnDescriptor::of::<i64>;
    let columns = [
        of("id"),
        ColumnDescriptor::of::<String>("slug").collate("nocase"),
        ColumnDescriptor::new("title", SqlType::Text).not_null(),
        ColumnDescriptor::of::<Status>("status").default(ConstValue::Text("pending")),
        ColumnDescriptor::of::<Option<Status>>("first").default(ConstValue::Text("pending")),
        ColumnDescriptor::of::<Level>("level").default(ConstValue::Integer(10)),
        of("projectId"),
        of("priority").default(ConstValue::Integer(5)),
        ColumnDescriptor::new("max", SqlType::Integer).default(ConstValue::Integer(9)),
        ColumnDescriptor::new("length", SqlType::Real).not_null().default(ConstValue::Real(0.0)),
        ColumnDescriptor::new("offset", SqlType::Real).not_null().default(ConstValue::Real(-1.5)),
        ColumnDescriptor::new("email", SqlType::Text).default(ConstValue::Text("a'b")),
        of("open").default(ConstValue::Integer(1)),
        ColumnDescriptor::new("nothing", SqlType::Integer).default(ConstValue::Null),
        ColumnDescriptor::new("createdAt", SqlType::Text)
            .not_null()
            .default(ConstValue::Sql("CURRENT_TIMESTAMP"))
            .renamed_from(&["created", "made"])
            .backfill("'1970'")
            .convert("CAST(created_at AS TEXT)"),
        of("slugLength").generated("length(slug)", true),
        ColumnDescriptor::new("tags", SqlType::Text),
        ColumnDescriptor::new("meta", SqlType::Text).not_null(),
        ColumnDescriptor::new("Kind", SqlType::Blob).not_null().type_name("ANY"),
        of("left"),
        ColumnDescriptor::new("right", SqlType::Integer),
        ColumnDescriptor::new("parent", SqlType::Integer),
        ColumnDescriptor::new("sibling", SqlType::Integer),
    ];
    let task = <Task<'_> as Table>::DESCRIPTOR;
    assert_eq!(task.columns, columns);
    assert_eq!(task, EXPECTED);
}

#[test]
fn mutual_references_compile_and_name_each_other() {
    assert_eq!(<Project as Table>::DESCRIPTOR.foreign_keys[0].table, "tasks");
    let key = <Project as Table>::DESCRIPTOR.primary_key;
    assert_eq!(key, Some(PrimaryKeyDescriptor::new(&["id"]).autoincrement()));
    let column: Column<Project, i64> = Project::ID;
    assert_eq!((column.name(), column.is_unique()), ("id", true));
}

#[test]
fn a_schema_holds_what_was_written_and_has_defaults() {
    let names: Vec<&str> = SCHEMA.tables.iter().map(|table| table.name).collect();
    assert_eq!((SCHEMA.name, SCHEMA.version), ("app", "1.2.0"));
    assert_eq!(names, ["project", "tasks", "pair"]);
    assert_eq!(SCHEMA.triggers, [AUDIT]);
    assert_eq!((SCHEMA.views.len(), SCHEMA.virtual_tables.len()), (1, 1));
    assert_eq!(SCHEMA.dropped, ["old_table"]);
    assert_eq!((DEFAULTS.name, DEFAULTS.version), ("main", env!("CARGO_PKG_VERSION")));
    assert!(DEFAULTS.tables[0].external && DEFAULTS.tables[0].without_rowid);
}

#[test]
fn a_schema_written_by_hand_has_the_same_fingerprint() {
    let by_hand = Schema::new("app", "9.9", SCHEMA.tables)
        .dropped(SCHEMA.dropped)
        .virtual_tables(SCHEMA.virtual_tables)
        .triggers(SCHEMA.triggers)
        .views(SCHEMA.views);
    assert_eq!(by_hand.fingerprint, SCHEMA.fingerprint);
    assert_ne!(by_hand.dropped(&[]).fingerprint, SCHEMA.fingerprint);
    assert_ne!(Schema::new("other", "9.9", &[]).fingerprint, Schema::new("app", "9.9", &[]).fingerprint);
}

/// The same model twice; only what `Amount` holds differs.
macro_rules! version {
    ($name:ident, $inner:ty) => {
        mod $name {
            use schema_runtime::{ColumnType, Schema, Table, schema};

            #[derive(ColumnType)]
            pub(super) struct Amount(#[allow(dead_code)] $inner);

            #[derive(Table)]
            pub(super) struct Account {
                amount: Amount,
            }

            pub(super) const SCHEMA: Schema = schema! { tables: [Account] };
        }
    };
}
version!(integers, i64);
version!(integers_again, i64);
version!(floats, f64);

#[test]
fn the_fingerprint_follows_what_a_newtype_holds() {
    assert_eq!(integers::SCHEMA.fingerprint, integers_again::SCHEMA.fingerprint);
    assert_ne!(integers::SCHEMA.fingerprint, floats::SCHEMA.fingerprint);
}

#[test]
fn enums_and_newtypes_are_read_as_they_were_written() {
    let conn = Connection::open_in_memory().unwrap();
    let sql = "SELECT ?1, ?2, ?3, ?4, typeof(?1), typeof(?2)";
    let row = conn
        .query_row(sql, (Status::Done, Level::Low, Meters(1.5), Email("a@b".into())), |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?))
        })
        .unwrap();
    let expected: (Status, Level, Meters, Email, String, String) =
        (Status::Done, Level::Low, Meters(1.5), Email("a@b".into()), "text".into(), "integer".into());
    assert_eq!(row, expected);
    let id: Id<Project> = conn.query_row("SELECT 7", [], |row| row.get(0)).unwrap();
    assert_eq!(id.id, 7);
}

#[test]
fn a_value_that_is_no_variant_is_an_error_that_names_it() {
    let conn = Connection::open_in_memory().unwrap();
    let error = |sql: &str| conn.query_row(sql, [], |row| row.get::<_, Status>(0)).unwrap_err().to_string();
    assert!(
        error("SELECT 'gone'").contains("`gone` is no variant of `Status`"),
        "{}",
        error("SELECT 'gone'")
    );
    assert!(error("SELECT x'00'").contains("no variant of `Status`"));
    assert!(conn.query_row("SELECT 3", [], |row| row.get::<_, Level>(0)).is_err());
}

#[test]
fn the_values_of_an_enum_are_those_of_its_variants() {
    let texts = [ConstValue::Text("pending"), ConstValue::Text("in_progress"), ConstValue::Text("finished")];
    assert_eq!(Status::VALUES, texts);
    assert_eq!(<Option<Status> as ColumnType>::VALUES, texts);
    assert_eq!(Level::VALUES, [ConstValue::Integer(-1), ConstValue::Integer(10)]);
    let _ = Status::InProgress;
}

/// A crate that hands `schema_runtime` on under another name.
mod facade {
    pub(super) use schema_runtime as runtime;
}

#[test]
fn the_macros_follow_a_crate_path() {
    use facade::runtime::{ColumnType, Schema, Table, schema};

    #[derive(ColumnType)]
    #[column_type(crate = "crate::derive::facade::runtime")]
    struct Note(String);

    #[derive(Table)]
    #[table(crate = "crate::derive::facade::runtime", name = "notes")]
    struct Notes {
        #[column(json)]
        _tags: Vec<u8>,
        note: Note,
    }

    const SCHEMA: Schema = schema! { crate: crate::derive::facade::runtime, tables: [Notes] };
    assert_eq!(SCHEMA.tables[0].columns[0].name, "_tags");
    assert_eq!(Notes::NOTE.name(), "note");
}

/// A model under the lints that strict crates set: generated code must not trip over them.
#[deny(warnings, missing_docs, unreachable_pub, rust_2018_idioms, clippy::all)]
#[allow(dead_code)]
pub(crate) mod linted {
    use schema_runtime::{ColumnType, Schema, Table, schema};

    /// How far it is.
    #[derive(ColumnType)]
    pub(crate) enum State {
        /// Not begun.
        Open,
    }

    /// A note.
    #[derive(Table)]
    pub(crate) struct Note<'a> {
        /// Its key.
        #[column(primary_key)]
        pub id: i64,
        /// Where it is.
        #[column(default = State::Open)]
        pub state: State,
        /// What it says.
        pub body: std::borrow::Cow<'a, str>,
    }

    /// The notes.
    pub(crate) const SCHEMA: Schema = schema! { tables: [Note<'_>] };
}

#[test]
fn generated_code_passes_strict_lints() {
    assert_eq!(linted::SCHEMA.tables[0].name, "note");
}

/// Braces are part of the messages of the checks that the derive makes, and no places for values there.
#[derive(Table)]
struct Braces {
    #[column(primary_key, name = "{id}")]
    id: i64,
    #[column(default = "{}")]
    payload: String,
    #[column(references(Braces::ID, on_delete = "set null"), name = "{up")]
    up: Option<i64>,
}

#[test]
fn braces_in_names_and_defaults_are_what_they_are() {
    let columns = [
        ColumnDescriptor::new("{id}", SqlType::Integer).not_null(),
        ColumnDescriptor::new("payload", SqlType::Text).not_null().default(ConstValue::Text("{}")),
        ColumnDescriptor::new("{up", SqlType::Integer),
    ];
    assert_eq!(Braces::DESCRIPTOR.columns, columns);
}
