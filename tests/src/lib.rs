//! A library as a user would write it, with every lint denied that a team may deny: what the derives and macros make is clean under them.
//!
//! The compiler looks at it with each build of the tests, clippy with each run of the gate. The tests are in `main.rs`.

#![deny(
    clippy::all,
    clippy::pedantic,
    clippy::nursery,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_const_for_fn,
    clippy::absolute_paths,
    clippy::exhaustive_structs,
    clippy::shadow_unrelated,
    clippy::missing_docs_in_private_items,
    future_incompatible,
    let_underscore,
    missing_copy_implementations,
    missing_debug_implementations,
    missing_docs,
    nonstandard_style,
    rust_2018_idioms,
    rust_2021_compatibility,
    rust_2024_compatibility,
    single_use_lifetimes,
    trivial_casts,
    trivial_numeric_casts,
    unnameable_types,
    unreachable_pub,
    unsafe_code,
    unused,
    unused_extern_crates,
    unused_import_braces,
    unused_lifetimes,
    unused_qualifications,
    unused_results,
    variant_size_differences,
    warnings
)]
pub mod model;
