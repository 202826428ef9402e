//! What must be true of the evolved file: every value of the untouched copy, where it is now and as what.

use std::collections::BTreeMap;

use schema_runtime::rusqlite::Connection;
use schema_runtime::{Catalog, TableInfo};

use crate::support::case::query_text;

/// Where a column of the file went, or that it is gone: since which version, from, to, and its value from the old row `o`.
type Moved = (usize, &'static str, Option<(&'static str, &'static str)>);

const MOVED: &[Moved] = &[
    (3, "Track.Milliseconds", Some(("Seconds", "o.Milliseconds / 1000.0"))),
    (4, "Customer.Fax", Some(("FaxNumber", "o.Fax"))),
    (12, "Customer.FaxNumber", None),
    (12, "Customer.Fax", None),
    (13, "Track.Name", Some(("Title", "o.Name"))),
    (15, "Employee.EmployeeId", Some(("StaffId", "o.EmployeeId"))),
];

/// Tables with another name.
const RENAMED: &[(usize, &str, &str)] = &[(4, "Genre", "Style"), (15, "Employee", "Staff")];

/// What a program writes after it has come to a version.
pub const USED: &[(usize, &str)] = &[
    (
        2,
        "INSERT INTO Review (TrackId, CustomerId, Stars, Body) VALUES (1, 1, 5, 'loud'), (3503, 59, 1, NULL)",
    ),
    (3, "INSERT INTO Artist (Name) VALUES ('gone')"),
    (3, "DELETE FROM Artist WHERE Name = 'gone' AND ArtistId = 376"),
    (2, "UPDATE Track SET Explicit = 1, Lyrics = 'la' WHERE TrackId IN (7, 3503)"),
    (8, "UPDATE Customer SET Tier = 'gold' WHERE CustomerId = 5"),
];

/// Queries and their rows, by version, after that version was used.
const ROWS: &[(usize, &str, &str)] = &[
    (2, "SELECT Language, count(*) FROM Customer GROUP BY 1 ORDER BY 1", "'de'|4\n'en'|50\n'pt'|5"),
    (2, "SELECT count(*) FROM Playlist WHERE OwnerId IS NOT 1 + PlaylistId % 59", "0"),
    (2, "SELECT TrackId, Explicit, Lyrics FROM Track WHERE Explicit OR Lyrics", "7|1|'la'\n3503|1|'la'"),
    (4, "SELECT count(*) FROM Track JOIN Style USING (GenreId) WHERE Style.Name = 'Rock'", "1297"),
    (7, "SELECT count(*) FROM Artist WHERE Name = 'ac/dc'", "1"),
    (
        7,
        "SELECT Year, count(*) FROM Invoice GROUP BY 1 ORDER BY 1",
        "2021|83\n2022|83\n2023|83\n2024|83\n2025|80",
    ),
    (7, "SELECT count(*) FROM InvoiceLine WHERE Amount IS NOT UnitPrice * Quantity", "0"),
    (8, "SELECT Tier, count(*) FROM Customer GROUP BY 1 ORDER BY 1", "'gold'|1\n'standard'|58"),
    (9, "SELECT sum(Lines), round(sum(Amount), 2) FROM Sales", "2240|2328.6"),
    (10, "SELECT rowid FROM TrackSearch WHERE TrackSearch MATCH 'princess AND dawn'", "5"),
    (10, "SELECT count(*) FROM TrackSearch WHERE TrackSearch MATCH 'love'", "102"),
    (11, "SELECT Stars, Body FROM Review ORDER BY 1", "1|NULL\n5|'loud'"),
    (15, "SELECT count(*), min(Lines) FROM BestSales", "256|2"),
    (16, "SELECT Explicit, count(*) FROM Track GROUP BY 1 ORDER BY 1", "0|3501\n1|2"),
    (16, "SELECT count(*) FROM InvoiceLine WHERE Amount IS NOT UnitPrice * Quantity", "0"),
    (
        16,
        "SELECT Year, count(*) FROM Invoice GROUP BY 1 ORDER BY 1",
        "2021|83\n2022|83\n2023|83\n2024|83\n2025|80",
    ),
    (16, "SELECT count(*) FROM Artist WHERE Name = 'ac/dc'", "0"),
    (16, "SELECT count(*) FROM PlaylistTrack WHERE Position = 0", "8715"),
    (17, "SELECT count(*) FROM TrackSearch WHERE TrackSearch MATCH 'composer: angus'", "10"),
    (11, "SELECT count(FaxNumber) FROM Customer", "12"),
];

/// What a program tries, from a version until another, and what comes of it: the rules are in force, not only in the text.
pub const TRIED: &[(usize, usize, &str, &str)] = &[
    (2, 11, "INSERT INTO Review (TrackId, CustomerId, Stars) VALUES (1, 1, 6)", "CHECK constraint failed"),
    (
        2,
        11,
        "INSERT INTO Review (TrackId, CustomerId, Stars) VALUES (-1, 1, 5)",
        "FOREIGN KEY constraint failed",
    ),
    (2, 99, "INSERT INTO Customer (FirstName, LastName, Email) VALUES ('a', 'b', 'c')", "Customer.Language"),
    (3, 99, "UPDATE Track SET Seconds = NULL", "NOT NULL constraint failed: Track.Seconds"),
    (4, 99, "UPDATE Track SET GenreId = -1 WHERE TrackId = 1", "FOREIGN KEY constraint failed"),
    (4, 99, "DELETE FROM Style WHERE GenreId = 1", "FOREIGN KEY constraint failed"),
    (5, 99, "UPDATE Customer SET Email = 'luisg@embraer.com.br'", "UNIQUE constraint failed: Customer.Email"),
    (
        5,
        99,
        "UPDATE Album SET Title = 'x', ArtistId = 1",
        "UNIQUE constraint failed: Album.ArtistId, Album.Title",
    ),
    (5, 16, "UPDATE Track SET Bytes = 0", "CHECK constraint failed: has_bytes"),
    (5, 99, "UPDATE Invoice SET Total = -1", "CHECK constraint failed: Total >= 0"),
    (6, 16, "UPDATE Playlist SET OwnerId = 99", "FOREIGN KEY constraint failed"),
    (6, 16, "DELETE FROM Invoice; SELECT 1 / (SELECT count(*) = 0 FROM InvoiceLine)", "done"),
    (7, 99, "UPDATE Invoice SET Year = 1", "cannot UPDATE generated column"),
    (8, 16, "UPDATE Album SET ArtistId = 'x'", "cannot store TEXT value in INTEGER column"),
    (8, 15, "UPDATE Employee SET Title = 'boss'", "CHECK constraint failed"),
    (8, 99, "UPDATE Customer SET Tier = 'lead'", "CHECK constraint failed"),
    (8, 16, "SELECT rowid FROM PlaylistTrack", "no such column: rowid"),
    (11, 99, "DELETE FROM InvoiceLine; DELETE FROM PlaylistTrack; DELETE FROM Track", "done"),
    (15, 99, "UPDATE Staff SET ReportsTo = -1 WHERE StaffId = 2", "FOREIGN KEY constraint failed"),
    (15, 99, "DELETE FROM Staff WHERE StaffId = 1", "FOREIGN KEY constraint failed"),
    (16, 99, "UPDATE Track SET Bytes = 0; UPDATE Album SET ArtistId = 'x' WHERE 0", "done"),
    (16, 99, "UPDATE Customer SET Tier = 'platinum'; UPDATE Playlist SET OwnerId = 99", "done"),
    (16, 99, "UPDATE InvoiceLine SET Amount = 1", "done"),
    (16, 99, "UPDATE Invoice SET Year = 1", "cannot UPDATE generated column"),
    (16, 99, "DELETE FROM Invoice; COMMIT", "FOREIGN KEY constraint failed"),
    (13, 99, "INSERT INTO Artist (Name) VALUES (NULL)", "NOT NULL constraint failed: Artist.Name"),
];

/// What somebody else made in the file: none of it is the model's, all of it stands on the model's tables.
pub const FOREIGN: &str = "
    ALTER TABLE Artist ADD COLUMN Mbid TEXT DEFAULT 'none';
    UPDATE Artist SET Mbid = 'x' || ArtistId WHERE ArtistId % 2;
    CREATE INDEX OurComposers ON Track (Composer COLLATE nocase, Milliseconds) WHERE Composer IS NOT NULL;
    CREATE TABLE Loan (LoanId INTEGER PRIMARY KEY, TrackId INTEGER REFERENCES Track ON DELETE CASCADE,
        CustomerId INTEGER DEFAULT 1 REFERENCES Customer (CustomerId) ON DELETE SET DEFAULT,
        EmployeeId INTEGER REFERENCES Employee (EmployeeId) ON UPDATE CASCADE ON DELETE SET NULL);
    INSERT INTO Loan SELECT TrackId, TrackId, 1 + TrackId % 59, 1 + TrackId % 8 FROM Track;
    CREATE TABLE Log (Id INTEGER PRIMARY KEY, Text TEXT);
    CREATE TRIGGER TrackLog AFTER UPDATE OF Name, Milliseconds ON Track BEGIN
        INSERT INTO Log (Text) SELECT new.Name || ' in ' || Name || ', ' || new.Milliseconds FROM Genre WHERE GenreId = new.GenreId;
    END;
    CREATE TRIGGER LoanLog BEFORE DELETE ON Loan BEGIN
        INSERT INTO Log (Text) VALUES ('loan ' || old.LoanId || ' is gone; it''s over; END');
    END;
    CREATE VIEW Long AS SELECT t.TrackId AS Id, t.Milliseconds > 300 AS IsLong, g.Name AS Genre, e.LastName AS Helper
        FROM Track AS t JOIN Genre AS g ON g.GenreId = t.GenreId JOIN Loan AS l ON l.TrackId = t.TrackId
        JOIN Employee AS e ON e.EmployeeId = l.EmployeeId;
    CREATE VIEW Longest AS SELECT Genre, count(*) AS Tracks, sum(IsLong) AS Longs FROM Long GROUP BY Genre;
";

/// Some of it, as reports list it.
pub const FOREIGN_OBJECTS: &[&str] = &[
    "column \"artist\".\"mbid\"",
    "index \"ourcomposers\"",
    "table \"loan\"",
    "trigger \"loanlog\"",
    "trigger \"tracklog\"",
    "view \"longest\"",
];

/// What the last model does not know of the file as it was.
pub const UNKNOWN: &str = "DROP INDEX IFK_AlbumArtistId; ALTER TABLE Customer DROP COLUMN Fax";

/// What holds of that after every version, and before.
pub const FOREIGN_HOLDS: &[(&str, &str)] = &[
    ("SELECT count(*), count(DISTINCT Mbid), sum(Mbid = 'none') FROM Artist", "275|139|137"),
    ("SELECT count(*), sum(LoanId = TrackId), sum(CustomerId), sum(EmployeeId) FROM Loan", "3503|3503|104705|15767"),
    ("SELECT count(*), sum(Tracks) FROM Longest", "25|3503"),
    ("SELECT count(*) FROM Log", "0"),
    (
        "SELECT name FROM sqlite_schema WHERE name IN ('Loan', 'Log', 'TrackLog', 'LoanLog', 'Long', 'Longest', 'OurComposers')
         ORDER BY 1",
        "'Loan'\n'LoanLog'\n'Log'\n'Long'\n'Longest'\n'OurComposers'\n'TrackLog'",
    ),
    ("SELECT count(*) FROM pragma_index_xinfo('OurComposers') WHERE coll = 'nocase' COLLATE nocase", "1"),
];

/// Rows that a version cannot take, what the error says of them, and what mends them.
pub const BROKEN: &[(usize, &str, &[&str], &str)] = &[
    (
        5,
        "UPDATE Customer SET Email = 'a@b.c' WHERE CustomerId IN (3, 5, 7)",
        &["Customer", "Email", "3"],
        "UPDATE Customer SET Email = CustomerId || Email WHERE CustomerId IN (5, 7)",
    ),
    (
        5,
        "UPDATE Track SET Bytes = 0 WHERE TrackId = 17",
        &["Bytes > 0", ": 1 (", "17"],
        "UPDATE Track SET Bytes = 1 WHERE TrackId = 17",
    ),
    (
        6,
        "UPDATE Playlist SET OwnerId = 60 WHERE PlaylistId = 4",
        &["Playlist", "OwnerId", "4"],
        "UPDATE Playlist SET OwnerId = NULL WHERE PlaylistId = 4",
    ),
    (
        8,
        "UPDATE Employee SET Title = 'CEO' WHERE EmployeeId = 1",
        &["Employee", "IT Staff", ": 1 ("],
        "UPDATE Employee SET Title = NULL WHERE EmployeeId = 1",
    ),
    (
        8,
        "UPDATE Album SET Title = x'00' WHERE AlbumId = 9",
        &["Album", "9"],
        "UPDATE Album SET Title = 'nine' WHERE AlbumId = 9",
    ),
];

/// What holds in the end.
pub const AT_LAST: &[(&str, &str)] = &[
    ("SELECT TrackId, Explicit, Lyrics FROM Track WHERE Explicit OR Lyrics", "7|1|'la'\n3503|1|'la'"),
    ("SELECT count(*) FROM TrackSearch WHERE TrackSearch MATCH 'title: love'", "102"),
    ("SELECT count(*) FROM Sales WHERE Title IS NULL", "0"),
];

pub fn rows(number: usize) -> Vec<(&'static str, &'static str)> {
    ROWS.iter().filter(|(at, _, _)| *at == number).map(|(_, query, rows)| (*query, *rows)).collect()
}

/// Columns, as `table.column`, whose values the undo of a version cannot bring back without the backup.
pub fn lost_by_undo(number: usize) -> &'static [&'static str] {
    match number {
        3 => &["Track.Milliseconds"],
        // A table without rowids has none to give back.
        8 => &["PlaylistTrack.rowid"],
        // A table without AUTOINCREMENT has no high-water mark to give back.
        16 => &["Style.seq"],
        12 => &["Customer.FaxNumber", "Review.*"],
        _ => &[],
    }
}

/// As [`lost_by_undo`], from the last version to the file as it was.
pub const LOST_BY_ALL: &[&str] = &["Customer.Fax", "Track.Milliseconds", "PlaylistTrack.rowid", "Genre.seq"];

fn quoted(name: &str) -> String {
    schema_sql::quote_ident(name)
}

/// Every value of every row of `untouched` is in `path`, of the same storage class, where version `number` has it.
pub fn survives(untouched: &std::path::Path, path: &std::path::Path, number: usize) {
    let conn = Connection::open(path).unwrap();
    conn.execute("ATTACH ?1 AS old", [untouched.to_str().unwrap()]).unwrap();
    let catalog = Catalog::read(&Connection::open(untouched).unwrap()).unwrap();
    assert_eq!(catalog.tables.len(), 11);
    for table in &catalog.tables {
        let renamed = RENAMED.iter().find(|(since, from, _)| *since <= number && *from == table.name);
        let now = quoted(renamed.map_or(table.name.as_str(), |(_, _, to)| to));
        let old = quoted(&table.name);
        let keys = table.primary_key.as_ref().unwrap().terms.iter();
        let keys = keys.filter_map(|term| place(&table.name, &term.column, number));
        let join: Vec<String> = keys.map(|(column, value)| format!("n.{column} = {value}")).collect();
        let join = join.join(" AND ");
        let count = |sql: &str| query_text(&conn, sql);
        assert_eq!(
            count(&format!("SELECT count(*) FROM main.{now}")),
            count(&format!("SELECT count(*) FROM old.{old}")),
            "version {number}: rows of {now}"
        );
        let mut values: Vec<(String, String)> =
            table.columns.iter().filter_map(|column| place(&table.name, &column.name, number)).collect();
        let key_alone = table.primary_key.as_ref().unwrap().terms.len() > 1;
        if key_alone && number < 8 {
            values.push(("rowid".to_owned(), "o.rowid".to_owned()));
        }
        // SQLite's own RENAME leaves the statistics to the next ANALYZE, and a WITHOUT ROWID table has others.
        if renamed.is_none() && table.name != "PlaylistTrack" {
            let lost = count(&format!(
                "SELECT count(*) FROM old.sqlite_stat1 AS o WHERE o.tbl = '{}'
                 AND (o.idx IS NULL OR o.idx IN (SELECT name FROM main.sqlite_schema)) AND NOT EXISTS
                 (SELECT 1 FROM main.sqlite_stat1 AS n WHERE (n.tbl, n.stat) = (o.tbl, o.stat) AND n.idx IS o.idx)",
                table.name
            ));
            assert_eq!(lost, "0", "version {number}: statistics of {now}");
        }
        let differs = values.iter().map(|(column, value)| {
            format!(
                "total({value} COLLATE binary IS NOT n.{column} OR typeof({value}) <> typeof(n.{column})) AS {column}"
            )
        });
        let wrong = query_text(
            &conn,
            &format!(
                "SELECT {} FROM old.{old} AS o LEFT JOIN main.{now} AS n ON {join}",
                differs.collect::<Vec<_>>().join(", ")
            ),
        );
        assert!(
            wrong.split('|').all(|count| count == "0.0"),
            "version {number}: {now}: differing values by column: {wrong} of {values:?}"
        );
    }
}

/// The column's name and the value it must have, unless it is gone.
fn place(table: &str, column: &str, number: usize) -> Option<(String, String)> {
    let path = format!("{table}.{column}");
    let mut place = Some((quoted(column), format!("o.{}", quoted(column))));
    for (_, _, to) in MOVED.iter().filter(|(since, from, _)| *since <= number && *from == path) {
        place = to.map(|(name, value)| (quoted(name), value.to_owned()));
    }
    place
}

/// No damage, no reference to nothing, nothing of ours left over, and search agrees with what it searches.
pub fn healthy(conn: &Connection) {
    assert_eq!(query_text(conn, "PRAGMA integrity_check"), "'ok'");
    assert_eq!(query_text(conn, "PRAGMA foreign_key_check"), "");
    assert_eq!(query_text(conn, "SELECT name FROM sqlite_schema WHERE name LIKE '\\_\\_%' ESCAPE '\\'"), "");
    if query_text(conn, "SELECT count(*) FROM sqlite_schema WHERE name = 'TrackSearch'") == "1" {
        let check = "INSERT INTO TrackSearch (TrackSearch, rank) VALUES ('integrity-check', 1)";
        conn.execute_batch(check).unwrap_or_else(|err| panic!("{check}: {err}"));
    }
}

/// What a file holds, but for the history.
pub struct Facts {
    /// By name, without the order of columns.
    objects: BTreeMap<String, String>,
    /// The stored SQL, byte by byte.
    pub texts: BTreeMap<String, String>,
    sequences: BTreeMap<String, i64>,
    /// By table: names of columns, and rows by their key, as SQL literals: first the rowid, then the columns.
    rows: BTreeMap<String, (Vec<String>, Vec<String>)>,
}

fn is_ours(name: &str) -> bool {
    name.starts_with("migration_")
}

/// The catalog's objects by name, so that only their meaning is compared.
fn objects(catalog: &Catalog) -> BTreeMap<String, String> {
    let meaning = |table: &TableInfo| {
        let mut table = table.clone();
        table.sql.clear();
        table.columns.sort_by(|a, b| a.name.cmp(&b.name));
        // A table that was STRICT once has another name for the same type.
        let names = table.columns.iter_mut().map(|column| &mut column.type_name);
        names.filter(|name| name.starts_with("NVARCHAR")).for_each(|name| *name = "TEXT".to_owned());
        table.indexes.sort_by(|a, b| a.name.cmp(&b.name));
        table.indexes.iter_mut().for_each(|index| index.sql.clear());
        // SQLite quotes the names that it renames inside expressions.
        format!("{table:#?}").replace("\\\"", "")
    };
    let normal = |sql: &str| sql.split_whitespace().collect::<Vec<_>>().join(" ").replace('"', "");
    let tables = catalog.tables.iter().filter(|table| !is_ours(&table.name));
    tables
        .map(|table| (table.name.clone(), meaning(table)))
        .chain(catalog.views.iter().map(|view| (view.name.clone(), normal(&view.sql))))
        .chain(catalog.triggers.iter().map(|trigger| (trigger.name.clone(), normal(&trigger.sql))))
        .chain(catalog.virtual_tables.iter().map(|table| (table.name.clone(), normal(&table.sql))))
        .collect()
}

impl Facts {
    pub fn read(conn: &Connection) -> Facts {
        let catalog = Catalog::read(conn).unwrap();
        let pairs = |sql: &str| {
            let mut statement = conn.prepare(sql).unwrap();
            let pairs = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
            pairs.map(Result::unwrap).collect::<Vec<_>>()
        };
        let texts: Vec<(String, String)> = pairs("SELECT name, coalesce(sql, '') FROM sqlite_schema");
        let sequences: Vec<(String, String)> =
            pairs("SELECT name, CAST(seq AS TEXT) FROM sqlite_sequence WHERE seq > 0");
        let mut rows = BTreeMap::new();
        for table in catalog.tables.iter().filter(|table| !is_ours(&table.name)) {
            let mut names: Vec<String> = table.columns.iter().map(|column| column.name.clone()).collect();
            names.sort();
            let list: Vec<String> = names.iter().map(|name| format!("quote({})", quoted(name))).collect();
            let rowid = if table.without_rowid { "''" } else { "rowid" };
            let keys = table.primary_key.iter().flat_map(|key| &key.terms);
            let order = keys.map(|term| quoted(&term.column)).collect::<Vec<_>>().join(", ");
            let list = list.join(" || char(31) || ");
            let sql =
                format!("SELECT {rowid} || char(31) || {list} FROM {} ORDER BY {order}", quoted(&table.name));
            let mut statement = conn.prepare(&sql).unwrap();
            let found = statement.query_map([], |row| row.get(0)).unwrap();
            rows.insert(table.name.clone(), (names, found.map(Result::unwrap).collect()));
        }
        Facts {
            objects: objects(&catalog),
            texts: texts
                .into_iter()
                .filter(|(name, _)| !is_ours(name) && !name.contains("_migration_"))
                .collect(),
            sequences: sequences
                .into_iter()
                .filter(|(name, _)| !is_ours(name))
                .map(|(name, seq)| (name, seq.parse().unwrap()))
                .collect(),
            rows,
        }
    }

    /// Objects of the same names and meaning.
    pub fn assert_same_objects(&self, other: &Facts, at: &str) {
        assert_eq!(self.objects.keys().collect::<Vec<_>>(), other.objects.keys().collect::<Vec<_>>(), "{at}");
        for (name, object) in &self.objects {
            let found = &other.objects[name];
            let differs = |a: &str, b: &str| {
                let lines = a.lines().filter(|line| !b.lines().any(|other| other == *line));
                lines.collect::<Vec<_>>().join("\n")
            };
            let (was, is) = (differs(object, found), differs(found, object));
            assert!(object == found, "{at}: {name}\n{was}\n->\n{is}");
        }
    }

    /// The same objects, sequences and rows, but for the columns in `lost`.
    pub fn assert_equal(&self, other: &Facts, lost: &[&str], at: &str) {
        self.assert_same_objects(other, at);
        let gone = |table: &str, what: &str| lost.contains(&format!("{table}.{what}").as_str());
        let is_lost = |table: &str| gone(table, "*");
        let kept = self.sequences.iter().filter(|(table, _)| !is_lost(table) && !gone(table, "seq"));
        let found = other.sequences.iter().filter(|(table, _)| !gone(table, "seq"));
        assert!(kept.eq(found), "{at}: {:?} -> {:?}", self.sequences, other.sequences);
        for (table, (names, rows)) in &self.rows {
            let (found_names, found) = &other.rows[table];
            assert_eq!(names, found_names, "{at}");
            if is_lost(table) {
                continue;
            }
            let all = std::iter::once("rowid").chain(names.iter().map(String::as_str)).enumerate();
            let skip = all.filter(|(_, name)| gone(table, name));
            let skip: Vec<usize> = skip.map(|(at, _)| at).collect();
            let kept = |line: &str| {
                let cells = line.split('\u{1f}').enumerate().filter(|(at, _)| !skip.contains(at));
                cells.map(|(_, cell)| cell).collect::<Vec<_>>().join("|")
            };
            assert_eq!(rows.len(), found.len(), "{at}: rows of {table}");
            for (row, found) in rows.iter().zip(found) {
                let same = row == found || kept(row) == kept(found);
                assert!(same, "{at}: a row of {table} ({names:?})\n{}\n->\n{}", kept(row), kept(found));
            }
        }
    }

    /// No key that was given out once is given out again.
    pub fn assert_sequences_kept(&self, after: &Facts, number: usize) {
        for (table, seq) in &self.sequences {
            let renamed = RENAMED.iter().find(|(since, from, _)| *since == number && from == table);
            let now = renamed.map_or(table.as_str(), |(_, _, to)| to);
            match after.sequences.get(now) {
                Some(found) => assert_eq!(found, seq, "version {number}: sequence of {now}"),
                None => assert!(
                    !after.objects.get(now).is_some_and(|table| table.contains("autoincrement: true")),
                    "version {number}: no sequence of {now}"
                ),
            }
        }
    }
}
