//! First light.

use schema_runtime::HazardCode;

use crate::support::case::{Act::*, Case, Expect, run};

#[test]
fn first() {
    run(&[
        Case {
            name: "a table is created in an empty file",
            after: "CREATE TABLE user (id INTEGER PRIMARY KEY, email TEXT NOT NULL)",
            expect: Expect::Plan("1. create table user (catalog)", &[]),
            ..Case::DEFAULT
        },
        Case {
            name: "a column is added",
            before: &[Sql("CREATE TABLE user (id INTEGER PRIMARY KEY); INSERT INTO user VALUES (1), (7)")],
            after: "CREATE TABLE user (id INTEGER PRIMARY KEY, email TEXT)",
            expect: Expect::Plan("1. add column user.email (catalog)", &[]),
            ..Case::DEFAULT
        },
        Case {
            name: "a type changes",
            before: &[Sql(
                "CREATE TABLE user (id INTEGER PRIMARY KEY, age TEXT); INSERT INTO user VALUES (1, '5'), (7, NULL)",
            )],
            after: "CREATE TABLE user (id INTEGER PRIMARY KEY, age INTEGER)",
            expect: Expect::Plan(
                "1. alter type of user.age: TEXT -> INTEGER (rebuild)",
                &[HazardCode::ConvertValues, HazardCode::Rewrite],
            ),
            changed: &["user.age"],
            ..Case::DEFAULT
        },
    ]);
}
