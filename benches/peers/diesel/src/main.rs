//! diesel_migrations: at a start it compares names with a table.

#[path = "../../common.rs"]
mod common;

use std::path::Path;

use common::{FIRST_QUERY, PRAGMAS, Peer, Sampler, WAL, script, table};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;
use diesel_migrations::{
    EmbeddedMigration, EmbeddedMigrations, EmbeddedName, MigrationHarness, TomlMetadataWrapper,
};

struct Program {
    migrations: &'static [EmbeddedMigration],
}

impl Peer for Program {
    type Conn = SqliteConnection;

    fn open(&mut self, path: &Path, create: bool) -> SqliteConnection {
        let mut conn = SqliteConnection::establish(path.to_str().expect("a path")).expect("open");
        if create {
            conn.batch_execute(WAL).expect("journal");
        }
        conn.batch_execute(PRAGMAS).expect("pragmas");
        self.check(&mut conn);
        conn
    }

    fn check(&mut self, conn: &mut SqliteConnection) {
        conn.run_pending_migrations(EmbeddedMigrations::new(self.migrations)).expect("migrate");
    }

    fn query(&mut self, conn: &mut SqliteConnection) {
        conn.batch_execute(FIRST_QUERY).expect("query");
    }
}

fn main() {
    let sampler = Sampler::from_args("diesel_migrations");
    sampler.sqlite(&sqlite());
    // What `embed_migrations!` expands to, as a constant.
    let migrations = (0..sampler.n).map(|at| {
        let name = EmbeddedName::new(format!("2024-01-01-{at:06}_{}", table(at)).leak());
        EmbeddedMigration::new(script(at).leak(), None, name, TomlMetadataWrapper::new(true))
    });
    sampler.measure(&mut Program { migrations: Vec::leak(migrations.collect()) });
}

fn sqlite() -> String {
    let mut conn = SqliteConnection::establish(":memory:").expect("open");
    diesel::select(diesel::dsl::sql::<diesel::sql_types::Text>("sqlite_version()"))
        .get_result(&mut conn)
        .expect("version")
}
