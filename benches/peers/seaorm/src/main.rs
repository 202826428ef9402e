//! sea-orm, schema sync: at a start it reads tables, columns and keys of the catalog, and adds what is missing.
//!
//! The entities are compiled in, so there is a build for each number of tables: `PEER_TABLES`.

#[path = "../../common.rs"]
mod common;

use std::path::Path;

use common::{FIRST_QUERY, PRAGMAS, Peer, Sampler, WAL};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};
use tokio::runtime::{Builder, Runtime};

mod entities {
    include!(concat!(env!("OUT_DIR"), "/entities.rs"));
}

struct Program {
    runtime: Runtime,
}

impl Peer for Program {
    type Conn = DatabaseConnection;

    const SLOW: bool = true;

    fn open(&mut self, path: &Path, create: bool) -> DatabaseConnection {
        let mut options = ConnectOptions::new(format!("sqlite://{}?mode=rwc", path.display()));
        options.max_connections(1).sqlx_logging(false);
        let mut conn = self.runtime.block_on(async {
            let conn = Database::connect(options).await.expect("open");
            if create {
                conn.execute_unprepared(WAL).await.expect("journal");
            }
            conn.execute_unprepared(PRAGMAS).await.expect("pragmas");
            conn
        });
        self.check(&mut conn);
        conn
    }

    fn check(&mut self, conn: &mut DatabaseConnection) {
        self.runtime.block_on(conn.get_schema_registry("peer_seaorm::*").sync(conn)).expect("sync");
    }

    fn query(&mut self, conn: &mut DatabaseConnection) {
        let query = Statement::from_string(DbBackend::Sqlite, FIRST_QUERY);
        self.runtime.block_on(conn.query_one_raw(query)).expect("query").expect("a row");
    }

    fn close(&mut self, conn: DatabaseConnection) {
        self.runtime.block_on(conn.close()).expect("close");
    }
}

fn main() {
    let sampler = Sampler::from_args("sea-orm");
    assert_eq!(sampler.n.to_string(), env!("PEER_TABLES"), "built for another number of tables");
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let version = runtime.block_on(async {
        let conn = Database::connect("sqlite::memory:").await.expect("open");
        let query = Statement::from_string(DbBackend::Sqlite, "SELECT sqlite_version() AS version");
        let row = conn.query_one_raw(query).await.expect("version").expect("a row");
        row.try_get::<String>("", "version").expect("version")
    });
    sampler.sqlite(&version);
    sampler.measure(&mut Program { runtime });
}
