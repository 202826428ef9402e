//! The versions of the model, from the file as it is to the last.

use schema_runtime::{ColumnType, Schema};

use super::tables::*;

/// What employees do: text that the file holds already.
#[derive(ColumnType)]
pub enum JobTitle {
    #[column_type(rename = "General Manager")]
    GeneralManager,
    #[column_type(rename = "Sales Manager")]
    SalesManager,
    #[column_type(rename = "Sales Support Agent")]
    SalesSupportAgent,
    #[column_type(rename = "IT Manager")]
    ItManager,
    #[column_type(rename = "IT Staff")]
    ItStaff,
}

/// How well a customer is served.
#[derive(ColumnType)]
pub enum Tier {
    Standard,
    Gold,
}

/// A model: its tables, in full, then the objects that are SQL.
macro_rules! version {
    ($(#[$doc:meta])* $version:ident $number:literal [$($table:ident),*] { $($shape:tt)* } { $($objects:tt)* }) => {
        $(#[$doc])*
        #[allow(dead_code, reason = "only the shapes are of interest")]
        pub mod $version {
            use schema_runtime::{Schema, Table, schema};

            use super::*;

            $($shape)*

            pub static SCHEMA: Schema =
                schema! { name: "chinook", version: $number, tables: [$($table),*], $($objects)* };
        }
    };
}

version! {
    /// The file as it is.
    v1 "1.0.0"
    [Artist, Album, MediaType, Genre, Track, Employee, Customer, Invoice, InvoiceLine, Playlist, PlaylistTrack]
    {
        artist! { pub name: Option<String>, }
        album! { [] column(references(Artist::ARTIST_ID)) }
        media_type! { pub name: Option<String>, }
        genre! { Genre, table(name = "Genre") }
        track! {
            [] { pub name: String, } Genre
            { pub composer: Option<String>, }
            { pub milliseconds: i64, }
        }
        employee! { String { pub fax: Option<String>, } }
        customer! {
            [] { pub fax: Option<String>, } { pub email: String, } {}
        }
        invoice! { column(type = "NUMERIC(10,2)") {} }
        invoice_line! { column(references(Invoice::INVOICE_ID)) {} }
        playlist! {}
        playlist_track! {}
    }
    {
    }
}

version! {
    /// Columns and a table are added: nullable, with a default, with a backfill.
    v2 "2.0.0"
    [Artist, Album, MediaType, Genre, Track, Employee, Customer, Invoice, InvoiceLine, Playlist, PlaylistTrack, Review]
    {
        artist! { pub name: Option<String>, }
        album! { [] column(references(Artist::ARTIST_ID)) }
        media_type! { pub name: Option<String>, }
        genre! { Genre, table(name = "Genre") }
        track! {
            [] { pub name: String, } Genre
            { pub composer: Option<String>, }
            {
                pub milliseconds: i64,
                #[column(default = false)]
                pub explicit: bool,
                pub lyrics: Option<String>,
            }
        }
        employee! { String { pub fax: Option<String>, } }
        customer! {
            [] { pub fax: Option<String>, } { pub email: String, }
            {
                #[column(backfill = "CASE Country WHEN 'Brazil' THEN 'pt' WHEN 'Germany' THEN 'de' ELSE 'en' END")]
                pub language: String,
            }
        }
        invoice! { column(type = "NUMERIC(10,2)") {} }
        invoice_line! { column(references(Invoice::INVOICE_ID)) {} }
        playlist! {
            #[column(backfill = "1 + PlaylistId % 59")]
            pub owner_id: Option<i64>,
        }
        playlist_track! {}
        review! {}
    }
    {
    }
}

version! {
    /// A column gets another name, type and unit at once, in a table that others refer to.
    v3 "3.0.0"
    [Artist, Album, MediaType, Genre, Track, Employee, Customer, Invoice, InvoiceLine, Playlist, PlaylistTrack, Review]
    {
        artist! { pub name: Option<String>, }
        album! { [] column(references(Artist::ARTIST_ID)) }
        media_type! { pub name: Option<String>, }
        genre! { Genre, table(name = "Genre") }
        track! {
            []
            { pub name: String, } Genre
            { pub composer: Option<String>, }
            {
                #[column(renamed_from = "Milliseconds", convert = "Seconds / 1000.0")]
                pub seconds: f64,
                #[column(default = false)]
                pub explicit: bool,
                pub lyrics: Option<String>,
            }
        }
        employee! { String { pub fax: Option<String>, } }
        customer! {
            [] { pub fax: Option<String>, } { pub email: String, }
            {
                #[column(backfill = "CASE Country WHEN 'Brazil' THEN 'pt' WHEN 'Germany' THEN 'de' ELSE 'en' END")]
                pub language: String,
            }
        }
        invoice! { column(type = "NUMERIC(10,2)") {} }
        invoice_line! { column(references(Invoice::INVOICE_ID)) {} }
        playlist! {
            #[column(backfill = "1 + PlaylistId % 59")]
            pub owner_id: Option<i64>,
        }
        playlist_track! {}
        review! {}
    }
    {
    }
}

version! {
    /// A table and a column get other names.
    v4 "4.0.0"
    [Artist, Album, MediaType, Style, Track, Employee, Customer, Invoice, InvoiceLine, Playlist, PlaylistTrack, Review]
    {
        artist! { pub name: Option<String>, }
        album! { [] column(references(Artist::ARTIST_ID)) }
        media_type! { pub name: Option<String>, }
        genre! { Style, table(name = "Style", renamed_from = "Genre") }
        track! {
            []
            { pub name: String, } Style
            { pub composer: Option<String>, }
            {
                #[column(renamed_from = "Milliseconds", convert = "Seconds / 1000.0")]
                pub seconds: f64,
                #[column(default = false)]
                pub explicit: bool,
                pub lyrics: Option<String>,
            }
        }
        employee! { String { pub fax: Option<String>, } }
        customer! {
            []
            { #[column(renamed_from = "Fax")] pub fax_number: Option<String>, }
            { pub email: String, }
            {
                #[column(backfill = "CASE Country WHEN 'Brazil' THEN 'pt' WHEN 'Germany' THEN 'de' ELSE 'en' END")]
                pub language: String,
            }
        }
        invoice! { column(type = "NUMERIC(10,2)") {} }
        invoice_line! { column(references(Invoice::INVOICE_ID)) {} }
        playlist! {
            #[column(backfill = "1 + PlaylistId % 59")]
            pub owner_id: Option<i64>,
        }
        playlist_track! {}
        review! {}
    }
    {
    }
}

version! {
    /// Rules are added: CHECK with and without a name, UNIQUE on a column and on two.
    v5 "5.0.0"
    [Artist, Album, MediaType, Style, Track, Employee, Customer, Invoice, InvoiceLine, Playlist, PlaylistTrack, Review]
    {
        artist! { pub name: Option<String>, }
        album! { [unique(artist_id, title)] column(references(Artist::ARTIST_ID)) }
        media_type! { #[column(unique)] pub name: Option<String>, }
        genre! { Style, table(name = "Style", renamed_from = "Genre") }
        track! {
            [check("Seconds > 0"), check("Bytes > 0", name = "has_bytes")]
            { pub name: String, } Style
            { pub composer: Option<String>, }
            {
                #[column(renamed_from = "Milliseconds", convert = "Seconds / 1000.0")]
                pub seconds: f64,
                #[column(default = false)]
                pub explicit: bool,
                pub lyrics: Option<String>,
            }
        }
        employee! { String { pub fax: Option<String>, } }
        customer! {
            []
            { #[column(renamed_from = "Fax")] pub fax_number: Option<String>, }
            { #[column(unique)] pub email: String, }
            {
                #[column(backfill = "CASE Country WHEN 'Brazil' THEN 'pt' WHEN 'Germany' THEN 'de' ELSE 'en' END")]
                pub language: String,
            }
        }
        invoice! { column(type = "NUMERIC(10,2)", check = "Total >= 0") {} }
        invoice_line! { column(references(Invoice::INVOICE_ID)) {} }
        playlist! {
            #[column(backfill = "1 + PlaylistId % 59")]
            pub owner_id: Option<i64>,
        }
        playlist_track! {}
        review! {}
    }
    {
    }
}

version! {
    /// A foreign key is added, others change what they do.
    v6 "6.0.0"
    [Artist, Album, MediaType, Style, Track, Employee, Customer, Invoice, InvoiceLine, Playlist, PlaylistTrack, Review]
    {
        artist! { pub name: Option<String>, }
        album! { [unique(artist_id, title)] column(references(Artist::ARTIST_ID, on_delete = "cascade")) }
        media_type! { #[column(unique)] pub name: Option<String>, }
        genre! { Style, table(name = "Style", renamed_from = "Genre") }
        track! {
            [check("Seconds > 0"), check("Bytes > 0", name = "has_bytes")]
            { pub name: String, } Style
            { pub composer: Option<String>, }
            {
                #[column(renamed_from = "Milliseconds", convert = "Seconds / 1000.0")]
                pub seconds: f64,
                #[column(default = false)]
                pub explicit: bool,
                pub lyrics: Option<String>,
            }
        }
        employee! { String { pub fax: Option<String>, } }
        customer! {
            []
            { #[column(renamed_from = "Fax")] pub fax_number: Option<String>, }
            { #[column(unique)] pub email: String, }
            {
                #[column(backfill = "CASE Country WHEN 'Brazil' THEN 'pt' WHEN 'Germany' THEN 'de' ELSE 'en' END")]
                pub language: String,
            }
        }
        invoice! { column(type = "NUMERIC(10,2)", check = "Total >= 0") {} }
        invoice_line! { column(references(Invoice::INVOICE_ID, on_delete = "cascade")) {} }
        playlist! {
            #[column(backfill = "1 + PlaylistId % 59", references(Customer::CUSTOMER_ID, on_delete = "set null"))]
            pub owner_id: Option<i64>,
        }
        playlist_track! {}
        review! {}
    }
    {
    }
}

version! {
    /// A collation changes, generated columns come, virtual and stored.
    v7 "7.0.0"
    [Artist, Album, MediaType, Style, Track, Employee, Customer, Invoice, InvoiceLine, Playlist, PlaylistTrack, Review]
    {
        artist! { #[column(collate = "nocase")] pub name: Option<String>, }
        album! { [unique(artist_id, title)] column(references(Artist::ARTIST_ID, on_delete = "cascade")) }
        media_type! { #[column(unique)] pub name: Option<String>, }
        genre! { Style, table(name = "Style", renamed_from = "Genre") }
        track! {
            [check("Seconds > 0"), check("Bytes > 0", name = "has_bytes")]
            { pub name: String, } Style
            { pub composer: Option<String>, }
            {
                #[column(renamed_from = "Milliseconds", convert = "Seconds / 1000.0")]
                pub seconds: f64,
                #[column(default = false)]
                pub explicit: bool,
                pub lyrics: Option<String>,
            }
        }
        employee! { String { pub fax: Option<String>, } }
        customer! {
            []
            { #[column(renamed_from = "Fax")] pub fax_number: Option<String>, }
            { #[column(unique)] pub email: String, }
            {
                #[column(backfill = "CASE Country WHEN 'Brazil' THEN 'pt' WHEN 'Germany' THEN 'de' ELSE 'en' END")]
                pub language: String,
            }
        }
        invoice! {
            column(type = "NUMERIC(10,2)", check = "Total >= 0")
            {
                #[column(generated("CAST(substr(InvoiceDate, 1, 4) AS INTEGER)"))]
                pub year: Option<i64>,
            }
        }
        invoice_line! {
            column(references(Invoice::INVOICE_ID, on_delete = "cascade"))
            {
                #[column(generated("UnitPrice * Quantity", stored))]
                pub amount: Option<f64>,
            }
        }
        playlist! {
            #[column(backfill = "1 + PlaylistId % 59", references(Customer::CUSTOMER_ID, on_delete = "set null"))]
            pub owner_id: Option<i64>,
        }
        playlist_track! {}
        review! {}
    }
    {
    }
}

version! {
    /// STRICT, WITHOUT ROWID, and enums: one over values that are there, one with a new column.
    v8 "8.0.0"
    [Artist, Album, MediaType, Style, Track, Employee, Customer, Invoice, InvoiceLine, Playlist, PlaylistTrack, Review]
    {
        artist! { #[column(collate = "nocase")] pub name: Option<String>, }
        album! { [strict, unique(artist_id, title)] column(references(Artist::ARTIST_ID, on_delete = "cascade")) }
        media_type! { #[column(unique)] pub name: Option<String>, }
        genre! { Style, table(name = "Style", renamed_from = "Genre") }
        track! {
            [check("Seconds > 0"), check("Bytes > 0", name = "has_bytes")]
            { pub name: String, } Style
            { pub composer: Option<String>, }
            {
                #[column(renamed_from = "Milliseconds", convert = "Seconds / 1000.0")]
                pub seconds: f64,
                #[column(default = false)]
                pub explicit: bool,
                pub lyrics: Option<String>,
            }
        }
        employee! { super::JobTitle { pub fax: Option<String>, } }
        customer! {
            []
            { #[column(renamed_from = "Fax")] pub fax_number: Option<String>, }
            { #[column(unique)] pub email: String, }
            {
                #[column(backfill = "CASE Country WHEN 'Brazil' THEN 'pt' WHEN 'Germany' THEN 'de' ELSE 'en' END")]
                pub language: String,
                #[column(default = super::Tier::Standard)]
                pub tier: super::Tier,
            }
        }
        invoice! {
            column(type = "NUMERIC(10,2)", check = "Total >= 0")
            {
                #[column(generated("CAST(substr(InvoiceDate, 1, 4) AS INTEGER)"))]
                pub year: Option<i64>,
            }
        }
        invoice_line! {
            column(references(Invoice::INVOICE_ID, on_delete = "cascade"))
            {
                #[column(generated("UnitPrice * Quantity", stored))]
                pub amount: Option<f64>,
            }
        }
        playlist! {
            #[column(backfill = "1 + PlaylistId % 59", references(Customer::CUSTOMER_ID, on_delete = "set null"))]
            pub owner_id: Option<i64>,
        }
        playlist_track! { without_rowid }
        review! {}
    }
    {
    }
}

version! {
    /// An index on an expression, a partial index, a view, a trigger.
    v9 "9.0.0"
    [Artist, Album, MediaType, Style, Track, Employee, Customer, Invoice, InvoiceLine, Playlist, PlaylistTrack, Review]
    {
        artist! { #[column(collate = "nocase")] pub name: Option<String>, }
        album! { [strict, unique(artist_id, title)] column(references(Artist::ARTIST_ID, on_delete = "cascade")) }
        media_type! { #[column(unique)] pub name: Option<String>, }
        genre! { Style, table(name = "Style", renamed_from = "Genre") }
        track! {
            [
                check("Seconds > 0"), check("Bytes > 0", name = "has_bytes"),
                index(columns(expr = "lower(Name)"), name = "TrackByName"),
                index(columns(seconds desc, unit_price), where = "Explicit", name = "ExplicitTracks")
            ]
            { pub name: String, } Style
            { pub composer: Option<String>, }
            {
                #[column(renamed_from = "Milliseconds", convert = "Seconds / 1000.0")]
                pub seconds: f64,
                #[column(default = false)]
                pub explicit: bool,
                pub lyrics: Option<String>,
            }
        }
        employee! { super::JobTitle { pub fax: Option<String>, } }
        customer! {
            []
            { #[column(renamed_from = "Fax")] pub fax_number: Option<String>, }
            { #[column(unique)] pub email: String, }
            {
                #[column(backfill = "CASE Country WHEN 'Brazil' THEN 'pt' WHEN 'Germany' THEN 'de' ELSE 'en' END")]
                pub language: String,
                #[column(default = super::Tier::Standard)]
                pub tier: super::Tier,
            }
        }
        invoice! {
            column(type = "NUMERIC(10,2)", check = "Total >= 0")
            {
                #[column(generated("CAST(substr(InvoiceDate, 1, 4) AS INTEGER)"))]
                pub year: Option<i64>,
            }
        }
        invoice_line! {
            column(references(Invoice::INVOICE_ID, on_delete = "cascade"))
            {
                #[column(generated("UnitPrice * Quantity", stored))]
                pub amount: Option<f64>,
            }
        }
        playlist! {
            #[column(backfill = "1 + PlaylistId % 59", references(Customer::CUSTOMER_ID, on_delete = "set null"))]
            pub owner_id: Option<i64>,
        }
        playlist_track! { without_rowid }
        review! {}
    }
    {
        views: ["CREATE VIEW Sales AS SELECT t.TrackId, t.Name, sum(l.Amount) AS Amount, count(*) AS Lines
            FROM InvoiceLine AS l JOIN Track AS t USING (TrackId) GROUP BY t.TrackId"],
        triggers: ["CREATE TRIGGER TotalIsKept AFTER INSERT ON InvoiceLine BEGIN
            UPDATE Invoice SET Total = Total + new.UnitPrice * new.Quantity WHERE InvoiceId = new.InvoiceId;
        END"],
    }
}

version! {
    /// A full-text index over the names of tracks, kept by triggers.
    v10 "10.0.0"
    [Artist, Album, MediaType, Style, Track, Employee, Customer, Invoice, InvoiceLine, Playlist, PlaylistTrack, Review]
    {
        artist! { #[column(collate = "nocase")] pub name: Option<String>, }
        album! { [strict, unique(artist_id, title)] column(references(Artist::ARTIST_ID, on_delete = "cascade")) }
        media_type! { #[column(unique)] pub name: Option<String>, }
        genre! { Style, table(name = "Style", renamed_from = "Genre") }
        track! {
            [
                check("Seconds > 0"), check("Bytes > 0", name = "has_bytes"),
                index(columns(expr = "lower(Name)"), name = "TrackByName"),
                index(columns(seconds desc, unit_price), where = "Explicit", name = "ExplicitTracks")
            ]
            { pub name: String, } Style
            { pub composer: Option<String>, }
            {
                #[column(renamed_from = "Milliseconds", convert = "Seconds / 1000.0")]
                pub seconds: f64,
                #[column(default = false)]
                pub explicit: bool,
                pub lyrics: Option<String>,
            }
        }
        employee! { super::JobTitle { pub fax: Option<String>, } }
        customer! {
            []
            { #[column(renamed_from = "Fax")] pub fax_number: Option<String>, }
            { #[column(unique)] pub email: String, }
            {
                #[column(backfill = "CASE Country WHEN 'Brazil' THEN 'pt' WHEN 'Germany' THEN 'de' ELSE 'en' END")]
                pub language: String,
                #[column(default = super::Tier::Standard)]
                pub tier: super::Tier,
            }
        }
        invoice! {
            column(type = "NUMERIC(10,2)", check = "Total >= 0")
            {
                #[column(generated("CAST(substr(InvoiceDate, 1, 4) AS INTEGER)"))]
                pub year: Option<i64>,
            }
        }
        invoice_line! {
            column(references(Invoice::INVOICE_ID, on_delete = "cascade"))
            {
                #[column(generated("UnitPrice * Quantity", stored))]
                pub amount: Option<f64>,
            }
        }
        playlist! {
            #[column(backfill = "1 + PlaylistId % 59", references(Customer::CUSTOMER_ID, on_delete = "set null"))]
            pub owner_id: Option<i64>,
        }
        playlist_track! { without_rowid }
        review! {}
    }
    {
        views: ["CREATE VIEW Sales AS SELECT t.TrackId, t.Name, sum(l.Amount) AS Amount, count(*) AS Lines
            FROM InvoiceLine AS l JOIN Track AS t USING (TrackId) GROUP BY t.TrackId"],
        virtual_tables: ["CREATE VIRTUAL TABLE TrackSearch USING fts5(Name, content='Track', content_rowid='TrackId')"],
        triggers: [
        "CREATE TRIGGER TotalIsKept AFTER INSERT ON InvoiceLine BEGIN
            UPDATE Invoice SET Total = Total + new.UnitPrice * new.Quantity WHERE InvoiceId = new.InvoiceId;
        END",
        "CREATE TRIGGER TrackSearchInsert AFTER INSERT ON Track BEGIN
            INSERT INTO TrackSearch (rowid, Name) VALUES (new.TrackId, new.Name);
        END",
        "CREATE TRIGGER TrackSearchDelete AFTER DELETE ON Track BEGIN
            INSERT INTO TrackSearch (TrackSearch, rowid, Name) VALUES ('delete', old.TrackId, old.Name);
        END",
        "CREATE TRIGGER TrackSearchUpdate AFTER UPDATE ON Track BEGIN
            INSERT INTO TrackSearch (TrackSearch, rowid, Name) VALUES ('delete', old.TrackId, old.Name);
            INSERT INTO TrackSearch (rowid, Name) VALUES (new.TrackId, new.Name);
        END",
        ],
    }
}

version! {
    /// Columns and a table leave the model, and are kept.
    v11 "11.0.0"
    [Artist, Album, MediaType, Style, Track, Employee, Customer, Invoice, InvoiceLine, Playlist, PlaylistTrack]
    {
        artist! { #[column(collate = "nocase")] pub name: Option<String>, }
        album! { [strict, unique(artist_id, title)] column(references(Artist::ARTIST_ID, on_delete = "cascade")) }
        media_type! { #[column(unique)] pub name: Option<String>, }
        genre! { Style, table(name = "Style", renamed_from = "Genre") }
        track! {
            [
                check("Seconds > 0"), check("Bytes > 0", name = "has_bytes"),
                index(columns(expr = "lower(Name)"), name = "TrackByName"),
                index(columns(seconds desc, unit_price), where = "Explicit", name = "ExplicitTracks")
            ]
            { pub name: String, } Style
            { pub composer: Option<String>, }
            {
                #[column(renamed_from = "Milliseconds", convert = "Seconds / 1000.0")]
                pub seconds: f64,
                #[column(default = false)]
                pub explicit: bool,
                pub lyrics: Option<String>,
            }
        }
        employee! { super::JobTitle {} }
        customer! {
            []
            {  }
            { #[column(unique)] pub email: String, }
            {
                #[column(backfill = "CASE Country WHEN 'Brazil' THEN 'pt' WHEN 'Germany' THEN 'de' ELSE 'en' END")]
                pub language: String,
                #[column(default = super::Tier::Standard)]
                pub tier: super::Tier,
            }
        }
        invoice! {
            column(type = "NUMERIC(10,2)", check = "Total >= 0")
            {
                #[column(generated("CAST(substr(InvoiceDate, 1, 4) AS INTEGER)"))]
                pub year: Option<i64>,
            }
        }
        invoice_line! {
            column(references(Invoice::INVOICE_ID, on_delete = "cascade"))
            {
                #[column(generated("UnitPrice * Quantity", stored))]
                pub amount: Option<f64>,
            }
        }
        playlist! {
            #[column(backfill = "1 + PlaylistId % 59", references(Customer::CUSTOMER_ID, on_delete = "set null"))]
            pub owner_id: Option<i64>,
        }
        playlist_track! { without_rowid }
    }
    {
        views: ["CREATE VIEW Sales AS SELECT t.TrackId, t.Name, sum(l.Amount) AS Amount, count(*) AS Lines
            FROM InvoiceLine AS l JOIN Track AS t USING (TrackId) GROUP BY t.TrackId"],
        virtual_tables: ["CREATE VIRTUAL TABLE TrackSearch USING fts5(Name, content='Track', content_rowid='TrackId')"],
        triggers: [
        "CREATE TRIGGER TotalIsKept AFTER INSERT ON InvoiceLine BEGIN
            UPDATE Invoice SET Total = Total + new.UnitPrice * new.Quantity WHERE InvoiceId = new.InvoiceId;
        END",
        "CREATE TRIGGER TrackSearchInsert AFTER INSERT ON Track BEGIN
            INSERT INTO TrackSearch (rowid, Name) VALUES (new.TrackId, new.Name);
        END",
        "CREATE TRIGGER TrackSearchDelete AFTER DELETE ON Track BEGIN
            INSERT INTO TrackSearch (TrackSearch, rowid, Name) VALUES ('delete', old.TrackId, old.Name);
        END",
        "CREATE TRIGGER TrackSearchUpdate AFTER UPDATE ON Track BEGIN
            INSERT INTO TrackSearch (TrackSearch, rowid, Name) VALUES ('delete', old.TrackId, old.Name);
            INSERT INTO TrackSearch (rowid, Name) VALUES (new.TrackId, new.Name);
        END",
        ],
    }
}

version! {
    /// What was kept is dropped, with consent.
    v12 "12.0.0"
    [Artist, Album, MediaType, Style, Track, Employee, Customer, Invoice, InvoiceLine, Playlist, PlaylistTrack]
    {
        artist! { #[column(collate = "nocase")] pub name: Option<String>, }
        album! { [strict, unique(artist_id, title)] column(references(Artist::ARTIST_ID, on_delete = "cascade")) }
        media_type! { #[column(unique)] pub name: Option<String>, }
        genre! { Style, table(name = "Style", renamed_from = "Genre") }
        track! {
            [
                check("Seconds > 0"), check("Bytes > 0", name = "has_bytes"),
                index(columns(expr = "lower(Name)"), name = "TrackByName"),
                index(columns(seconds desc, unit_price), where = "Explicit", name = "ExplicitTracks")
            ]
            { pub name: String, } Style
            { pub composer: Option<String>, }
            {
                #[column(renamed_from = "Milliseconds", convert = "Seconds / 1000.0")]
                pub seconds: f64,
                #[column(default = false)]
                pub explicit: bool,
                pub lyrics: Option<String>,
            }
        }
        employee! { super::JobTitle {} }
        customer! {
            [dropped("FaxNumber", "Fax")]
            {  }
            { #[column(unique)] pub email: String, }
            {
                #[column(backfill = "CASE Country WHEN 'Brazil' THEN 'pt' WHEN 'Germany' THEN 'de' ELSE 'en' END")]
                pub language: String,
                #[column(default = super::Tier::Standard)]
                pub tier: super::Tier,
            }
        }
        invoice! {
            column(type = "NUMERIC(10,2)", check = "Total >= 0")
            {
                #[column(generated("CAST(substr(InvoiceDate, 1, 4) AS INTEGER)"))]
                pub year: Option<i64>,
            }
        }
        invoice_line! {
            column(references(Invoice::INVOICE_ID, on_delete = "cascade"))
            {
                #[column(generated("UnitPrice * Quantity", stored))]
                pub amount: Option<f64>,
            }
        }
        playlist! {
            #[column(backfill = "1 + PlaylistId % 59", references(Customer::CUSTOMER_ID, on_delete = "set null"))]
            pub owner_id: Option<i64>,
        }
        playlist_track! { without_rowid }
    }
    {
        views: ["CREATE VIEW Sales AS SELECT t.TrackId, t.Name, sum(l.Amount) AS Amount, count(*) AS Lines
            FROM InvoiceLine AS l JOIN Track AS t USING (TrackId) GROUP BY t.TrackId"],
        virtual_tables: ["CREATE VIRTUAL TABLE TrackSearch USING fts5(Name, content='Track', content_rowid='TrackId')"],
        triggers: [
        "CREATE TRIGGER TotalIsKept AFTER INSERT ON InvoiceLine BEGIN
            UPDATE Invoice SET Total = Total + new.UnitPrice * new.Quantity WHERE InvoiceId = new.InvoiceId;
        END",
        "CREATE TRIGGER TrackSearchInsert AFTER INSERT ON Track BEGIN
            INSERT INTO TrackSearch (rowid, Name) VALUES (new.TrackId, new.Name);
        END",
        "CREATE TRIGGER TrackSearchDelete AFTER DELETE ON Track BEGIN
            INSERT INTO TrackSearch (TrackSearch, rowid, Name) VALUES ('delete', old.TrackId, old.Name);
        END",
        "CREATE TRIGGER TrackSearchUpdate AFTER UPDATE ON Track BEGIN
            INSERT INTO TrackSearch (TrackSearch, rowid, Name) VALUES ('delete', old.TrackId, old.Name);
            INSERT INTO TrackSearch (rowid, Name) VALUES (new.TrackId, new.Name);
        END",
        ],
        dropped: ["Review"],
    }
}

version! {
    /// The indexed column gets another name: index, view, triggers and search follow. A column is tightened.
    v13 "13.0.0"
    [Artist, Album, MediaType, Style, Track, Employee, Customer, Invoice, InvoiceLine, Playlist, PlaylistTrack]
    {
        artist! { #[column(collate = "nocase", backfill = "'unknown'")] pub name: String, }
        album! { [strict, unique(artist_id, title)] column(references(Artist::ARTIST_ID, on_delete = "cascade")) }
        media_type! { #[column(unique)] pub name: Option<String>, }
        genre! { Style, table(name = "Style", renamed_from = "Genre") }
        track! {
            [
                check("Seconds > 0"), check("Bytes > 0", name = "has_bytes"),
                index(columns(expr = "lower(Title)"), name = "TrackByName"),
                index(columns(seconds desc, unit_price), where = "Explicit", name = "ExplicitTracks")
            ]
            { #[column(renamed_from = "Name")] pub title: String, } Style
            { pub composer: Option<String>, }
            {
                #[column(renamed_from = "Milliseconds", convert = "Seconds / 1000.0")]
                pub seconds: f64,
                #[column(default = false)]
                pub explicit: bool,
                pub lyrics: Option<String>,
            }
        }
        employee! { super::JobTitle {} }
        customer! {
            [dropped("FaxNumber", "Fax")]
            {  }
            { #[column(unique)] pub email: String, }
            {
                #[column(backfill = "CASE Country WHEN 'Brazil' THEN 'pt' WHEN 'Germany' THEN 'de' ELSE 'en' END")]
                pub language: String,
                #[column(default = super::Tier::Standard)]
                pub tier: super::Tier,
            }
        }
        invoice! {
            column(type = "NUMERIC(10,2)", check = "Total >= 0")
            {
                #[column(generated("CAST(substr(InvoiceDate, 1, 4) AS INTEGER)"))]
                pub year: Option<i64>,
            }
        }
        invoice_line! {
            column(references(Invoice::INVOICE_ID, on_delete = "cascade"))
            {
                #[column(generated("UnitPrice * Quantity", stored))]
                pub amount: Option<f64>,
            }
        }
        playlist! {
            #[column(backfill = "1 + PlaylistId % 59", references(Customer::CUSTOMER_ID, on_delete = "set null"))]
            pub owner_id: Option<i64>,
        }
        playlist_track! { without_rowid }
    }
    {
        views: ["CREATE VIEW Sales AS SELECT t.TrackId, t.Title, sum(l.Amount) AS Amount, count(*) AS Lines
            FROM InvoiceLine AS l JOIN Track AS t USING (TrackId) GROUP BY t.TrackId"],
        virtual_tables: ["CREATE VIRTUAL TABLE TrackSearch USING fts5(Title, content='Track', content_rowid='TrackId')"],
        triggers: [
        "CREATE TRIGGER TotalIsKept AFTER INSERT ON InvoiceLine BEGIN
            UPDATE Invoice SET Total = Total + new.UnitPrice * new.Quantity WHERE InvoiceId = new.InvoiceId;
        END",
        "CREATE TRIGGER TrackSearchInsert AFTER INSERT ON Track BEGIN
            INSERT INTO TrackSearch (rowid, Title) VALUES (new.TrackId, new.Title);
        END",
        "CREATE TRIGGER TrackSearchDelete AFTER DELETE ON Track BEGIN
            INSERT INTO TrackSearch (TrackSearch, rowid, Title) VALUES ('delete', old.TrackId, old.Title);
        END",
        "CREATE TRIGGER TrackSearchUpdate AFTER UPDATE ON Track BEGIN
            INSERT INTO TrackSearch (TrackSearch, rowid, Title) VALUES ('delete', old.TrackId, old.Title);
            INSERT INTO TrackSearch (rowid, Title) VALUES (new.TrackId, new.Title);
        END",
        ],
        dropped: ["Review"],
    }
}

version! {
    /// The searched table is rebuilt under its index, its triggers and its view.
    v14 "14.0.0"
    [Artist, Album, MediaType, Style, Track, Employee, Customer, Invoice, InvoiceLine, Playlist, PlaylistTrack]
    {
        artist! { #[column(collate = "nocase", backfill = "'unknown'")] pub name: String, }
        album! { [strict, unique(artist_id, title)] column(references(Artist::ARTIST_ID, on_delete = "cascade")) }
        media_type! { #[column(unique)] pub name: Option<String>, }
        genre! { Style, table(name = "Style", renamed_from = "Genre") }
        track! {
            [
                check("Seconds > 0"), check("Bytes > 0", name = "has_bytes"),
                index(columns(expr = "lower(Title)"), name = "TrackByName"),
                index(columns(seconds desc, unit_price), where = "Explicit", name = "ExplicitTracks")
            ]
            { #[column(renamed_from = "Name")] pub title: String, } Style
            { #[column(collate = "nocase")] pub composer: Option<String>, }
            {
                #[column(renamed_from = "Milliseconds", convert = "Seconds / 1000.0")]
                pub seconds: f64,
                #[column(default = false)]
                pub explicit: bool,
                pub lyrics: Option<String>,
            }
        }
        employee! { super::JobTitle {} }
        customer! {
            [dropped("FaxNumber", "Fax")]
            {  }
            { #[column(unique)] pub email: String, }
            {
                #[column(backfill = "CASE Country WHEN 'Brazil' THEN 'pt' WHEN 'Germany' THEN 'de' ELSE 'en' END")]
                pub language: String,
                #[column(default = super::Tier::Standard)]
                pub tier: super::Tier,
            }
        }
        invoice! {
            column(type = "NUMERIC(10,2)", check = "Total >= 0")
            {
                #[column(generated("CAST(substr(InvoiceDate, 1, 4) AS INTEGER)"))]
                pub year: Option<i64>,
            }
        }
        invoice_line! {
            column(references(Invoice::INVOICE_ID, on_delete = "cascade"))
            {
                #[column(generated("UnitPrice * Quantity", stored))]
                pub amount: Option<f64>,
            }
        }
        playlist! {
            #[column(backfill = "1 + PlaylistId % 59", references(Customer::CUSTOMER_ID, on_delete = "set null"))]
            pub owner_id: Option<i64>,
        }
        playlist_track! { without_rowid }
    }
    {
        views: ["CREATE VIEW Sales AS SELECT t.TrackId, t.Title, sum(l.Amount) AS Amount, count(*) AS Lines
            FROM InvoiceLine AS l JOIN Track AS t USING (TrackId) GROUP BY t.TrackId"],
        virtual_tables: ["CREATE VIRTUAL TABLE TrackSearch USING fts5(Title, content='Track', content_rowid='TrackId')"],
        triggers: [
        "CREATE TRIGGER TotalIsKept AFTER INSERT ON InvoiceLine BEGIN
            UPDATE Invoice SET Total = Total + new.UnitPrice * new.Quantity WHERE InvoiceId = new.InvoiceId;
        END",
        "CREATE TRIGGER TrackSearchInsert AFTER INSERT ON Track BEGIN
            INSERT INTO TrackSearch (rowid, Title) VALUES (new.TrackId, new.Title);
        END",
        "CREATE TRIGGER TrackSearchDelete AFTER DELETE ON Track BEGIN
            INSERT INTO TrackSearch (TrackSearch, rowid, Title) VALUES ('delete', old.TrackId, old.Title);
        END",
        "CREATE TRIGGER TrackSearchUpdate AFTER UPDATE ON Track BEGIN
            INSERT INTO TrackSearch (TrackSearch, rowid, Title) VALUES ('delete', old.TrackId, old.Title);
            INSERT INTO TrackSearch (rowid, Title) VALUES (new.TrackId, new.Title);
        END",
        ],
        dropped: ["Review"],
    }
}

/// All of them, in order.
pub static VERSIONS: [&Schema; 14] = [
    &v1::SCHEMA,
    &v2::SCHEMA,
    &v3::SCHEMA,
    &v4::SCHEMA,
    &v5::SCHEMA,
    &v6::SCHEMA,
    &v7::SCHEMA,
    &v8::SCHEMA,
    &v9::SCHEMA,
    &v10::SCHEMA,
    &v11::SCHEMA,
    &v12::SCHEMA,
    &v13::SCHEMA,
    &v14::SCHEMA,
];
