//! Empty: each program is an example target.
