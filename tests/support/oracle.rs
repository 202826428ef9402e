//! What SQLite itself makes of a schema: the programs that it compiles for statements hold every check, default, collation,
//! key, action, conflict clause and trigger. Two databases whose programs are the same are the same for whoever writes to them.
//!
//! Root pages, which depend on the order of the work, are masked. The one difference that means nothing and that a program
//! shows is the order of things in a text: so the wanted objects are made once more in the order in which the other database has
//! them. Where the constraints of a table are still in another order, the programs are compared as sets.

use std::borrow::Cow;

use rusqlite::{Connection, Row};
use schema_runtime::{Catalog, TableInfo};
use schema_sql::{
    ColumnDef, ConstraintKind, CreateKind, create_kind, eq_name, quote_ident, split_create_table,
};

use super::memory;

/// How alike the programs are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alike {
    /// To the last register.
    Exactly,
    /// But for the order of constraints.
    ButForOrder,
}

/// Compares a database with one that was made fresh.
pub fn compare(found: &Connection, fresh: &Connection) -> Result<Alike, String> {
    let found = memory::copy_of(found);
    let fresh = memory::copy_of(&in_order_of(&found, fresh)?);
    same_objects(&found, &fresh)?;
    let catalog = memory::catalog(&found);
    let changed = changed(&texts(&found), &texts(&fresh));
    for conn in [&found, &fresh] {
        conn.execute_batch("PRAGMA foreign_keys = ON").expect("a pragma");
    }
    let mut different = Vec::new();
    for statement in statements(&catalog, &changed) {
        if exact(&found, &statement) != exact(&fresh, &statement) {
            different.push(statement);
        }
    }
    if different.is_empty() {
        return Ok(Alike::Exactly);
    }
    // Printed as a rebuild prints them, the constraints of both are in one order.
    let printed = |conn: &Connection| {
        let printed = in_order_of(&found, &in_print(conn))?;
        printed.execute_batch("PRAGMA foreign_keys = ON").expect("a pragma");
        Ok::<Connection, String>(memory::copy_of(&printed))
    };
    let (found_printed, fresh_printed) = (printed(&found)?, printed(&fresh)?);
    for statement in different {
        let (a, b) = (loose(&found, &statement), loose(&fresh, &statement));
        // Each alone, or both together: one order of the constraints, and a parent's key that is said or implied.
        if a == b
            || exact(&found_printed, &statement) == exact(&fresh_printed, &statement)
            || loose(&found_printed, &statement) == loose(&fresh_printed, &statement)
        {
            continue;
        }
        let only = |a: &[String], b: &[String]| {
            a.iter().filter(|line| !b.contains(line)).cloned().collect::<Vec<_>>().join("\n")
        };
        let (here, there) = (only(&a, &b), only(&b, &a));
        return Err(format!(
            "SQLite compiles otherwise: {statement}\nhere alone\n{here}\nfresh alone\n{there}\nfor here\n{}\nand fresh\n{}",
            memory::script(&found),
            memory::script(&fresh)
        ));
    }
    Ok(Alike::ButForOrder)
}

/// The same schema with its tables as our own printer writes them.
fn in_print(conn: &Connection) -> Connection {
    let made = memory::empty();
    made.execute_batch("PRAGMA foreign_keys = OFF").expect("a pragma");
    let catalog = memory::catalog(conn);
    for (Object { trigger, name }, sql) in texts(conn) {
        let sql = catalog.table(&name).filter(|_| !trigger).map_or(sql, TableInfo::to_sql);
        // Shadow tables are there already.
        let _ = made.execute_batch(&sql);
    }
    made
}

/// The names of objects and columns, in their order.
fn same_objects(a: &Connection, b: &Connection) -> Result<(), String> {
    let names = |conn: &Connection| {
        let query = "SELECT type, tbl_name, name FROM sqlite_schema
            WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT LIKE 'history_of_schema%'
            UNION ALL SELECT 'column', schema.name, info.name FROM sqlite_schema AS schema, pragma_table_xinfo(schema.name) AS info
            WHERE schema.type = 'table' AND schema.rootpage > 0 AND schema.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND schema.name NOT LIKE 'history_of_schema%'
            ORDER BY 1, 2";
        memory::lines(conn, query)
    };
    let (a, b) = (names(a)?, names(b)?);
    let only = |a: &[String], b: &[String]| {
        a.iter().filter(|name| !b.contains(name)).cloned().collect::<Vec<_>>().join(" ")
    };
    if a == b {
        Ok(())
    } else {
        Err(format!("other objects: found {}; fresh {}", only(&a, &b), only(&b, &a)))
    }
}

/// What a text is of. Triggers may have the names of other objects.
#[derive(Clone, PartialEq, Eq)]
struct Object {
    trigger: bool,
    /// Folded.
    name: String,
}

/// The catalog's texts in an order in which they can be made.
fn texts(conn: &Connection) -> Vec<(Object, String)> {
    let mut statement = conn
        .prepare(
            "SELECT type = 'trigger', lower(name), sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
             ORDER BY type IN ('index', 'view', 'trigger'), rowid",
        )
        .expect("the catalog");
    let object = |row: &Row<'_>| Ok((Object { trigger: row.get(0)?, name: row.get(1)? }, row.get(2)?));
    let rows = statement.query_map([], object).expect("the catalog");
    rows.collect::<Result<_, _>>().expect("the catalog")
}

/// Everything whose programs may differ: what has another text, or may work on such a thing. A program depends on no more than the texts
/// of its table, of what names that, in turn, and of what all these name.
fn changed(found: &[(Object, String)], fresh: &[(Object, String)]) -> Vec<String> {
    let lower: Vec<(&str, String)> =
        found.iter().map(|(object, sql)| (object.name.as_str(), sql.to_ascii_lowercase())).collect();
    let differs = |object: &Object| {
        let text = |list: &[(Object, String)]| {
            list.iter().find(|(other, _)| other == object).map(|(_, sql)| sql.clone())
        };
        text(found) != text(fresh)
    };
    let objects = found.iter().map(|(object, _)| object);
    let differing: Vec<&str> =
        objects.filter(|object| differs(object)).map(|object| object.name.as_str()).collect();
    let works_on = |table: &str| {
        let mut names = vec![table];
        let mut at = 0;
        while let Some(name) = names.get(at).copied() {
            at += 1;
            for (other, sql) in &lower {
                if !names.contains(other) && sql.contains(name) {
                    names.push(other);
                }
            }
        }
        let own: Vec<&String> =
            lower.iter().filter(|(name, _)| names.contains(name)).map(|(_, sql)| sql).collect();
        differing.iter().any(|name| names.contains(name) || own.iter().any(|sql| sql.contains(*name)))
    };
    lower.iter().map(|(name, _)| *name).filter(|name| works_on(name)).map(str::to_owned).collect()
}

/// The objects of `fresh`, made in the order that `found` has them, with the columns of tables in its order.
fn in_order_of(found: &Connection, fresh: &Connection) -> Result<Connection, String> {
    let catalog = memory::catalog(found);
    let made = memory::empty();
    made.execute_batch("PRAGMA foreign_keys = OFF").expect("a pragma");
    let wanted = texts(fresh);
    let mut order: Vec<Object> = texts(found).into_iter().map(|(object, _)| object).collect();
    // What only the fresh one has is told by its name, later.
    order.extend(wanted.iter().map(|(object, _)| object.clone()));
    let mut done: Vec<Object> = Vec::new();
    for object in order {
        let Some((_, sql)) = wanted.iter().find(|(other, _)| *other == object) else { continue };
        if done.contains(&object) {
            continue;
        }
        done.push(object.clone());
        let name = object.name;
        let shadow = catalog
            .virtual_tables
            .iter()
            .any(|table| table.shadows.iter().any(|shadow| eq_name(shadow, &name)));
        if shadow {
            continue;
        }
        let sql = match catalog.table(&name) {
            Some(table) if create_kind(sql) == Some(CreateKind::Table) => reordered(table, sql),
            _ => sql.clone(),
        };
        made.execute_batch(&sql).map_err(|err| format!("fresh in order: {err}\n{sql}"))?;
    }
    Ok(made)
}

/// The text with its columns in the order of `table`. Key columns of STRICT and WITHOUT ROWID tables cannot be NULL, said or
/// not; where the other database says it, it is said here too, since SQLite's programs then differ.
fn reordered(table: &TableInfo, sql: &str) -> String {
    let split = |sql: &str| split_create_table(sql).unwrap_or_else(|err| panic!("{sql}: {err}"));
    let says = |column: &ColumnDef| {
        column.constraints.iter().any(|constraint| matches!(constraint.kind, ConstraintKind::NotNull { .. }))
    };
    let (found, split) = (split(&table.sql), split(sql));
    let same = split.columns.len() == table.columns.len()
        && split.columns.iter().zip(&found.columns).all(|(a, b)| eq_name(&a.name, &b.name));
    let keyed = split.strict || split.without_rowid;
    if same && !keyed {
        return sql.to_owned();
    }
    let mut columns = split.columns.clone();
    columns.sort_by_key(|column| table.columns.iter().position(|found| eq_name(&found.name, &column.name)));
    for column in &mut columns {
        let there = found.columns.iter().find(|found| eq_name(&found.name, &column.name));
        if keyed && table.in_primary_key(&column.name) && there.is_some_and(says) && !says(column) {
            column.text.push_str("\nNOT NULL");
        }
    }
    let mut parts: Vec<&str> = columns.iter().map(|column| column.text.as_str()).collect();
    parts.extend(split.constraints.iter().map(|constraint| constraint.text.as_str()));
    let mut options = Vec::new();
    if split.strict {
        options.push("STRICT");
    }
    if split.without_rowid {
        options.push("WITHOUT ROWID");
    }
    format!("CREATE TABLE {} ({}\n) {}", quote_ident(&split.name), parts.join("\n, "), options.join(", "))
}

/// What is explained: every way to write to a table, and what compares its values.
fn statements(catalog: &Catalog, changed: &[String]) -> Vec<String> {
    let mut all = Vec::new();
    let is_changed = |name: &str| changed.contains(&name.to_ascii_lowercase());
    for table in catalog.tables.iter().filter(|table| is_changed(&table.name)) {
        let name = format!("main.{}", quote_ident(&table.name));
        let columns: Vec<String> = table
            .columns
            .iter()
            .filter(|column| column.generated.is_none())
            .map(|column| quote_ident(&column.name))
            .collect();
        let marks = vec!["?"; columns.len()].join(", ");
        let list = columns.join(", ");
        all.push(format!("INSERT INTO {name} DEFAULT VALUES"));
        all.push(format!("INSERT INTO {name} ({list}) VALUES ({marks})"));
        all.push(format!("REPLACE INTO {name} ({list}) VALUES ({marks})"));
        all.push(format!("DELETE FROM {name}"));
        for column in &columns {
            all.push(format!("UPDATE {name} NOT INDEXED SET {column} = ? WHERE {column} = 'x'"));
        }
        for column in &table.columns {
            let column = quote_ident(&column.name);
            all.push(format!(
                "SELECT {column}, typeof({column}) FROM {name} NOT INDEXED WHERE {column} > 'x' ORDER BY {column}"
            ));
        }
    }
    for view in catalog.views.iter().filter(|view| is_changed(&view.name)) {
        all.push(format!("SELECT * FROM main.{}", quote_ident(&view.name)));
        all.push(format!("DELETE FROM main.{}", quote_ident(&view.name)));
    }
    for table in catalog.virtual_tables.iter().filter(|table| is_changed(&table.name)) {
        all.push(format!("SELECT * FROM main.{}", quote_ident(&table.name)));
    }
    all
}

/// An instruction: what it does, its three operands, the fourth as text, and its flags.
struct Instruction<'a> {
    opcode: &'a str,
    p: [i64; 3],
    p4: &'a [u8],
    p5: i64,
}

/// Hands every instruction to `each`; an error of the compiler is one instruction.
fn explain(conn: &Connection, statement: &str, each: &mut dyn FnMut(&Instruction<'_>)) {
    let mut explain = match conn.prepare(&format!("EXPLAIN {statement}")) {
        Ok(explain) => explain,
        Err(err) => return each(&Instruction { opcode: &err.to_string(), p: [0; 3], p4: &[], p5: 0 }),
    };
    let mut rows = explain.raw_query();
    while let Some(row) = rows.next().expect("a program") {
        let number = |at: usize| row.get_ref(at).expect("a column").as_i64().unwrap_or_default();
        let opcode = row.get_ref(1).expect("a column");
        // A blob constant is shown as text that need not be UTF-8.
        let p4 = row.get_ref(5).expect("a column").as_bytes_or_null().expect("a text").unwrap_or_default();
        let opcode = opcode.as_str().expect("a text");
        each(&Instruction { opcode, p: [number(2), number(3), number(4)], p4, p5: number(6) });
    }
}

/// `k(2,B,NOCASE)`: a column that says `COLLATE BINARY` has a `B`, one that says nothing has nothing.
fn key(p4: &str) -> Cow<'_, str> {
    if !p4.starts_with("k(") {
        return Cow::Borrowed(p4);
    }
    let terms = p4.split(',').map(|term| match term {
        "B" => "",
        "-B" => "-",
        "B)" => ")",
        "-B)" => "-)",
        other => other,
    });
    Cow::Owned(terms.collect::<Vec<_>>().join(","))
}

/// The program to the last register, but for root pages.
fn exact(conn: &Connection, statement: &str) -> Vec<u8> {
    let mut program = Vec::new();
    explain(conn, statement, &mut |it| {
        program.extend_from_slice(it.opcode.as_bytes());
        let mut p = it.p;
        match it.opcode {
            "Transaction" | "TableLock" | "Clear" | "VOpen" | "VBegin" | "VUpdate" | "SqlExec" => return,
            "OpenRead" | "OpenWrite" | "ReopenIdx" => p[1] = 0,
            // The text of a trigger's statement, with or without quotes.
            "Trace" => return,
            _ => {}
        }
        for number in p {
            program.extend_from_slice(&number.to_le_bytes());
        }
        // The message of a CHECK without a name is its text, and that may be spelt otherwise.
        if !(it.opcode == "Halt" && it.p[0] == 275) {
            program.extend_from_slice(key(&String::from_utf8_lossy(it.p4)).as_bytes());
        }
        program.extend_from_slice(&it.p5.to_le_bytes());
    });
    program
}

/// The instructions without what depends on the order of constraints, sorted, each once.
fn loose(conn: &Connection, statement: &str) -> Vec<String> {
    let mut program = Vec::new();
    explain(conn, statement, &mut |it| {
        let p4 = String::from_utf8_lossy(it.p4);
        let p4 = key(&p4);
        let text: String = match it.opcode {
            "Integer" | "Int64" | "Real" | "String8" | "Column" => p4.into_owned(),
            _ if p4.starts_with("sqlite_autoindex_") => "automatic".to_owned(),
            _ => p4.chars().filter(|c| !c.is_ascii_digit() && *c != ',').collect(),
        };
        program.push(match it.opcode {
            "Halt" if it.p[0] == 275 => format!("Halt 275 {}", it.p[1]),
            "Halt" => format!("Halt {} {} {text}", it.p[0], it.p[1]),
            "Column" => format!("Column {} {text}", it.p[1]),
            opcode @ ("Trace" | "Transaction" | "VOpen" | "VBegin" | "VUpdate") => opcode.to_owned(),
            opcode => format!("{opcode} {text}"),
        });
    });
    program.sort();
    program.dedup();
    program
}
