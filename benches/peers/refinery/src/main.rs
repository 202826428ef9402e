//! refinery: at a start it compares names and checksums with a table.

#[path = "../../common.rs"]
mod common;

use std::hint::black_box;
use std::path::Path;

use common::{FIRST_QUERY, PRAGMAS, Peer, Sampler, WAL, script, table};
use refinery::{Migration, Runner};
use rusqlite::Connection;

struct Program {
    texts: Vec<(String, String)>,
}

impl Program {
    /// What `embed_migrations!` expands to: all migrations are made at each call.
    fn runner(&self) -> Runner {
        let made = |(name, text): &(String, String)| Migration::unapplied(name, text).expect("a migration");
        Runner::new(&self.texts.iter().map(made).collect::<Vec<_>>())
    }
}

impl Peer for Program {
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
        self.runner().run(conn).expect("migrate");
    }

    fn query(&mut self, conn: &mut Connection) {
        black_box(conn.query_row(FIRST_QUERY, [], |row| row.get::<_, i64>(0)).expect("query"));
    }
}

fn main() {
    let sampler = Sampler::from_args("refinery");
    sampler.sqlite(rusqlite::version());
    let named = |at| (format!("V{}__{}", at + 1, table(at)), script(at));
    sampler.measure(&mut Program { texts: (0..sampler.n).map(named).collect() });
}
