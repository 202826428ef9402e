//! A program held against each of its releases: from a database of the release to the model of today, on every way, and back.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::Connection;
use schema_sql::quote_ident;

use super::file::{is_updating, versions};
use super::place::Place;
use super::release::{Release, fixtures, open, program, read};
use super::rows::Pair;
use super::trail::{Hop, Trail};
use super::{check_drift, releases, virtual_tables};
use crate::catalog::Catalog;
use crate::connection::{self, SqliteResult};
use crate::diff::{Change, diff};
use crate::error::{Error, ErrorKind, Result};
use crate::found;
use crate::migrator::Migrator;
use crate::model::Model;
use crate::plan::HazardCode;
use crate::report::Outcome;
use crate::rollback::Back;
use crate::snapshot::{Snapshot, State, key};
use crate::version::version_cmp;

/// So many differences are named.
const NAMED: usize = 5;

/// What is not as a start has left it, something else has changed.
const LOOK: &str = "look at what the hook of the connections, triggers and functions do to it; report it, with the snapshots, if none of them does";

/// What was found on the ways from a release.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReleaseReport {
    /// The version of the release.
    pub version: String,
    /// The databases that were migrated, each as `24 rows, invented`.
    pub databases: Vec<String>,
    /// What somebody should know who reads it: what went by consent, what numbered migrations changed, tables without rows.
    pub notes: Vec<String>,
}

impl fmt::Display for ReleaseReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} migrates: {}", self.version, self.databases.join("; "))?;
        self.notes.iter().try_for_each(|note| write!(f, "\nnote: {note}"))
    }
}

/// Fails where a database of the release `version` does not come to the model of today with all that it holds, and back.
/// [`migrates_from_every_release!`](crate::migrates_from_every_release) makes a test of it for each release.
///
/// While `UPDATE_SCHEMA` is set the present version is passed over, whose snapshot is being written.
///
/// # Panics
/// With the text of [`check_release`], where it fails.
#[track_caller]
pub fn assert_release(
    model: impl Into<Migrator>,
    folder: impl AsRef<Path>,
    version: &str,
    fixtures: Option<&Path>,
) {
    let migrator = model.into();
    if is_updating() && version_cmp(version, migrator.source.version()).is_eq() {
        return;
    }
    match check_release(&migrator, folder, version, fixtures) {
        Ok(report) => println!("{report}"),
        Err(error) => panic!("{error}"),
    }
}

/// As [`assert_release`], with what is wrong as an error.
///
/// A database is made as the release had it, from the snapshot in `folder`, with the numbered migrations that it had, and filled with
/// invented rows; where `fixtures`, a folder, has `<version>.db` or `<version>.sql`, another one is made from each. A copy goes to the model
/// of `migrator` at once, and another one by every release between. It is held that
///
/// - no start is refused: policies and consents are those of `migrator`, a `backfill`, `convert` or `dropped` on the way that of its release;
/// - the database is then as the model has it, on both ways the same, and a second start plans nothing;
/// - every row is there, and every value of every column that is still there, in the model or kept beside it, but for what a `convert` or a
///   consent to L103 changes, and NULL where a column is NOT NULL now. What the model drops by consent is told, and what numbered migrations
///   change: they may;
/// - virtual tables give the rows that they gave, and full-text indexes find the words that they found;
/// - no foreign key is broken that was not before;
/// - a rollback to the start brings catalog and rows back. Where a numbered migration has no way back that is told instead, and where a
///   virtual table was dropped, which comes back with the whole backup only.
///
/// All of it happens in a temporary folder, which goes away.
///
/// # Errors
/// As a start on a real database. `Data` of invented rows says how to give others. `Verify` where something was lost, or the ways lead to
/// different ends; `Model` for a snapshot that is not as it was written or newer than the model, and for a fixture that is no database of
/// the release; `Migration` where the release had a migration that is no longer there, or has changed since.
pub fn check_release(
    migrator: &Migrator,
    folder: impl AsRef<Path>,
    version: &str,
    fixtures: Option<&Path>,
) -> Result<ReleaseReport> {
    let folder = folder.as_ref();
    let check = Check::new(migrator, folder, version)?;
    let result = check.all(fixtures);
    result.map_err(|error| {
        let error = error
            .help("correct what is named: a start on a database of this release would fail the same way");
        error.restate("only databases in a temporary folder were written")
    })
}

/// One run of a program on the way.
struct Step {
    program: Migrator,
    model: Arc<Model>,
}

/// What is checked.
struct Check {
    release: Release,
    today: Migrator,
    /// The releases between, and the model of today.
    steps: Vec<Step>,
    place: Place,
}

/// A database that is not touched any more.
struct Start {
    path: PathBuf,
    catalog: Catalog,
    rows: i64,
    violations: usize,
    /// The revisions that a rollback to it leaves.
    revisions: usize,
}

/// A database at the end of a way.
struct End {
    path: PathBuf,
    catalog: Catalog,
    trail: Trail,
    /// The numbered migrations that ran.
    numbered: Vec<String>,
    way: String,
}

impl Check {
    fn new(migrator: &Migrator, folder: &Path, version: &str) -> Result<Check> {
        let today = program(migrator);
        releases::refuse_newer(&today, folder, version)?;
        let release = Release::read(&today, folder, version)?;
        let mut steps = Vec::new();
        for later in versions(folder)? {
            let between =
                version_cmp(&later, version).is_gt() && version_cmp(&later, today.source.version()).is_lt();
            if between {
                let release = Release::read(&today, folder, &later)?;
                steps.push(Step { program: release.program(&today), model: release.model });
            }
        }
        let scratch = connection::scratch(None, today.options.hook.as_ref())?;
        let model = found::model(&scratch, &today, &Catalog::default())?;
        steps.push(Step { program: today.clone(), model: Arc::new(model) });
        Ok(Check { release, today, steps, place: Place::new()? })
    }

    fn all(&self, folder: Option<&Path>) -> Result<ReleaseReport> {
        let version = &self.release.version;
        let mut report = ReleaseReport { version: version.clone(), databases: Vec::new(), notes: Vec::new() };
        let fixtures = fixtures(folder, version);
        // A rule of the model, or a migration, may want of rows what the constraints of the release do not say.
        let by_rows = |error: &Error| matches!(error.kind(), ErrorKind::Data | ErrorKind::Migration);
        match self.invented(&mut report) {
            // Of rows that nobody has, those of a fixture say more.
            Err(error) if by_rows(&error) && !fixtures.is_empty() => {
                report.notes.push(format!("invented rows are refused: {}", error.causes().join(": ")));
            }
            Err(error) if by_rows(&error) => {
                let folder = folder.unwrap_or(Path::new("tests/fixtures")).display();
                let own = error.help_line().map(|help| format!("{help}; ")).unwrap_or_default();
                return Err(error.cause("the rows are invented, within the constraints of the release").rather(
                    format!("{own}or give rows as users have them: `fixtures: \"{folder}\"` with a `{version}.sql` or `{version}.db`"),
                ));
            }
            done => done?,
        }
        for (at, fixture) in fixtures.iter().enumerate() {
            let path = self.place.file(&format!("fixture{at}.db"));
            let name = fixture.display();
            self.release
                .prepare(&self.today, fixture, &path)
                .and_then(|()| self.ways(&path, &format!("of `{name}`"), &mut report))
                .map_err(|error| error.cause(format!("the rows are those of `{name}`")))?;
        }
        let mut told = BTreeSet::new();
        report.notes.retain(|note| told.insert(note.clone()));
        Ok(report)
    }

    fn invented(&self, report: &mut ReleaseReport) -> Result<()> {
        let path = self.place.file("invented.db");
        let made = self.release.invent(&self.today, &path);
        let short = made
            .map_err(|error| error.context(format!("cannot make a database of {}", self.release.version)))?;
        report.notes.extend(short.iter().map(|table| {
            format!(
                "not all of the rows could be invented that `{table}` should have: a fixture can have them"
            )
        }));
        self.ways(&path, "invented", report)
    }

    /// Goes every way from the database at `path`, and back.
    fn ways(&self, path: &Path, rows: &str, report: &mut ReleaseReport) -> Result<()> {
        let start = self.start(path)?;
        let version = self.today.source.version();
        let last = self.steps.last().map(std::slice::from_ref).unwrap_or_default();
        let mut ends = vec![self.go(&start, last, format!("straight to {version}"))?];
        if self.steps.len() > 1 {
            ends.push(self.go(&start, &self.steps, format!("step by step to {version}"))?);
        }
        for end in &ends {
            let told = |error: Error| {
                error.context(format!("{} does not migrate {}", self.release.version, end.way))
            };
            self.arrived(&start, end, report).map_err(told)?;
        }
        if let [straight, steps] = ends.as_slice() {
            self.same(straight, steps)?;
        }
        for end in &ends {
            let told = |error: Error| {
                error.context(format!("{} does not come back from {}", self.release.version, end.way))
            };
            self.back(&start, end, report).map_err(told)?;
        }
        report.databases.push(format!("{} rows, {rows}", start.rows));
        Ok(())
    }

    fn start(&self, path: &Path) -> Result<Start> {
        let conn = open(&self.today, path)?;
        let catalog = read(&self.today, &conn)?;
        let mut rows = 0;
        for table in &catalog.tables {
            let sql = format!("SELECT count(*) FROM main.{}", quote_ident(&table.name));
            rows += conn
                .query_row(&sql, [], |row| row.get::<_, i64>(0))
                .at(|| format!("cannot count the rows of `{}`", table.name))?;
        }
        rows += virtual_tables::count(&conn, &catalog);
        let violations = violations(&conn)?.len();
        let revisions = self.today.rollback_candidates(path)?.len();
        Ok(Start { path: path.to_owned(), catalog, rows, violations, revisions })
    }

    /// Runs the programs one after another on a copy.
    fn go(&self, start: &Start, steps: &[Step], way: String) -> Result<End> {
        let from = &self.release.version;
        let name = start.path.file_stem().unwrap_or_default().to_string_lossy();
        let kind = if steps.len() > 1 { "steps" } else { "straight" };
        let path = self.place.copy(&start.path, &format!("{name}-{kind}.db"))?;
        let mut end = End {
            path,
            catalog: Catalog::default(),
            trail: Trail::of(&start.catalog),
            numbered: Vec::new(),
            way,
        };
        for step in steps {
            let at = match steps.len() {
                1 => String::new(),
                _ => format!(": the step to {} fails", step.model.version),
            };
            let told = |error: Error| error.context(format!("{from} does not migrate {}{at}", end.way));
            let report = step.program.run(&end.path).map_err(told)?;
            let ran = report.migrations.iter().filter(|run| !run.contained);
            let ran: Vec<String> = ran.map(|run| run.title()).collect();
            end.catalog =
                open(&self.today, &end.path).and_then(|conn| read(&self.today, &conn)).map_err(told)?;
            end.trail.follow(&Hop {
                plan: &report.plan,
                model: &step.model,
                consents: &step.program.options.consents,
                left: &end.catalog,
                numbered: &ran,
            });
            end.numbered.extend(ran);
        }
        Ok(end)
    }

    /// What must hold at the end of a way.
    fn arrived(&self, start: &Start, end: &End, report: &mut ReleaseReport) -> Result<()> {
        let (before, after) = (open(&self.today, &start.path)?, open(&self.today, &end.path)?);
        let mut lost = end.trail.lost.clone();
        let mut notes = end.trail.notes.clone();
        for pair in end.trail.pairs(&start.catalog, &end.catalog) {
            let found = pair.compare(&before, &after)?;
            let mut differs = found.rows;
            for (column, text) in found.values {
                match end.trail.free(&pair.old.name, &column) {
                    Some(by) => notes.push(format!("{text}, by {by}")),
                    None => differs.push(text),
                }
            }
            match end.numbered.as_slice() {
                [] => lost.append(&mut differs),
                ran => notes.extend(differs.iter().map(|text| format!("{text}, with {}", ran.join(", ")))),
            }
        }
        for pair in end.trail.virtual_pairs(&start.catalog, &end.catalog) {
            if let Some(note) = pair.unreadable(&before) {
                notes.push(note);
                continue;
            }
            let mut differs = pair.compare(&before, &after)?.all();
            match end.numbered.as_slice() {
                [] => lost.append(&mut differs),
                ran => notes.extend(differs.iter().map(|text| format!("{text}, with {}", ran.join(", ")))),
            }
        }
        report.notes.extend(notes);
        if !lost.is_empty() {
            return Err(verify("rows or values are not what they were", lost));
        }
        let broken = violations(&after)?;
        if broken.len() > start.violations {
            return Err(verify("rows refer to rows that are not there", broken));
        }
        drop((before, after));
        check_drift(&self.today, &end.path).map_err(|error| error.of_kind(ErrorKind::Verify).rather(LOOK))?;
        let again = self.today.run(&end.path)?;
        let planned = self.today.clone().dry_run(true).run(&end.path)?;
        if again.outcome != Outcome::UpToDate || !planned.plan.is_empty() || !planned.pending.is_empty() {
            let changes = again.applied.iter().cloned().chain(planned.plan.changes().map(Change::to_string));
            return Err(verify(
                "a second start finds something to do",
                changes.chain(planned.pending).collect(),
            ));
        }
        Ok(())
    }

    /// Both ways lead to one schema, but for what the model has no longer.
    fn same(&self, straight: &End, steps: &End) -> Result<()> {
        let (one, other) = (self.without_retired(straight)?, self.without_retired(steps)?);
        let changes = diff(&other, &one, &|_| false);
        if changes.is_empty() {
            return Ok(());
        }
        let what =
            format!("{} becomes something else {} than {}", self.release.version, steps.way, straight.way);
        Err(verify(&what, changes.iter().map(|change| format!("it lacks: {change}")).collect()))
    }

    fn without_retired(&self, end: &End) -> Result<Catalog> {
        let name = self.today.source.name();
        let rows = self.today.history(&end.path)?;
        let last = rows.iter().rev().find(|row| row.model == name && row.is_change());
        let Some(snapshot) = last.and_then(|row| row.snapshot.as_deref()) else {
            return Ok(end.catalog.clone());
        };
        let owners = Snapshot::from_json(snapshot)?.owners;
        let stays = |key: String| !matches!(owners.get(&key), Some(State::Retired { .. }));
        let mut catalog = end.catalog.clone();
        catalog.tables.retain(|table| stays(key::table(&table.name)));
        for table in &mut catalog.tables {
            let name = table.name.clone();
            table.columns.retain(|column| stays(key::column(&name, &column.name)));
            table.indexes.retain(|index| stays(key::index(&index.name)));
        }
        catalog.virtual_tables.retain(|table| stays(key::virtual_table(&table.name)));
        Ok(catalog)
    }

    /// Takes everything back, and compares with the start.
    fn back(&self, start: &Start, end: &End, report: &mut ReleaseReport) -> Result<()> {
        let mut program = self.today.clone();
        // What the way has made, and nobody has filled since, may go.
        for code in [HazardCode::DropTable, HazardCode::DropColumn, HazardCode::DropVirtualTable] {
            program = program.allow(code.code());
        }
        let candidates = program.rollback_candidates(&end.path)?;
        let over = candidates.len().saturating_sub(start.revisions);
        let refused = candidates.iter().take(over).find_map(|candidate| candidate.refused.clone());
        if let (Some(refused), false) = (&refused, end.numbered.is_empty()) {
            report.notes.push(format!("there is no way back from {}: {refused}", end.way));
            return Ok(());
        }
        if over > 0 {
            match program.rollback(&end.path, &Back::Last(over)) {
                // What a module held comes back with the whole backup alone.
                Err(error) if error.kind() == ErrorKind::Backup && end.trail.has_emptied() => {
                    report.notes.push(format!("there is no way back from {}: {}", end.way, error.what()));
                    return Ok(());
                }
                back => back?,
            };
        }
        let (before, after) = (open(&self.today, &start.path)?, open(&self.today, &end.path)?);
        let catalog = read(&self.today, &after)?;
        let changes = diff(&catalog, &start.catalog, &|_| false);
        if !changes.is_empty() {
            let causes = changes.iter().map(|change| format!("it lacks: {change}")).collect();
            return Err(verify("the rollback leads to another schema", causes));
        }
        let mut differs = Vec::new();
        for pair in end.trail.pairs_back(&start.catalog, &end.catalog, &catalog) {
            differs.extend(Pair::compare(&pair, &before, &after)?.all());
        }
        let pairs = end.trail.virtual_pairs(&start.catalog, &catalog);
        for pair in pairs.iter().filter(|pair| pair.unreadable(&before).is_none()) {
            differs.extend(pair.compare(&before, &after)?.all());
        }
        if differs.is_empty() {
            return Ok(());
        }
        if end.numbered.is_empty() {
            return Err(verify("the rollback does not bring all rows back", differs));
        }
        let by = end.numbered.join(", ");
        report.notes.extend(differs.iter().map(|text| format!("after the ways back of {by}: {text}")));
        Ok(())
    }
}

/// Rows without a parent, as texts.
fn violations(conn: &Connection) -> Result<Vec<String>> {
    let what = || "cannot check the foreign keys".to_owned();
    let mut statement = conn.prepare("PRAGMA main.foreign_key_check").at(what)?;
    let rows = statement.query_map([], |row| {
        let (table, row_id, parent) =
            (row.get::<_, String>(0)?, row.get::<_, Option<i64>>(1)?, row.get::<_, String>(2)?);
        let row_id = row_id.map(|id| format!(" (rowid {id})")).unwrap_or_default();
        Ok(format!("a row of `{table}`{row_id} refers to a missing one of `{parent}`"))
    });
    rows.and_then(Iterator::collect).at(what)
}

fn verify(what: &str, causes: Vec<String>) -> Error {
    let more = causes.len().saturating_sub(NAMED);
    let error = causes.into_iter().take(NAMED).fold(Error::new(ErrorKind::Verify, what), Error::cause);
    let error = if more > 0 { error.cause(format!("and {more} more")) } else { error };
    error.help(LOOK)
}
