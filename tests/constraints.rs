//! CHECK, UNIQUE, collations and foreign keys: added, dropped, changed, and held against the rows.
