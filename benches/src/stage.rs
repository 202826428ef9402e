//! The databases, and one change on one of them: by the engine, and raw.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use schema_runtime::rusqlite::{self, Connection, params};
use schema_runtime::{BackupPolicy, Migrator, Model, ModelOptions, Phases, RemovalPolicy};

use crate::Result;
use crate::cases::{Case, Raw, Shape};

/// What the engine says of a run.
#[derive(Clone, Copy, Default)]
pub struct Run {
    /// The part that the raw form has as well: the steps alone; with the proofs where the raw form has one.
    pub steps: f64,
    /// What the estimate is about: checks, rehearsal, steps and verification.
    pub change: f64,
    /// Everything, the file's opening and the commit included.
    pub whole: f64,
    pub estimate: f64,
    pub phases: Phases,
}

pub struct Stage {
    pub folder: PathBuf,
    pub rows: u64,
    pub journal: String,
}

pub fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

fn migrator(sql: &str, version: &str) -> Result<Migrator> {
    let text = format!("-- schema: version({version})\n{sql}");
    let model = Model::from_sql(&text, "model.sql", "main", &ModelOptions::new())?;
    let migrator = Migrator::for_model(model).backup(BackupPolicy::Never).no_time_limit();
    Ok(migrator.removed(RemovalPolicy::Drop).adopt_any().allow("L103").allow("L105"))
}

impl Stage {
    /// The file before the change, with its rows and its history.
    pub fn template(&self, shape: Shape) -> Result<PathBuf> {
        let path = self.folder.join(format!("{shape:?}.db"));
        if path.exists() {
            return Ok(path);
        }
        let conn = Connection::open(&path)?;
        conn.execute_batch(&format!("PRAGMA journal_mode = {}", self.journal))?;
        conn.execute_batch(&format!("BEGIN;\n{}{};\nCOMMIT", shape.schema(), shape.fill(self.rows)))?;
        drop(conn);
        migrator(shape.schema(), "1")?.run(&path)?;
        Ok(path)
    }

    fn fresh(&self, case: &Case) -> Result<PathBuf> {
        let template = self.template(case.shape)?;
        let path = self.folder.join("work.db");
        for suffix in ["", "-wal", "-shm", "-journal"] {
            let _ = std::fs::remove_file(format!("{}{suffix}", path.display()));
        }
        std::fs::copy(template, &path)?;
        Ok(path)
    }

    pub fn engine(&self, case: &Case) -> Result<(Run, String)> {
        let path = self.fresh(case)?;
        let report = migrator(&after(case), "2")?.run(&path)?;
        let phases = report.phases;
        let proved = case.raw.iter().any(|part| matches!(part, Raw::Sql(sql) if sql.contains("_check")));
        let steps = if proved {
            ms(phases.apply + phases.verify)
        } else {
            report.steps.iter().map(|step| step.ms).sum()
        };
        let change = phases.preflight + phases.rehearse + phases.apply + phases.verify;
        let methods: Vec<String> = report.plan.steps.iter().map(|step| step.method.to_string()).collect();
        let estimate = report.plan.cost().ms as f64;
        if report.plan.is_empty() {
            return Err(format!("`{}` plans nothing", case.name).into());
        }
        Ok((
            Run { steps, change: ms(change), whole: ms(report.duration), estimate, phases },
            methods.join(" "),
        ))
    }

    /// The raw form, from BEGIN to before COMMIT, and with it.
    pub fn raw(&self, case: &Case) -> Result<(f64, f64)> {
        let path = self.fresh(case)?;
        let conn = Connection::open(&path)?;
        // The schema is read: the engine's steps find it so too.
        conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))?;
        conn.execute_batch("PRAGMA foreign_keys = OFF")?;
        let began = Instant::now();
        conn.execute_batch("BEGIN IMMEDIATE")?;
        for part in case.raw {
            raw(&conn, case, *part)?;
        }
        let steps = began.elapsed();
        conn.execute_batch("COMMIT")?;
        Ok((ms(steps), ms(began.elapsed())))
    }
}

/// The schema that the case wants.
fn after(case: &Case) -> String {
    case.change.iter().fold(case.shape.schema().to_owned(), |text, (from, to)| {
        if *from == "@t" {
            return text[..text.find("CREATE TABLE t (").unwrap_or(0)].to_owned();
        }
        assert!(text.contains(from), "`{}` replaces nothing", case.name);
        text.replace(from, to)
    })
}

/// The wanted text of `t`.
fn wanted(case: &Case) -> String {
    let text = after(case);
    let start = text.find("CREATE TABLE t (").unwrap_or_default();
    text[start..].split(';').next().unwrap_or_default().to_owned()
}

fn raw(conn: &Connection, case: &Case, part: Raw) -> rusqlite::Result<()> {
    match part {
        Raw::Sql(sql) => conn.execute_batch(sql),
        Raw::Edit => {
            let version: i64 = conn.query_row("PRAGMA schema_version", [], |row| row.get(0))?;
            conn.execute_batch("PRAGMA writable_schema = ON")?;
            let sql = "UPDATE sqlite_schema SET sql = ?1 WHERE type = 'table' AND name = 't'";
            conn.execute(sql, params![wanted(case)])?;
            let next = version + 1;
            conn.execute_batch(&format!("PRAGMA schema_version = {next}; PRAGMA writable_schema = RESET"))?;
            conn.prepare("SELECT * FROM t").map(|_| ())
        }
        Raw::Twelve { columns, values } => {
            let mut statement = conn.prepare(
                "SELECT sql FROM sqlite_schema WHERE tbl_name = 't' AND type = 'index' AND sql IS NOT NULL",
            )?;
            let indexes: Vec<String> =
                statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
            drop(statement);
            let new = wanted(case).replacen("CREATE TABLE t (", "CREATE TABLE new_t (", 1);
            conn.execute_batch(&format!(
                "{new}; INSERT INTO new_t ({columns}) SELECT {values} FROM t; DROP TABLE t;
                 ALTER TABLE new_t RENAME TO t; {}",
                indexes.join(";")
            ))?;
            conn.execute_batch("PRAGMA foreign_key_check(t)")
        }
    }
}

/// A column into each of `n` tables: raw, and by the engine. Milliseconds.
pub fn many(folder: &Path, n: usize) -> Result<(f64, Run)> {
    let table = |at: usize, more: &str| {
        format!(
            "CREATE TABLE t{at} (id INTEGER PRIMARY KEY, a TEXT, b TEXT, c INTEGER, d REAL, e TEXT, f TEXT, g TEXT{more});\n"
        )
    };
    let schema = |more: &str| (0..n).map(|at| table(at, more)).collect::<String>();
    let made = |name: &str| -> Result<PathBuf> {
        let path = folder.join(name);
        for suffix in ["", "-wal", "-shm", "-journal"] {
            let _ = std::fs::remove_file(format!("{}{suffix}", path.display()));
        }
        let conn = Connection::open(&path)?;
        conn.execute_batch(&format!("PRAGMA journal_mode = WAL; BEGIN; {}COMMIT", schema("")))?;
        for at in 0..n {
            conn.execute_batch(&format!("INSERT INTO t{at} (a) VALUES ('x')"))?;
        }
        Ok(path)
    };
    let conn = Connection::open(made("raw.db")?)?;
    conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))?;
    let began = Instant::now();
    conn.execute_batch("BEGIN IMMEDIATE")?;
    for at in 0..n {
        conn.execute_batch(&format!("ALTER TABLE t{at} ADD COLUMN h TEXT"))?;
    }
    let raw = began.elapsed();
    conn.execute_batch("COMMIT")?;
    let path = made("engine.db")?;
    migrator(&schema(""), "1")?.run(&path)?;
    let report = migrator(&schema(", h TEXT"), "2")?.run(&path)?;
    let phases = report.phases;
    let run = Run {
        steps: report.steps.iter().map(|step| step.ms).sum(),
        change: ms(phases.preflight + phases.rehearse + phases.apply + phases.verify),
        whole: ms(report.duration),
        estimate: report.plan.cost().ms as f64,
        phases,
    };
    Ok((ms(raw), run))
}
