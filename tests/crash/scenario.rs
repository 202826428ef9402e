//! What is done while the fault comes, and what must be there afterwards.

use rusqlite::Connection;
use rusqlite::types::ValueRef;
use schema_runtime::{BackupPolicy, Migrator, Outcome, Schema};

use super::storage::{Disk, Fault, Image};
use super::vfs;
use crate::support::model::model;

/// A journal mode.
#[derive(Clone, Copy)]
pub(super) struct Mode {
    pub(super) journal: &'static str,
    /// WAL: the log of before is still there, not yet in the database.
    pub(super) log_kept: bool,
}

pub(super) const MODES: [Mode; 5] = [
    Mode { journal: "DELETE", log_kept: false },
    Mode { journal: "TRUNCATE", log_kept: false },
    Mode { journal: "PERSIST", log_kept: false },
    Mode { journal: "WAL", log_kept: false },
    Mode { journal: "WAL", log_kept: true },
];

impl Mode {
    /// Small pages and a small cache, so that changes reach the files before the commit.
    fn set(self, conn: &Connection) -> rusqlite::Result<()> {
        // First: a log without shared memory cannot be read otherwise.
        if self.journal == "WAL" {
            conn.execute_batch("PRAGMA locking_mode = EXCLUSIVE")?;
        }
        conn.execute_batch("PRAGMA page_size = 1024; PRAGMA cache_size = 8")?;
        conn.execute_batch(&format!("PRAGMA journal_mode = {}", self.journal))
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
    /// Leads back to this.
    Undo(&'static Schema),
    /// By hand, after these pragmas.
    Sql(&'static str, &'static str),
}

impl Job {
    /// The methods of the steps that were taken, or the error.
    pub(super) fn run(self, conn: &mut Connection) -> Result<String, String> {
        match self {
            Job::Run(schema) => {
                let report = migrator(schema).run_on(conn).map_err(|err| err.to_string())?;
                let mut methods: Vec<String> =
                    report.steps.iter().map(|step| format!("{:?}", step.method)).collect();
                // Old SQLite takes in one step what new SQLite takes in two.
                methods.dedup();
                Ok(methods.join(" "))
            }
            Job::Undo(schema) => {
                let undone = schema_runtime::testing::undo_last_of(schema.name, "migration_history", conn);
                undone.map(|()| String::new()).map_err(|err| err.to_string())
            }
            Job::Sql(pragmas, sql) => {
                let done = conn.execute_batch(pragmas).and_then(|()| conn.execute_batch(sql));
                done.map(|()| String::new()).map_err(|err| err.to_string())
            }
        }
    }

    /// Once more, where it is done already: nothing is to do.
    fn again(self, conn: &mut Connection) -> Result<(), String> {
        let (Job::Run(schema) | Job::Undo(schema)) = self else { return Ok(()) };
        let report = migrator(schema).run_on(conn).map_err(|err| err.to_string())?;
        if report.outcome == Outcome::UpToDate { Ok(()) } else { Err(format!("not up to date:\n{report}")) }
    }
}

fn migrator(schema: &'static Schema) -> Migrator {
    Migrator::new(schema).backup(BackupPolicy::Never).no_time_limit()
}

/// A change in a journal mode: the files of before, and the states of before and after.
pub(super) struct Scenario {
    mode: Mode,
    job: Job,
    pub(super) base: Image,
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

impl Scenario {
    /// `models` are run one after another, rows come behind the first: that is before.
    pub(super) fn new(mode: Mode, models: &[&str], rows: &str, job: Job) -> Scenario {
        vfs::insert(Disk::of(&Image::new()));
        let mut conn = mode.open().expect("a database");
        for (at, sql) in models.iter().enumerate() {
            Job::Run(model(sql)).run(&mut conn).unwrap_or_else(|err| panic!("{sql}\n{err}"));
            if at == 0 {
                conn.execute_batch(rows).expect("rows");
            }
        }
        if models.is_empty() {
            conn.execute_batch(rows).expect("by hand");
        }
        let before = state(&conn).expect("a state");
        if mode.log_kept {
            let keep = rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE;
            conn.set_db_config(keep, true).expect("an option");
        }
        drop(conn);
        let base = vfs::with(|disk| disk.image());
        let mut scenario = Scenario {
            mode,
            job,
            base,
            before,
            after: String::new(),
            methods: String::new(),
            counts: [0; 3],
        };
        let mut conn = scenario.start(None, 0);
        scenario.methods = job.run(&mut conn).expect("nothing goes wrong");
        scenario.after = state(&conn).expect("a state");
        drop(conn);
        assert_ne!(scenario.before, scenario.after);
        // Once more without the looking.
        let mut conn = scenario.start(None, 0);
        job.run(&mut conn).expect("nothing goes wrong");
        drop(conn);
        scenario.counts = super::storage::FAULTS.map(|fault| vfs::with(|disk| disk.count(fault)));
        scenario
    }

    pub(super) fn count(&self, fault: Fault) -> u64 {
        self.counts[fault as usize]
    }

    fn start(&self, fault: Option<(Fault, u64)>, seed: u64) -> Connection {
        vfs::insert(Disk::of(&self.base));
        let conn = self.mode.open().expect("the database of before");
        vfs::with(|disk| disk.arm(fault, seed));
        conn
    }

    /// The job with this fault at this operation, and the judgement of what it left. `files` is a folder to judge real files
    /// in.
    pub(super) fn strike(
        &self,
        fault: Fault,
        at: u64,
        seed: u64,
        files: Option<&std::path::Path>,
    ) -> Result<Seen, String> {
        let mut conn = self.start(Some((fault, at)), seed);
        let result = self.job.run(&mut conn);
        let mut on_same = None;
        if fault != Fault::PowerLoss && vfs::with(|disk| disk.struck()) {
            let told = result.as_ref().err().map_or("success", String::as_str);
            let seen = self.look(&conn).map_err(|err| {
                format!(
                    "same connection, transaction open: {}: {err}\nand this was said: {told}",
                    !conn.is_autocommit()
                )
            })?;
            self.is_told(&result, seen)?;
            on_same = Some(seen);
            if seed & 1 == 0 {
                self.finish(&mut conn, seen).map_err(|err| format!("same connection: {err}"))?;
                on_same = Some(Seen::After);
            }
        }
        drop(conn);
        let image = vfs::with(|disk| disk.image());
        vfs::insert(Disk::of(&image));
        let conn = self.mode.open().map_err(|err| format!("it does not open: {err}"))?;
        let seen = self.judge(conn)?;
        if on_same.is_some_and(|before| before != seen) {
            return Err("another connection sees another state".to_owned());
        }
        if fault == Fault::PowerLoss && result.is_ok() && seen == Seen::Before && self.mode.is_durable() {
            return Err("a change that was reported is gone".to_owned());
        }
        if let Some(folder) = files {
            let conn = self.real(&image, folder)?;
            if self.judge(conn).map_err(|err| format!("real files: {err}"))? != seen {
                return Err("real files show another state".to_owned());
            }
        }
        Ok(seen)
    }

    /// What was reported after a fault that passed must be so.
    fn is_told(&self, result: &Result<String, String>, seen: Seen) -> Result<(), String> {
        match (result, seen) {
            (Ok(_), Seen::Before) => Err("success was reported, and nothing is changed".to_owned()),
            (Err(told), Seen::After)
                if told.contains("is unchanged") || told.contains("nothing was changed") =>
            {
                Err(format!("it is changed, and this was said:\n{told}"))
            }
            _ => Ok(()),
        }
    }

    fn judge(&self, mut conn: Connection) -> Result<Seen, String> {
        let seen = self.look(&conn)?;
        self.finish(&mut conn, seen)?;
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

    /// The next start gets where the first would have.
    fn finish(&self, conn: &mut Connection, seen: Seen) -> Result<(), String> {
        if seen == Seen::Before {
            self.job.run(conn).map_err(|err| format!("the next start fails: {err}"))?;
        }
        let what = |err| format!("the start after it fails: {err}");
        self.job.again(conn).map_err(what)?;
        match self.look(conn)? {
            Seen::After => Ok(()),
            Seen::Before => Err("the next start does not finish it".to_owned()),
        }
    }

    /// The same bytes as files of the operating system.
    fn real(&self, image: &Image, folder: &std::path::Path) -> Result<Connection, String> {
        for suffix in ["", "-journal", "-wal"] {
            let path = folder.join(format!("app.db{suffix}"));
            let _ = std::fs::remove_file(&path);
            if let Some(bytes) = image.get(&format!("{}{suffix}", vfs::DATABASE)) {
                std::fs::write(&path, bytes).map_err(|err| err.to_string())?;
            }
        }
        let conn = Connection::open(folder.join("app.db")).map_err(|err| err.to_string())?;
        self.mode.set(&conn).map_err(|err| err.to_string())?;
        Ok(conn)
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
