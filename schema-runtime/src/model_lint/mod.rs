//! A look at a model itself: nothing is wrong with any database, and something in the model is going to cost, or means something else
//! than it says.
//!
//! `rules` looks at keys and indexes, `words` at names, types and expressions, `releases` at renames. Here what they find is held against
//! what the model allows in place.

mod releases;
mod rules;
mod words;

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::allow::{Allow, Place};
use crate::catalog::{Catalog, name_sql};
use crate::connection;
use crate::error::{Error, ErrorKind, Result};
use crate::found::own_tables;
use crate::lint::LintLevel;
use crate::migrator::{Migrator, Source};
use crate::model::Model;
use crate::plan::HazardCode;

/// What was found in a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ModelFinding {
    /// The code, of which `docs/hazards.md` has a section.
    pub code: HazardCode,
    /// An error where the model means something else than it says, or a `deny` makes it one; a warning where it costs, or may surprise.
    pub level: LintLevel,
    /// `table`, `table.column`, the name of an index, or several of these.
    pub object: String,
    /// What it means here, in one line.
    pub text: String,
    /// The safe way instead.
    pub instead: String,
    /// What allows it, and where; `None` for what cannot be allowed.
    pub allow: Option<String>,
}

impl fmt::Display for ModelFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ModelFinding { code, object, text, instead, allow, .. } = self;
        write!(f, "{} {object}: {text}\n    instead: {instead}", code.code())?;
        match allow {
            Some(allow) => write!(f, "\n    or allow it: {allow}"),
            None => Ok(()),
        }
    }
}

/// Looks at the model of a program, or at one that was read.
///
/// ```
/// use schema_runtime::{HazardCode, ModelLint, Schema, Table, schema};
///
/// #[derive(Table)]
/// #[table(strict)]
/// struct User {
///     #[column(primary_key)]
///     id: i64,
///     #[column(unique)]
///     email: Option<String>,
///     #[column(unique, allow = "L511")]
///     phone: Option<String>,
/// }
/// const SCHEMA: Schema = schema! { tables: [User] };
///
/// let findings = ModelLint::new().check(&SCHEMA)?;
/// assert_eq!(findings.len(), 1);
/// assert_eq!((findings[0].code, findings[0].object.as_str()), (HazardCode::NullableUnique, "user.email"));
/// # Ok::<(), schema_runtime::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct ModelLint {
    releases: Option<PathBuf>,
    allowed: Vec<String>,
    denied: Vec<String>,
    denies_warnings: bool,
}

impl ModelLint {
    /// Nothing is allowed but what the model allows itself, and no release is known.
    pub fn new() -> ModelLint {
        ModelLint::default()
    }

    /// The folder of [`testing::assert_snapshot`](crate::testing::assert_snapshot): its files are the releases that are supported. A rename that
    /// none of the older ones needs is told (L516).
    pub fn releases(mut self, folder: impl Into<PathBuf>) -> ModelLint {
        self.releases = Some(folder.into());
        self
    }

    /// Leaves a code out (`L513`), or the code on one object (`L511=user.email`).
    pub fn allow(mut self, finding: &str) -> ModelLint {
        self.allowed.push(finding.trim().to_owned());
        self
    }

    /// Makes an error of a warning: of a code (`L511`), or of the code on one object (`L511=user.email`).
    pub fn deny(mut self, finding: &str) -> ModelLint {
        self.denied.push(finding.trim().to_owned());
        self
    }

    /// Makes an error of every warning.
    pub fn deny_warnings(mut self) -> ModelLint {
        self.denies_warnings = true;
        self
    }

    /// What is to be said of the model, in the order of its tables and of the codes.
    ///
    /// # Errors
    /// `Model` if SQLite refuses the model, such as for a column that an expression names and that does not exist, an `allow` or a `deny` names no
    /// code of a model, or a file of the releases is no snapshot; `Io` if one cannot be read; `Missing` if the model needs a function,
    /// collation or module that the migrator does not register.
    pub fn check(&self, model: impl Into<Migrator>) -> Result<Vec<ModelFinding>> {
        for named in self.allowed.iter().chain(&self.denied) {
            known(named)?;
        }
        let migrator = model.into();
        let model = made(&migrator)?;
        let releases = match &self.releases {
            Some(folder) => releases::older(folder, &model)?,
            None => Vec::new(),
        };
        let typed = match &migrator.source {
            Source::Schema(schema) => words::mistyped(schema),
            Source::Model(_) => Vec::new(),
        };
        let mut found = Vec::new();
        for table in &model.catalog.tables {
            let first = found.len();
            rules::of_table(table, &mut found);
            words::of_table(table, &typed, &mut found);
            releases::of_table(table, &model, &releases, &mut found);
            if let Some(own) = found.get_mut(first..) {
                own.sort_by_key(|fault: &Fault| fault.code);
            }
        }
        let idle = idle(&model, &found, !releases.is_empty());
        found.retain(|fault| !model.allow.iter().any(|allow| allow.is_for(fault)));
        let mut findings = findings(found, &model);
        findings.extend(idle);
        findings.retain(|finding| !names(&self.allowed, finding));
        for finding in &mut findings {
            if self.denies_warnings || names(&self.denied, finding) {
                finding.level = LintLevel::Error;
            }
        }
        Ok(findings)
    }
}

/// Whether one of the list is the finding's code, or the code with its object.
fn names(list: &[String], finding: &ModelFinding) -> bool {
    let is = |code: &str| HazardCode::from_code(code) == Some(finding.code);
    list.iter().any(|named| match named.split_once('=') {
        Some((code, object)) => is(code) && object.eq_ignore_ascii_case(&finding.object),
        None => is(named),
    })
}

/// One finding, before it is known whether it is allowed.
struct Fault {
    code: HazardCode,
    table: String,
    columns: Vec<String>,
    index: Option<String>,
    object: String,
    text: String,
}

impl Fault {
    fn of_table(code: HazardCode, table: &str, text: impl Into<String>) -> Fault {
        Fault {
            code,
            table: table.to_owned(),
            columns: Vec::new(),
            index: None,
            object: name_sql(table),
            text: text.into(),
        }
    }

    fn of_columns(code: HazardCode, table: &str, columns: Vec<String>, text: impl Into<String>) -> Fault {
        let names: Vec<String> = columns.iter().map(|column| name_sql(column)).collect();
        let object = format!("{}.{}", name_sql(table), names.join(", "));
        Fault { columns, object, ..Fault::of_table(code, table, text) }
    }

    fn of_index(code: HazardCode, table: &str, index: &str, text: impl Into<String>) -> Fault {
        Fault { index: Some(index.to_owned()), object: name_sql(index), ..Fault::of_table(code, table, text) }
    }
}

impl Allow {
    fn is_for(&self, fault: &Fault) -> bool {
        self.covers(fault.code.code(), &fault.table, &fault.columns, fault.index.as_deref())
    }
}

fn made(migrator: &Migrator) -> Result<Model> {
    match &migrator.source {
        Source::Schema(schema) => {
            let scratch = connection::scratch(None, migrator.options.hook.as_ref())?;
            Model::from_schema(schema, &scratch, &own_tables(migrator), &Catalog::default())
        }
        Source::Model(model) => Ok((**model).clone()),
    }
}

/// Refuses an `allow` or a `deny` that can mean nothing.
fn known(named: &str) -> Result<()> {
    let code = named.split_once('=').map_or(named, |(code, _)| code);
    if HazardCode::from_code(code).is_some_and(|code| code.is_model_lint() || code == HazardCode::IdleAllow) {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Model, format!("`{}` allows or denies nothing", named.escape_debug()))
        .cause(format!("no lint of a model has the code {}", code.escape_debug()))
        .state("nothing was changed")
        .help("name a code such as `L511`, or `L511=user.email` for one object"))
}

/// What is allowed and was not found. Without releases nothing can be said of renames.
fn idle(model: &Model, found: &[Fault], with_releases: bool) -> Vec<ModelFinding> {
    let judged = |allow: &&Allow| with_releases || !allow.code.eq_ignore_ascii_case("L516");
    let unused = |allow: &&Allow| !found.iter().any(|fault| allow.is_for(fault));
    let allows = model.allow.iter().filter(judged).filter(unused);
    let finding = |allow: &Allow| ModelFinding {
        code: HazardCode::IdleAllow,
        level: LintLevel::Warning,
        object: match &allow.place {
            Place::Model => name_sql(&model.name),
            Place::Table(table) => name_sql(table),
            Place::Column(table, column) => format!("{}.{}", name_sql(table), name_sql(column)),
            Place::Index(_, index) => name_sql(index),
        },
        text: format!("{} is allowed here, where it finds nothing", allow.code),
        instead: instead(HazardCode::IdleAllow).to_owned(),
        allow: None,
    };
    allows.map(finding).collect()
}

/// All tables that are not STRICT are one finding.
fn findings(found: Vec<Fault>, model: &Model) -> Vec<ModelFinding> {
    let (loose, others): (Vec<Fault>, Vec<Fault>) =
        found.into_iter().partition(|fault| fault.code == HazardCode::NotStrict);
    let mut findings: Vec<ModelFinding> = others
        .into_iter()
        .map(|fault| ModelFinding {
            level: match fault.code {
                HazardCode::UnknownColumn => LintLevel::Error,
                _ => LintLevel::Warning,
            },
            instead: instead(fault.code).to_owned(),
            allow: Some(allow(&fault, model.explicit)),
            code: fault.code,
            object: fault.object,
            text: fault.text,
        })
        .collect();
    let names: Vec<&str> = loose.iter().map(|fault| fault.object.as_str()).collect();
    if !names.is_empty() {
        let code = HazardCode::NotStrict;
        findings.push(ModelFinding {
            code,
            level: LintLevel::Warning,
            object: match names.split_at_checked(3) {
                Some((first, rest)) if !rest.is_empty() => {
                    format!("{} and {} more", first.join(", "), rest.len())
                }
                _ => names.join(", "),
            },
            text: "not STRICT, so that a text in an INTEGER column is stored as it is".to_owned(),
            instead: instead(code).to_owned(),
            allow: Some(match model.explicit {
                true => "`-- schema: allow(L513)` before each of the tables".to_owned(),
                false => "`allow: [\"L513\"]` in `schema!`, or `#[table(allow = \"L513\")]` on each of them"
                    .to_owned(),
            }),
        });
    }
    findings
}

/// Where and how the model says that it means this.
fn allow(fault: &Fault, sql: bool) -> String {
    let (code, table) = (fault.code.code(), name_sql(&fault.table));
    match (&fault.index, fault.columns.first(), sql) {
        (_, Some(column), true) => format!("`-- schema: allow({code})` at `{table}.{}`", name_sql(column)),
        (_, _, true) => format!("`-- schema: allow({code})` before the table `{table}`"),
        (Some(index), _, false) => {
            format!("`allow = \"{code}\"` in the `index(…)` that is `{}`", name_sql(index))
        }
        (None, Some(column), false) => {
            format!("`#[column(allow = \"{code}\")]` on `{table}.{}`", name_sql(column))
        }
        (None, None, false) => format!("`#[table(allow = \"{code}\")]` on `{table}`"),
    }
}

/// What to do instead, in one line; `docs/hazards.md` says more.
fn instead(code: HazardCode) -> &'static str {
    match code {
        HazardCode::UnindexedReference => "an index that begins with the columns that refer",
        HazardCode::DuplicateIndex => "leave it out",
        HazardCode::UnknownColumn => "correct the name; a text has single quotes",
        HazardCode::NullableUnique => "NOT NULL, or a unique index with the condition that it is not NULL",
        HazardCode::Autoincrement => "leave AUTOINCREMENT out: ids are unique and ascend without it",
        HazardCode::NotStrict => "STRICT tables, which refuse what does not fit their columns",
        HazardCode::ReservedName => "another name",
        HazardCode::Affinity => "the type whose affinity is that of the values",
        HazardCode::StaleRename => "take `renamed_from` out",
        HazardCode::IdleAllow => "take the `allow` out",
        _ => "see docs/hazards.md",
    }
}
