//! What is done while the fault comes, and what must be there afterwards.

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rusqlite::backup::Backup;
use rusqlite::types::ValueRef;
use schema_runtime::{
    Back, BackupPolicy, Migration, Migrations, Migrator, Outcome, RemovalPolicy, Report, Schema,
};

use super::folder::{Folder, set_up, without_model};
use super::storage::{Disk, Fault, Image};
use super::vfs;
use crate::support::model::model;

/// A journal mode.
#[derive(Clone, Copy)]
pub(super) struct Mode {
    pub(super) journal: &'static str,
    /// WAL: the log of before is still there, not yet in the database.
    pub(super) log_kept: bool,
    /// What a program asks of the connections that it opens, as long as the library does not need more.
    pub(super) synchronous: &'static str,
}

pub(super) const MODES: [Mode; 5] = [
    Mode { journal: "DELETE", log_kept: false, synchronous: "FULL" },
    Mode { journal: "TRUNCATE", log_kept: false, synchronous: "FULL" },
    Mode { journal: "PERSIST", log_kept: false, synchronous: "FULL" },
    Mode { journal: "WAL", log_kept: false, synchronous: "FULL" },
    Mode { journal: "WAL", log_kept: true, synchronous: "FULL" },
];

impl Mode {
    /// Small pages and a small cache, so that changes reach the files before the commit.
    pub(super) fn set(self, conn: &Connection) -> rusqlite::Result<()> {
        conn.execute_batch("PRAGMA page_size = 1024; PRAGMA cache_size = 8")?;
        let Mode { journal, synchronous, .. } = self;
        conn.execute_batch(&format!("PRAGMA journal_mode = {journal}; PRAGMA synchronous = {synchronous}"))
    }

    fn open(self) -> rusqlite::Result<Connection> {
        let conn = vfs::open()?;
        self.set(&conn)?;
        Ok(conn)
    }

    /// Whether what was committed is there after a power loss: with `synchronous = FULL` SQLite does not sync the folder
    /// from which it deletes the journal, so a commit may be undone, as a whole.
    fn is_durable(self) -> bool {
        self.journal != "DELETE"
    }
}

/// What is done.
#[derive(Clone, Copy)]
pub(super) enum Job {
    Run(&'static Schema),
    /// By path: the same with a backup.
    Start(&'static Schema),
    /// By path: the same with numbered migrations before and after the model.
    Batch(&'static Schema),
    /// Leads back to this, by the stored undo alone.
    Undo(&'static Schema),
    /// By path: back over the last revision to this, with the values of its backup.
    Rollback(&'static Schema),
    /// By path: the backup of before the last revision, which is of this, is put back.
    Restore(&'static Schema),
    /// By hand, after these pragmas: the pages of the backup.
    PutBack(&'static str),
    /// By hand, after these pragmas.
    Sql(&'static str, &'static str),
}

/// Where it is done.
struct Place<'a> {
    /// For what is done by path it is a bystander, or there is none.
    conn: Option<Connection>,
    path: &'a Path,
}

impl Job {
    /// Whether the library opens the database.
    fn is_by_path(self) -> bool {
        matches!(self, Job::Start(_) | Job::Batch(_) | Job::Rollback(_) | Job::Restore(_))
    }

    pub(super) fn name(self) -> String {
        match self {
            Job::Run(_) => "a run".to_owned(),
            Job::Start(_) => "a start".to_owned(),
            Job::Batch(_) => "a batch".to_owned(),
            Job::Undo(_) => "an undo".to_owned(),
            Job::Rollback(_) => "a rollback".to_owned(),
            Job::Restore(_) => "a restore".to_owned(),
            Job::PutBack(pragmas) => format!("a restore by hand, {pragmas}"),
            Job::Sql(pragmas, _) => format!("a rebuild by hand, {pragmas}"),
        }
    }

    fn needs_backup(self) -> bool {
        self.is_by_path() || matches!(self, Job::PutBack(_))
    }

    /// The model with which a start has nothing to do where the job is done.
    fn model(self) -> Option<&'static Schema> {
        match self {
            Job::Run(schema)
            | Job::Start(schema)
            | Job::Batch(schema)
            | Job::Undo(schema)
            | Job::Rollback(schema)
            | Job::Restore(schema) => Some(schema),
            Job::PutBack(_) | Job::Sql(..) => None,
        }
    }
}

/// The methods of the steps that were taken, or the error.
type Done = Result<String, String>;

fn told(report: schema_runtime::Result<Report>) -> Done {
    let report = report.map_err(|err| err.to_string())?;
    let mut methods: Vec<String> = report.steps.iter().map(|step| format!("{:?}", step.method)).collect();
    // Old SQLite takes in one step what new SQLite takes in two.
    methods.dedup();
    Ok(methods.join(" "))
}

/// They write rows of the model's tables, and make objects beside them.
fn migrations() -> Migrations {
    let text = |number, name, up| Migration::sql(number, name, up).expect("a migration");
    Migrations::new([
        text(1, "notes", "CREATE TABLE notes (id INTEGER PRIMARY KEY, t INT REFERENCES t (id)); INSERT INTO notes SELECT id, id FROM t"),
        text(2, "values", "UPDATE t SET a = upper(a) WHERE id % 3 = 0; DELETE FROM notes WHERE id % 2"),
        text(3, "index", "CREATE INDEX notes_t ON notes (t); INSERT INTO notes SELECT 1000 + id, id FROM t WHERE b > 700")
            .after(),
    ])
    .expect("a set")
}

fn migrator(schema: &'static Schema) -> Migrator {
    Migrator::new(schema).backup(BackupPolicy::Never).no_time_limit()
}

/// A change in a journal mode: the files of before, and the states of before and after.
pub(super) struct Scenario {
    mode: Mode,
    job: Job,
    pub(super) base: Image,
    /// For what needs a backup.
    folder: Folder,
    before: String,
    after: String,
    /// How the job was done where nothing went wrong.
    pub(super) methods: String,
    /// How many operations each fault can hit.
    counts: [u64; 3],
}

/// Wholly before, or wholly after.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    Before,
    After,
}

/// How the database of before came about.
pub(super) struct Past<'a> {
    /// Are run one after another.
    pub(super) models: &'a [&'a str],
    /// Come behind the first model, or are all that there is.
    pub(super) rows: &'a str,
    /// What was done behind the last model.
    pub(super) since: &'a str,
    /// The size that the pages were given before that.
    pub(super) page_size: Option<u32>,
    /// Whether the database is gone, and the backups alone are left.
    pub(super) gone: bool,
}

impl Scenario {
    pub(super) fn new(mode: Mode, past: &Past<'_>, job: Job) -> Scenario {
        vfs::register();
        vfs::insert(Disk::of(&Image::new()));
        let mut folder = Folder::new();
        folder.is_ours();
        let mut conn = mode.open().expect("a database");
        for (at, sql) in past.models.iter().enumerate() {
            let run = if job.needs_backup() {
                let migrator = Migrator::new(model(sql)).removed(RemovalPolicy::Drop);
                set_up(migrator, mode, &folder.database()).run(folder.database())
            } else {
                migrator(model(sql)).run_on(&mut conn)
            };
            run.unwrap_or_else(|err| panic!("{sql}\n{err}"));
            if at == 0 {
                conn.execute_batch(past.rows).expect("rows");
            }
        }
        if past.models.is_empty() {
            conn.execute_batch(past.rows).expect("by hand");
        }
        if let Some(size) = past.page_size {
            // A database with a log keeps its size.
            let made = format!("PRAGMA journal_mode = DELETE; PRAGMA page_size = {size}; VACUUM");
            conn.execute_batch(&made).and_then(|()| mode.set(&conn)).expect("other pages");
        }
        conn.execute_batch(past.since).expect("what came since");
        folder.keep();
        if past.gone {
            drop(conn);
            vfs::insert(Disk::of(&Image::new()));
            conn = mode.open().expect("a database");
        }
        let before = state(&conn).expect("a state");
        if mode.log_kept {
            let keep = rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE;
            conn.set_db_config(keep, true).expect("an option");
        }
        drop(conn);
        let base = if past.gone { Image::new() } else { vfs::with(|disk| disk.image()) };
        let mut scenario = Scenario {
            mode,
            job,
            base,
            folder,
            before,
            after: String::new(),
            methods: String::new(),
            counts: [0; 3],
        };
        let path = scenario.folder.database();
        let mut place = scenario.start(None, 0, &path);
        scenario.methods = scenario.work(&mut place).unwrap_or_else(|err| panic!("{err}"));
        let looking = mode.open().expect("the database of after");
        scenario.after = state(&looking).expect("a state");
        drop((place, looking));
        assert_ne!(scenario.before, scenario.after);
        // Once more without the looking.
        let mut place = scenario.start(None, 0, &path);
        scenario.work(&mut place).expect("nothing goes wrong");
        drop(place);
        scenario.counts = super::storage::FAULTS.map(|fault| vfs::with(|disk| disk.count(fault)));
        scenario
    }

    pub(super) fn count(&self, fault: Fault) -> u64 {
        self.counts[fault as usize]
    }

    /// The machine at rest, with this fault to come. Where the log of before is kept, somebody has the database open.
    fn start<'a>(&self, fault: Option<(Fault, u64)>, seed: u64, path: &'a Path) -> Place<'a> {
        vfs::insert(Disk::of(&self.base));
        self.folder.clean();
        let opened = !self.job.is_by_path() || self.mode.log_kept;
        let conn = opened.then(|| self.mode.open().expect("the database of before"));
        vfs::with(|disk| disk.arm(fault, seed));
        Place { conn, path }
    }

    /// What a program does at its start.
    fn program(&self, schema: &'static Schema) -> Migrator {
        let migrator = Migrator::new(schema).no_time_limit();
        if matches!(self.job, Job::Batch(_)) { migrator.migrations(migrations()) } else { migrator }
    }

    /// Does the job.
    fn work(&self, place: &mut Place<'_>) -> Done {
        let Place { conn, path } = place;
        let by_path = without_model(self.mode, path);
        match (self.job, conn) {
            (Job::Start(schema) | Job::Batch(schema), _) => {
                told(set_up(self.program(schema), self.mode, path).run(path))
            }
            (Job::Rollback(_), _) => told(by_path.rollback(path, &Back::Last(1))),
            (Job::Restore(_), _) => told(by_path.restore(path, self.folder.backup())),
            (Job::Run(schema), Some(conn)) => told(migrator(schema).run_on(conn)),
            (Job::Undo(schema), Some(conn)) => {
                let undone = schema_runtime::testing::undo_last_of(schema.name, "migration_history", conn);
                undone.map(|()| String::new()).map_err(|err| err.to_string())
            }
            (Job::PutBack(pragmas), Some(conn)) => {
                let put = |conn: &mut Connection| {
                    conn.execute_batch(pragmas)?;
                    let from = Connection::open(self.folder.backup_path())?;
                    Backup::new(&from, conn)?.step(-1)
                };
                put(conn).map(|_| String::new()).map_err(|err| err.to_string())
            }
            (Job::Sql(pragmas, sql), Some(conn)) => {
                let done = conn.execute_batch(pragmas).and_then(|()| conn.execute_batch(sql));
                done.map(|()| String::new()).map_err(|err| err.to_string())
            }
            (_, None) => Err("there is no connection".to_owned()),
        }
    }

    /// A start where the job is done already: nothing is to do.
    fn again(&self, place: &mut Place<'_>) -> Result<(), String> {
        let Some(schema) = self.job.model() else { return Ok(()) };
        let report = match &mut place.conn {
            Some(conn) if !self.job.is_by_path() => migrator(schema).run_on(conn),
            _ => set_up(self.program(schema).backup(BackupPolicy::Never), self.mode, place.path)
                .run(place.path),
        };
        let report = report.map_err(|err| err.to_string())?;
        if self.job.is_by_path() {
            let status = set_up(self.program(schema), self.mode, place.path).status(place.path);
            let status = status.map_err(|err| err.to_string())?;
            if !status.tampered.is_empty() {
                return Err(format!("the history is not as it was written: {:?}", status.tampered));
            }
        }
        if report.outcome == Outcome::UpToDate { Ok(()) } else { Err(format!("not up to date:\n{report}")) }
    }

    /// The job with this fault at this operation, and the judgement of what it left. `files` is a folder to judge real files
    /// in.
    pub(super) fn strike(
        &self,
        fault: Fault,
        at: u64,
        seed: u64,
        files: Option<&Path>,
    ) -> Result<Seen, String> {
        let path = self.folder.database();
        let mut place = self.start(Some((fault, at)), seed, &path);
        let result = self.work(&mut place);
        let passed = fault != Fault::PowerLoss && vfs::with(|disk| disk.struck());
        if let Some(part) = self.folder.part().filter(|_| passed) {
            return Err(format!("`{}` is left", part.display()));
        }
        let on_same = if passed { self.go_on(&mut place, &result, seed & 1 == 0)? } else { None };
        drop(place);
        let image = vfs::with(|disk| disk.image());
        vfs::insert(Disk::of(&image));
        let conn = self.mode.open().map_err(|err| format!("it does not open: {err}"))?;
        let seen = self.judge(Place { conn: Some(conn), path: &path })?;
        if on_same.is_some_and(|before| before != seen) {
            return Err("another connection sees another state".to_owned());
        }
        if passed && on_same.is_none() {
            is_told(&result, seen)?;
        }
        if fault == Fault::PowerLoss && result.is_ok() && seen == Seen::Before && self.mode.is_durable() {
            return Err("a change that was reported is gone".to_owned());
        }
        if let Some(folder) = files {
            let (conn, path) = self.real(&image, folder)?;
            let again = self.judge(Place { conn: Some(conn), path: &path });
            if again.map_err(|err| format!("real files: {err}"))? != seen {
                return Err("real files show another state".to_owned());
            }
        }
        Ok(seen)
    }

    /// After a fault that passed: what a connection sees that was open all the time, and sees when the job was done with it.
    fn go_on(&self, place: &mut Place<'_>, result: &Done, finish: bool) -> Result<Option<Seen>, String> {
        let Some(conn) = &place.conn else { return Ok(None) };
        let told = result.as_ref().err().map_or("success", String::as_str);
        let seen = self.look(conn).map_err(|err| {
            format!(
                "same connection, transaction open: {}: {err}\nand this was said: {told}",
                !conn.is_autocommit()
            )
        })?;
        is_told(result, seen)?;
        if !finish {
            return Ok(Some(seen));
        }
        self.finish(place, seen).map_err(|err| format!("same connection: {err}"))?;
        Ok(Some(Seen::After))
    }

    fn judge(&self, mut place: Place<'_>) -> Result<Seen, String> {
        let seen = place.conn.as_ref().map(|conn| self.look(conn)).ok_or("there is no connection")??;
        self.finish(&mut place, seen)?;
        Ok(seen)
    }

    fn look(&self, conn: &Connection) -> Result<Seen, String> {
        let state = state(conn).map_err(|err| format!("it cannot be read: {err}"))?;
        match state {
            state if state == self.before => Ok(Seen::Before),
            state if state == self.after => Ok(Seen::After),
            state => {
                let missing = self.before.lines().filter(|line| !state.lines().any(|other| other == *line));
                let more = state.lines().filter(|line| !self.before.lines().any(|other| other == *line));
                let (missing, more): (Vec<_>, Vec<_>) = (missing.take(5).collect(), more.take(5).collect());
                Err(format!("neither before nor after: not as before {missing:?}, but {more:?}"))
            }
        }
    }

    /// The next one gets where the first would have.
    fn finish(&self, place: &mut Place<'_>, seen: Seen) -> Result<(), String> {
        if seen == Seen::Before {
            self.work(place).map_err(|err| format!("the next one fails: {err}"))?;
        }
        self.again(place).map_err(|err| format!("the start after it fails: {err}"))?;
        let conn = place.conn.as_ref().ok_or("there is no connection")?;
        match self.look(conn)? {
            Seen::After => Ok(()),
            Seen::Before => Err("the next one does not finish it".to_owned()),
        }
    }

    /// The same bytes as files of the operating system.
    fn real(&self, image: &Image, folder: &Path) -> Result<(Connection, PathBuf), String> {
        for suffix in ["", "-journal", "-wal"] {
            let path = folder.join(format!("app.db{suffix}"));
            let _ = std::fs::remove_file(&path);
            if let Some(bytes) = image.get(&format!("{}{suffix}", vfs::DATABASE)) {
                std::fs::write(&path, bytes).map_err(|err| err.to_string())?;
            }
        }
        self.folder.copy_to(folder);
        let path = folder.join("app.db");
        let conn = Connection::open(&path).map_err(|err| err.to_string())?;
        self.mode.set(&conn).map_err(|err| err.to_string())?;
        Ok((conn, path))
    }
}

impl Drop for Scenario {
    fn drop(&mut self) {
        vfs::remove();
    }
}

/// What was reported after a fault that passed must be so.
fn is_told(result: &Done, seen: Seen) -> Result<(), String> {
    match (result, seen) {
        (Ok(_), Seen::Before) => Err("success was reported, and nothing is changed".to_owned()),
        (Err(told), Seen::After) if told.contains("is unchanged") || told.contains("nothing was changed") => {
            Err(format!("it is changed, and this was said:\n{told}"))
        }
        _ => Ok(()),
    }
}

/// The catalog, every row, and what the history tells but for failures; an error where SQLite finds fault with the file.
fn state(conn: &Connection) -> rusqlite::Result<String> {
    let not_ours = "tbl_name NOT LIKE 'migration!_%' ESCAPE '!'";
    let mut state = lines(
        conn,
        &format!("SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE {not_ours} ORDER BY name"),
    )?;
    let tables = names(conn, &format!("SELECT name FROM sqlite_schema WHERE type = 'table' AND {not_ours}"))?;
    for table in tables {
        state.push(format!("rows of {table}"));
        state.extend(lines(conn, &format!("SELECT * FROM \"{table}\" ORDER BY 1"))?);
    }
    if !names(conn, "SELECT name FROM sqlite_schema WHERE name = 'migration_history'")?.is_empty() {
        state.extend(lines(
            conn,
            "SELECT kind, status, version, 'recorded' FROM migration_history WHERE status <> 'failed' ORDER BY id",
        )?);
    }
    state.extend(lines(conn, "PRAGMA integrity_check")?);
    let faults = lines(conn, "PRAGMA foreign_key_check")?;
    state.extend(faults);
    Ok(state.join("\n"))
}

fn names(conn: &Connection, sql: &str) -> rusqlite::Result<Vec<String>> {
    conn.prepare(sql)?.query_map([], |row| row.get(0))?.collect()
}

fn lines(conn: &Connection, sql: &str) -> rusqlite::Result<Vec<String>> {
    let mut statement = conn.prepare(sql)?;
    let width = statement.column_count();
    let mut rows = statement.query([])?;
    let mut lines = Vec::new();
    while let Some(row) = rows.next()? {
        let cells: rusqlite::Result<Vec<String>> = (0..width).map(|at| row.get_ref(at).map(shown)).collect();
        lines.push(cells?.join("|"));
    }
    Ok(lines)
}

fn shown(cell: ValueRef<'_>) -> String {
    match cell {
        ValueRef::Text(text) => format!("'{}'", String::from_utf8_lossy(text)),
        other => format!("{other:?}"),
    }
}
