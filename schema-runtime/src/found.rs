//! What a run finds: the live catalog, the model, and what the history knows of both.

use std::collections::HashMap;
use std::rc::Rc;

use rusqlite::Connection;
use schema_sql::eq_name;

use crate::catalog::{self, Catalog};
use crate::connection;
use crate::error::{Error, ErrorKind, Result};
use crate::history::{ALGORITHM, History, Past, Shape};
use crate::migrator::{Migrator, Source};
use crate::model::Model;
use crate::revision::{Revision, Status};
use crate::snapshot::{ConvertRecord, Owners, SNAPSHOT_FORMAT, Snapshot, State, key};
use crate::version::version_cmp;

/// What was read: the three sides.
pub(crate) struct Found {
    pub(crate) live: Rc<Catalog>,
    pub(crate) model: Model,
    /// The last revision of the model, and what it left.
    pub(crate) last: Option<(Revision, Rc<Snapshot>)>,
    /// Whether somebody has edited that revision: it decides nothing then.
    pub(crate) edited: bool,
    /// What a numbered migration above it has left.
    pub(crate) numbered: Option<Snapshot>,
    /// The newest row of the history, over all models; 0 without one.
    pub(crate) head: i64,
    pub(crate) others: Owners,
    /// The newest version that the history has of this model, where this program's is older.
    pub(crate) newer: Option<String>,
}

impl Found {
    pub(crate) fn without_history(live: Catalog, model: Model) -> Found {
        Found {
            live: Rc::new(live),
            model,
            last: None,
            edited: false,
            numbered: None,
            head: 0,
            others: Owners::default(),
            newer: None,
        }
    }

    /// Refuses what cannot be read, and so cannot be recorded as it is.
    ///
    /// # Errors
    /// `Opaque`, naming the first such object.
    pub(crate) fn refuse_opaque(&self) -> Result<()> {
        let Some(object) = self.live.opaque.first() else { return Ok(()) };
        Err(Error::new(
            ErrorKind::Opaque,
            format!("cannot read {} `{}` with certainty", object.kind, object.name),
        )
        .cause(object.reason.clone())
        .help("drop and create it by hand in plain SQL, or leave it to its owner"))
    }

    /// What the newest row says is there.
    pub(crate) fn left(&self) -> Option<&Snapshot> {
        self.numbered.as_ref().or_else(|| self.last.as_ref().map(|(_, last)| &**last))
    }
}

/// The names of our own tables, which are no part of any catalog.
pub(crate) fn own_tables(migrator: &Migrator) -> Vec<String> {
    History::named(migrator.options.history_table.as_str()).own_tables()
}

pub(crate) fn scratch(conn: &Connection, migrator: &Migrator) -> Result<Connection> {
    connection::scratch(Some(conn), migrator.options.hook.as_ref())
}

/// The migrator's model, made on a scratch database that is like `conn`, but for what `live` has by the same text.
///
/// # Errors
/// `Model` if SQLite refuses it, or it has one of our own tables.
pub(crate) fn model(conn: &Connection, migrator: &Migrator, live: &Catalog) -> Result<Model> {
    let own = own_tables(migrator);
    match &migrator.source {
        Source::Schema(schema) => Model::from_schema(schema, &scratch(conn, migrator)?, &own, live),
        Source::Model(model) => whole(model, &own),
    }
}

/// Reads the file, the history and the model.
///
/// # Errors
/// `History` if the history is not ours; `Model` if SQLite refuses the model; `WrongFile` if the database has tables but
/// none of the model's and no history.
pub(crate) fn read(conn: &Connection, migrator: &Migrator, history: &History) -> Result<Found> {
    read_with(conn, migrator, history, true)
}

/// The same, where no table is taken for what the last revision says that it is: for what becomes the record from now on.
///
/// # Errors
/// As [`read`].
pub(crate) fn read_anew(conn: &Connection, migrator: &Migrator, history: &History) -> Result<Found> {
    read_with(conn, migrator, history, false)
}

fn read_with(conn: &Connection, migrator: &Migrator, history: &History, recorded: bool) -> Result<Found> {
    let own = own_tables(migrator);
    let shape = history.check_shape(conn)?;
    let past = match shape {
        Shape::Current | Shape::Older(_) => Some(history.past(conn, migrator.source.name())?),
        Shape::HandRolled | Shape::Missing => None,
    };
    let last = past.as_ref().map(|past| last(conn, history, past)).transpose()?.flatten();
    let edited = last.as_ref().is_some_and(|(revision, _)| revision.is_edited());
    // What a table's text and those of its indexes mean was found out then.
    let known = last.iter().filter(|(revision, last)| {
        recorded && !edited && revision.checksum_algorithm == ALGORITHM && last.format == SNAPSHOT_FORMAT
    });
    let known: Vec<&Catalog> = known.map(|(_, last)| &last.catalog).collect();
    let live = catalog::read_since(conn, "main", &own, &known)?;
    let model = model(conn, migrator, &live)?;
    let mut found = Found { last, edited, ..Found::without_history(live, model) };
    // The rows of another system say nothing of models; they are kept, and ours follow.
    if !matches!(shape, Shape::Missing) {
        found.head = history.head(conn)?.map_or(0, |(id, _)| id);
    }
    if let Some(past) = past {
        read_history(conn, migrator, history, &past, &mut found)?;
    }
    if found.head == 0 && !migrator.options.adopt_any {
        refuse_wrong_file(conn, &found)?;
    }
    if found.model.version.is_empty() {
        let last = found.last.as_ref().map(|(revision, _)| revision.version.as_str());
        found.model.version = last.unwrap_or("0").to_owned();
    }
    Ok(found)
}

/// The last revision of the model that left a snapshot.
fn last(conn: &Connection, history: &History, past: &Past) -> Result<Option<(Revision, Rc<Snapshot>)>> {
    let Some(revision) = row(conn, history, past.latest())? else { return Ok(None) };
    let snapshot = revision.snapshot.as_deref().map(Snapshot::from_json).transpose()?;
    Ok(snapshot.map(|snapshot| (revision, Rc::new(snapshot))))
}

fn row(conn: &Connection, history: &History, id: Option<i64>) -> Result<Option<Revision>> {
    id.map_or(Ok(None), |id| history.row(conn, id))
}

/// A model that is whole already, where it leaves our own tables alone.
fn whole(model: &Model, own: &[String]) -> Result<Model> {
    let catalog = &model.catalog;
    let mut names = catalog
        .tables
        .iter()
        .flat_map(|table| std::iter::once(&table.name).chain(table.indexes.iter().map(|index| &index.name)))
        .chain(catalog.virtual_tables.iter().map(|table| &table.name))
        .chain(catalog.views.iter().map(|view| &view.name));
    match names.find(|name| own.iter().any(|own| eq_name(own, name))) {
        None => Ok(model.clone()),
        Some(name) => Err(Error::new(ErrorKind::Model, format!("the model cannot have `{name}`"))
            .cause("the name belongs to the migration history")
            .help("choose another name, or another one for the history")),
    }
}

/// What the rows say of the model beside its last revision.
fn read_history(
    conn: &Connection,
    migrator: &Migrator,
    history: &History,
    past: &Past,
    found: &mut Found,
) -> Result<()> {
    if let Some((_, snapshot)) = &found.last {
        set_made_conversions_aside(&mut found.model, &snapshot.converts);
    }
    let last = found.last.as_ref().map_or(0, |(row, _)| row.id);
    let numbered = row(conn, history, past.numbered_above(last))?.and_then(|row| row.snapshot);
    found.numbered = numbered.as_deref().map(Snapshot::from_json).transpose()?;
    found.others = others(conn, migrator, history)?;
    // What has no version is neither older nor newer.
    if !migrator.options.allow_revert && !found.model.version.is_empty() {
        let newer = past.newest_version().filter(|newest| version_cmp(&found.model.version, newest).is_lt());
        let superseded = past.is_superseded(&found.model.version, &found.model.fingerprint);
        found.newer = newer.map(str::to_owned).or_else(|| superseded.then(|| found.model.version.clone()));
    }
    Ok(())
}

/// What other models of the file manage.
///
/// # Errors
/// `History` if a snapshot cannot be read.
pub(crate) fn others(conn: &Connection, migrator: &Migrator, history: &History) -> Result<Owners> {
    let mut others = Owners::default();
    for other in history.models(conn)?.iter().filter(|other| *other != migrator.source.name()) {
        let Some(text) = history.latest(conn, other)?.and_then(|revision| revision.snapshot) else {
            continue;
        };
        for (key, state) in Snapshot::from_json(&text)?.owners.iter() {
            if *state == State::Managed {
                others.set(key.to_owned(), State::Managed);
            }
        }
    }
    Ok(others)
}

fn refuse_wrong_file(conn: &Connection, found: &Found) -> Result<()> {
    let known = |name: &str| {
        found.model.catalog.tables.iter().any(|table| {
            let hints = found.model.table_hints(&table.name);
            eq_name(&table.name, name) || hints.renamed_from.iter().any(|old| eq_name(old, name))
        }) || found.model.catalog.virtual_tables.iter().any(|table| eq_name(&table.name, name))
            || found.model.external.iter().any(|table| eq_name(table, name))
    };
    let live = &found.live;
    let tables: Vec<&str> = live
        .tables
        .iter()
        .map(|table| table.name.as_str())
        .chain(live.virtual_tables.iter().map(|table| table.name.as_str()))
        .collect();
    if tables.is_empty() || tables.iter().any(|name| known(name)) || found.model.catalog.tables.is_empty() {
        return Ok(());
    }
    let shown: Vec<String> = tables.iter().take(5).map(|name| format!("`{name}`")).collect();
    Err(Error::new(
        ErrorKind::WrongFile,
        format!("{} holds none of the model's tables", connection::name_of(conn)),
    )
    .cause(format!("it has no history and {} tables of something else: {}", tables.len(), shown.join(", ")))
    .state("nothing was changed")
    .help("check the path; if the file is the right one, say `.adopt_any()`"))
}

/// Says of a refused `drift` which views and triggers of the model are as a later revision of another model has left them: SQLite rewrites
/// their texts where a table or column that they read is renamed.
pub(crate) fn told_of_others(drift: Error, conn: &Connection, history: &History, found: &Found) -> Error {
    // What cannot be read tells nothing; the drift stands.
    let mut told = left_by_others(conn, history, found).unwrap_or_default();
    told.retain(|(what, _)| drift.causes().iter().any(|cause| cause.starts_with(&format!("{what} is "))));
    // Whatever else has changed was changed by hand.
    let error = match told.len() == drift.causes().len() {
        true => drift
            .causes()
            .iter()
            .fold(
                Error::new(
                    ErrorKind::Drift,
                    "another model of this database has renamed what this one reads",
                ),
                |error, cause| error.cause(cause.clone()),
            )
            .state("nothing was changed")
            .help("take the new names into the model, and start again"),
        false => drift,
    };
    told.iter().fold(error, |error, (what, by)| error.cause(format!("{what} {by}")))
}

/// Each such view and trigger, and by what it was left so: the first that left it so renamed something, whoever came after it found it so.
fn left_by_others(conn: &Connection, history: &History, found: &Found) -> Result<Vec<(String, String)>> {
    let Some((last, left)) = &found.last else { return Ok(Vec::new()) };
    let views = left.catalog.views.iter().map(|view| ("view", key::view(&view.name), &view.name));
    let triggers = left.catalog.triggers.iter();
    let triggers = triggers.map(|trigger| ("trigger", key::trigger(&trigger.name), &trigger.name));
    let ours: Vec<_> = views.chain(triggers).filter(|(_, key, _)| left.owners.is_managed(key)).collect();
    let mut told: Vec<(String, String)> = Vec::new();
    let mut before: HashMap<String, Catalog> = HashMap::new();
    for row in history.all(conn)?.into_iter().filter(|row| row.model != last.model) {
        let Some(text) = row.snapshot.as_deref().filter(|_| row.status == Status::Completed) else {
            continue;
        };
        let after = Snapshot::from_json(text)?;
        let by = format!("was so left by revision {} of model `{}`: {}", row.id, row.model, row.name);
        let previous = before.insert(row.model, after.catalog.clone());
        let Some(start) = after.start.or(previous).filter(|_| row.id > last.id) else { continue };
        for (kind, _, name) in &ours {
            let [was, then, next, now] =
                [&left.catalog, &start, &after.catalog, &*found.live].map(|it| text_of(it, kind, name));
            let what = format!("{kind} `{name}`");
            if was == then
                && next == now
                && now.is_some()
                && now != was
                && !told.iter().any(|it| it.0 == what)
            {
                told.push((what, by.clone()));
            }
        }
    }
    Ok(told)
}

fn text_of<'c>(catalog: &'c Catalog, kind: &str, name: &str) -> Option<&'c str> {
    match kind {
        "view" => catalog.view(name).map(|view| view.sql.as_str()),
        _ => catalog.trigger(name).map(|trigger| trigger.sql.as_str()),
    }
}

/// A conversion belongs to the change of type that it came with: made again with a later one, it would turn new values once more.
fn set_made_conversions_aside(model: &mut Model, made: &[ConvertRecord]) {
    for (table, hints) in &mut model.tables {
        let was =
            |name: &str| eq_name(name, table) || hints.renamed_from.iter().any(|old| eq_name(old, name));
        let made: Vec<&ConvertRecord> = made.iter().filter(|record| was(&record.table)).collect();
        for (column, hints) in &mut hints.columns {
            let was =
                |name: &str| eq_name(name, column) || hints.renamed_from.iter().any(|old| eq_name(old, name));
            let is_made = made.iter().any(|record| {
                was(&record.column) && hints.convert.as_deref() == Some(record.convert.as_str())
            });
            if is_made {
                hints.converted = hints.convert.take();
            }
        }
    }
}
