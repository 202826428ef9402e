//! Primary keys: which column they are, and what of the rows follows them.
