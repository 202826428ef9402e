//! The command `schema`, and the same for a program's own binary: see, try and steer the schema of SQLite databases by hand.
//!
//! A program with a model gets the whole command by five lines in `src/bin/manage.rs`:
//!
//! ```no_run
//! # use schema_runtime::{Schema, Table, schema};
//! # #[derive(Table)]
//! # struct Task { #[column(primary_key)] id: i64 }
//! # const SCHEMA: Schema = schema! { tables: [Task] };
//! fn main() -> std::process::ExitCode {
//!     schema_cli::run(&SCHEMA)
//! }
//! ```
//!
//! `manage plan app.db` then shows what the next start would do, `manage apply app.db` does it. The stock `schema` has no model: each
//! verb that needs one takes `--to FILE`. Verbs, flags, exit codes, settings and the fields of `--json` are in `docs/command.md` of the
//! repository. `cargo install schema-cli` makes the stock command.
//!
//! The module [`inspect`] has what `schema inspect` prints as functions: SQL, a diagram, and a Rust module to begin a program with.
//!
//! ```
//! use schema_cli::inspect::{RustOptions, mermaid, rust, sql};
//! use schema_runtime::Catalog;
//! use schema_runtime::rusqlite::Connection;
//!
//! let conn = Connection::open_in_memory()?;
//! conn.execute_batch("CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT NOT NULL)")?;
//! let catalog = Catalog::read(&conn)?;
//!
//! assert!(rust(&catalog, &RustOptions::default()).text.contains("pub struct Note {"));
//! assert!(sql(&catalog).contains("CREATE TABLE notes"));
//! assert!(mermaid(&catalog).starts_with("erDiagram"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | feature | |
//! | --- | --- |
//! | `bundled`, the default | SQLite itself; a program that links one already turns it off |

mod args;
mod exit;
mod github;
pub mod inspect;
mod output;
mod progress;
mod settings;
mod target;
mod verb;
mod view;
mod words;

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use clap::error::ErrorKind;
use schema_runtime::rusqlite::{self, Connection};
use schema_runtime::{Cancel, Migrations, Schema};

use crate::args::{Color, CommandLine, Global, Verb};
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::progress::Progress;
use crate::settings::{Settings, Sources};
use crate::target::{Context, Hook};

/// Runs the command on the arguments of this process, with `schema` as its built-in model.
///
/// Results go to stdout, progress and errors to stderr; stdin is never read.
///
/// The code is 0 when done or nothing is to do, 1 after an error, 2 where `check`, `diff` or `plan --exit-code` find differences, 3 where
/// a policy, a hazard, the time limit or the rows refuse, 4 after drift or tampering, 5 where the database is busy.
pub fn run(schema: &'static Schema) -> ExitCode {
    Command::new(schema).run()
}

/// The command, for programs that have to register something on each connection.
///
/// ```no_run
/// # use schema_runtime::{Schema, Table, schema};
/// # #[derive(Table)]
/// # struct Task { #[column(primary_key)] id: i64 }
/// # const SCHEMA: Schema = schema! { tables: [Task] };
/// # fn register(_: &schema_runtime::rusqlite::Connection) -> schema_runtime::rusqlite::Result<()> { Ok(()) }
/// fn main() -> std::process::ExitCode {
///     schema_cli::Command::new(&SCHEMA).connection(register).run()
/// }
/// ```
#[derive(Clone, Default)]
pub struct Command {
    schema: Option<&'static Schema>,
    migrations: Option<Migrations>,
    hook: Option<Hook>,
}

impl std::fmt::Debug for Command {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Command")
            .field("model", &self.schema.map(|schema| schema.name))
            .finish_non_exhaustive()
    }
}

impl Command {
    /// The command with `schema` as its built-in model.
    pub fn new(schema: &'static Schema) -> Self {
        Command { schema: Some(schema), ..Command::default() }
    }

    /// The command as the stock `schema` has it: every target is a file.
    pub fn without_model() -> Self {
        Command::default()
    }

    /// The program's numbered migrations, functions among them: what the verbs take where `--migrations` names no folder.
    ///
    /// ```no_run
    /// # use schema_runtime::{Migration, Migrations, Schema, Table, schema};
    /// # #[derive(Table)]
    /// # struct Task { #[column(primary_key)] id: i64 }
    /// # const SCHEMA: Schema = schema! { tables: [Task] };
    /// fn main() -> std::process::ExitCode {
    ///     let migrations = Migrations::new([Migration::sql(1, "upper", "UPDATE task SET id = id + 1").expect("SQL")]);
    ///     schema_cli::Command::new(&SCHEMA).migrations(migrations.expect("numbers")).run()
    /// }
    /// ```
    pub fn migrations(mut self, migrations: Migrations) -> Self {
        self.migrations = Some(migrations);
        self
    }

    /// Registers functions, collations, modules or a key on every connection: as
    /// [`Migrator::connection`](schema_runtime::Migrator::connection).
    pub fn connection(
        mut self,
        hook: impl Fn(&Connection) -> rusqlite::Result<()> + Send + Sync + 'static,
    ) -> Self {
        self.hook = Some(Arc::new(hook));
        self
    }

    /// Runs on the arguments of this process: see [`run`](crate::run()).
    pub fn run(self) -> ExitCode {
        let arguments: Vec<OsString> = std::env::args_os().collect();
        ExitCode::from(self.on(&arguments).code())
    }

    fn on(self, arguments: &[OsString]) -> Exit {
        let program = arguments.first().map(Path::new).and_then(Path::file_stem);
        let program = program.map_or_else(|| "schema".to_owned(), |name| name.to_string_lossy().into_owned());
        let CommandLine { global, verb } = match CommandLine::try_parse_from(arguments) {
            Ok(line) => line,
            Err(error) => return no_command(&error, arguments),
        };
        let output = Output { json: global.json, color: global.color };
        let name = verb.name();
        let answer = self.context(&global, &verb, program).and_then(|context| verb::run(&context, &verb));
        match answer {
            Ok(answer) => output.answer(name, answer),
            Err(failure) => output.failure(Some(name), &failure),
        }
    }

    fn context(self, global: &Global, verb: &Verb, program: String) -> exit::Result<Context> {
        let mut flags = verb::flags(verb);
        flags.lock_wait = global.lock_wait;
        flags.history_table.clone_from(&global.history_table);
        let sources = Sources {
            config: global.config.as_deref(),
            env: global.env.as_deref(),
            lookup: &|name| std::env::var_os(name),
        };
        let cancel = Cancel::new();
        if verb::writes(verb) {
            cancel_by_signal(&cancel);
        }
        Ok(Context {
            schema: self.schema,
            migrations: self.migrations,
            hook: self.hook,
            settings: verb::own_settings(verb, Settings::read(flags, &sources)?),
            program,
            progress: Progress::new(global.quiet),
            cancel,
        })
    }
}

/// Ctrl-C and a request to terminate stop the run, which then rolls back. A verb that only reads is simply ended by them.
fn cancel_by_signal(cancel: &Cancel) {
    let cancel = cancel.clone();
    // Where the program has a handler of its own, that one decides.
    let _ = ctrlc::try_set_handler(move || cancel.cancel());
}

/// Help and version were asked for, or the command line is wrong. clap's own code for the latter, 2, means differences here.
fn no_command(error: &clap::Error, arguments: &[OsString]) -> Exit {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        // A reader that has heard enough is no failure.
        let _ = error.print();
        return Exit::Done;
    }
    if arguments.iter().any(|argument| argument == "--json") {
        let text = error.render().to_string();
        let mut parts = text.trim_end().splitn(2, "\n\n");
        let what = parts.next().unwrap_or_default();
        let failure = Failure::usage(what.strip_prefix("error: ").unwrap_or(what))
            .state("nothing was opened")
            .help(parts.next().unwrap_or("say `--help`").trim().to_owned());
        return Output { json: true, color: Color::Never }.failure(None, &failure);
    }
    let _ = error.print();
    Exit::Error
}

/// The code in the guide is compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../docs/models.md")]
struct ModelsGuide;
