//! From files to models, and from models to migrators: what a verb works on.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use schema_runtime::rusqlite::{self, Connection};
use schema_runtime::{
    Cancel, HealthCheck, Lint, Migrations, Migrator, Model, ModelOptions, RemovalPolicy, Retention, Schema,
};

use crate::exit::{Exit, Failure, Result};
use crate::progress::Progress;
use crate::settings::{Layer, Settings};

/// What is registered on every connection.
pub(crate) type Hook = Arc<dyn Fn(&Connection) -> rusqlite::Result<()> + Send + Sync>;

/// The word for the built-in model where a file could stand.
const BUILT_IN: &str = "model";

/// The folder of the migrations, where none is named.
pub(crate) const FOLDER: &str = "migrations";

/// The bytes of the largest script that the library reads.
const LARGEST: u64 = 64 << 20;

/// The name of a target that has none of its own.
const MAIN: &str = "main";

/// What one call of the command has to work with.
pub(crate) struct Context {
    pub(crate) schema: Option<&'static Schema>,
    /// Built-in ones.
    pub(crate) migrations: Option<Migrations>,
    pub(crate) hook: Option<Hook>,
    pub(crate) settings: Settings,
    /// The name by which the command was called.
    pub(crate) program: String,
    pub(crate) progress: Progress,
    pub(crate) cancel: Cancel,
}

impl Context {
    fn layer(&self) -> &Layer {
        &self.settings.layer
    }

    /// The path of the database.
    ///
    /// # Errors
    /// `usage` if nothing names one.
    pub(crate) fn database(&self) -> Result<PathBuf> {
        self.layer().db.clone().ok_or_else(|| {
            Failure::usage("no database is named")
                .state("nothing was opened")
                .help("give its path, set `SCHEMA_DB`, or set `db` in `schema.toml`")
        })
    }

    /// The path of a database that is there: a verb that only reads creates none.
    ///
    /// # Errors
    /// `usage` if nothing names one; `open` if there is no such file.
    pub(crate) fn existing_database(&self) -> Result<PathBuf> {
        let path = self.database()?;
        if path.symlink_metadata().is_err_and(|err| err.kind() == std::io::ErrorKind::NotFound) {
            return Err(Failure::new("open", format!("`{}` does not exist", path.display()))
                .state("nothing was created")
                .help(format!("correct the path; only `{} apply` creates a database", self.program)));
        }
        Ok(path)
    }

    /// Whether there is anything to compare a database with.
    pub(crate) fn has_target(&self) -> bool {
        self.schema.is_some()
            || self.layer().to.is_some()
            || self.layer().migrations.is_some()
            || self.migrations.is_some()
    }

    /// The name under which a target is recorded.
    pub(crate) fn model_name(&self) -> &str {
        let built_in = self.schema.map(|schema| schema.name);
        self.layer().model.as_deref().or(built_in).unwrap_or(MAIN)
    }

    fn model_options(&self) -> ModelOptions {
        let mut options = ModelOptions::new();
        if let Some(hook) = self.hook.clone() {
            options = options.connection(move |conn| hook(conn));
        }
        if let Some(table) = &self.layer().history_table {
            options = options.history_table(table.as_str());
        }
        if let Some(wait) = self.layer().lock_wait {
            options = options.lock_wait(wait);
        }
        options
    }

    /// What a database holds.
    ///
    /// # Errors
    /// As the library.
    pub(crate) fn live(&self, path: &Path) -> Result<Model> {
        Ok(Model::from_database(path, self.model_name(), &self.model_options())?)
    }

    /// What is at `path`, to be shown, and the scripts that it is made of: a database, a snapshot, a file of SQL, or a folder of migrations.
    ///
    /// # Errors
    /// `open` if it cannot be read; otherwise as the library.
    pub(crate) fn shown(&self, path: &Path) -> Result<(Model, Vec<String>)> {
        let options = self.model_options();
        if path.is_dir() {
            let migrations = Migrations::from_tool(path)?;
            let scripts = migrations.iter().filter_map(|migration| migration.text().map(str::to_owned));
            let scripts = scripts.collect();
            return Ok((Model::from_migrations(&migrations, self.model_name(), &options)?, scripts));
        }
        let Source::Sql(text) = open(path)? else { return Ok((self.read(path)?, Vec::new())) };
        let mut script = Vec::new();
        let read = text.take(LARGEST + 1).read_to_end(&mut script);
        read.map_err(|err| unreadable(path, &err.to_string()))?;
        // An encrypted database looks like nothing at all, whatever it is called.
        if script.contains(&0) {
            return Ok((self.live(path)?, Vec::new()));
        }
        let origin = path.display().to_string();
        let model = Model::from_sql_reader(script.as_slice(), &origin, self.model_name(), &options)?;
        Ok((model, vec![String::from_utf8_lossy(&script).into_owned()]))
    }

    /// The model in a file: a database by its first bytes, a snapshot by its brace, SQL otherwise.
    ///
    /// # Errors
    /// `open` if the file cannot be read; otherwise as the library.
    fn read(&self, path: &Path) -> Result<Model> {
        let options = self.model_options();
        Ok(match open(path)? {
            Source::Database => Model::from_database(path, self.model_name(), &options)?,
            Source::Snapshot(mut text) => {
                let mut json = String::new();
                text.read_to_string(&mut json).map_err(|err| unreadable(path, &err.to_string()))?;
                let json = json.strip_prefix('\u{feff}').unwrap_or(&json);
                let name = self.layer().model.as_deref();
                Model::from_snapshot(json, &path.display().to_string(), name, &options)?
            }
            Source::Sql(text) => {
                Model::from_sql_reader(text, &path.display().to_string(), self.model_name(), &options)?
            }
        })
    }

    /// The model in a file, with the renames that the command line declares.
    fn model_of(&self, path: &Path) -> Result<Model> {
        renamed(self.read(path)?, self.layer().rename.as_deref().unwrap_or_default())
    }

    /// What is compared with a target: a file, or the built-in model.
    ///
    /// # Errors
    /// As [`migrator_for`](Self::migrator_for).
    pub(crate) fn compared(&self, path: &Path) -> Result<Model> {
        if path == Path::new(BUILT_IN) {
            return Ok(Model::of(self.built_in()?, &self.model_options())?);
        }
        self.read(path)
    }

    /// A migrator for the built-in model or for the model in the file `to`, with the policies that hold.
    ///
    /// # Errors
    /// `usage` if there is neither; otherwise as the library.
    pub(crate) fn migrator_for(&self, to: Option<&Path>) -> Result<Migrator> {
        let migrator = match to.filter(|path| *path != Path::new(BUILT_IN)) {
            Some(path) => Migrator::for_model(self.model_of(path)?),
            None => Migrator::new(self.built_in_target()?),
        };
        Ok(self.with_policies(self.configured(migrator)))
    }

    /// A migrator for the target that holds.
    ///
    /// # Errors
    /// As [`migrator_for`](Self::migrator_for).
    pub(crate) fn migrator(&self) -> Result<Migrator> {
        let none = self.layer().migrations.is_none() && self.migrations.is_none();
        let migrator = match self.layer().to.is_none() && self.schema.is_none() && !none {
            true => self.with_policies(self.of_model(self.model_name())),
            false => self.migrator_of_target()?,
        };
        self.with_migrations(migrator)
    }

    fn migrator_of_target(&self) -> Result<Migrator> {
        // The word stands for the built-in model only where no flag says that a file is meant.
        let Some(path) = &self.layer().to else { return self.migrator_for(None) };
        let model = self.model_of(path)?;
        self.refuse_nothing(path, &model)?;
        Ok(self.with_policies(self.configured(Migrator::for_model(model))))
    }

    /// A migrator for the target that holds, beside the migrations of the folder, which may not be there yet, and the built-in ones.
    ///
    /// # Errors
    /// As [`migrator_for`](Self::migrator_for).
    pub(crate) fn migrator_beside(&self, folder: &Path) -> Result<Migrator> {
        let migrator = self.migrator_of_target()?;
        Ok(match &self.migrations {
            Some(set) if self.layer().migrations.is_none() => self.in_order(migrator.migrations(set.clone())),
            _ if folder.is_dir() => self.in_order(migrator.migrations(Migrations::from_folder(folder)?)),
            _ => migrator,
        })
    }

    /// The folder of the migrations, and what is in it.
    ///
    /// # Errors
    /// As the library, for a folder that cannot be read.
    pub(crate) fn folder(&self) -> Result<(PathBuf, Migrations)> {
        let folder = self.layer().migrations.clone().unwrap_or_else(|| FOLDER.into());
        let migrations = Migrations::from_folder(&folder)?;
        Ok((folder, migrations))
    }

    /// The migrations of the folder where one is named, else the built-in ones, and what they are called.
    ///
    /// # Errors
    /// As [`folder`](Self::folder).
    pub(crate) fn written(&self) -> Result<(String, Migrations)> {
        match &self.migrations {
            Some(set) if self.layer().migrations.is_none() => Ok((self.program.clone(), set.clone())),
            _ => self.folder().map(|(folder, set)| (folder.display().to_string(), set)),
        }
    }

    /// As [`written`](Self::written), beside a model: `None` where neither a flag, the settings nor the program name migrations, and the folder
    /// that is meant by default is not there.
    ///
    /// # Errors
    /// As [`folder`](Self::folder).
    pub(crate) fn written_beside_a_model(&self) -> Result<Option<(String, Migrations)>> {
        let named = self.layer().migrations.is_some() || self.migrations.is_some();
        if named || Path::new(FOLDER).is_dir() { self.written().map(Some) } else { Ok(None) }
    }

    /// A migrator for the model that is named, else for the built-in one; `None` where there is neither.
    ///
    /// # Errors
    /// As [`migrator_for`](Self::migrator_for).
    pub(crate) fn model_alone(&self) -> Result<Option<Migrator>> {
        let any = self.layer().to.is_some() || self.schema.is_some();
        if any { self.migrator_of_target().map(Some) } else { Ok(None) }
    }

    /// How scratch databases are made.
    pub(crate) fn scratch_options(&self) -> ModelOptions {
        self.model_options()
    }

    /// A look at migrations.
    pub(crate) fn lint(&self) -> Lint {
        match self.hook.clone() {
            None => Lint::new(),
            Some(hook) => Lint::new().connection(move |conn| hook(conn)),
        }
    }

    /// A migrator for the migrations without a model beside them.
    ///
    /// # Errors
    /// As the library, for a folder that cannot be read.
    pub(crate) fn migrations_alone(&self) -> Result<Migrator> {
        let set = match self.known_migrations()? {
            Some(set) => set,
            None => Migrations::from_folder(FOLDER)?,
        };
        Ok(self.in_order(self.of_model(self.model_name()).migrations(set)))
    }

    /// With the migrations of the folder where one is named, else the built-in ones.
    ///
    /// # Errors
    /// As the library, for a folder that cannot be read.
    pub(crate) fn with_migrations(&self, migrator: Migrator) -> Result<Migrator> {
        Ok(match self.known_migrations()? {
            Some(set) => self.in_order(migrator.migrations(set)),
            None => migrator,
        })
    }

    fn known_migrations(&self) -> Result<Option<Migrations>> {
        match &self.layer().migrations {
            Some(folder) => Ok(Some(Migrations::from_folder(folder)?)),
            None => Ok(self.migrations.clone()),
        }
    }

    fn in_order(&self, migrator: Migrator) -> Migrator {
        if self.layer().out_of_order == Some(true) { migrator.out_of_order() } else { migrator }
    }

    /// The time of now in UTC as fourteen digits.
    ///
    /// # Errors
    /// What SQLite may say.
    pub(crate) fn now(&self) -> Result<String> {
        let conn = Connection::open_in_memory().map_err(|err| Failure::new("sqlite", err.to_string()))?;
        let sql = "SELECT strftime('%Y%m%d%H%M%S', 'now')";
        conn.query_row(sql, [], |row| row.get(0)).map_err(|err| Failure::new("sqlite", err.to_string()))
    }

    /// A target that holds nothing is more likely the wrong file than the wish to drop everything.
    fn refuse_nothing(&self, path: &Path, model: &Model) -> Result<()> {
        if !model.catalog().is_empty() || self.layer().removed != Some(RemovalPolicy::Drop) {
            return Ok(());
        }
        Err(Failure::new("refused", format!("the target `{}` holds nothing at all", path.display()))
            .cause("with `--removed drop` every object of the model would be dropped with its rows")
            .exit(Exit::Refused)
            .state("no database was touched")
            .help("correct the target; to drop everything, say `-- schema: dropped(table)` for each table and leave `--removed drop` out"))
    }

    /// A migrator for what needs no target.
    pub(crate) fn without_target(&self) -> Migrator {
        let migrator = match self.schema {
            Some(schema) if self.layer().model.is_none() => Migrator::new(schema),
            _ => Migrator::for_model(Model::empty(self.model_name())),
        };
        self.configured(migrator)
    }

    /// A migrator that knows the history of this model, and nothing of it.
    pub(crate) fn of_model(&self, name: &str) -> Migrator {
        self.configured(Migrator::for_model(Model::empty(name)))
    }

    fn built_in(&self) -> Result<&'static Schema> {
        let schema = self.schema.ok_or_else(|| {
            Failure::usage("this command has no built-in model")
                .state("no database was touched")
                .help("name a target with `--to FILE`: CREATE statements, a database, or a snapshot")
        })?;
        if let Some(name) = self.layer().model.as_deref().filter(|name| *name != schema.name) {
            return Err(Failure::usage(format!(
                "the built-in model is called `{}`, not `{name}`",
                schema.name
            ))
            .state("no database was touched")
            .help("leave `--model` out, or name a target with `--to FILE`"));
        }
        Ok(schema)
    }

    /// The built-in model as a target, which says its renames itself.
    fn built_in_target(&self) -> Result<&'static Schema> {
        let schema = self.built_in()?;
        if self.layer().rename.as_deref().is_some_and(|renames| !renames.is_empty()) {
            return Err(Failure::usage("the built-in model takes no `--rename`")
                .state("no database was touched")
                .help("say `renamed_from` in the model, or name a target with `--to FILE`"));
        }
        Ok(schema)
    }

    /// Everything that does not decide what a change may do.
    pub(crate) fn configured(&self, mut migrator: Migrator) -> Migrator {
        let layer = self.layer();
        let progress = self.progress.clone();
        migrator = migrator.cancel(self.cancel.clone()).observer(move |event| progress.hear(event));
        if let Some(hook) = self.hook.clone() {
            migrator = migrator.connection(move |conn| hook(conn));
        }
        if let Some(table) = &layer.history_table {
            migrator = migrator.history_table(table.as_str());
        }
        if let Some(wait) = layer.lock_wait {
            migrator = migrator.lock_wait(wait);
        }
        if let Some(folder) = &layer.backup_dir {
            migrator = migrator.backup_dir(folder);
        }
        if let Some(policy) = layer.backup {
            migrator = migrator.backup(policy);
        }
        if let Some(name) = &self.settings.environment {
            migrator = migrator.environment(name.as_str());
        }
        migrator = migrator.retention(self.retention());
        match layer.time_limit.map(|limit| limit.0) {
            None => migrator,
            Some(None) => migrator.no_time_limit(),
            Some(Some(limit)) => migrator.time_limit(limit),
        }
    }

    /// A look at a file without a target.
    pub(crate) fn health_check(&self) -> HealthCheck {
        let layer = self.layer();
        let mut check = HealthCheck::new();
        if let Some(hook) = self.hook.clone() {
            check = check.connection(move |conn| hook(conn));
        }
        if let Some(folder) = &layer.backup_dir {
            check = check.backup_dir(folder);
        }
        if let Some(table) = &layer.history_table {
            check = check.history_table(table.as_str());
        }
        if let Some(wait) = layer.lock_wait {
            check = check.lock_wait(wait);
        }
        match layer.time_limit.map(|limit| limit.0) {
            None => check,
            Some(None) => check.no_time_limit(),
            Some(Some(limit)) => check.time_limit(limit),
        }
    }

    fn retention(&self) -> Retention {
        let layer = self.layer();
        let mut retention = Retention::new();
        if let Some(age) = layer.keep_age {
            retention.max_age = age.0;
        }
        if let Some(count) = layer.keep_count {
            retention.max_count = count.0.map(|count| usize::try_from(count).unwrap_or(usize::MAX));
        }
        if let Some(size) = layer.keep_size {
            retention.max_bytes = size.0;
        }
        retention
    }

    fn with_policies(&self, mut migrator: Migrator) -> Migrator {
        let layer = self.layer();
        if let Some(policy) = layer.removed {
            migrator = migrator.removed(policy);
        }
        if let Some(policy) = layer.drift {
            migrator = migrator.drift(policy);
        }
        for hazard in layer.allow.as_deref().unwrap_or_default() {
            migrator = migrator.allow(hazard);
        }
        if layer.allow_revert == Some(true) {
            migrator = migrator.allow_revert();
        }
        if layer.adopt_any == Some(true) {
            migrator = migrator.adopt_any();
        }
        migrator
    }
}

/// `table.old=new` renames a column, `old=new` a table. A column may be named by its table's old or new name.
fn renamed(mut model: Model, renames: &[String]) -> Result<Model> {
    let mut tables = Vec::new();
    let mut columns = Vec::new();
    for text in renames {
        let parts = text.split_once('=').map(|(old, new)| (old.trim(), new.trim()));
        let (old, new) = parts.filter(|(old, new)| !old.is_empty() && !new.is_empty()).ok_or_else(|| {
            Failure::usage(format!("`{}` is no rename", text.escape_debug()))
                .state("no database was touched")
                .help("write `table.old=new` for a column, `old=new` for a table")
        })?;
        match old.split_once('.') {
            None => tables.push((old, new)),
            Some((table, column)) => columns.push((table, column, new)),
        }
    }
    for (old, new) in &tables {
        model.rename_table(old, new)?;
    }
    for (table, old, new) in columns {
        let renamed = tables.iter().find(|(before, _)| before.eq_ignore_ascii_case(table));
        model.rename_column(renamed.map_or(table, |(_, now)| now), old, new)?;
    }
    Ok(model)
}

/// What a file holds, and the text of it from its beginning: a pipe can be read only once, and what is read twice may be two things.
enum Source {
    Database,
    Snapshot(Text),
    Sql(Text),
}

type Text = io::Chain<io::Cursor<Vec<u8>>, File>;

fn open(path: &Path) -> Result<Source> {
    if path.is_dir() {
        return Err(unreadable(path, "it is a folder"));
    }
    let fault = |err: io::Error| unreadable(path, &err.to_string());
    let mut file = File::open(path).map_err(fault)?;
    let mut start = Vec::new();
    file.by_ref().take(4096).read_to_end(&mut start).map_err(fault)?;
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let named = |names: &[&str]| names.iter().any(|name| name.eq_ignore_ascii_case(extension));
    if start.starts_with(b"SQLite format 3\0") || named(&["db", "sqlite", "sqlite3"]) {
        // The handle is closed here: to close it later would drop the locks of a connection to the same file.
        return Ok(Source::Database);
    }
    let text = start.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&start);
    let is_json = text.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{') || named(&["json"]);
    let text = io::Cursor::new(start).chain(file);
    Ok(if is_json { Source::Snapshot(text) } else { Source::Sql(text) })
}

fn unreadable(path: &Path, cause: &str) -> Failure {
    Failure::new("open", format!("cannot read the target `{}`", path.display()))
        .cause(cause)
        .state("no database was touched")
        .help("correct the path of the target")
}
