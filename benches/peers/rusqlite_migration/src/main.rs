//! rusqlite_migration: at a start it compares a counter, `user_version`, with the number of migrations.

#[path = "../../common.rs"]
mod common;

use std::hint::black_box;
use std::path::Path;

use common::{FIRST_QUERY, PRAGMAS, Peer, Sampler, WAL, script};
use rusqlite::Connection;
use rusqlite_migration::{M, Migrations};

struct Program<'a> {
    migrations: Migrations<'a>,
}

impl Peer for Program<'_> {
    type Conn = Connection;

    fn open(&mut self, path: &Path, create: bool) -> Connection {
        let mut conn = Connection::open(path).expect("open");
        if create {
            conn.execute_batch(WAL).expect("journal");
        }
        conn.execute_batch(PRAGMAS).expect("pragmas");
        self.check(&mut conn);
        conn
    }

    fn check(&mut self, conn: &mut Connection) {
        self.migrations.to_latest(conn).expect("migrate");
    }

    fn query(&mut self, conn: &mut Connection) {
        black_box(conn.query_row(FIRST_QUERY, [], |row| row.get::<_, i64>(0)).expect("query"));
    }
}

fn main() {
    let sampler = Sampler::from_args("rusqlite_migration");
    sampler.sqlite(rusqlite::version());
    // Const in a real program, so made before the clock runs.
    let texts: Vec<String> = (0..sampler.n).map(script).collect();
    let list: Vec<M<'_>> = texts.iter().map(|text| M::up(text)).collect();
    sampler.measure(&mut Program { migrations: Migrations::from_slice(&list) });
}
