//! The command line as types: every verb, flag and help text. What they mean is in `settings` and `verb`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::words::{BackupWhen, Drift, Limit, Number, Removed, age, duration, limit, number, size};

const EXIT_CODES: &str = "\
Exit codes: 0 done or nothing to do, 1 error, 2 differences pending, 3 refused by a policy, a hazard, the time limit or \
the rows, 4 drift or tampering, 5 busy. Results go to stdout, progress and errors to stderr.";

/// See, try and steer the schema of SQLite databases.
#[derive(Debug, Parser)]
#[command(name = "schema", version, after_help = EXIT_CODES, max_term_width = 100, subcommand_required = true)]
#[command(arg_required_else_help = false, disable_help_subcommand = true)]
pub(crate) struct CommandLine {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// What every verb takes.
#[derive(Debug, Args)]
#[command(next_help_heading = "For every verb")]
pub(crate) struct Global {
    /// Print one JSON document instead of text
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Show no progress
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// When to use colours
    #[arg(long, global = true, value_enum, default_value = "auto", value_name = "WHEN")]
    pub(crate) color: Color,
    /// The settings file, instead of schema.toml where there is one
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The section [env.NAME] of the settings file [env: SCHEMA_ENV]
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) env: Option<String>,
    /// How long to wait for another program's lock: 500ms, 5s, 2m, or milliseconds [env: SCHEMA_LOCK_WAIT_MS] [default: 5s]
    #[arg(long, global = true, value_name = "TIME", value_parser = duration)]
    pub(crate) lock_wait: Option<Duration>,
    /// The name of the history table [default: migration_history]
    #[arg(long, global = true, value_name = "TABLE")]
    pub(crate) history_table: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Show what would change: SQL, method, cost, hazards
    #[command(after_help = "Example: schema plan app.db --to schema.sql --out plan.json")]
    Plan(Plan),
    /// Change the database as planned: back up, apply, verify, record
    #[command(alias = "migrate", after_help = "Example: schema apply app.db --to schema.sql --removed drop")]
    Apply(Apply),
    /// Say by exit code whether anything is pending, refused or changed by hand; for CI
    #[command(after_help = "Example: schema check app.db --to schema.sql || exit 1")]
    Check(Check),
    /// Show what leads from one target to another; no database is changed
    #[command(after_help = "Example: schema diff app.db schema.sql")]
    Diff(Diff),
    /// Show versions, what is pending, and what is kept, foreign or changed by hand
    #[command(after_help = "Example: schema status app.db")]
    Status(Status),
    /// Take the last revisions back, with the values that they dropped; the newest goes first
    #[command(after_help = "Example: schema rollback app.db --to 1.4.0 --dry-run")]
    Rollback(Rollback),
    /// Take the newest numbered migration back and run it again, as its file is now
    #[command(after_help = "Example: schema redo app.db --migrations migrations")]
    Redo(Redo),
    /// Start a numbered migration: the next file of the folder
    #[command(alias = "generate", after_help = "Example: schema new 'split names' --down")]
    New(New),
    /// Look at a model, and at numbered migrations before anybody applies them: hazards, vague names, ways back that do not lead back
    #[command(after_help = "Example: schema lint --to schema.sql --migrations migrations --allow L303")]
    Lint(Lint),
    /// Make one baseline from many numbered migrations
    #[command(after_help = "Example: schema squash baseline --upto 034")]
    Squash(Squash),
    /// Print the SQL that leads from one migration or schema to another; no database is opened
    #[command(after_help = "Example: schema script --from 012 --upto 034")]
    Script(Script),
    /// List the numbered migrations that are due
    #[command(after_help = "Example: schema pending app.db --migrations migrations")]
    Pending(Pending),
    /// Copy the migrations of another tool into files that are named as ours
    #[command(after_help = "Example: schema import db/migrations --migrations migrations")]
    Import(Import),
    /// Record what another tool has applied, so that nothing of it runs again
    #[command(after_help = "Example: schema adopt app.db --migrations migrations --dry-run")]
    Adopt(Adopt),
    /// Say what holds where the history and the migrations, or the database, disagree
    #[command(after_help = "Example: schema resolve app.db --rehash 034 --reason 'a comment was added'")]
    Resolve(Resolve),
    /// List every run that the database records
    #[command(after_help = "Example: schema history app.db --limit 5")]
    History(History),
    /// Record the live schema as the model's own, so that what a later target lacks counts as removed
    #[command(after_help = "Example: schema baseline app.db --as schema.sql")]
    Baseline(Baseline),
    /// Show the schema of a database, a script or a folder of migrations: as SQL, JSON, a diagram or a Rust module
    #[command(after_help = "Example: schema inspect app.db --rust > src/model.rs")]
    Inspect(Inspect),
    /// Say how a database is, from 0 to 100, and what to do about it
    #[command(after_help = "Example: schema doctor app.db --full --fail-under 80")]
    Doctor(Doctor),
    /// Make, list, verify and prune backups
    #[command(after_help = "Example: schema backup app.db create --reason 'before the move'")]
    Backup(BackupVerb),
    /// Print the completions of a shell
    #[command(after_help = "Example: schema completions bash > /etc/bash_completion.d/schema")]
    Completions(Completions),
    /// Print the manual page, of the command or of one verb
    #[command(after_help = "Example: schema man plan | man -l -")]
    Man(Man),
}

impl Verb {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Verb::Plan(_) => "plan",
            Verb::Apply(_) => "apply",
            Verb::Check(_) => "check",
            Verb::Diff(_) => "diff",
            Verb::Status(_) => "status",
            Verb::Rollback(_) => "rollback",
            Verb::Redo(_) => "redo",
            Verb::New(_) => "new",
            Verb::Lint(_) => "lint",
            Verb::Squash(_) => "squash",
            Verb::Script(_) => "script",
            Verb::Pending(_) => "pending",
            Verb::Import(_) => "import",
            Verb::Adopt(_) => "adopt",
            Verb::Resolve(_) => "resolve",
            Verb::History(_) => "history",
            Verb::Baseline(_) => "baseline",
            Verb::Inspect(_) => "inspect",
            Verb::Doctor(_) => "doctor",
            Verb::Backup(_) => "backup",
            Verb::Completions(_) => "completions",
            Verb::Man(_) => "man",
        }
    }
}

/// Which file.
#[derive(Debug, Default, Args)]
pub(crate) struct Database {
    /// The database file [env: SCHEMA_DB]
    #[arg(value_name = "DB")]
    pub(crate) db: Option<PathBuf>,
}

/// What it shall become.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Target")]
pub(crate) struct Target {
    /// A file of CREATE statements, a SQLite database, or a snapshot in JSON, instead of the built-in model
    #[arg(long, value_name = "FILE")]
    pub(crate) to: Option<PathBuf>,
    /// The name under which the target is recorded [default: main]
    #[arg(long, value_name = "NAME")]
    pub(crate) model: Option<String>,
    /// A rename that the target cannot say: table.old=new for a column, old=new for a table
    #[arg(long, value_name = "RENAME")]
    pub(crate) rename: Vec<String>,
    /// A folder of numbered migrations, alone or beside a target
    #[arg(long, value_name = "FOLDER")]
    pub(crate) migrations: Option<PathBuf>,
    /// Let a migration run whose number is below that of one that was applied
    #[arg(long)]
    pub(crate) out_of_order: bool,
}

/// What a change may do.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Policies")]
pub(crate) struct Policies {
    /// What happens to what the target no longer has; drop consents to all of it [default: retain]
    #[arg(long, value_enum, value_name = "POLICY")]
    pub(crate) removed: Option<Removed>,
    /// What happens to what was changed by hand [default: refuse]
    #[arg(long, value_enum, value_name = "POLICY")]
    pub(crate) drift: Option<Drift>,
    /// Consent to a hazard, everywhere or on one object
    #[arg(long, value_name = "CODE[=TABLE.COLUMN]")]
    pub(crate) allow: Vec<String>,
    /// Let an older model take the database back to itself [env: SCHEMA_ALLOW_REVERT]
    #[arg(long)]
    pub(crate) allow_revert: bool,
    /// Accept a database without history that holds none of the target's tables
    #[arg(long)]
    pub(crate) adopt_any: bool,
    /// How long the change may take: 500ms, 15s, 2m, milliseconds, or none [env: SCHEMA_TIME_LIMIT_MS] [default: 15s]
    #[arg(long, value_name = "TIME", value_parser = limit, conflicts_with = "no_time_limit")]
    pub(crate) time_limit: Option<Limit>,
    /// Lift the time limit
    #[arg(long)]
    pub(crate) no_time_limit: bool,
}

/// Where the copies go.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Backup")]
pub(crate) struct Backup {
    /// When to back up before the change [env: SCHEMA_BACKUP] [default: always]
    #[arg(long, value_enum, value_name = "POLICY", conflicts_with = "no_backup")]
    pub(crate) backup: Option<BackupWhen>,
    /// Make no backup
    #[arg(long)]
    pub(crate) no_backup: bool,
    /// The folder of the backups, instead of backups/migrations beside the database [env: SCHEMA_BACKUP_DIR]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) backup_dir: Option<PathBuf>,
}

/// Which backups stay.
#[derive(Debug, Default, Args)]
pub(crate) struct Keep {
    /// Delete what is older: 30d, 12h, or none [default: 30d]
    #[arg(long, value_name = "TIME", value_parser = age)]
    pub(crate) keep_age: Option<Limit>,
    /// Keep so many of the newest, or none for no limit [default: none]
    #[arg(long, value_name = "NUMBER", value_parser = number)]
    pub(crate) keep_count: Option<Number>,
    /// Keep so many bytes of the newest: 500MiB, 2GiB, bytes, or none [default: none]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub(crate) keep_size: Option<Number>,
}

#[derive(Debug, Args)]
pub(crate) struct Plan {
    #[command(flatten)]
    pub(crate) database: Database,
    #[command(flatten)]
    pub(crate) target: Target,
    #[command(flatten)]
    pub(crate) policies: Policies,
    /// Print the SQL script alone
    #[arg(long, conflicts_with = "json")]
    pub(crate) sql: bool,
    /// Save the plan for `apply --plan`; an existing file is not overwritten
    #[arg(long, value_name = "FILE", conflicts_with = "migrations")]
    pub(crate) out: Option<PathBuf>,
    /// Exit with 2 where changes are pending
    #[arg(long)]
    pub(crate) exit_code: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Apply {
    #[command(flatten)]
    pub(crate) database: Database,
    #[command(flatten)]
    pub(crate) target: Target,
    #[command(flatten)]
    pub(crate) policies: Policies,
    #[command(flatten)]
    pub(crate) backup: Backup,
    /// Apply exactly this saved plan, which brings its target and its policies
    #[arg(long, value_name = "FILE", conflicts_with_all = ["to", "model", "rename", "migrations", "removed", "drift", "allow", "allow_revert", "adopt_any"])]
    pub(crate) plan: Option<PathBuf>,
    /// Run migrations only as far as this one; the model waits where one that comes before it is left
    #[arg(long = "target", value_name = "VERSION", conflicts_with = "plan")]
    pub(crate) up_to: Option<String>,
    /// Only show what would be done
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Why, for the history
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    #[command(flatten)]
    pub(crate) database: Database,
    #[command(flatten)]
    pub(crate) target: Target,
    #[command(flatten)]
    pub(crate) policies: Policies,
    /// As lines for people, or as annotations of GitHub Actions
    #[arg(long, value_enum, default_value = "text", value_name = "FORMAT", conflicts_with = "json")]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct Diff {
    /// From this: a SQL file, a database, a snapshot, or the word model for the built-in one
    #[arg(value_name = "A")]
    pub(crate) from: PathBuf,
    /// To this
    #[arg(value_name = "B")]
    pub(crate) to: PathBuf,
    /// A rename that B cannot say: table.old=new for a column, old=new for a table
    #[arg(long, value_name = "RENAME")]
    pub(crate) rename: Vec<String>,
    /// Print the SQL script alone
    #[arg(long, conflicts_with = "json")]
    pub(crate) sql: bool,
    /// As lines for people, or as annotations of GitHub Actions
    #[arg(long, value_enum, default_value = "text", value_name = "FORMAT", conflicts_with_all = ["json", "sql"])]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct Status {
    #[command(flatten)]
    pub(crate) database: Database,
    #[command(flatten)]
    pub(crate) target: Target,
    #[command(flatten)]
    pub(crate) policies: Policies,
}

#[derive(Debug, Args)]
pub(crate) struct Rollback {
    #[command(flatten)]
    pub(crate) database: Database,
    /// So many of the last revisions
    #[arg(long, value_name = "NUMBER", default_value_t = 1, conflicts_with = "to",
          value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) last: u32,
    /// All revisions above what this version left
    #[arg(long, value_name = "VERSION")]
    pub(crate) to: Option<String>,
    /// Of the last revision these steps alone, where the rest stands without them: numbers as --dry-run shows them
    #[arg(long, value_name = "NUMBER[,NUMBER]", value_delimiter = ',', conflicts_with_all = ["to", "last"],
          value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) steps: Vec<u32>,
    /// The name of the model whose revisions are meant [default: main]
    #[arg(long, value_name = "NAME")]
    pub(crate) model: Option<String>,
    /// Numbered migrations: their ways back go before those that are kept in the history
    #[arg(long, value_name = "FOLDER")]
    pub(crate) migrations: Option<PathBuf>,
    /// Only show what would be done
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Consent that a table which holds rows by now goes (L101), a column with values without a backup (L102), that values of now
    /// are converted (L103) or made up (L201), that a migration's way back leads elsewhere (L501)
    #[arg(long, value_name = "CODE[=TABLE.COLUMN]")]
    pub(crate) allow: Vec<String>,
    /// Why, for the history
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
    /// How long it may take: 500ms, 15s, 2m, milliseconds, or none [env: SCHEMA_TIME_LIMIT_MS] [default: 15s]
    #[arg(long, value_name = "TIME", value_parser = limit)]
    pub(crate) time_limit: Option<Limit>,
    #[command(flatten)]
    pub(crate) backup: Backup,
}

#[derive(Debug, Args)]
pub(crate) struct Redo {
    #[command(flatten)]
    pub(crate) database: Database,
    /// The folder of the migrations [default: migrations]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) migrations: Option<PathBuf>,
    /// The name of the model beside them [default: main]
    #[arg(long, value_name = "NAME")]
    pub(crate) model: Option<String>,
    /// Consent that a table which holds rows goes (L101), a column with values without a backup (L102), that the way back leads
    /// elsewhere (L501)
    #[arg(long, value_name = "CODE[=TABLE.COLUMN]")]
    pub(crate) allow: Vec<String>,
    /// Why, for the history
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
    /// How long it may take: 500ms, 15s, 2m, milliseconds, or none [env: SCHEMA_TIME_LIMIT_MS] [default: 15s]
    #[arg(long, value_name = "TIME", value_parser = limit)]
    pub(crate) time_limit: Option<Limit>,
    #[command(flatten)]
    pub(crate) backup: Backup,
}

#[derive(Debug, Args)]
pub(crate) struct New {
    /// What it does; its file is called so
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) database: Database,
    #[command(flatten)]
    pub(crate) target: Target,
    #[command(flatten)]
    pub(crate) policies: Policies,
    /// Number it by the time, so that branches do not give out one number twice
    #[arg(long)]
    pub(crate) timestamp: bool,
    /// With a file for the way back
    #[arg(long)]
    pub(crate) down: bool,
    /// Write what would change DB by itself to the target, and its way back, for people who review SQL
    #[arg(long)]
    pub(crate) from_diff: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Lint {
    /// The model: a file of CREATE statements, a SQLite database, or a snapshot in JSON, instead of the built-in one
    #[arg(long, value_name = "FILE")]
    pub(crate) to: Option<PathBuf>,
    /// The folder with a snapshot of each release that is supported: renames that none needs are told
    #[arg(long, value_name = "FOLDER")]
    pub(crate) releases: Option<PathBuf>,
    /// The folder of the migrations [default: migrations]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) migrations: Option<PathBuf>,
    /// The schema that the first of them finds, instead of an empty database: a SQL file, a database, a snapshot, or the word model
    #[arg(long, value_name = "FILE")]
    pub(crate) start: Option<PathBuf>,
    /// Leave a code out, everywhere, in one migration, or on one object of the model
    #[arg(long, value_name = "CODE[=NUMBER|OBJECT]")]
    pub(crate) allow: Vec<String>,
    /// As lines for people, or as annotations of GitHub Actions
    #[arg(long, value_enum, default_value = "text", value_name = "FORMAT", conflicts_with = "json")]
    pub(crate) format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Text,
    Github,
}

#[derive(Debug, Args)]
pub(crate) struct Squash {
    /// What the file is called
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    /// The folder of the migrations [default: migrations]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) migrations: Option<PathBuf>,
    /// The last migration that it replaces [default: the last of the folder]
    #[arg(long, value_name = "NUMBER")]
    pub(crate) upto: Option<String>,
    /// Write the rows that the migrations insert, too
    #[arg(long)]
    pub(crate) with_data: bool,
    /// Move the replaced files into this folder
    #[arg(long, value_name = "FOLDER", conflicts_with = "delete")]
    pub(crate) move_to: Option<PathBuf>,
    /// Delete the replaced files
    #[arg(long)]
    pub(crate) delete: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Script {
    /// The number of the last migration that the database has, or the schema that it has: a SQL file, a database, a snapshot, or the word model
    #[arg(long, value_name = "NUMBER or FILE")]
    pub(crate) from: Option<PathBuf>,
    /// The number of the last migration that it shall have; a lower one leads back by the downs [default: the last]
    #[arg(long, value_name = "NUMBER", conflicts_with_all = ["to", "rename"])]
    pub(crate) upto: Option<String>,
    /// The schema that it shall have
    #[arg(long, value_name = "FILE", requires = "from", conflicts_with = "migrations")]
    pub(crate) to: Option<PathBuf>,
    /// A rename that the schema cannot say: table.old=new for a column, old=new for a table
    #[arg(long, value_name = "RENAME", requires = "to")]
    pub(crate) rename: Vec<String>,
    /// The folder of the migrations [default: migrations]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) migrations: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Pending {
    #[command(flatten)]
    pub(crate) database: Database,
    /// The folder of the migrations [default: migrations]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) migrations: Option<PathBuf>,
    /// The name of the model beside which they are recorded [default: main]
    #[arg(long, value_name = "NAME")]
    pub(crate) model: Option<String>,
    /// List those too whose number is below that of one that was applied
    #[arg(long)]
    pub(crate) out_of_order: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Import {
    /// The folder of refinery, sqlx, diesel or rusqlite_migration; it stays as it is
    #[arg(value_name = "OLD")]
    pub(crate) from: PathBuf,
    /// The folder that gets the copies [default: migrations]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) migrations: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Adopt {
    #[command(flatten)]
    pub(crate) database: Database,
    /// The folder of the migrations [default: migrations]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) migrations: Option<PathBuf>,
    /// Whose record counts: rusqlite_migration, refinery, sqlx, diesel, or a table
    #[arg(long, value_name = "TOOL")]
    pub(crate) from: Option<String>,
    /// The name of the model beside which they are recorded [default: main]
    #[arg(long, value_name = "NAME")]
    pub(crate) model: Option<String>,
    /// Only show what would be recorded
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Why, for the history
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
    #[command(flatten)]
    pub(crate) backup: Backup,
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").args(["applied", "skip", "rehash", "undone", "adopt_drift"]).required(true))]
pub(crate) struct Resolve {
    #[command(flatten)]
    pub(crate) database: Database,
    /// The folder of the migrations [default: migrations]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) migrations: Option<PathBuf>,
    /// All that this migration does is there: it counts as applied, and does not run
    #[arg(long, value_name = "NUMBER")]
    pub(crate) applied: Option<String>,
    /// This migration shall never run on this database
    #[arg(long, value_name = "NUMBER")]
    pub(crate) skip: Option<String>,
    /// The text and the name that the file of this migration has now are what was applied
    #[arg(long, value_name = "NUMBER")]
    pub(crate) rehash: Option<String>,
    /// What this migration did was taken back by hand: it is due again
    #[arg(long, value_name = "NUMBER")]
    pub(crate) undone: Option<String>,
    /// What was changed by hand in the database is the base from now on
    #[arg(long)]
    pub(crate) adopt_drift: bool,
    /// Why, for the history
    #[arg(long, value_name = "TEXT", required = true)]
    pub(crate) reason: String,
    /// The name of the model beside which they are recorded [default: main]
    #[arg(long, value_name = "NAME")]
    pub(crate) model: Option<String>,
    /// Only show what would be recorded
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) backup: Backup,
}

#[derive(Debug, Args)]
pub(crate) struct History {
    #[command(flatten)]
    pub(crate) database: Database,
    /// Only the revisions of this model
    #[arg(long, value_name = "NAME")]
    pub(crate) model: Option<String>,
    /// Only the newest so many
    #[arg(long, value_name = "NUMBER")]
    pub(crate) limit: Option<usize>,
    /// How the runs went, by version, batch, program, person and error, instead of each
    #[arg(long)]
    pub(crate) stats: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Baseline {
    #[command(flatten)]
    pub(crate) database: Database,
    /// Record only where the live schema is exactly this: a SQL file, a database, a snapshot, or the word model
    #[arg(long = "as", value_name = "FILE")]
    pub(crate) target: Option<PathBuf>,
    /// The name of the model that owns it from now on [default: main]
    #[arg(long, value_name = "NAME")]
    pub(crate) model: Option<String>,
    /// Why, for the history
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("form").args(["sql", "mermaid", "rust"]))]
pub(crate) struct Inspect {
    /// The database file, or a file of CREATE statements, a snapshot in JSON, or a folder of migrations, ours or those of diesel, sqlx,
    /// refinery or rusqlite_migration [env: SCHEMA_DB]
    #[arg(value_name = "DB")]
    pub(crate) db: Option<PathBuf>,
    /// As a script of CREATE statements (the default)
    #[arg(long)]
    pub(crate) sql: bool,
    /// As a Mermaid entity-relationship diagram
    #[arg(long)]
    pub(crate) mermaid: bool,
    /// As a Rust module with a `SCHEMA` that compiles as it stands
    #[arg(long)]
    pub(crate) rust: bool,
    /// The model's name in JSON and Rust [default: main]
    #[arg(long, value_name = "NAME")]
    pub(crate) model: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Doctor {
    #[command(flatten)]
    pub(crate) database: Database,
    #[command(flatten)]
    pub(crate) target: Target,
    /// Check every row against every index, and the content of every backup
    #[arg(long)]
    pub(crate) full: bool,
    /// Exit with 1 where the score is less
    #[arg(long, value_name = "SCORE", value_parser = clap::value_parser!(u8).range(..=100))]
    pub(crate) fail_under: Option<u8>,
    /// How long what reads much may take together: 500ms, 15s, 2m, or none [env: SCHEMA_TIME_LIMIT_MS] [default: 15s]
    #[arg(long, value_name = "TIME", value_parser = limit)]
    pub(crate) time_limit: Option<Limit>,
    /// The folder of the backups, instead of backups/migrations beside the database [env: SCHEMA_BACKUP_DIR]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) backup_dir: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct BackupVerb {
    #[command(flatten)]
    pub(crate) database: Database,
    /// The folder of the backups, instead of backups/migrations beside the database [env: SCHEMA_BACKUP_DIR]
    #[arg(long, global = true, value_name = "FOLDER")]
    pub(crate) backup_dir: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) action: BackupAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum BackupAction {
    /// Back the database up now, and verify the copy
    #[command(after_help = "Example: schema backup app.db create --reason 'before the move'")]
    Create {
        /// Why, for the note beside the copy
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// List the backups of the database, and what else lies in their folder
    #[command(after_help = "Example: schema backup app.db list")]
    List,
    /// Prove that backups are what their notes say: all of them, or one
    #[command(after_help = "Example: schema backup app.db verify")]
    Verify {
        /// This one only
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// Put a backup back as a whole; rows and changes since then are gone, and the present state is backed up first
    #[command(after_help = "Example: schema backup app.db restore app_20260101_093000_250.db")]
    Restore {
        /// Its name, as `list` shows it
        #[arg(value_name = "NAME")]
        name: PathBuf,
        /// Do not save the present state, which is lost then
        #[arg(long)]
        no_backup: bool,
        /// Why, for the history
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// Delete backups by age, number and size; never the newest verified one, nor one that a roll-back needs
    #[command(after_help = "Example: schema backup app.db prune --keep-age 30d --dry-run")]
    Prune {
        #[command(flatten)]
        keep: Keep,
        /// Only show what would be deleted
        #[arg(long)]
        dry_run: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    pub(crate) shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
pub(crate) struct Man {
    /// The page of this verb
    #[arg(value_name = "VERB")]
    pub(crate) verb: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_declaration_is_consistent() {
        use clap::CommandFactory;
        CommandLine::command().debug_assert();
    }

    #[test]
    fn every_verb_has_an_example_and_knows_its_name() {
        use clap::CommandFactory;
        for verb in CommandLine::command().get_subcommands() {
            let help = verb.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.starts_with(&format!("Example: schema {}", verb.get_name())), "{}", verb.get_name());
        }
    }
}
