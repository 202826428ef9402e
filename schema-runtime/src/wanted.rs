//! The model of a program: its const descriptors, read back from SQLite itself.
//!
//! Descriptors are printed, created in a scratch database and read back by the reader of the user's file, so that SQLite
//! normalises both sides.

use std::collections::BTreeSet;

use rusqlite::Connection;
use schema_sql::{CreateKind, TokenKind, eq_name, fold, quote_str, significant};

use crate::allow::{Allow, Place};
use crate::catalog::{
    Catalog, CheckInfo, ColumnInfo, ForeignKeyInfo, GeneratedInfo, IndexInfo, IndexTermInfo, KeyTermInfo,
    NotNullInfo, PrimaryKeyInfo, TableInfo, UniqueInfo, index_sql, name_sql, read, reason, table_sql,
};
use crate::connection::{self, sqlite_error};
use crate::creating::Creating;
use crate::descriptor::{
    ColumnDescriptor, ColumnOrder, ConstValue, ForeignKeyDescriptor, IndexDescriptor, PrimaryKeyDescriptor,
    Schema, SqlType, TableDescriptor,
};
use crate::error::{Error, ErrorKind, Result};
use crate::history::History;
use crate::known::Known;
use crate::model::{ColumnHints, Model, ModelOptions, TableHints};

/// `SQLITE_CONSTRAINT_DATATYPE`, which the bindings of older SQLites lack.
///
/// SQLite: <https://www.sqlite.org/rescode.html#constraint_datatype>.
const CONSTRAINT_DATATYPE: i32 = 3091;

impl Model {
    /// The model of a program's schema, to be compared with others.
    ///
    /// # Errors
    /// `Model`, naming the object, if SQLite refuses a statement.
    pub fn of(schema: &Schema, options: &ModelOptions) -> Result<Model> {
        let scratch = connection::scratch(None, options.hook.as_ref())?;
        let own = History::named(options.history_table.as_str()).own_tables();
        Model::from_schema(schema, &scratch, &own, &Catalog::default())
    }

    /// The model that `schema` describes, made in `scratch`, an empty database on which what the model needs is registered.
    ///
    /// `own` are the names of our own tables, which a model cannot have; what `live` has by the same text is taken from there.
    ///
    /// # Errors
    /// `Model`, naming the object, if names clash, a value cannot be written as SQL, or SQLite refuses a statement.
    pub(crate) fn from_schema(
        schema: &Schema,
        scratch: &Connection,
        own: &[String],
        live: &Catalog,
    ) -> Result<Model> {
        let mut maker = Maker {
            creating: Creating::on(scratch),
            known: Known::of(schema, live),
            conn: scratch,
            own,
            taken: BTreeSet::new(),
            triggers: BTreeSet::new(),
        };
        let mut made = Vec::new();
        for table in schema.tables {
            made.push((*table, maker.table(table)?));
        }
        for sql in schema.virtual_tables {
            maker.statement(CreateKind::VirtualTable, sql)?;
        }
        for sql in schema.views {
            maker.statement(CreateKind::View, sql)?;
        }
        for sql in schema.triggers {
            maker.statement(CreateKind::Trigger, sql)?;
        }
        maker
            .creating
            .settle()
            .map_err(|err| sqlite_error(err, "cannot make the model in a scratch database"))?;
        let mut catalog = read(scratch, "main", &[])?;
        catalog.tables = in_order(std::mem::take(&mut catalog.tables), &mut made);
        for (at, (descriptor, made)) in made.iter().enumerate() {
            check_made(catalog.tables.get(at), descriptor, &made.wanted)?;
        }
        if let Some(object) = catalog.opaque.first() {
            return Err(broken(&object.kind, &object.name)
                .cause(object.reason.clone())
                .cause(object.sql.clone()));
        }
        let external: Vec<String> =
            schema.tables.iter().filter(|table| table.external).map(|table| table.name.to_owned()).collect();
        catalog.tables.retain(|table| !external.iter().any(|name| eq_name(name, &table.name)));
        Ok(Model {
            name: schema.name.to_owned(),
            version: schema.version.to_owned(),
            fingerprint: format!("{:032x}", schema.fingerprint),
            catalog,
            tables: schema
                .tables
                .iter()
                .filter(|table| !table.external)
                .map(|table| (fold(table.name), table_hints(table)))
                .collect(),
            dropped: owned(schema.dropped),
            external,
            explicit: false,
            allow: allowed(schema),
        })
    }
}

/// What the descriptors allow, in their order.
fn allowed(schema: &Schema) -> Vec<Allow> {
    let mut allow: Vec<Allow> = Allow::all(schema.allow, &Place::Model).collect();
    for table in schema.tables {
        let name = || table.name.to_owned();
        allow.extend(Allow::all(table.allow, &Place::Table(name())));
        for column in table.columns {
            allow.extend(Allow::all(column.allow, &Place::Column(name(), column.name.to_owned())));
        }
        for index in table.indexes {
            allow.extend(Allow::all(index.allow, &Place::Index(name(), index.name.to_owned())));
        }
    }
    allow
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn table_hints(table: &TableDescriptor) -> TableHints {
    let column_hints = |column: &ColumnDescriptor| ColumnHints {
        renamed_from: owned(column.renamed_from),
        backfill: column.backfill.map(str::to_owned),
        convert: column.convert.map(str::to_owned),
        converted: None,
        exact_type: column.type_name.is_some(),
    };
    TableHints {
        renamed_from: owned(table.renamed_from),
        dropped: owned(table.dropped),
        exact_order: table.column_order == ColumnOrder::Exact,
        columns: table.columns.iter().map(|column| (fold(column.name), column_hints(column))).collect(),
    }
}

fn broken(kind: &str, name: &str) -> Error {
    Error::new(ErrorKind::Model, format!("the model's {kind} `{name}` cannot be made"))
        .state("no database was touched")
}

/// SQLite took the statement; did it also mean what the model means? An expression with a stray `)` could add a column.
fn check_made(made: Option<&TableInfo>, descriptor: &TableDescriptor, wanted: &TableInfo) -> Result<()> {
    let same = made.is_some_and(|made| {
        eq_name(&made.name, descriptor.name)
            && made.columns.len() == wanted.columns.len()
            && made.columns.iter().zip(&wanted.columns).all(|(made, wanted)| made.name == wanted.name)
            && made.checks.len() == wanted.checks.len()
            && made.uniques.len() == wanted.uniques.len()
            && made.foreign_keys.len() == wanted.foreign_keys.len()
            && made.indexes.len() == wanted.indexes.len()
            && made.strict == wanted.strict
            && made.without_rowid == wanted.without_rowid
    });
    if same {
        return Ok(());
    }
    Err(broken("table", descriptor.name)
        .cause("SQLite understands its SQL as something else than the model says")
        .cause(wanted.to_sql())
        .help("look for an expression with unbalanced parentheses"))
}

/// A table of the model: as it is wanted, and as it was read where the file has it already.
struct Made {
    wanted: TableInfo,
    known: Option<TableInfo>,
}

/// The tables in the model's order: those that were read from the scratch database are in theirs.
fn in_order(read: Vec<TableInfo>, made: &mut [(&TableDescriptor, Made)]) -> Vec<TableInfo> {
    let mut read = read.into_iter();
    made.iter_mut().filter_map(|(_, made)| made.known.take().or_else(|| read.next())).collect()
}

struct Maker<'a> {
    conn: &'a Connection,
    known: Known<'a>,
    creating: Creating<'a>,
    own: &'a [String],
    /// Folded names of tables, views, virtual tables and indexes: SQLite keeps them in one space.
    taken: BTreeSet<String>,
    triggers: BTreeSet<String>,
}

impl Maker<'_> {
    fn table(&mut self, table: &TableDescriptor) -> Result<Made> {
        self.take("table", table.name)?;
        let wanted = self.table_info(table)?;
        for index in &wanted.indexes {
            self.take("index", &index.name)?;
        }
        let text = table_sql(&wanted);
        let known = self.known.table(&wanted, &text);
        if known.is_none() {
            self.run("table", table.name, &text)?;
            for index in &wanted.indexes {
                self.run("index", &index.name, &index_sql(index, table.name))?;
            }
        }
        Ok(Made { wanted, known })
    }

    /// One statement as the model's author wrote it.
    fn statement(&mut self, wanted: CreateKind, sql: &str) -> Result<()> {
        let (kind, name) = match wanted {
            CreateKind::View => ("view", schema_sql::split_create_view(sql).map(|split| split.name)),
            CreateKind::Trigger => ("trigger", schema_sql::split_create_trigger(sql).map(|split| split.name)),
            _ => ("virtual table", schema_sql::split_create_virtual_table(sql).map(|split| split.name)),
        };
        let refused = |cause: String| {
            Error::new(ErrorKind::Model, format!("a {kind} of the model cannot be made"))
                .cause(cause)
                .cause(sql.to_owned())
                .state("no database was touched")
        };
        let name = name.map_err(|err| refused(err.to_string()))?;
        match schema_sql::split_statements(sql) {
            Ok(statements) if statements.len() == 1 => {}
            Ok(_) => return Err(refused("it is more than one statement".to_owned())),
            Err(err) => return Err(refused(err.to_string())),
        }
        self.take(kind, &name)?;
        self.run(kind, &name, sql)
    }

    fn take(&mut self, kind: &str, name: &str) -> Result<()> {
        if self.own.iter().any(|own| eq_name(own, name)) {
            return Err(broken(kind, name)
                .cause("the name belongs to the migration history")
                .help("choose another name, or another one for the history"));
        }
        let names = if kind == "trigger" { &mut self.triggers } else { &mut self.taken };
        if names.insert(fold(name)) {
            return Ok(());
        }
        Err(broken(kind, name)
            .cause("the model has two objects of this name, which SQLite compares without case"))
    }

    fn run(&mut self, kind: &str, name: &str, sql: &str) -> Result<()> {
        self.creating.run(sql).map_err(|err| {
            let error = broken(kind, name).cause(sql).cause(reason(&err, sql));
            let judged = sqlite_error(err, "");
            match judged.help_line().filter(|_| judged.kind() == ErrorKind::Missing) {
                Some(help) => error.of_kind(ErrorKind::Missing).help(help),
                None => error,
            }
        })
    }

    fn table_info(&self, table: &TableDescriptor) -> Result<TableInfo> {
        let mut checks = Vec::new();
        for column in table.columns.iter().filter(|column| !column.values.is_empty()) {
            let values = column
                .values
                .iter()
                .map(|value| self.value(table, column, value))
                .collect::<Result<Vec<_>>>()?
                .join(", ");
            checks.push(CheckInfo { name: None, expr: format!("{} IN ({values})", name_sql(column.name)) });
        }
        checks.extend(
            table
                .checks
                .iter()
                .map(|check| CheckInfo { name: check.name.map(str::to_owned), expr: check.expr.to_owned() }),
        );
        let primary_key = table.primary_key.as_ref().map(|key| primary_key_info(table, key));
        let columns = table
            .columns
            .iter()
            .map(|column| self.column_info(table, column, primary_key.as_ref()))
            .collect::<Result<Vec<_>>>()?;
        let uniques = table.uniques.iter().map(|unique| UniqueInfo {
            name: unique.name.map(str::to_owned),
            terms: key_terms(unique.columns),
            conflict: None,
        });
        Ok(TableInfo {
            name: table.name.to_owned(),
            columns,
            primary_key,
            uniques: uniques.collect(),
            checks,
            foreign_keys: table.foreign_keys.iter().map(foreign_key_info).collect(),
            strict: table.strict,
            without_rowid: table.without_rowid,
            indexes: table.indexes.iter().map(index_info).collect(),
            sql: String::new(),
        })
    }

    fn column_info(
        &self,
        table: &TableDescriptor,
        column: &ColumnDescriptor,
        key: Option<&PrimaryKeyInfo>,
    ) -> Result<ColumnInfo> {
        let is_rowid = key.is_some_and(|key| {
            key.rowid_alias && key.terms.iter().any(|term| eq_name(&term.column, column.name))
        });
        let default = match &column.default {
            Some(value) => Some(self.value(table, column, value)?),
            None => None,
        };
        if let Some(default) = default.as_deref().filter(|_| table.strict) {
            self.strict_default(table, column, default)?;
        }
        Ok(ColumnInfo {
            name: column.name.to_owned(),
            type_name: type_name(table, column).to_owned(),
            not_null: (column.not_null && !is_rowid).then(NotNullInfo::default),
            default,
            collation: column.collation.map(str::to_owned),
            generated: column
                .generated
                .map(|generated| GeneratedInfo { expr: generated.expr.to_owned(), stored: generated.stored }),
        })
    }

    /// `value` as SQL that gives exactly this value.
    fn value(
        &self,
        table: &TableDescriptor,
        column: &ColumnDescriptor,
        value: &ConstValue,
    ) -> Result<String> {
        let refused =
            |cause: String| Err(broken("column", &format!("{}.{}", table.name, column.name)).cause(cause));
        match value {
            ConstValue::Null => Ok("NULL".to_owned()),
            ConstValue::Integer(value) => Ok(value.to_string()),
            ConstValue::Real(value) => match self.real(*value) {
                Some(sql) => Ok(sql),
                None => refused(format!("SQL has no literal for the value {value}")),
            },
            ConstValue::Text(text) if text.contains('\0') => {
                refused("a text with a NUL character has no SQL literal".to_owned())
            }
            ConstValue::Text(text) => Ok(quote_str(text)),
            ConstValue::Blob(bytes) => {
                let digits: String = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
                Ok(format!("x'{digits}'"))
            }
            ConstValue::Sql(sql) if is_bare_word(sql) => refused(format!(
                "SQLite would take the default {sql} for a string; write it as {}",
                quote_str(sql.trim_matches(['"', '`', '[', ']', ' ']))
            )),
            ConstValue::Sql(sql) => Ok((*sql).to_owned()),
        }
    }

    /// SQLite takes any default for a STRICT column and then refuses every insert that uses it; so one is tried.
    fn strict_default(
        &self,
        table: &TableDescriptor,
        column: &ColumnDescriptor,
        default: &str,
    ) -> Result<()> {
        let type_name = type_name(table, column);
        let probe = format!(
            "CREATE TABLE temp.__schema_default (c {type_name} DEFAULT ({default})) STRICT;
             INSERT INTO temp.__schema_default DEFAULT VALUES"
        );
        let tried = self.conn.execute_batch(&probe);
        let _ = self.conn.execute_batch("DROP TABLE IF EXISTS temp.__schema_default");
        let code = tried.err().and_then(|err| err.sqlite_error().map(|failure| failure.extended_code));
        if code != Some(CONSTRAINT_DATATYPE) {
            return Ok(());
        }
        Err(broken("table", table.name)
            .cause(format!(
                "the default {default} of `{}`.`{}` is no {type_name}, which its STRICT table wants",
                table.name, column.name
            ))
            .help("give a default of the column's type"))
    }

    /// The shortest literal that SQLite reads as exactly this number; its conversion is not always the nearest one.
    fn real(&self, value: f64) -> Option<String> {
        if !value.is_finite() {
            return None;
        }
        let reads_back = |sql: &String| {
            let read: rusqlite::Result<f64> =
                self.conn.query_row(&format!("SELECT {sql}"), [], |row| row.get(0));
            read.is_ok_and(|read| read == value)
        };
        [format!("{value:?}"), format!("{value:.16e}"), format!("{value:.17e}"), format!("{value:.20e}")]
            .into_iter()
            .find(reads_back)
    }
}

/// A lone word is a string in a `DEFAULT`, but for these.
fn is_bare_word(sql: &str) -> bool {
    let constants = ["NULL", "TRUE", "FALSE", "CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP"];
    significant(sql).is_ok_and(|tokens| match tokens.as_slice() {
        [token] if token.kind == TokenKind::Word => !constants.iter().any(|constant| token.is_word(constant)),
        [token] => token.kind == TokenKind::QuotedId,
        _ => false,
    })
}

/// `ANY` has NUMERIC affinity outside of STRICT tables; no type at all keeps values as they are.
fn type_name(table: &TableDescriptor, column: &ColumnDescriptor) -> &'static str {
    match column.type_name {
        Some(name) => name,
        None if column.sql_type == SqlType::Any && !table.strict => "",
        None => column.sql_type.name(),
    }
}

fn key_terms(columns: &[&str]) -> Vec<KeyTermInfo> {
    let term = |column: &&str| KeyTermInfo { column: (*column).to_owned(), collation: None, desc: false };
    columns.iter().map(term).collect()
}

fn primary_key_info(table: &TableDescriptor, key: &PrimaryKeyDescriptor) -> PrimaryKeyInfo {
    let rowid_alias = match key.columns {
        [name] if !table.without_rowid => table.columns.iter().any(|column| {
            eq_name(column.name, name) && type_name(table, column).eq_ignore_ascii_case("integer")
        }),
        _ => false,
    };
    PrimaryKeyInfo {
        name: None,
        terms: key_terms(key.columns),
        conflict: None,
        autoincrement: key.autoincrement,
        rowid_alias,
    }
}

fn foreign_key_info(key: &ForeignKeyDescriptor) -> ForeignKeyInfo {
    ForeignKeyInfo {
        name: key.name.map(str::to_owned),
        columns: owned(key.columns),
        table: key.table.to_owned(),
        to: owned(key.to),
        on_delete: key.on_delete.sql().to_owned(),
        on_update: key.on_update.sql().to_owned(),
        match_name: None,
        deferred: key.deferrable,
    }
}

fn index_info(index: &IndexDescriptor) -> IndexInfo {
    let terms = index.terms.iter().map(|term| IndexTermInfo {
        term: term.term.to_owned(),
        is_expr: term.is_expr,
        collation: term.collation.map(str::to_owned),
        desc: term.desc,
    });
    IndexInfo {
        name: index.name.to_owned(),
        unique: index.unique,
        terms: terms.collect(),
        filter: index.filter.map(str::to_owned),
        sql: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::descriptor::{CheckDescriptor, IndexTermDescriptor, ReferenceAction, UniqueDescriptor};

    const PROJECT: TableDescriptor =
        TableDescriptor::new("project", &[ColumnDescriptor::new("id", SqlType::Integer).not_null()])
            .primary_key(PrimaryKeyDescriptor::new(&["id"]))
            .external();

    const TASK: TableDescriptor = TableDescriptor::new(
        "task",
        &[
            ColumnDescriptor::new("id", SqlType::Integer).not_null(),
            ColumnDescriptor::new("slug", SqlType::Text).not_null().collate("NOCASE").renamed_from(&["name"]),
            ColumnDescriptor::new("status", SqlType::Text)
                .not_null()
                .values(&[ConstValue::Text("pending"), ConstValue::Text("it's")])
                .default(ConstValue::Text("pending")),
            ColumnDescriptor::new("ratio", SqlType::Real).default(ConstValue::Real(0.1)).backfill("1.5"),
            ColumnDescriptor::new("data", SqlType::Blob).default(ConstValue::Blob(&[0, 255])),
            ColumnDescriptor::new("any", SqlType::Any).default(ConstValue::Integer(i64::MIN)),
            ColumnDescriptor::new("at", SqlType::Text).default(ConstValue::Sql("current_timestamp")),
            ColumnDescriptor::new("due", SqlType::Text).default(ConstValue::Sql("datetime('now') -- soon")),
            ColumnDescriptor::new("size", SqlType::Integer).generated("length(data)", true),
            ColumnDescriptor::new("project_id", SqlType::Integer).type_name("BIGINT"),
        ],
    )
    .primary_key(PrimaryKeyDescriptor::new(&["id"]).autoincrement())
    .uniques(&[UniqueDescriptor::new(&["slug"]), UniqueDescriptor::new(&["slug", "status"]).name("both")])
    .checks(&[CheckDescriptor::new("ratio < size").name("small")])
    .foreign_keys(&[ForeignKeyDescriptor::new(&["project_id"], "project", &["id"])
        .on_delete(ReferenceAction::Cascade)
        .deferrable()])
    .indexes(&[IndexDescriptor::new(
        "task_by_slug",
        &[
            IndexTermDescriptor::expr("lower(slug)").desc(),
            IndexTermDescriptor::column("at").collate("RTRIM"),
        ],
    )
    .filter("status <> 'pending'")]);

    const EMPTY: Schema = Schema {
        name: "main",
        version: "1.2",
        tables: &[],
        views: &[],
        triggers: &[],
        virtual_tables: &[],
        dropped: &[],
        allow: &[],
        fingerprint: 0xab,
    };

    fn make(schema: &Schema) -> Result<Model> {
        let conn = Connection::open_in_memory().unwrap();
        Model::from_schema(schema, &conn, &["migration_history".to_owned()], &Catalog::default())
    }

    fn refusal(schema: &Schema) -> String {
        let err = make(schema).unwrap_err();
        assert_eq!(err.kind(), ErrorKind::Model);
        err.to_string()
    }

    #[test]
    fn a_model_is_read_back_from_the_sql_that_it_prints() {
        let model = make(&Schema { tables: &[&PROJECT, &TASK], ..EMPTY }).unwrap();
        assert_eq!(model.fingerprint, "000000000000000000000000000000ab");
        assert_eq!(model.external, ["project"]);
        assert_eq!(model.catalog.tables.len(), 1);
        assert_eq!(
            model.catalog.tables[0].to_sql(),
            "CREATE TABLE task (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    slug TEXT NOT NULL UNIQUE COLLATE NOCASE,
    status TEXT NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'it''s')),
    ratio REAL DEFAULT 0.1,
    data BLOB DEFAULT x'00FF',
    \"any\" DEFAULT -9223372036854775808,
    at TEXT DEFAULT current_timestamp,
    due TEXT DEFAULT (datetime('now')),
    size INTEGER GENERATED ALWAYS AS (length(data)) STORED,
    project_id BIGINT REFERENCES project (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT \"both\" UNIQUE (slug, status),
    CONSTRAINT small CHECK (ratio < size)
)"
            .replace("\"any\"", &name_sql("any"))
            .replace("\"both\"", &name_sql("both"))
        );
        assert_eq!(
            model.catalog.tables[0].indexes[0].sql,
            "CREATE INDEX task_by_slug ON task (lower(slug) DESC, at COLLATE RTRIM) WHERE status <> 'pending'"
        );
        let hints = &model.tables["task"];
        assert_eq!(hints.columns["slug"].renamed_from, ["name"]);
        assert_eq!(hints.columns["ratio"].backfill.as_deref(), Some("1.5"));
        assert!(hints.columns["project_id"].exact_type && !hints.columns["slug"].exact_type);
    }

    #[test]
    fn every_finite_float_is_written_as_a_literal_of_the_same_value() {
        let conn = Connection::open_in_memory().unwrap();
        let maker = Maker {
            known: Known::default(),
            creating: Creating::on(&conn),
            conn: &conn,
            own: &[],
            taken: BTreeSet::new(),
            triggers: BTreeSet::new(),
        };
        for value in
            [0.1, -0.5, 1e300, 5e-324, f64::MAX, f64::MIN_POSITIVE, 0.1 + 0.2, 123_456_789.123_456_79]
        {
            let sql = maker.real(value).unwrap();
            let read: f64 = conn.query_row(&format!("SELECT {sql}"), [], |row| row.get(0)).unwrap();
            assert_eq!(read, value, "{sql}");
        }
        assert_eq!(maker.real(f64::NAN), None);
        assert_eq!(maker.real(f64::INFINITY), None);
    }

    #[test]
    fn views_triggers_and_virtual_tables_are_made_as_written() {
        let model = make(&Schema {
            tables: &[&PROJECT, &TASK],
            virtual_tables: &["CREATE VIRTUAL TABLE search USING fts5(slug)"],
            views: &["CREATE VIEW IF NOT EXISTS open AS SELECT * FROM task, project"],
            triggers: &[
                "CREATE TRIGGER t AFTER INSERT ON task BEGIN INSERT INTO search VALUES (NEW.slug); END;",
            ],
            ..EMPTY
        })
        .unwrap();
        assert_eq!(model.catalog.views[0].sql, "CREATE VIEW open AS SELECT * FROM task, project");
        assert_eq!(model.catalog.virtual_tables[0].shadows.len(), 5);
        assert_eq!(model.catalog.triggers[0].table, "task");
    }

    #[test]
    fn what_sqlite_refuses_is_told_with_the_object_its_sql_and_the_reason() {
        const BAD: TableDescriptor =
            TableDescriptor::new("bad", &[ColumnDescriptor::new("a", SqlType::Text)])
                .checks(&[CheckDescriptor::new("nosuch > a")]);
        let text = refusal(&Schema { tables: &[&BAD], ..EMPTY });
        assert!(
            text.starts_with("error: the model's table `bad` cannot be made\ncaused by: CREATE TABLE bad ("),
            "{text}"
        );
        assert!(text.contains("\n)\ncaused by: no such column: nosuch\nstate:"), "{text}");
        let text = refusal(&Schema { views: &["CREATE VIEW v AS SELECT 1; DROP TABLE x"], ..EMPTY });
        assert!(text.contains("it is more than one statement"), "{text}");
    }

    #[test]
    fn names_are_taken_once_and_ours_never() {
        let text =
            refusal(&Schema { tables: &[&PROJECT], views: &["CREATE VIEW Project AS SELECT 1"], ..EMPTY });
        assert!(text.contains("two objects of this name"), "{text}");
        let text = refusal(&Schema { views: &["CREATE VIEW Migration_History AS SELECT 1"], ..EMPTY });
        assert!(text.contains("belongs to the migration history"), "{text}");
    }

    #[test]
    fn sql_that_means_something_else_than_the_model_is_refused() {
        const STRAY: TableDescriptor =
            TableDescriptor::new("stray", &[ColumnDescriptor::new("a", SqlType::Integer)])
                .checks(&[CheckDescriptor::new("a > 0) CHECK (a < 9")]);
        let text = refusal(&Schema { tables: &[&STRAY], ..EMPTY });
        assert!(text.contains("unbalanced parentheses"), "{text}");
        const WORD: TableDescriptor = TableDescriptor::new(
            "word",
            &[ColumnDescriptor::new("a", SqlType::Text).default(ConstValue::Sql("pending"))],
        );
        let text = refusal(&Schema { tables: &[&WORD], ..EMPTY });
        assert!(text.contains("for a string; write it as 'pending'"), "{text}");
    }
}
