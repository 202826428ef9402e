//! Generated crates: what a library costs those who depend on it, in time to compile and in bytes.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use schema_benches::{Result, machine};

/// A library beside rusqlite, with the derive that its users put on their structs.
#[derive(Clone, Copy, PartialEq)]
pub enum Kind {
    /// rusqlite alone; `derive(Clone)`.
    Plain,
    /// rusqlite, serde and serde_json; both derives of serde.
    Serde,
    /// schema-runtime; `derive(Table)`.
    Schema,
}

impl Kind {
    pub const ALL: [Kind; 3] = [Kind::Plain, Kind::Serde, Kind::Schema];

    pub fn name(self) -> &'static str {
        match self {
            Kind::Plain => "rusqlite alone, `derive(Clone)`",
            Kind::Serde => "and serde with serde_json, both derives",
            Kind::Schema => "schema-runtime, `derive(Table)`",
        }
    }

    fn dependencies(self) -> String {
        let rusqlite = "rusqlite = { version = \"=0.41.1\", features = [\"bundled\"] }\n";
        match self {
            Kind::Plain => rusqlite.to_owned(),
            Kind::Serde => {
                format!(
                    "{rusqlite}serde = {{ version = \"1\", features = [\"derive\"] }}\nserde_json = \"1\"\n"
                )
            }
            Kind::Schema => {
                let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schema-runtime");
                format!("schema-runtime = {{ path = {path:?}, features = [\"bundled\"] }}\n")
            }
        }
    }

    /// `count` structs of 8 fields, one of which has one more.
    fn structs(self, count: usize, more: Option<usize>) -> String {
        let mut text = String::new();
        for at in 0..count {
            let (before, key) = match self {
                Kind::Plain => ("#[derive(Clone)]".to_owned(), ""),
                Kind::Serde => ("#[derive(serde::Serialize, serde::Deserialize)]".to_owned(), ""),
                Kind::Schema => (
                    format!("#[derive(schema_runtime::Table)]\n#[table(name = \"t{at:04}\")]"),
                    "#[column(primary_key)] ",
                ),
            };
            let extra = if more == Some(at) { "pub extra: Option<i64>, " } else { "" };
            text += &format!(
                "{before}\npub struct T{at:04} {{ {key}pub id: i64, pub name: String, pub email: Option<String>, pub age: i64, pub score: Option<f64>, \
                 pub payload: Option<Vec<u8>>, pub created_at: i64, pub parent_id: Option<i64>, {extra}}}\n"
            );
        }
        if self == Kind::Schema {
            let list: Vec<String> = (0..count).map(|at| format!("T{at:04}")).collect();
            text += &format!(
                "pub const SCHEMA: schema_runtime::Schema = schema_runtime::schema! {{ tables: [{}] }};\n",
                list.join(", ")
            );
        }
        text
    }

    /// Opens, creates a table and asks.
    fn main(self) -> &'static str {
        match self {
            Kind::Plain => {
                "#![allow(dead_code)]\nmod tables;\nfn main() {\n let conn = rusqlite::Connection::open(\"x.db\").unwrap();
                 conn.execute_batch(\"CREATE TABLE IF NOT EXISTS t0000 (id INTEGER PRIMARY KEY)\").unwrap();
                 println!(\"{}\", conn.query_row(\"SELECT count(*) FROM t0000\", [], |row| row.get::<_, i64>(0)).unwrap());\n}\n"
            }
            Kind::Serde => {
                "#![allow(dead_code)]\nmod tables;\nfn main() {\n let conn = rusqlite::Connection::open(\"x.db\").unwrap();
                 conn.execute_batch(\"CREATE TABLE IF NOT EXISTS t0000 (id INTEGER PRIMARY KEY)\").unwrap();
                 println!(\"{}\", conn.query_row(\"SELECT count(*) FROM t0000\", [], |row| row.get::<_, i64>(0)).unwrap());
                 let row: tables::T0000 = serde_json::from_str(&std::env::args().nth(1).unwrap()).unwrap();
                 println!(\"{}\", serde_json::to_string(&row).unwrap());\n}\n"
            }
            Kind::Schema => {
                "#![allow(dead_code)]\nmod tables;\nfn main() {\n println!(\"{}\", schema_runtime::Migrator::new(&tables::SCHEMA).run(\"x.db\").unwrap());
                 let conn = schema_runtime::rusqlite::Connection::open(\"x.db\").unwrap();
                 println!(\"{}\", conn.query_row(\"SELECT count(*) FROM t0000\", [], |row| row.get::<_, i64>(0)).unwrap());\n}\n"
            }
        }
    }
}

/// How long a build took.
pub struct Took {
    pub clock: Duration,
    pub cpu: Duration,
}

/// A crate in a folder of its own.
pub struct Made {
    kind: Kind,
    folder: PathBuf,
}

impl Made {
    pub fn new(folder: &Path, kind: Kind) -> Result<Made> {
        let folder = folder.join(format!("crate{}", kind as u8));
        std::fs::create_dir_all(folder.join("src"))?;
        std::fs::write(
            folder.join("Cargo.toml"),
            format!(
                "[workspace]\n[package]\nname = \"made\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[dependencies]\n{}[profile.release]\nstrip = true\n",
                kind.dependencies()
            ),
        )?;
        std::fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.lock"), folder.join("Cargo.lock"))?;
        std::fs::write(folder.join("src/main.rs"), kind.main())?;
        let made = Made { kind, folder };
        made.structs(1, None)?;
        // What is not here yet is fetched before any clock runs.
        made.cargo(&["fetch"], true)?;
        Ok(made)
    }

    pub fn structs(&self, count: usize, more: Option<usize>) -> Result<()> {
        Ok(std::fs::write(self.folder.join("src/tables.rs"), self.kind.structs(count, more))?)
    }

    /// The time on the clock, and that of the processor, which others on the machine disturb less.
    fn cargo(&self, args: &[&str], incremental: bool) -> Result<Took> {
        let (began, before) = (Instant::now(), machine::children_cpu());
        let output = Command::new("cargo")
            .args(args)
            .arg("--quiet")
            .current_dir(&self.folder)
            .env("CARGO_TARGET_DIR", self.folder.join("target"))
            .env("CARGO_INCREMENTAL", if incremental { "1" } else { "0" })
            .stdout(Stdio::null())
            .output()?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
        }
        Ok(Took { clock: began.elapsed(), cpu: machine::children_cpu() - before })
    }

    pub fn build(&self, incremental: bool) -> Result<Took> {
        self.cargo(&["build"], incremental)
    }

    /// All of it, SQLite included.
    pub fn clean_build(&self) -> Result<Took> {
        let _ = std::fs::remove_dir_all(self.folder.join("target"));
        self.build(false)
    }

    /// Bytes of the release, stripped.
    pub fn size(&self) -> Result<u64> {
        self.cargo(&["build", "--release"], false)?;
        Ok(std::fs::metadata(self.folder.join("target/release/made"))?.len())
    }
}
