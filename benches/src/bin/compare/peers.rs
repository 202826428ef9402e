//! The programs: how each is built, and what its library is.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use schema_benches::Result;
use schema_benches::samples::Board;

/// A program in a folder of `peers`, with the SQLite that its library wants.
pub struct Peer {
    pub name: &'static str,
    /// Whose versions of its lock file are told.
    crates: &'static [&'static str],
    /// Whether the tables are compiled in: then there is a build for each number of them, up to `most`.
    compiled_in: bool,
    most: usize,
}

const fn peer(name: &'static str, crates: &'static [&'static str]) -> Peer {
    Peer { name, crates, compiled_in: false, most: usize::MAX }
}

pub const RUST: [Peer; 7] = [
    peer("rusqlite_migration", &["rusqlite_migration", "rusqlite"]),
    peer("refinery", &["refinery", "rusqlite"]),
    peer("diesel", &["diesel", "diesel_migrations"]),
    peer("butane", &["butane"]),
    peer("sqlx", &["sqlx"]),
    // 1,000 entities take more than 5 GB to compile.
    Peer { compiled_in: true, most: 100, ..peer("seaorm", &["sea-orm", "sqlx"]) },
    // Its derive is quadratic in the number of structs.
    Peer { compiled_in: true, most: 100, ..peer("turbosql", &["turbosql"]) },
];

/// Those in Python, by the name of the option and the program of `peers/py`.
pub const PYTHON: [(&str, &str); 3] = [
    ("alembic", "alembic_start.py"),
    ("django", "django_start.py"),
    ("sqlite-utils", "sqlite_utils_start.py"),
];

/// What a start looks at, by who printed the samples.
pub const CHECKS: [(&str, &str); 14] = [
    ("raw", "the floor: `PRAGMA user_version`, not prepared"),
    (
        "schema",
        "one row: the model's fingerprint and SQLite's schema cookie, so that any change of the catalog is seen",
    ),
    ("schema, complete check", "the text of every object of the catalog"),
    ("rusqlite_migration", "a counter in the file's header"),
    ("refinery", "names and checksums in a table"),
    ("diesel_migrations", "names in a table"),
    ("butane", "names in a table"),
    ("sqlx", "checksums in a table; the driver has a thread of its own, and sets its own pragmas"),
    ("sea-orm", "schema sync: tables, columns and keys of the catalog; adds only"),
    (
        "turbosql",
        "texts of migrations in a table; one sample a process, its own pragmas, no index and no foreign key",
    ),
    ("SQLAlchemy create_all", "which tables exist"),
    ("Alembic heads", "one row of a table; creation is SQLAlchemy's"),
    ("Alembic compare_metadata", "tables, columns, keys and indexes of the catalog"),
    ("Django migrate", "names in a table, and the state of the models"),
];

/// A program that is ready to run.
pub struct Program {
    command: PathBuf,
    args: Vec<String>,
    pub label: String,
}

impl Program {
    /// Runs it, and gives its lines to `board`; what it says of a failure is printed.
    pub fn run(&self, args: &[String], board: &mut Board) {
        let output = Command::new(&self.command).args(&self.args).args(args).stderr(Stdio::piped()).output();
        match output {
            Ok(output) if output.status.success() => board.take(&String::from_utf8_lossy(&output.stdout)),
            Ok(output) => {
                let said = String::from_utf8_lossy(&output.stderr);
                let last = said.lines().rev().find(|line| !line.trim().is_empty());
                eprintln!("skipped: {} {}: {}", self.label, args.join(" "), last.unwrap_or("it failed"));
            }
            Err(err) => eprintln!("skipped: {}: {err}", self.label),
        }
    }
}

/// This workspace's folder.
pub fn home() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn target() -> PathBuf {
    home().join("target/peers")
}

/// A program of this workspace, which `cargo run` has not built by itself.
pub fn own(name: &str) -> Result<Program> {
    built(home(), name, &home().join("target"), &[])?;
    Ok(Program {
        command: home().join("target/release").join(name),
        args: Vec::new(),
        label: name.to_owned(),
    })
}

fn built(folder: &Path, bin: &str, target: &Path, env: &[(&str, String)]) -> Result<()> {
    let mut command = Command::new("cargo");
    command.args(["build", "--release", "--locked", "--quiet", "--bin", bin]).current_dir(folder);
    command.env("CARGO_TARGET_DIR", target).envs(env.iter().map(|(key, value)| (*key, value)));
    if !command.status()?.success() {
        return Err(format!("{bin} cannot be built").into());
    }
    Ok(())
}

impl Peer {
    /// Builds the program for `n` tables; nothing if the library cannot be built for so many.
    pub fn program(&self, n: usize, board: &mut Board) -> Result<Option<Program>> {
        if n > self.most {
            return Ok(None);
        }
        let folder = home().join("peers").join(self.name);
        let bin = format!("peer-{}", self.name.replace('_', "-"));
        let mut command = target().join("release").join(&bin);
        if self.compiled_in {
            let copy = target().join(format!("{bin}-{n}"));
            if !self.is_fresh(&copy)? {
                self.compile_in(n, &bin, &copy)?;
            }
            command = copy;
        } else {
            eprintln!("building {bin}");
            built(&folder, &bin, &target(), &[])?;
        }
        let lock = std::fs::read_to_string(folder.join("Cargo.lock"))?;
        let versions: Vec<String> =
            self.crates.iter().filter_map(|it| Some(format!("{it} {}", locked(&lock, it)?))).collect();
        board.say(self.name, "version", &versions.join(", "));
        Ok(Some(Program { command, args: Vec::new(), label: self.name.to_owned() }))
    }

    /// Builds for `n` tables, and keeps the program at `copy`, since the next build is for another number.
    fn compile_in(&self, n: usize, bin: &str, copy: &Path) -> Result<()> {
        eprintln!("building {bin} for {n} tables");
        let folder = home().join("peers").join(self.name);
        let env = [("PEER_TABLES", n.to_string())];
        let mut target = target();
        if self.name == "turbosql" {
            // It writes its migrations beside the folder called `target`, and embeds them in the build after.
            target = target.join(format!("turbosql-{n}/target"));
            std::fs::create_dir_all(&target)?;
            built(&folder, bin, &target, &env)?;
            touch(&folder.join("src/main.rs"))?;
        }
        built(&folder, bin, &target, &env)?;
        std::fs::copy(target.join("release").join(bin), copy)?;
        Ok(())
    }

    /// Whether a program is newer than what it was made of.
    fn is_fresh(&self, program: &Path) -> Result<bool> {
        let Ok(made) = program.metadata().and_then(|it| it.modified()) else { return Ok(false) };
        let folder = home().join("peers").join(self.name);
        for source in ["Cargo.toml", "Cargo.lock", "build.rs", "src/main.rs", "../common.rs"] {
            if folder.join(source).metadata()?.modified()? > made {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn touch(path: &Path) -> Result<()> {
    Ok(std::fs::File::open(path)?.set_modified(std::time::SystemTime::now())?)
}

/// The version of a crate in a lock file.
fn locked<'a>(lock: &'a str, name: &str) -> Option<&'a str> {
    let rest = lock.split_once(&format!("name = \"{name}\"\nversion = \""))?.1;
    Some(rest.split_once('"')?.0)
}

/// The interpreter with what `requirements.txt` names, or why there is none.
pub fn python() -> std::result::Result<PathBuf, String> {
    let folder = target().join("venv");
    let python = folder.join("bin/python");
    let run = |command: &mut Command| match command.output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr).into_owned()
                + &String::from_utf8_lossy(&output.stdout);
            Err(said.lines().rev().find(|it| !it.trim().is_empty()).unwrap_or("it failed").to_owned())
        }
        Err(err) => Err(err.to_string()),
    };
    run(Command::new("python3").args(["-m", "venv"]).arg(&folder))
        .map_err(|err| format!("python3 has no virtual environment: {err}"))?;
    let list = home().join("peers/py/requirements.txt");
    run(Command::new(&python).args(["-m", "pip", "--quiet", "install", "--requirement"]).arg(list))
        .map_err(|err| format!("pip: {err}"))?;
    Ok(python)
}

pub fn script(python: &Path, name: &str) -> Program {
    let path = home().join("peers/py").join(name);
    Program {
        command: python.to_owned(),
        args: vec!["-B".to_owned(), path.to_string_lossy().into_owned()],
        label: name.to_owned(),
    }
}
