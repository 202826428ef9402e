//! Versions 9 to 14: what stands on tables, and what goes.

use super::objects::*;
use super::tables::*;
use super::versions::{JobTitle, Tier, version};

version! {
    /// An index on an expression, a partial index, a view, a trigger.
    v9 "9.0.0"
    [Artist, Album, MediaType, Style, Track, Employee, Customer, Invoice, InvoiceLine, Playlist, PlaylistTrack, Review]
    {
        artist! { #[column(collate = "nocase")] pub name: Option<String>, }
        album! { "IFK_AlbumArtistId" [strict, unique(artist_id, title)] column(references(Artist::ARTIST_ID, on_delete = "cascade")) }
        media_type! { #[column(unique)] pub name: Option<String>, }
        genre! { Style, table(name = "Style", renamed_from = "Genre"), column(primary_key, autoincrement) }
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
        employee! {
            Employee [name = "Employee",] { #[column(primary_key, autoincrement)] pub employee_id: i64, } EMPLOYEE_ID
            JobTitle { pub fax: Option<String>, }
        }
        customer! {
            [] { pub first_name: String, } Employee EMPLOYEE_ID
            { #[column(renamed_from = "Fax")] pub fax_number: Option<String>, }
            { #[column(unique)] pub email: String, }
            {
                #[column(backfill = "CASE Country WHEN 'Brazil' THEN 'pt' WHEN 'Germany' THEN 'de' ELSE 'en' END")]
                pub language: String,
                #[column(default = Tier::Standard)]
                pub tier: Tier,
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
        playlist_track! { [without_rowid] {} }
        review! {}
    }
    {
        views: [SALES],
        triggers: [TOTAL_IS_KEPT],
    }
}

version! {
    /// A full-text index over the names of tracks, kept by triggers.
    v10 "10.0.0"
    [Artist, Album, MediaType, Style, Track, Employee, Customer, Invoice, InvoiceLine, Playlist, PlaylistTrack, Review]
    {
        artist! { #[column(collate = "nocase")] pub name: Option<String>, }
        album! { "IFK_AlbumArtistId" [strict, unique(artist_id, title)] column(references(Artist::ARTIST_ID, on_delete = "cascade")) }
        media_type! { #[column(unique)] pub name: Option<String>, }
        genre! { Style, table(name = "Style", renamed_from = "Genre"), column(primary_key, autoincrement) }
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
        employee! {
            Employee [name = "Employee",] { #[column(primary_key, autoincrement)] pub employee_id: i64, } EMPLOYEE_ID
            JobTitle { pub fax: Option<String>, }
        }
        customer! {
            [] { pub first_name: String, } Employee EMPLOYEE_ID
            { #[column(renamed_from = "Fax")] pub fax_number: Option<String>, }
            { #[column(unique)] pub email: String, }
            {
                #[column(backfill = "CASE Country WHEN 'Brazil' THEN 'pt' WHEN 'Germany' THEN 'de' ELSE 'en' END")]
                pub language: String,
                #[column(default = Tier::Standard)]
                pub tier: Tier,
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
        playlist_track! { [without_rowid] {} }
        review! {}
    }
    {
        views: [SALES],
        virtual_tables: [NAMES],
        triggers: [TOTAL_IS_KEPT, NAME_INSERTED, NAME_DELETED, NAME_UPDATED],
    }
}

version! {
    /// Columns and a table leave the model, and are kept.
    v11 "11.0.0"
    [Artist, Album, MediaType, Style, Track, Employee, Customer, Invoice, InvoiceLine, Playlist, PlaylistTrack]
    {
        artist! { #[column(collate = "nocase")] pub name: Option<String>, }
        album! { "IFK_AlbumArtistId" [strict, unique(artist_id, title)] column(references(Artist::ARTIST_ID, on_delete = "cascade")) }
        media_type! { #[column(unique)] pub name: Option<String>, }
        genre! { Style, table(name = "Style", renamed_from = "Genre"), column(primary_key, autoincrement) }
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
        employee! {
            Employee [name = "Employee",] { #[column(primary_key, autoincrement)] pub employee_id: i64, } EMPLOYEE_ID
            JobTitle {}
        }
        customer! {
            [] { pub first_name: String, } Employee EMPLOYEE_ID
            {}
            { #[column(unique)] pub email: String, }
            {
                #[column(backfill = "CASE Country WHEN 'Brazil' THEN 'pt' WHEN 'Germany' THEN 'de' ELSE 'en' END")]
                pub language: String,
                #[column(default = Tier::Standard)]
                pub tier: Tier,
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
        playlist_track! { [without_rowid] {} }
    }
    {
        views: [SALES],
        virtual_tables: [NAMES],
        triggers: [TOTAL_IS_KEPT, NAME_INSERTED, NAME_DELETED, NAME_UPDATED],
    }
}

version! {
    /// What was kept is dropped, with consent.
    v12 "12.0.0"
    [Artist, Album, MediaType, Style, Track, Employee, Customer, Invoice, InvoiceLine, Playlist, PlaylistTrack]
    {
        artist! { #[column(collate = "nocase")] pub name: Option<String>, }
        album! { "IFK_AlbumArtistId" [strict, unique(artist_id, title)] column(references(Artist::ARTIST_ID, on_delete = "cascade")) }
        media_type! { #[column(unique)] pub name: Option<String>, }
        genre! { Style, table(name = "Style", renamed_from = "Genre"), column(primary_key, autoincrement) }
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
        employee! {
            Employee [name = "Employee",] { #[column(primary_key, autoincrement)] pub employee_id: i64, } EMPLOYEE_ID
            JobTitle {}
        }
        customer! {
            [dropped("FaxNumber", "Fax")] { pub first_name: String, } Employee EMPLOYEE_ID
            {}
            { #[column(unique)] pub email: String, }
            {
                #[column(backfill = "CASE Country WHEN 'Brazil' THEN 'pt' WHEN 'Germany' THEN 'de' ELSE 'en' END")]
                pub language: String,
                #[column(default = Tier::Standard)]
                pub tier: Tier,
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
        playlist_track! { [without_rowid] {} }
    }
    {
        views: [SALES],
        virtual_tables: [NAMES],
        triggers: [TOTAL_IS_KEPT, NAME_INSERTED, NAME_DELETED, NAME_UPDATED],
        dropped: ["Review"],
    }
}

version! {
    /// The indexed column gets another name: index, view, triggers and search follow. A column is tightened.
    v13 "13.0.0"
    [Artist, Album, MediaType, Style, Track, Employee, Customer, Invoice, InvoiceLine, Playlist, PlaylistTrack]
    {
        artist! { #[column(collate = "nocase", backfill = "'unknown'")] pub name: String, }
        album! { "IFK_AlbumArtistId" [strict, unique(artist_id, title)] column(references(Artist::ARTIST_ID, on_delete = "cascade")) }
        media_type! { #[column(unique)] pub name: Option<String>, }
        genre! { Style, table(name = "Style", renamed_from = "Genre"), column(primary_key, autoincrement) }
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
        employee! {
            Employee [name = "Employee",] { #[column(primary_key, autoincrement)] pub employee_id: i64, } EMPLOYEE_ID
            JobTitle {}
        }
        customer! {
            [dropped("FaxNumber", "Fax")] { pub first_name: String, } Employee EMPLOYEE_ID
            {}
            { #[column(unique)] pub email: String, }
            {
                #[column(backfill = "CASE Country WHEN 'Brazil' THEN 'pt' WHEN 'Germany' THEN 'de' ELSE 'en' END")]
                pub language: String,
                #[column(default = Tier::Standard)]
                pub tier: Tier,
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
        playlist_track! { [without_rowid] {} }
    }
    {
        views: [SALES_BY_TITLE],
        virtual_tables: [TITLES],
        triggers: [TOTAL_IS_KEPT, TITLE_INSERTED, TITLE_DELETED, TITLE_UPDATED],
        dropped: ["Review"],
    }
}

version! {
    /// The searched table is rebuilt under its index, its triggers and its view.
    v14 "14.0.0"
    [Artist, Album, MediaType, Style, Track, Employee, Customer, Invoice, InvoiceLine, Playlist, PlaylistTrack]
    {
        artist! { #[column(collate = "nocase", backfill = "'unknown'")] pub name: String, }
        album! { "IFK_AlbumArtistId" [strict, unique(artist_id, title)] column(references(Artist::ARTIST_ID, on_delete = "cascade")) }
        media_type! { #[column(unique)] pub name: Option<String>, }
        genre! { Style, table(name = "Style", renamed_from = "Genre"), column(primary_key, autoincrement) }
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
        employee! {
            Employee [name = "Employee",] { #[column(primary_key, autoincrement)] pub employee_id: i64, } EMPLOYEE_ID
            JobTitle {}
        }
        customer! {
            [dropped("FaxNumber", "Fax")] { pub first_name: String, } Employee EMPLOYEE_ID
            {}
            { #[column(unique)] pub email: String, }
            {
                #[column(backfill = "CASE Country WHEN 'Brazil' THEN 'pt' WHEN 'Germany' THEN 'de' ELSE 'en' END")]
                pub language: String,
                #[column(default = Tier::Standard)]
                pub tier: Tier,
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
        playlist_track! { [without_rowid] {} }
    }
    {
        views: [SALES_BY_TITLE],
        virtual_tables: [TITLES],
        triggers: [TOTAL_IS_KEPT, TITLE_INSERTED, TITLE_DELETED, TITLE_UPDATED],
        dropped: ["Review"],
    }
}
