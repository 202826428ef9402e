//! What the case tables share: models written as SQL, databases in folders of their own, and the runner with its invariants; and
//! what the histories and the random schemas share: rows, what must become of them, and SQLite itself as an oracle.

pub mod carry;
pub mod case;
pub mod folder;
pub mod memory;
pub mod model;
pub mod oracle;
pub mod pair;
pub mod place;
