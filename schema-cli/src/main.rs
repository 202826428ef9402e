//! The stock command.

fn main() {}
