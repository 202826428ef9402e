//! butane: at a start it reads its migrations from JSON, as a program with embedded ones does, and compares names with a table.

#[path = "../../common.rs"]
mod common;

use std::path::Path;

use butane::db::{Connection, ConnectionSpec, connect};
use butane::migrations::{MemMigrations, MigrationMut, Migrations, MigrationsMut};
use common::{FIRST_QUERY, PRAGMAS, Peer, Sampler, WAL, script, table};

struct Program {
    json: String,
}

impl Peer for Program {
    type Conn = Connection;

    fn open(&mut self, path: &Path, create: bool) -> Connection {
        let spec = ConnectionSpec::new("sqlite", path.to_str().expect("a path"));
        let mut conn = connect(&spec).expect("open");
        // It has no way to run a statement that gives back rows but this; foreign keys it turns on by itself.
        let journal = if create { WAL } else { "" };
        for pragma in [journal].into_iter().chain(PRAGMAS.split(';')).filter(|it| !it.is_empty()) {
            let _ = conn.execute(pragma);
        }
        self.check(&mut conn);
        conn
    }

    fn check(&mut self, conn: &mut Connection) {
        MemMigrations::from_json(&self.json).expect("migrations").migrate(conn).expect("migrate");
    }

    fn query(&mut self, conn: &mut Connection) {
        let _ = conn.execute(FIRST_QUERY);
    }
}

fn main() {
    let sampler = Sampler::from_args("butane");
    sampler.sqlite(rusqlite::version());
    let (mut migrations, mut last) = (MemMigrations::new(), None);
    for at in 0..sampler.n {
        let name = format!("20240101_{at:06}_{}", table(at));
        let mut made = migrations.new_migration(&name);
        let first = if at == 0 {
            "CREATE TABLE IF NOT EXISTS butane_migrations (\"name\" TEXT NOT NULL PRIMARY KEY) STRICT;\n"
        } else {
            ""
        };
        let down = format!("DROP TABLE {};", table(at));
        made.add_sql("sqlite", &format!("{first}{}", script(at)), &down).expect("a migration");
        made.set_migration_from(last.replace(name)).expect("a migration");
        migrations.add_migration(made).expect("a migration");
    }
    sampler.measure(&mut Program { json: serde_json::to_string(&migrations).expect("json") });
}
