//! A program that queries by diesel: the file is migrated before diesel opens it, and both agree on the rows.

use std::error::Error;
use std::path::Path;

use diesel::prelude::*;
use schema_runtime::{Migrator, Outcome, Report, Schema, Table, schema};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// What diesel knows of the table; `diesel print-schema` writes it from a migrated file.
mod tables {
    diesel::table! {
        books (id) {
            id -> BigInt,
            title -> Text,
            author -> Text,
            copies -> Integer,
        }
    }
}
use tables::books;

/// One struct is the table, and the row that diesel reads.
#[derive(Table, Queryable, Selectable, Debug, PartialEq)]
#[table(name = "books", index(columns(author)))]
#[diesel(table_name = books, check_for_backend(diesel::sqlite::Sqlite))]
struct Book {
    #[column(primary_key)]
    id: i64,
    title: String,
    author: String,
    #[column(default = 1)]
    copies: i32,
}

const SCHEMA: Schema = schema! { version: "2.0.0", tables: [Book] };

fn start(path: &Path) -> Result<(SqliteConnection, Report)> {
    let report = Migrator::new(&SCHEMA).run(path)?;
    let mut conn = SqliteConnection::establish(path.to_str().ok_or("diesel takes paths in UTF-8")?)?;
    diesel::sql_query("PRAGMA busy_timeout = 5000").execute(&mut conn)?;
    Ok((conn, report))
}

fn main() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("books.db");

    // The file as the program has made it until now, by SQL of its own.
    let mut conn = SqliteConnection::establish(path.to_str().ok_or("diesel takes paths in UTF-8")?)?;
    let table = "CREATE TABLE books (id INTEGER PRIMARY KEY, title TEXT NOT NULL, author TEXT NOT NULL)";
    diesel::sql_query(table).execute(&mut conn)?;
    diesel::sql_query("INSERT INTO books (title, author) VALUES ('Emma', 'Austen')").execute(&mut conn)?;
    drop(conn);

    let (mut conn, report) = start(&path)?;
    println!("{report}");
    assert_eq!(report.outcome, Outcome::Migrated);
    diesel::insert_into(books::table)
        .values((books::title.eq("Persuasion"), books::author.eq("Austen"), books::copies.eq(3)))
        .execute(&mut conn)?;
    let found: Vec<Book> = books::table
        .filter(books::author.eq("Austen"))
        .order(books::id)
        .select(Book::as_select())
        .load(&mut conn)?;
    let book =
        |id, title: &str, copies| Book { id, title: title.to_owned(), author: "Austen".to_owned(), copies };
    assert_eq!(found, [book(1, "Emma", 1), book(2, "Persuasion", 3)]);
    drop(conn);

    let (_, report) = start(&path)?;
    println!("{report}");
    assert_eq!(report.outcome, Outcome::UpToDate);
    Ok(())
}
