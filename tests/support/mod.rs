//! What the case tables share: models written as SQL, databases in folders of their own, and the runner with its invariants.

pub mod case;
pub mod model;
pub mod place;
