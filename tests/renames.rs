//! Declared renames: data follows the names, and so does everything that names them.
