//! The arrows between the files of `schema-runtime` point one way: the table below is the architecture, and this test keeps it true.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Each file (or folder), and all that it may use. A row may name rows above it only, but for the pairs in `TOGETHER`.
const ARROWS: &[(&str, &[&str])] = &[
    // What everything speaks of.
    ("error", &[]),
    ("json", &[]),
    ("version", &[]),
    ("allow", &[]),
    // What editors show of the attributes.
    ("attributes", &[]),
    ("defect", &[]),
    ("revision", &[]),
    ("statistics", &["revision", "version"]),
    // What is wanted: const data.
    ("column_type", &["descriptor"]),
    ("fingerprint", &["descriptor"]),
    ("descriptor", &["column_type", "fingerprint"]),
    ("crates", &["column_type", "descriptor"]),
    ("clash", &["descriptor"]),
    ("table", &["column_type", "descriptor", "fingerprint"]),
    ("json", &[]),
    // SQLite: its errors, its connections, and the two tables and the files that are ours.
    ("sqlite_error", &["error"]),
    ("deadline", &["error", "sqlite_error"]),
    ("settings", &["connection", "error", "sqlite_error"]),
    ("location", &[]),
    ("folder", &["error"]),
    ("connection", &["deadline", "error", "location", "settings", "sqlite_error"]),
    ("integrity", &[]),
    ("backup", &["connection", "error", "integrity", "revision", "sqlite_error"]),
    ("history", &["connection", "error", "fingerprint", "revision", "sqlite_error", "version"]),
    // What is found, what is wanted as SQLite reads it, and the merge of both with what was.
    ("creating", &[]),
    ("catalog", &["creating", "error", "sqlite_error"]),
    ("snapshot", &["catalog", "error"]),
    ("model", &["allow", "catalog", "connection", "error", "history", "revision", "snapshot"]),
    ("known", &["catalog", "descriptor"]),
    (
        "wanted",
        &["allow", "catalog", "connection", "creating", "descriptor", "error", "history", "known", "model"],
    ),
    ("rename", &["catalog", "error", "model", "snapshot"]),
    ("target", &["catalog", "error", "model", "rename", "snapshot"]),
    // From two catalogs to work, without a connection.
    ("diff", &["catalog"]),
    ("indexing", &["catalog"]),
    ("plan", &["catalog", "diff", "error", "indexing", "model", "rename"]),
    // The proofs, and the work.
    ("edit", &["plan"]),
    ("preflight", &["catalog", "connection", "defect", "error", "plan", "sqlite_error"]),
    ("reach", &["catalog", "diff", "plan"]),
    ("broken", &["catalog", "connection", "error", "reach"]),
    (
        "rehearse",
        &[
            "broken",
            "catalog",
            "connection",
            "creating",
            "diff",
            "edit",
            "error",
            "integrity",
            "plan",
            "reach",
            "rename",
        ],
    ),
    (
        "sql_model",
        &[
            "allow",
            "broken",
            "catalog",
            "connection",
            "creating",
            "error",
            "history",
            "model",
            "plan",
            "rehearse",
            "sqlite_error",
        ],
    ),
    (
        "apply",
        &[
            "broken",
            "catalog",
            "connection",
            "creating",
            "diff",
            "edit",
            "error",
            "integrity",
            "plan",
            "rehearse",
            "rename",
        ],
    ),
    ("report", &["backup", "error", "plan"]),
    ("observe", &["report"]),
    ("plan_file", &["catalog", "diff", "error", "model", "plan", "revision", "target"]),
    // The front door.
    (
        "found",
        &[
            "catalog",
            "connection",
            "error",
            "history",
            "migrator",
            "model",
            "revision",
            "snapshot",
            "version",
        ],
    ),
    (
        "prepare",
        &[
            "broken",
            "found",
            "catalog",
            "connection",
            "diff",
            "error",
            "history",
            "migrator",
            "model",
            "plan",
            "preflight",
            "rehearse",
            "rename",
            "report",
            "revision",
            "snapshot",
            "target",
            "version",
        ],
    ),
    ("older", &["catalog", "found", "prepare", "snapshot"]),
    // What people write themselves.
    ("migration", &["error", "revision"]),
    ("contained", &["catalog", "diff", "error", "migration", "rehearse"]),
    ("replaced", &["migration", "revision"]),
    ("offline", &["error", "migration", "replaced"]),
    ("import", &["error", "migration"]),
    ("tracking", &["connection", "error"]),
    ("numbered", &["error", "migration", "replaced", "revision"]),
    ("execute", &["catalog", "connection", "error", "migration", "settings", "sql_model", "sqlite_error"]),
    ("bounds", &["catalog", "diff", "error", "execute", "found", "prepare", "snapshot"]),
    ("trial", &["catalog", "connection", "error", "execute", "migration"]),
    (
        "squash",
        &[
            "catalog",
            "connection",
            "diff",
            "error",
            "migration",
            "model",
            "plan",
            "replaced",
            "revision",
            "trial",
        ],
    ),
    ("migrated", &["error", "migration", "model", "replaced", "trial"]),
    ("lint", &["catalog", "connection", "diff", "error", "migration", "model", "plan", "replaced", "trial"]),
    (
        "batch",
        &[
            "apply",
            "backup",
            "bounds",
            "catalog",
            "connection",
            "contained",
            "error",
            "execute",
            "found",
            "migration",
            "migrator",
            "numbered",
            "prepare",
            "record",
            "rehearse",
            "report",
            "revision",
            "run",
            "snapshot",
        ],
    ),
    (
        "adopt",
        &[
            "connection",
            "error",
            "found",
            "migration",
            "migrator",
            "numbered",
            "report",
            "revision",
            "run",
            "snapshot",
            "tracking",
        ],
    ),
    (
        "resolve",
        &[
            "connection",
            "diff",
            "error",
            "found",
            "migration",
            "migrator",
            "numbered",
            "plan",
            "prepare",
            "report",
            "revision",
            "run",
            "snapshot",
        ],
    ),
    (
        "run",
        &[
            "apply",
            "backup",
            "batch",
            "connection",
            "error",
            "found",
            "history",
            "migration",
            "migrator",
            "numbered",
            "older",
            "plan",
            "plan_file",
            "preflight",
            "prepare",
            "report",
            "revision",
            "snapshot",
            "target",
            "version",
        ],
    ),
    (
        "record",
        &[
            "apply",
            "backup",
            "catalog",
            "connection",
            "error",
            "history",
            "migrator",
            "plan",
            "prepare",
            "revision",
            "run",
            "snapshot",
            "target",
        ],
    ),
    (
        "outside",
        &[
            "batch",
            "bounds",
            "catalog",
            "connection",
            "error",
            "execute",
            "found",
            "migration",
            "record",
            "revision",
            "run",
        ],
    ),
    (
        "authored",
        &[
            "catalog",
            "connection",
            "diff",
            "error",
            "found",
            "migration",
            "migrator",
            "plan",
            "prepare",
            "run",
            "trial",
        ],
    ),
    (
        "rollback",
        &[
            "apply",
            "backup",
            "broken",
            "catalog",
            "connection",
            "diff",
            "error",
            "execute",
            "found",
            "history",
            "integrity",
            "migration",
            "migrator",
            "model",
            "numbered",
            "plan",
            "preflight",
            "prepare",
            "record",
            "rehearse",
            "rename",
            "report",
            "revision",
            "run",
            "snapshot",
            "version",
        ],
    ),
    (
        "baseline",
        &[
            "catalog",
            "connection",
            "error",
            "found",
            "migrator",
            "model",
            "numbered",
            "plan",
            "prepare",
            "report",
            "revision",
            "run",
            "snapshot",
            "target",
        ],
    ),
    (
        "status",
        &[
            "connection",
            "error",
            "found",
            "migration",
            "migrator",
            "older",
            "plan",
            "prepare",
            "report",
            "revision",
            "run",
            "target",
        ],
    ),
    (
        "health",
        &[
            "backup",
            "broken",
            "catalog",
            "connection",
            "defect",
            "diff",
            "error",
            "history",
            "integrity",
            "migrator",
            "plan",
            "prepare",
            "rehearse",
            "report",
            "revision",
            "run",
            "snapshot",
            "sqlite_error",
            "status",
            "tracking",
        ],
    ),
    (
        "migrator",
        &[
            "authored",
            "backup",
            "connection",
            "descriptor",
            "error",
            "health",
            "integrity",
            "migration",
            "model",
            "observe",
            "plan",
            "plan_file",
            "preflight",
            "report",
            "revision",
            "run",
            "status",
            "target",
        ],
    ),
    ("upkeep", &["backup", "connection", "error", "migrator", "plan", "report", "revision", "run"]),
    (
        "restore",
        &[
            "backup",
            "catalog",
            "connection",
            "error",
            "found",
            "history",
            "migrator",
            "record",
            "report",
            "revision",
            "run",
            "settings",
            "snapshot",
            "upkeep",
        ],
    ),
    (
        "model_lint",
        &[
            "folder",
            "allow",
            "catalog",
            "connection",
            "descriptor",
            "error",
            "found",
            "indexing",
            "lint",
            "migrator",
            "model",
            "plan",
            "snapshot",
            "version",
        ],
    ),
    (
        "testing",
        &[
            "folder",
            "apply",
            "backup",
            "catalog",
            "connection",
            "descriptor",
            "diff",
            "error",
            "found",
            "history",
            "integrity",
            "lint",
            "migration",
            "migrator",
            "model",
            "model_lint",
            "plan",
            "preflight",
            "report",
            "revision",
            "rollback",
            "snapshot",
            "version",
        ],
    ),
    ("env", &["backup", "descriptor", "error", "migrator"]),
];

/// Files that are one thing in two parts: these may use each other.
const TOGETHER: &[(&str, &str)] = &[
    ("column_type", "descriptor"),
    ("fingerprint", "descriptor"),
    ("settings", "connection"),
    ("found", "migrator"),
    ("prepare", "migrator"),
    ("run", "migrator"),
    ("adopt", "migrator"),
    ("adopt", "record"),
    ("adopt", "run"),
    ("resolve", "migrator"),
    ("resolve", "record"),
    ("resolve", "run"),
    ("batch", "run"),
    ("authored", "migrator"),
    ("batch", "migrator"),
    ("batch", "record"),
    ("rollback", "migrator"),
    ("record", "migrator"),
    ("baseline", "migrator"),
    ("status", "migrator"),
    ("health", "migrator"),
];

/// Re-exports of `lib.rs` that files of the crate use by their short names.
const SHORT: &[(&str, &str)] = &[
    ("Error", "error"),
    ("ErrorKind", "error"),
    ("Result", "error"),
    ("ColumnType", "column_type"),
    ("Table", "table"),
];

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../schema-runtime/src")
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The code of each module, by the name of its file or folder: without tests and comments.
fn modules() -> BTreeMap<String, String> {
    let root = source();
    let mut files = Vec::new();
    rust_files(&root, &mut files);
    files.sort();
    let mut modules: BTreeMap<String, String> = BTreeMap::new();
    for file in files {
        let inner = file.strip_prefix(&root).expect("inside").with_extension("");
        let name = inner.iter().next().expect("a name").to_string_lossy().into_owned();
        if name == "lib" {
            continue;
        }
        let text = fs::read_to_string(&file).expect("a source file");
        let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
        let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
        let code = modules.entry(name).or_default();
        for line in lines {
            code.push_str(line);
            code.push('\n');
        }
    }
    modules
}

/// The modules that `code` names after `crate::`.
fn used(code: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for rest in code.split("crate::").skip(1) {
        let list = match rest.strip_prefix('{') {
            Some(list) => list.split('}').next().unwrap_or_default(),
            None => rest,
        };
        let items: Vec<&str> = if rest.starts_with('{') { list.split(',').collect() } else { vec![list] };
        for item in items {
            let name: String =
                item.trim().chars().take_while(|char| char.is_ascii_alphanumeric() || *char == '_').collect();
            let long = SHORT.iter().find(|(short, _)| *short == name).map(|(_, long)| (*long).to_owned());
            names.insert(long.unwrap_or(name));
        }
    }
    names.remove("");
    names
}

#[test]
fn every_file_uses_only_what_its_row_allows() {
    let mut faults = Vec::new();
    let modules = modules();
    for (name, code) in &modules {
        let Some((_, allowed)) = ARROWS.iter().find(|(row, _)| row == name) else {
            faults.push(format!("`{name}` has no row"));
            continue;
        };
        for used in used(code).iter().filter(|used| *used != name) {
            if !allowed.contains(&used.as_str()) {
                faults.push(format!("`{name}` uses `{used}`"));
            }
        }
    }
    for (name, _) in ARROWS.iter().filter(|(name, _)| !modules.contains_key(*name)) {
        faults.push(format!("the row `{name}` has no file"));
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn arrows_point_one_way() {
    let together = |a: &str, b: &str| {
        TOGETHER.iter().any(|(one, other)| (a, b) == (*one, *other) || (b, a) == (*one, *other))
    };
    let mut faults = Vec::new();
    for (at, (name, allowed)) in ARROWS.iter().enumerate() {
        for used in *allowed {
            let above = ARROWS.iter().take(at).any(|(row, _)| row == used);
            if !above && !together(name, used) {
                faults.push(format!("`{name}` uses `{used}`, which is below it"));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn diff_and_plan_see_no_connection() {
    let modules = modules();
    for name in ["diff", "plan", "target", "snapshot", "rename", "version", "revision", "descriptor"] {
        let code = &modules[name];
        assert!(!code.contains("Connection"), "`{name}` names a connection");
    }
}

#[test]
fn only_these_files_write() {
    // `backup` writes to its copies, `history` to its two tables, `broken`, `rehearse`, `sql_model` and `wanted` to scratch databases,
    // `connection` proves that it could write; the files of the user are written by `apply` alone, by `edit` and `rollback` for it,
    // by what people have written themselves in `execute`, and as a whole by `restore`; `contained` writes to a scratch copy.
    let writers = [
        "apply",
        "backup",
        "broken",
        "catalog",
        "connection",
        "contained",
        "creating",
        "edit",
        "execute",
        "history",
        "rehearse",
        "restore",
        "rollback",
        "settings",
        "sql_model",
        "trial",
        "wanted",
        // On a scratch copy, what becomes the text of a migration.
        "authored",
        // Databases of its own, and those that a test gives it to fill.
        "testing",
    ];
    for (name, code) in modules() {
        let writes = code.contains("execute_batch(") || code.contains(".execute(");
        assert!(!writes || writers.contains(&name.as_str()), "`{name}` executes SQL");
    }
}

#[test]
fn the_library_has_nothing_that_a_hostile_file_could_make_panic() {
    for (name, code) in modules() {
        for word in [".unwrap()", ".expect(", "panic!(", "unreachable!(", "todo!(", "unimplemented!("] {
            let found = code.lines().find(|line| line.contains(word) && !line.contains("const "));
            let at_compile_time =
                ["clash", "fingerprint", "table", "column_type", "descriptor"].contains(&name.as_str());
            // An assertion of somebody's test.
            let asserts = name == "testing" && word == "panic!(";
            assert!(
                found.is_none() || at_compile_time || asserts,
                "`{name}`: {}",
                found.unwrap_or_default().trim()
            );
        }
    }
}
