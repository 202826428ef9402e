//! sqlx: at a start it compares checksums with a table, on a thread of the driver's own.

#[path = "../../common.rs"]
mod common;

use std::path::Path;

use common::{FIRST_QUERY, Peer, Sampler, script, table};
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, SqlSafeStr, SqliteConnection};
use tokio::runtime::{Builder, Runtime};

struct Program {
    runtime: Runtime,
    migrator: Migrator,
}

impl Peer for Program {
    type Conn = SqliteConnection;

    fn open(&mut self, path: &Path, create: bool) -> SqliteConnection {
        let mut options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .synchronous(SqliteSynchronous::Normal)
            .foreign_keys(true);
        if create {
            options = options.journal_mode(SqliteJournalMode::Wal);
        }
        let mut conn = self.runtime.block_on(options.connect()).expect("open");
        self.check(&mut conn);
        conn
    }

    fn check(&mut self, conn: &mut SqliteConnection) {
        self.runtime.block_on(self.migrator.run(conn)).expect("migrate");
    }

    fn query(&mut self, conn: &mut SqliteConnection) {
        self.runtime.block_on(sqlx::query(FIRST_QUERY).fetch_one(conn)).expect("query");
    }

    fn close(&mut self, conn: SqliteConnection) {
        self.runtime.block_on(conn.close()).expect("close");
    }
}

fn main() {
    let sampler = Sampler::from_args("sqlx");
    let runtime = Builder::new_current_thread().build().expect("a runtime");
    let version = runtime.block_on(async {
        let mut conn = SqliteConnection::connect("sqlite::memory:").await.expect("open");
        sqlx::query_scalar::<_, String>("SELECT sqlite_version()")
            .fetch_one(&mut conn)
            .await
            .expect("version")
    });
    sampler.sqlite(&version);
    // What `migrate!` makes at compile time, checksums included.
    let migration = |at: usize| {
        let text = AssertSqlSafe(script(at)).into_sql_str();
        Migration::new(at as i64 + 1, table(at).into(), MigrationType::Simple, text, false)
    };
    let migrator = Migrator::with_migrations((0..sampler.n).map(migration).collect());
    sampler.measure(&mut Program { runtime, migrator });
}
