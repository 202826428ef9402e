//! Types of columns: each direction of conversion, what is kept, what is refused and what consent does.

use schema_runtime::ErrorKind::{Data, Model as BadModel};
use schema_runtime::HazardCode::*;

use crate::support::case::{
    Act::{Model, Sql},
    Case, Expect, run,
};

const OLD_TEXT: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)";
const NEW_INTEGER: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER)";
const TO_INTEGER: Expect =
    Expect::Plan("1. alter type of t.a: TEXT -> INTEGER (rebuild)", &[ConvertValues, Rewrite]);
const TYPES: &str = "SELECT id, a, typeof(a) FROM t";

#[test]
fn text_becomes_integer() {
    run(&[
        Case {
            name: "texts that are whole numbers convert, NULL stays",
            before: &[Sql(OLD_TEXT), Sql("INSERT INTO t VALUES (1, '12'), (2, '-9223372036854775808'), (3, NULL), (4, '0')")],
            after: NEW_INTEGER,
            expect: TO_INTEGER,
            rows: &[(TYPES, "1|12|'integer'\n2|-9223372036854775808|'integer'\n3|NULL|'null'\n4|0|'integer'")],
            changed: &["t.a"],
            ..Case::DEFAULT
        },
        Case {
            name: "texts that are numbers in another spelling, no numbers, or blobs are refused, each counted",
            before: &[
                Sql(OLD_TEXT),
                Sql("INSERT INTO t VALUES (1, '12'), (2, ' 7'), (3, 'x'), (4, '1e3'), (5, ''), (6, NULL), (7, x'31'),
                    (8, '007'), (9, '5.0'), (10, '9223372036854775808'), (11, '-0'), (12, '1.5')"),
            ],
            after: NEW_INTEGER,
            expect: Expect::Error(
                Data,
                &[
                    "values of `t`.`a` would not survive the change from TEXT to INTEGER: 10 (first rowids or keys: 2, 3, 4)",
                    "help: give `a` a `convert` that says what becomes of them, or allow L103=t.a",
                ],
            ),
            ..Case::DEFAULT
        },
        Case {
            name: "consent for the column converts as SQLite's affinity does, and keeps what is no number",
            before: &[
                Sql(OLD_TEXT),
                Sql("INSERT INTO t VALUES (1, '12'), (2, ' 7'), (3, 'x'), (4, '1e3'), (5, ''), (6, NULL), (7, x'31'), (8, '007'), (9, '1.5')"),
            ],
            with: |migrator| migrator.allow("L103=t.a"),
            after: NEW_INTEGER,
            expect: TO_INTEGER,
            rows: &[(TYPES, "1|12|'integer'\n2|7|'integer'\n3|'x'|'text'\n4|1000|'integer'\n5|''|'text'\n6|NULL|'null'\n7|x'31'|'blob'\n\
                 8|7|'integer'\n9|1.5|'real'")],
            changed: &["t.a"],
            lost: &["t.a"],
            ..Case::DEFAULT
        },
        Case {
            name: "consent for another column is none",
            before: &[Sql(OLD_TEXT), Sql("INSERT INTO t VALUES (3, 'x')")],
            with: |migrator| migrator.allow("L103=t.id"),
            after: NEW_INTEGER,
            expect: Expect::Error(Data, &["values of `t`.`a` would not survive the change", ": 1 ("]),
            ..Case::DEFAULT
        },
        Case {
            name: "consent everywhere is consent here",
            before: &[Sql(OLD_TEXT), Sql("INSERT INTO t VALUES (3, '1e3')")],
            with: |migrator| migrator.allow("L103"),
            after: NEW_INTEGER,
            expect: TO_INTEGER,
            rows: &[(TYPES, "3|1000|'integer'")],
            changed: &["t.a"],
            lost: &["t.a"],
            ..Case::DEFAULT
        },
        Case {
            name: "values that stay different under consent do not clash in a unique rule",
            before: &[Sql("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT UNIQUE); INSERT INTO t VALUES (1, 'x'), (2, 'y'), (3, '0')")],
            with: |migrator| migrator.allow("L103=t.a"),
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER UNIQUE)",
            expect: TO_INTEGER,
            rows: &[(TYPES, "1|'x'|'text'\n2|'y'|'text'\n3|0|'integer'")],
            changed: &["t.a"],
            ..Case::DEFAULT
        },
        Case {
            name: "values that become equal clash in a unique rule",
            before: &[Sql("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT UNIQUE); INSERT INTO t VALUES (1, '7'), (2, '07')")],
            with: |migrator| migrator.allow("L103=t.a"),
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER UNIQUE)",
            expect: Expect::Error(Data, &["groups of rows of `t` have the same `a`, which becomes unique: 1 (rowid or key: 1)"]),
            ..Case::DEFAULT
        },
        Case {
            name: "a `convert` says what becomes of each value",
            before: &[Sql(OLD_TEXT), Sql("INSERT INTO t VALUES (1, 'low'), (2, 'high'), (3, NULL)")],
            after: "--: convert t.a CASE a WHEN 'low' THEN 1 WHEN 'high' THEN 2 END
                CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER)",
            expect: TO_INTEGER,
            rows: &[(TYPES, "1|1|'integer'\n2|2|'integer'\n3|NULL|'null'")],
            changed: &["t.a"],
            lost: &["t.a"],
            ..Case::DEFAULT
        },
        Case {
            name: "a `convert` that reads what the same change makes is refused: nothing would check its values",
            before: &[Sql(OLD_TEXT), Sql("INSERT INTO t VALUES (1, 'low')")],
            after: "--: convert t.a (SELECT max(n) FROM q)
                CREATE TABLE q (id INTEGER PRIMARY KEY, n TEXT);
                CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER)",
            expect: Expect::Error(BadModel, &["the rows of `t.a` cannot be checked before the change", "no such table: q"]),
            ..Case::DEFAULT
        },
        Case {
            name: "a `convert` that leaves a NULL in a NOT NULL column is refused",
            before: &[Sql("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL)"), Sql("INSERT INTO t VALUES (1, 'low'), (2, 'other')")],
            after: "--: convert t.a CASE a WHEN 'low' THEN 1 END
                CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER NOT NULL)",
            expect: Expect::Error(Data, &["rows of `t` have NULL in `a`, which becomes NOT NULL: 1 (rowid or key: 2)"]),
            ..Case::DEFAULT
        },
        Case {
            name: "a `convert` whose values break a CHECK that stays is refused",
            before: &[Sql("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT CHECK (a <> 0))"), Sql("INSERT INTO t VALUES (1, 'low')")],
            after: "--: convert t.a length(a) - 3
                CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER CHECK (a <> 0))",
            expect: Expect::Error(Data, &["rows of `t` break CHECK (a <> 0): 1 (rowid or key: 1)"]),
            ..Case::DEFAULT
        },
        Case {
            name: "a `convert` that gives a value of another type is refused",
            before: &[Sql(OLD_TEXT), Sql("INSERT INTO t VALUES (1, 'low'), (2, '5')")],
            after: "--: convert t.a a || ''
                CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER)",
            expect: Expect::Error(Data, &["values of `t`.`a` are no INTEGER after its `convert`: 1 (rowid or key: 1)"]),
            ..Case::DEFAULT
        },
        Case {
            name: "a type, NOT NULL and a backfill come together",
            before: &[Sql(OLD_TEXT), Sql("INSERT INTO t VALUES (1, '5'), (2, NULL)")],
            after: "--: backfill t.a -1
                CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER NOT NULL)",
            expect: Expect::Plan(
                "1. rebuild table t: alter type of t.a: TEXT -> INTEGER; alter nullability of t.a: NULL -> NOT NULL (rebuild)",
                &[ConvertValues, Tightened, Rewrite],
            ),
            rows: &[(TYPES, "1|5|'integer'\n2|-1|'integer'")],
            changed: &["t.a"],
            lost: &["t.a"],
            ..Case::DEFAULT
        },
        Case {
            name: "an empty table changes its type without a row",
            before: &[Sql(OLD_TEXT)],
            after: NEW_INTEGER,
            expect: Expect::Plan("1. alter type of t.a: TEXT -> INTEGER (rebuild)", &[ConvertValues]),
            ..Case::DEFAULT
        },
    ]);
}

#[test]
fn real_becomes_something_else() {
    const REAL: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, a REAL)";
    run(&[
        Case {
            name: "a REAL becomes the text of the number, with its point",
            before: &[
                Sql(REAL),
                Sql("INSERT INTO t VALUES (1, 5.0), (2, 0.1), (3, -2.5e300), (4, NULL), (5, 0.1 + 0.2)"),
            ],
            after: OLD_TEXT,
            expect: Expect::Plan("1. alter type of t.a: REAL -> TEXT (rebuild)", &[ConvertValues, Rewrite]),
            rows: &[(
                TYPES,
                "1|'5.0'|'text'\n2|'0.1'|'text'\n3|'-2.5e+300'|'text'\n4|NULL|'null'\n5|'0.30000000000000004'|'text'",
            )],
            changed: &["t.a"],
            ..Case::DEFAULT
        },
        Case {
            name: "infinity has no text that leads back",
            before: &[Sql(REAL), Sql("INSERT INTO t VALUES (1, 5.0), (2, 9e999)")],
            after: OLD_TEXT,
            expect: Expect::Error(
                Data,
                &["values of `t`.`a` would not survive the change from REAL to TEXT: 1 (rowid or key: 2)"],
            ),
            ..Case::DEFAULT
        },
        Case {
            name: "whole REALs become integers",
            before: &[Sql(REAL), Sql("INSERT INTO t VALUES (1, 5.0), (2, -4503599627370496.0), (3, NULL)")],
            after: NEW_INTEGER,
            expect: Expect::Plan(
                "1. alter type of t.a: REAL -> INTEGER (rebuild)",
                &[ConvertValues, Rewrite],
            ),
            rows: &[(TYPES, "1|5|'integer'\n2|-4503599627370496|'integer'\n3|NULL|'null'")],
            changed: &["t.a"],
            ..Case::DEFAULT
        },
        Case {
            name: "REALs with a fraction, beyond 2^53 or infinite are refused",
            before: &[
                Sql(REAL),
                Sql(
                    "INSERT INTO t VALUES (1, 5.0), (2, 5.5), (3, 1e300), (4, 9e999), (5, 9007199254740994.0)",
                ),
            ],
            after: NEW_INTEGER,
            expect: Expect::Error(
                Data,
                &[
                    "values of `t`.`a` would not survive the change from REAL to INTEGER: 4 (first rowids or keys: 2, 3, 4)",
                ],
            ),
            ..Case::DEFAULT
        },
        Case {
            name: "a REAL in an untyped column stays a REAL",
            before: &[Sql(REAL), Sql("INSERT INTO t VALUES (1, 5.0), (2, 5.5)")],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a)",
            expect: Expect::Plan(
                "1. alter type of t.a: REAL -> no type (rebuild)",
                &[ConvertValues, Rewrite],
            ),
            rows: &[(TYPES, "1|5.0|'real'\n2|5.5|'real'")],
            ..Case::DEFAULT
        },
    ]);
}

#[test]
fn integer_becomes_something_else() {
    const INT: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER)";
    const REAL: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, a REAL)";
    run(&[
        Case {
            name: "integers up to 2^53 become REALs",
            before: &[Sql(INT), Sql("INSERT INTO t VALUES (1, 5), (2, 9007199254740992), (3, NULL)")],
            after: REAL,
            expect: Expect::Plan(
                "1. alter type of t.a: INTEGER -> REAL (rebuild)",
                &[ConvertValues, Rewrite],
            ),
            rows: &[(TYPES, "1|5.0|'real'\n2|9007199254740992.0|'real'\n3|NULL|'null'")],
            changed: &["t.a"],
            ..Case::DEFAULT
        },
        Case {
            name: "2^53 + 1 and the largest integer are no REALs",
            before: &[
                Sql(INT),
                Sql("INSERT INTO t VALUES (1, 5), (2, 9007199254740993), (3, 9223372036854775807)"),
            ],
            after: REAL,
            expect: Expect::Error(
                Data,
                &[
                    "values of `t`.`a` would not survive the change from INTEGER to REAL: 2 (first rowids or keys: 2, 3)",
                ],
            ),
            ..Case::DEFAULT
        },
        Case {
            name: "integers become their digits",
            before: &[Sql(INT), Sql("INSERT INTO t VALUES (1, 5), (2, -9223372036854775808), (3, NULL)")],
            after: OLD_TEXT,
            expect: Expect::Plan(
                "1. alter type of t.a: INTEGER -> TEXT (rebuild)",
                &[ConvertValues, Rewrite],
            ),
            rows: &[(TYPES, "1|'5'|'text'\n2|'-9223372036854775808'|'text'\n3|NULL|'null'")],
            changed: &["t.a"],
            ..Case::DEFAULT
        },
        Case {
            name: "a blob in an integer column does not become text",
            before: &[Sql(INT), Sql("INSERT INTO t VALUES (1, 5), (2, x'6162')")],
            after: OLD_TEXT,
            expect: Expect::Error(
                Data,
                &["values of `t`.`a` would not survive the change from INTEGER to TEXT: 1 (rowid or key: 2)"],
            ),
            ..Case::DEFAULT
        },
        Case {
            name: "an integer in a BLOB column stays an integer",
            before: &[Sql(INT), Sql("INSERT INTO t VALUES (1, 5)")],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a BLOB)",
            expect: Expect::Plan(
                "1. alter type of t.a: INTEGER -> BLOB (rebuild)",
                &[ConvertValues, Rewrite],
            ),
            rows: &[(TYPES, "1|5|'integer'")],
            ..Case::DEFAULT
        },
        Case {
            name: "an integer in a NUMERIC column stays an integer",
            before: &[Sql(INT), Sql("INSERT INTO t VALUES (1, 5), (2, 9223372036854775807), (3, 'x')")],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a DECIMAL(10, 2))",
            expect: Expect::Plan(
                "1. alter type of t.a: INTEGER -> DECIMAL(10, 2) (rebuild)",
                &[ConvertValues, Rewrite],
            ),
            rows: &[(TYPES, "1|5|'integer'\n2|9223372036854775807|'integer'\n3|'x'|'text'")],
            ..Case::DEFAULT
        },
    ]);
}

#[test]
fn text_becomes_something_else() {
    run(&[
        Case {
            name: "texts that are REALs convert, others are refused",
            before: &[Sql(OLD_TEXT), Sql("INSERT INTO t VALUES (1, '5'), (2, '5.5'), (3, '5.0'), (4, NULL)")],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a REAL)",
            expect: Expect::Plan("1. alter type of t.a: TEXT -> REAL (rebuild)", &[ConvertValues, Rewrite]),
            rows: &[(TYPES, "1|5.0|'real'\n2|5.5|'real'\n3|5.0|'real'\n4|NULL|'null'")],
            changed: &["t.a"],
            lost: &["t.a"],
            ..Case::DEFAULT
        },
        Case {
            name: "texts that are no REALs, or more digits than one holds, are refused",
            before: &[
                Sql(OLD_TEXT),
                Sql(
                    "INSERT INTO t VALUES (1, '5'), (2, 'x'), (3, '1e3'), (4, '0.1000000000000000055'), (5, '9007199254740993')",
                ),
            ],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a REAL)",
            expect: Expect::Error(
                Data,
                &[
                    "values of `t`.`a` would not survive the change from TEXT to REAL: 4 (first rowids or keys: 2, 3, 4)",
                ],
            ),
            ..Case::DEFAULT
        },
        Case {
            name: "a text in a NUMERIC column that would become a number and not lead back is refused",
            before: &[
                Sql(OLD_TEXT),
                Sql("INSERT INTO t VALUES (1, '5'), (2, 'x'), (3, '1e3'), (4, '007'), (5, '5.0')"),
            ],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a NUMERIC)",
            expect: Expect::Error(
                Data,
                &[
                    "values of `t`.`a` would not survive the change from TEXT to NUMERIC: 3 (first rowids or keys: 3, 4, 5)",
                ],
            ),
            ..Case::DEFAULT
        },
        Case {
            name: "a text in an untyped column stays a text",
            before: &[Sql(OLD_TEXT), Sql("INSERT INTO t VALUES (1, '5'), (2, 'x')")],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a)",
            expect: Expect::Plan(
                "1. alter type of t.a: TEXT -> no type (rebuild)",
                &[ConvertValues, Rewrite],
            ),
            rows: &[(TYPES, "1|'5'|'text'\n2|'x'|'text'")],
            ..Case::DEFAULT
        },
        Case {
            name: "an untyped column becomes TEXT where its numbers lead back",
            before: &[Sql(
                "CREATE TABLE t (id INTEGER PRIMARY KEY, a); INSERT INTO t VALUES (1, 5), (2, 5.5), (3, 'x'), (4, NULL)",
            )],
            after: OLD_TEXT,
            expect: Expect::Plan(
                "1. alter type of t.a: no type -> TEXT (rebuild)",
                &[ConvertValues, Rewrite],
            ),
            rows: &[(TYPES, "1|'5'|'text'\n2|'5.5'|'text'\n3|'x'|'text'\n4|NULL|'null'")],
            changed: &["t.a"],
            lost: &["t.a"],
            ..Case::DEFAULT
        },
    ]);
}

#[test]
fn the_spelling_of_a_type() {
    const INT: &str =
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a INT, b VARCHAR(9)); INSERT INTO t VALUES (1, 5, 'x')";
    run(&[
        Case {
            name: "types of one affinity are no difference to a field that does not say its type",
            before: &[Sql(INT)],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, b TEXT)",
            ..Case::DEFAULT
        },
        Case {
            name: "a type that the field says is adopted and converts nothing",
            before: &[Sql(INT)],
            after: "--: type t.b
                CREATE TABLE t (id INTEGER PRIMARY KEY, a BIGINT, b TEXT)",
            expect: Expect::Plan(
                "1. alter type of t.a: INT -> BIGINT; alter type of t.b: VARCHAR(9) -> TEXT (catalog)",
                &[],
            ),
            ..Case::DEFAULT
        },
        Case {
            name: "case and blanks of a type that the field says are no difference",
            before: &[Sql(
                "CREATE TABLE t (id INTEGER PRIMARY KEY, a int, b varchar ( 9 ), c unsigned   big int)",
            )],
            after: "--: type t.a
                CREATE TABLE t (id INTEGER PRIMARY KEY, a INT, b VARCHAR(9), c UNSIGNED BIG INT)",
            ..Case::DEFAULT
        },
        Case {
            name: "a `convert` is not applied twice",
            before: &[
                Sql(OLD_TEXT),
                Sql("INSERT INTO t VALUES (1, 'low')"),
                Model(
                    "--: convert t.a length(a)
                    CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER)",
                ),
            ],
            after: "--: convert t.a length(a)
                CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, b TEXT)",
            expect: Expect::Plan("1. add column t.b (catalog)", &[]),
            rows: &[("SELECT a FROM t", "3")],
            ..Case::DEFAULT
        },
    ]);
}

#[test]
fn types_of_strict_tables() {
    const STRICT: &str = "CREATE TABLE t (a INTEGER) STRICT; INSERT INTO t VALUES (1)";
    run(&[
        Case {
            name: "a default of another type than its STRICT column is a mistake of the model, with rows",
            before: &[Sql(STRICT)],
            after: "CREATE TABLE t (a INT, b INT DEFAULT 'x') STRICT",
            expect: Expect::Error(
                BadModel,
                &["the default 'x' of `t`.`b` is no INTEGER, which its STRICT table wants"],
            ),
            ..Case::DEFAULT
        },
        Case {
            name: "and without rows, where SQLite would take it",
            before: &[Sql("CREATE TABLE t (a INT) STRICT")],
            after: "CREATE TABLE t (a INT, b INT DEFAULT 'x') STRICT",
            expect: Expect::Error(
                BadModel,
                &["the default 'x' of `t`.`b` is no INTEGER, which its STRICT table wants"],
            ),
            ..Case::DEFAULT
        },
        Case {
            name: "a default that STRICT converts without a loss is added by ALTER",
            before: &[Sql(STRICT)],
            after: "CREATE TABLE t (a INT, b REAL DEFAULT 5, c TEXT DEFAULT 'x', d ANY DEFAULT 'y', e BLOB DEFAULT x'00') STRICT",
            expect: Expect::Plan(
                "1. add column t.b; add column t.c; add column t.d; add column t.e (catalog)",
                &[],
            ),
            rows: &[("SELECT b, c, d, e FROM t", "5.0|'x'|'y'|x'00'")],
            ..Case::DEFAULT
        },
        Case {
            name: "a STRICT column changes its type where every value fits",
            before: &[Sql(
                "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT) STRICT; INSERT INTO t VALUES (1, '5'), (2, NULL)",
            )],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER) STRICT",
            expect: TO_INTEGER,
            rows: &[(TYPES, "1|5|'integer'\n2|NULL|'null'")],
            changed: &["t.a"],
            ..Case::DEFAULT
        },
        Case {
            name: "consent does not bring a wrong type into a STRICT table",
            before: &[Sql(
                "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT) STRICT; INSERT INTO t VALUES (1, '5'), (2, 'x')",
            )],
            with: |migrator| migrator.allow("L103=t.a"),
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER) STRICT",
            expect: Expect::Error(
                Data,
                &["rows of `t` hold a value in `a` that is no INTEGER: 1 (rowid or key: 2)"],
            ),
            ..Case::DEFAULT
        },
        Case {
            name: "a backfill of another type than its STRICT column is refused",
            before: &[Sql("CREATE TABLE t (id INTEGER PRIMARY KEY) STRICT; INSERT INTO t VALUES (1), (2)")],
            after: "--: backfill t.b CASE id WHEN 1 THEN 5 ELSE 'x' END
                CREATE TABLE t (id INTEGER PRIMARY KEY, b INTEGER) STRICT",
            expect: Expect::Error(
                Data,
                &["rows of `t` hold a value in `b` that is no INTEGER: 1 (rowid or key: 2)"],
            ),
            ..Case::DEFAULT
        },
        Case {
            name: "a BLOB column of a STRICT table takes no text",
            before: &[Sql(
                "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT) STRICT; INSERT INTO t VALUES (1, 'x')",
            )],
            after: "CREATE TABLE t (id INTEGER PRIMARY KEY, a BLOB) STRICT",
            expect: Expect::Error(
                Data,
                &["values of `t`.`a` would not survive the change from TEXT to BLOB", ": 1 ("],
            ),
            ..Case::DEFAULT
        },
    ]);
}
