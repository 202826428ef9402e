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
use std::io::{self, Read};
use std::path::Path;

use rusqlite::Connection;
use schema_sql::eq_name;

use self::attach::Said;
use self::fault::Fault;
use self::maker::Maker;
use crate::catalog::{self, Catalog};
use crate::connection;
use crate::creating::Creating;
use crate::error::{Error, ErrorKind, Result};
use crate::history::History;
use crate::model::{Model, ModelOptions};

/// The largest file of SQL that is read, in bytes; more is no schema that anybody wrote.
const MAX_FILE: u64 = 64 << 20;

/// The bytes of `sql` that `reason`, a text of SQLite, means: offset and length.
pub(crate) fn fault_in(conn: &Connection, sql: &str, reason: &str) -> (usize, usize) {
    locate::fault(conn, sql, reason).place()
}

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
    /// | `allow(L511, …)` | before `CREATE TABLE`, at a column, or elsewhere in a table's parentheses | lints that find nothing there: see [`ModelLint`](crate::ModelLint) |
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
        let untouched = |err: Error| err.state("no database was touched");
        let scratch = connection::scratch(None, hook).map_err(untouched)?;
        let own = History::named(options.history_table.as_str()).own_tables();
        let creating = Creating::on(&scratch);
        let mut maker = Maker { conn: &scratch, creating, hook, own: &own, faults: &mut faults };
        let catalog = maker.make(&mut script).map_err(untouched)?;
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
        let file = open_text(path).map_err(|error| unread(error, &origin))?;
        Model::from_sql_reader(file, &origin, name, options)
    }

    /// As [`from_sql_file`](Self::from_sql_file), for a text that comes from somewhere else, such as a pipe. It is read to its end, once.
    ///
    /// # Errors
    /// As [`from_sql_file`](Self::from_sql_file).
    pub fn from_sql_reader(
        reader: impl Read,
        origin: &str,
        name: &str,
        options: &ModelOptions,
    ) -> Result<Model> {
        let text = read_text(reader).map_err(|error| unread(error, origin))?;
        Model::from_sql(&text, origin, name, options)
    }
}

fn unread(error: Error, origin: &str) -> Error {
    error.context(format!("cannot read `{origin}`")).state("no database was touched")
}

fn unreadable(err: io::Error) -> Error {
    let (cause, help) = match err.kind() {
        io::ErrorKind::NotFound => ("there is no such file", "correct the path"),
        io::ErrorKind::PermissionDenied => {
            ("this user may not read it", "make the file and its folders readable for this user")
        }
        _ => ("reading it failed", "look at the file, its folders and the disk"),
    };
    Error::new(ErrorKind::Open, cause).source(err).help(help)
}

fn open_text(path: &Path) -> Result<File> {
    if path.is_dir() {
        return Err(Error::new(ErrorKind::Open, "it is a directory").help("give the path of a file of SQL"));
    }
    File::open(path).map_err(unreadable)
}

fn read_text(reader: impl Read) -> Result<String> {
    let mut bytes = Vec::new();
    reader.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(unreadable)?;
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
    model.allow = said.allow;
    model.seal();
    model
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ColumnHints, TableHints};

    fn read(sql: &str) -> Result<Model> {
        Model::from_sql(sql, "x.sql", "main", &ModelOptions::new())
    }

    /// What the directives say, a table or column a line.
    fn said(sql: &str) -> String {
        let model = read(sql).unwrap_or_else(|err| panic!("{sql}\n{err}"));
        let mut lines = Vec::new();
        for (table, hints) in &model.tables {
            let TableHints { renamed_from, dropped, exact_order, columns } = hints;
            if !(renamed_from.is_empty() && dropped.is_empty() && !exact_order) {
                lines.push(format!("{table}: {renamed_from:?} {dropped:?} {exact_order}"));
            }
            for (column, hints) in columns {
                let ColumnHints { renamed_from, backfill, convert, .. } = hints;
                lines.push(format!("{table}.{column}: {renamed_from:?} {backfill:?} {convert:?}"));
            }
        }
        if !(model.dropped.is_empty() && model.external.is_empty() && model.version.is_empty()) {
            lines.push(format!("{:?} {:?} {:?}", model.dropped, model.external, model.version));
        }
        lines.join("\n")
    }

    #[test]
    fn a_directive_belongs_to_what_it_stands_at() {
        let rows = [
            // Behind a column: before its comma, after it, in the midst of it, on the last of its lines.
            ("CREATE TABLE t (a INT, -- schema: renamed_from(x)\n b INT)", "t.a: [\"x\"] None None"),
            ("CREATE TABLE t (a INT -- schema: renamed_from(x)\n, b INT)", "t.a: [\"x\"] None None"),
            ("CREATE TABLE t (a INT /* schema: renamed_from(x) */, b INT)", "t.a: [\"x\"] None None"),
            ("CREATE TABLE t (a INT, b INT -- schema: renamed_from(x)\n)", "t.b: [\"x\"] None None"),
            (
                "CREATE TABLE t (\n a INT\n  -- schema: renamed_from(x)\n  NOT NULL,\n b INT)",
                "t.a: [\"x\"] None None",
            ),
            (
                "CREATE TABLE t (\n a INT\n  NOT NULL, -- schema: renamed_from(x)\n b INT)",
                "t.a: [\"x\"] None None",
            ),
            // Before a column, on lines of their own.
            (
                "CREATE TABLE t (\n -- schema: renamed_from(x)\n\n -- and\n /* schema: backfill(1) */\n a INT,\n b INT)",
                "t.a: [\"x\"] Some(\"1\") None",
            ),
            ("CREATE TABLE t (a INT,\n -- schema: renamed_from(x)\n b INT)", "t.b: [\"x\"] None None"),
            ("CREATE TABLE t (a INT\n -- schema: renamed_from(x)\n , b INT)", "t.b: [\"x\"] None None"),
            ("CREATE TABLE t (\n /* schema: renamed_from(x) */ a INT)", "t.a: [\"x\"] None None"),
            // At a table: before it, and around its parentheses.
            ("-- schema: renamed_from(x, \"y z\")\nCREATE TABLE t (a)", "t: [\"x\", \"y z\"] [] false"),
            ("CREATE TABLE u (a);\n/* schema: exact_order */ CREATE TABLE t (a)", "t: [] [] true"),
            ("CREATE TABLE t -- schema: exact_order\n(a)", "t: [] [] true"),
            ("CREATE TABLE t (a) -- schema: exact_order\n STRICT;", "ERROR"),
            // Anywhere.
            ("CREATE TABLE t (a, -- schema: dropped(b, 'c')\n UNIQUE (a))", "t: [] [\"b\", \"c\"] false"),
            (
                "CREATE TABLE t (a); -- schema: dropped(u, t.b) version(2)",
                "t: [] [\"b\"] false\n[\"u\"] [] \"2\"",
            ),
            ("CREATE TABLE t (a);\nCREATE INDEX i -- schema: dropped(u)\n ON t (a)", "[\"u\"] [] \"\""),
            ("-- schema: external\nCREATE TABLE T (a)", "[] [\"T\"] \"\""),
        ];
        for (sql, expected) in rows {
            if expected == "ERROR" {
                assert!(read(sql).unwrap_err().to_string().contains("missing datatype"), "{sql}");
            } else {
                assert_eq!(said(sql), expected, "{sql}");
            }
        }
    }

    #[test]
    fn arguments_are_any_balanced_sql_and_directives_are_told_from_comments() {
        let rows = [
            (
                "--schema:backfill( coalesce(b, ')', 'it''s') ),convert ((1 + 2))",
                "t.a: [] Some(\"coalesce(b, ')', 'it''s')\") Some(\"(1 + 2)\")",
            ),
            ("--- schema: RENAMED_FROM(x) renamed_from(x)", "t.a: [\"x\"] None None"),
            ("-- Schema: renamed_from(x)", "t.a: [\"x\"] None None"),
            ("-- Schema: the first column", ""),
            ("-- the schema: renamed_from(x)", ""),
            ("-- schemas: renamed_from(x)", ""),
            ("/*\n * schema: as an ornament\n */", "unknown"),
            ("/* schema:\n renamed_from(x)\n backfill(1)\n*/", "t.a: [\"x\"] Some(\"1\") None"),
            ("-- schema: renamed_from(x,, y)", "unexpected"),
        ];
        for (comment, expected) in rows {
            let sql = format!("CREATE TABLE t (\n{comment}\na INT, b INT)");
            match expected {
                "unknown" => {
                    assert!(read(&sql).unwrap_err().to_string().contains("unknown directive"), "{sql}")
                }
                "unexpected" => {
                    assert!(read(&sql).unwrap_err().to_string().contains("expected a name"), "{sql}")
                }
                _ => assert_eq!(said(&sql), expected, "{sql}"),
            }
        }
    }

    #[test]
    fn columns_may_take_over_each_other_s_names_in_a_row() {
        let sql = "CREATE TABLE t (\n a INT, -- schema: renamed_from(b)\n b INT, -- schema: renamed_from(c)\n d INT)";
        assert_eq!(said(sql), "t.a: [\"b\"] None None\nt.b: [\"c\"] None None");
    }

    #[test]
    fn another_directive_is_another_fingerprint() {
        let texts = ["", "-- schema: exact_order", "-- schema: renamed_from(u)", "-- schema: dropped(u)"];
        let prints: Vec<String> = texts
            .iter()
            .map(|text| read(&format!("{text}\nCREATE TABLE t (a)")).unwrap().fingerprint)
            .collect();
        for (at, print) in prints.iter().enumerate() {
            assert_eq!(prints.iter().position(|other| other == print), Some(at));
        }
        assert_eq!(read("CREATE TABLE t (a)").unwrap().fingerprint, prints[0]);
    }

    const RICH: &str = "-- schema: version(1.2), dropped(gone)
-- schema: renamed_from(old) exact_order
CREATE TABLE t (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  a TEXT NOT NULL DEFAULT 'é', -- schema: renamed_from(b), backfill('x' || id)
  /* schema: convert(CAST(c AS INT)) */
  c INT CHECK (c > 0) REFERENCES t (id),
  g AS (c + 1), UNIQUE (a, c) -- schema: dropped(z)
);
CREATE UNIQUE INDEX i ON t (lower(a) DESC) WHERE c IN (1, 2);
CREATE VIRTUAL TABLE f USING fts5(a);
CREATE VIEW v (x) AS SELECT a FROM t;
CREATE TRIGGER r AFTER UPDATE OF a ON t WHEN NEW.c BEGIN
  INSERT INTO f VALUES (NEW.a);
END;";

    /// A model, or an error whose every place is one of the text.
    fn is_told(sql: &str) {
        let Err(error) = read(sql) else { return };
        let text = error.to_string();
        assert!(error.what().starts_with("cannot read `x.sql`: "), "{sql}\n{text}");
        let places: Vec<&str> = text.split("caused by: x.sql:").skip(1).collect();
        assert!(!places.is_empty(), "{sql}\n{text}");
        for place in places {
            let mut numbers = place.split([':', '\n']).map(|number| number.parse::<usize>().unwrap());
            let (line, column) = (numbers.next().unwrap(), numbers.next().unwrap());
            let width = sql.split('\n').nth(line - 1).map(|line| line.chars().count());
            assert!(width.is_some_and(|width| column <= width + 1), "{sql}\n{text}");
            assert!(place.lines().nth(3).is_some_and(|line| line.contains('^')), "{sql}\n{text}");
        }
    }

    #[test]
    fn every_beginning_of_a_script_is_a_model_or_a_mistake_with_its_place() {
        read(RICH).unwrap();
        for (end, _) in RICH.char_indices() {
            is_told(&RICH[..end]);
        }
    }

    #[test]
    fn a_script_without_one_of_its_tokens_is_a_model_or_a_mistake_with_its_place() {
        for token in schema_sql::tokenize(RICH).unwrap() {
            is_told(&format!("{}{}", &RICH[..token.at], &RICH[token.end()..]));
            is_told(&format!("{}{}", &RICH[..token.end()], &RICH[token.at..]));
        }
    }
}
