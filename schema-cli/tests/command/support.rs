//! The programs that the tests call.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

/// The variables that the command reads; a test's own environment must not reach it.
pub(crate) const VARIABLES: &[&str] = &[
    "SCHEMA_DB",
    "SCHEMA_BASE_DIR",
    "SCHEMA_AUTO_MIGRATE",
    "SCHEMA_BACKUP",
    "SCHEMA_BACKUP_DIR",
    "SCHEMA_TIME_LIMIT_MS",
    "SCHEMA_LOCK_WAIT_MS",
    "SCHEMA_ENV",
    "SCHEMA_ALLOW_REVERT",
];

/// `schema`, one of the programs in `bin`, which are examples of this crate, or one of those in `examples`.
pub(crate) fn program(name: &str) -> PathBuf {
    if name == "schema" {
        return PathBuf::from(env!("CARGO_BIN_EXE_schema"));
    }
    let folder = Path::new(env!("CARGO_BIN_EXE_schema")).parent().expect("a folder");
    built();
    folder.join("examples").join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

/// `cargo test --test main` does not build examples; where they are built already this only looks.
fn built() {
    static BUILT: OnceLock<()> = OnceLock::new();
    BUILT.get_or_init(|| {
        let folder = Path::new(env!("CARGO_BIN_EXE_schema")).parent().expect("a folder");
        let profile = folder.file_name().and_then(|name| name.to_str()).expect("a profile");
        let built = Command::new(env!("CARGO"))
            .args([
                "build",
                "--quiet",
                "--package",
                "schema-cli",
                "--package",
                "schema-examples",
                "--examples",
            ])
            .args(["--profile", if profile == "debug" { "dev" } else { profile }])
            .arg("--target-dir")
            .arg(folder.parent().expect("the target folder"))
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .status()
            .expect("cargo runs");
        assert!(built.success(), "the programs are not built");
    });
}

/// Texts with commands, as trycmd runs them: the programs, and an environment that says nothing.
pub(crate) fn cases() -> trycmd::TestCases {
    let cases = trycmd::TestCases::new();
    for name in ["schema", "notes", "notes_old", "sql"] {
        cases.register_bin(name, program(name).as_path());
    }
    cases.env("USER", "tester");
    for variable in VARIABLES {
        // An empty one counts as unset.
        cases.env(*variable, "");
    }
    cases
}

/// A call of `name` in `folder`, in an environment that says nothing.
pub(crate) fn call(name: &str, folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(program(name));
    command.current_dir(folder).args(arguments).env("USER", "tester");
    for variable in VARIABLES {
        command.env_remove(variable);
    }
    command
}

pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

pub(crate) fn said(output: Output) -> Said {
    Said {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).expect("text"),
        stderr: String::from_utf8(output.stderr).expect("text"),
    }
}

/// What `schema` says and how it exits.
pub(crate) fn schema(folder: &Path, arguments: &[&str]) -> Said {
    said(call("schema", folder, arguments).output().expect("the command runs"))
}

/// A folder with the files of the scenarios.
pub(crate) fn place() -> tempfile::TempDir {
    let place = tempfile::tempdir().expect("a folder");
    let files = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios/files");
    copy_all(&files, place.path());
    place
}

/// Copies what lies in a folder, with its folders.
pub(crate) fn copy_all(from: &Path, to: &Path) {
    for file in std::fs::read_dir(from).expect("the files") {
        let file = file.expect("an entry");
        let copy = to.join(file.file_name());
        if file.path().is_dir() {
            std::fs::create_dir(&copy).expect("a folder");
            copy_all(&file.path(), &copy);
        } else {
            std::fs::copy(file.path(), copy).expect("a copy");
        }
    }
}
