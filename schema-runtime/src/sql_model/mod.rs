//! A target that is written as SQL: CREATE statements, and directives in comments for what SQL cannot say.
//!
//! The text is split and judged (`script`), its statements are made in a scratch database and read back by the reader of the
//! user's file (`maker`), and the directives (`directive`) are attached to the tables and columns where they stand (`place`,
//! `attach`). All mistakes are told at once, each with its line and a caret (`fault`); what SQLite says without a position
//! gets one in `locate`.

mod attach;
mod directive;
mod fault;
mod locate;
mod maker;
mod place;
mod script;

use std::fs::File;
use std::io::Read;
use std::path::Path;

use rusqlite::Connection;
use schema_sql::eq_name;

use self::attach::Said;
use self::fault::Fault;
use self::maker::Maker;
use crate::catalog::{self, Catalog};
use crate::connection;
use crate::error::{Error, ErrorKind, Result};
use crate::history::History;
use crate::model::{Model, ModelOptions};

/// The largest file of SQL that is read, in bytes; more is no schema that anybody wrote.
const MAX_FILE: u64 = 64 << 20;

impl Model {
    /// What the `CREATE` statements in `text` describe, with the directives in its comments. `origin` is what messages call the
    /// text: its file name. `name` is the model's name.
    ///
    /// The statements may stand in any order: tables are made first, then virtual tables, indexes, views and triggers. `IF NOT
    /// EXISTS` and `main.` mean nothing. What `.schema` of the `sqlite3` shell prints can be read as it is: SQLite's own tables,
    /// the tables that virtual tables make for themselves, and the history's are passed over. A text without any statement is a model of
    /// nothing: every table of the model is then removed, as the removal policy says.
    ///
    /// ```
    /// use schema_runtime::{Model, ModelOptions};
    ///
    /// let sql = "
    ///     -- schema: version(1.2.0), dropped(old_log)
    ///     -- schema: renamed_from(todo)
    ///     CREATE TABLE task (
    ///         id INTEGER PRIMARY KEY,
    ///         title TEXT NOT NULL, -- schema: renamed_from(name) backfill('untitled')
    ///         -- schema: convert(round(estimate * 60))
    ///         estimate INTEGER
    ///         -- schema: dropped(color)
    ///     );
    /// ";
    /// let model = Model::from_sql(sql, "schema.sql", "main", &ModelOptions::new())?;
    /// assert_eq!(model.version(), "1.2.0");
    /// # Ok::<(), schema_runtime::Error>(())
    /// ```
    ///
    /// A comment that begins with `schema:` holds directives, several with blanks or commas between them:
    ///
    /// | directive | where | what it says |
    /// | --- | --- | --- |
    /// | `renamed_from(old, older)` | before `CREATE TABLE`, or at a column | what it was called before, newest first |
    /// | `backfill(expr)` | at a column | the value for existing rows without one |
    /// | `convert(expr)` | at a column | the new value, where the type changes |
    /// | `dropped(column, …)` | anywhere inside of a table's parentheses | columns that may go with their data |
    /// | `dropped(table, table.column, …)` | anywhere else | tables and columns that may go with their data |
    /// | `exact_order` | before `CREATE TABLE` | another order of the columns is a change |
    /// | `external` | before `CREATE TABLE` | another model's table: references resolve, and nothing is done about it |
    /// | `version(1.2.0)` | outside of a table's parentheses | the model's version |
    ///
    /// A comment is at a column if it stands behind its definition in the same line, or on lines of its own right before it.
    ///
    /// # Errors
    /// `Model`, with file, line, column and a line of carets for each mistake: a statement that is no `CREATE`, or makes a temporary
    /// object, or one from a `SELECT`; whatever SQLite refuses; a view, trigger or foreign key that refers to something that
    /// is not there; a directive that is unknown, stands at nothing, or contradicts the tables. `Missing` if all that is wrong is
    /// that a function, collation or module is not registered by the hook. No database is touched.
    pub fn from_sql(text: &str, origin: &str, name: &str, options: &ModelOptions) -> Result<Model> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut faults = Vec::new();
        let mut script = match script::read(text, &mut faults) {
            Ok(script) => script,
            Err(fault) => return Err(fault::error(text, origin, vec![fault])),
        };
        let hook = options.hook.as_ref();
        let scratch = connection::scratch(None, hook)?;
        let own = History::named(options.history_table.as_str()).own_tables();
        let mut maker = Maker { conn: &scratch, hook, own: &own, faults: &mut faults };
        let catalog = maker.make(&mut script).map_err(|err| err.state("no database was touched"))?;
        let directives = directive::read(&script.tokens, &mut faults);
        let said = attach::attach(&script, directives, &mut faults);
        check_exprs(&scratch, &said, &mut faults);
        if faults.is_empty() {
            return Ok(model(name, catalog, said));
        }
        Err(fault::error(text, origin, faults))
    }

    /// As [`from_sql`](Self::from_sql), for the text of the file at `path`, which is UTF-8, with or without a byte order mark.
    ///
    /// # Errors
    /// As [`from_sql`](Self::from_sql); `Open` if there is no such file, it is a folder or cannot be read; `Model` if it is
    /// not UTF-8, is a database, or is larger than 64 MiB.
    pub fn from_sql_file(path: impl AsRef<Path>, name: &str, options: &ModelOptions) -> Result<Model> {
        let path = path.as_ref();
        let origin = path.display().to_string();
        let text = read_text(path).map_err(|error| {
            error.context(format!("cannot read `{origin}`")).state("no database was touched")
        })?;
        Model::from_sql(&text, &origin, name, options)
    }
}

fn read_text(path: &Path) -> Result<String> {
    if path.is_dir() {
        return Err(Error::new(ErrorKind::Open, "it is a directory").help("give the path of a file of SQL"));
    }
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(MAX_FILE + 1).read_to_end(&mut bytes)).map_err(|err| {
        let (cause, help) = match err.kind() {
            std::io::ErrorKind::NotFound => ("there is no such file", "correct the path"),
            std::io::ErrorKind::PermissionDenied => {
                ("this user may not read it", "make the file and its folders readable for this user")
            }
            _ => ("reading it failed", "look at the file, its folders and the disk"),
        };
        Error::new(ErrorKind::Open, cause).source(err).help(help)
    })?;
    if bytes.starts_with(b"SQLite format 3\0") {
        return Err(Error::new(ErrorKind::Model, "it is a SQLite database, not a file of SQL")
            .help("take it for a target with `Model::from_database`"));
    }
    if bytes.len() as u64 > MAX_FILE {
        return Err(Error::new(ErrorKind::Model, "it is larger than 64 MiB")
            .help("leave out all but the CREATE statements: rows are no part of a schema"));
    }
    String::from_utf8(bytes).map_err(|err| {
        let at = err.utf8_error().valid_up_to();
        Error::new(ErrorKind::Model, format!("it is not UTF-8: byte {at} begins no character"))
            .help("save it as UTF-8")
    })
}

/// An expression that SQLite cannot even parse; the names in it may be those of columns that only the database has.
fn check_exprs(scratch: &Connection, said: &Said, faults: &mut Vec<Fault>) {
    for (sql, span) in &said.exprs {
        let select = format!("SELECT ({sql})");
        let Err(err) = scratch.prepare(&select) else { continue };
        let reason = catalog::reason(&err, &select);
        if reason.ends_with(": syntax error") {
            let part = locate::fault(scratch, &select, &reason);
            faults.push(part.moved("SELECT (".len(), *span));
        }
    }
}

fn model(name: &str, mut catalog: Catalog, said: Said) -> Model {
    let external = |name: &str| said.external.iter().any(|external| eq_name(external, name));
    catalog.tables.retain(|table| !external(&table.name));
    let mut model = Model::explicit(name, &said.version, catalog);
    model.tables = said.tables;
    model.dropped = said.dropped;
    model.external = said.external;
    model.seal();
    model
}
