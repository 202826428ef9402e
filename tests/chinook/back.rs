//! Versions 15 to 17: names of parents, rules that go, and order.

use super::objects::*;
use super::tables::*;
use super::versions::{JobTitle, NewTier, Tier, version};

version! {
    /// A parent with a key of its own children gets another name, and so does its key; an index; a view stands on a view.
    v15 "15.0.0"
    [Artist, Album, MediaType, Style, Track, Staff, Customer, Invoice, InvoiceLine, Playlist, PlaylistTrack]
    {
        artist! { #[column(collate = "nocase", backfill = "'unknown'")] pub name: String, }
        album! { "AlbumsByArtist" [strict, unique(artist_id, title)] column(references(Artist::ARTIST_ID, on_delete = "cascade")) }
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
            Staff [name = "Staff", renamed_from = "Employee",]
            { #[column(primary_key, autoincrement, renamed_from = "EmployeeId")] pub staff_id: i64, } STAFF_ID
            JobTitle {}
        }
        customer! {
            [dropped("FaxNumber", "Fax")] { pub first_name: String, } Staff STAFF_ID
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
        views: [SALES_BY_TITLE, BEST_SALES],
        virtual_tables: [TITLES],
        triggers: [TOTAL_IS_KEPT, TITLE_INSERTED, TITLE_DELETED, TITLE_UPDATED],
        dropped: ["Review"],
    }
}

version! {
    /// Much of it backwards: rules go, a stored value becomes a computed one and the other way round, defaults change.
    v16 "16.0.0"
    [Artist, Album, MediaType, Style, Track, Staff, Customer, Invoice, InvoiceLine, Playlist, PlaylistTrack]
    {
        artist! { #[column(backfill = "'unknown'")] pub name: String, }
        album! { "AlbumsByArtist" [unique(artist_id, title)] column(references(Artist::ARTIST_ID, on_delete = "cascade")) }
        media_type! { #[column(unique)] pub name: Option<String>, }
        genre! { Style, table(name = "Style", renamed_from = "Genre"), column(primary_key) }
        track! {
            [
                check("Seconds > 0"),
                index(columns(expr = "lower(Title)"), name = "TrackByName"),
                index(columns(seconds desc, unit_price), where = "Explicit", name = "ExplicitTracks")
            ]
            { #[column(renamed_from = "Name")] pub title: String, } Style
            { #[column(collate = "nocase")] pub composer: Option<String>, }
            {
                #[column(renamed_from = "Milliseconds", convert = "Seconds / 1000.0")]
                pub seconds: f64,
                #[column(default = true, backfill = "0")]
                pub explicit: bool,
                pub lyrics: Option<String>,
            }
        }
        employee! {
            Staff [name = "Staff", renamed_from = "Employee",]
            { #[column(primary_key, autoincrement, renamed_from = "EmployeeId")] pub staff_id: i64, } STAFF_ID
            JobTitle {}
        }
        customer! {
            [dropped("FaxNumber", "Fax")] { pub first_name: String, } Staff STAFF_ID
            {}
            { #[column(index(unique, name = "CustomerByEmail"))] pub email: String, }
            {
                #[column(backfill = "CASE Country WHEN 'Brazil' THEN 'pt' WHEN 'Germany' THEN 'de' ELSE 'en' END")]
                pub language: String,
                #[column(default = NewTier::Standard)]
                pub tier: NewTier,
            }
        }
        invoice! {
            column(type = "NUMERIC(10,2)", check = "Total >= 0")
            {
                #[column(generated("CAST(substr(InvoiceDate, 1, 4) AS INTEGER)", stored))]
                pub year: Option<i64>,
            }
        }
        invoice_line! {
            column(references(Invoice::INVOICE_ID, on_update = "cascade", deferrable))
            {
                #[column(backfill = "UnitPrice * Quantity")]
                pub amount: Option<f64>,
            }
        }
        playlist! {
            #[column(backfill = "1 + PlaylistId % 59")]
            pub owner_id: Option<i64>,
        }
        playlist_track! { [] { #[column(default = 0)] pub position: i64, } }
    }
    {
        views: [SALES_BY_TITLE, BEST_SALES],
        virtual_tables: [TITLES],
        triggers: [TOTAL_IS_KEPT, TITLE_INSERTED, TITLE_DELETED, TITLE_UPDATED],
        dropped: ["Review"],
    }
}

version! {
    /// The order of columns counts; the search has a second column; the length is text now; a table comes back.
    v17 "17.0.0"
    [Artist, Album, MediaType, Style, Track, Staff, Customer, Invoice, InvoiceLine, Playlist, PlaylistTrack]
    {
        artist! { #[column(backfill = "'unknown'")] pub name: String, }
        album! { "AlbumsByArtist" [unique(artist_id, title)] column(references(Artist::ARTIST_ID, on_delete = "cascade")) }
        media_type! { #[column(unique)] pub name: Option<String>, }
        genre! { Style, table(name = "Style", renamed_from = "Genre"), column(primary_key) }
        track! {
            [
                check("Seconds > 0"),
                index(columns(expr = "lower(Title)"), name = "TrackByName"),
                index(columns(seconds desc, unit_price), where = "Explicit", name = "ExplicitTracks")
            ]
            { #[column(renamed_from = "Name")] pub title: String, } Style
            { #[column(collate = "nocase")] pub composer: Option<String>, }
            {
                #[column(renamed_from = "Milliseconds", convert = "Seconds / 1000.0")]
                pub seconds: f64,
                #[column(default = true, backfill = "0")]
                pub explicit: bool,
                pub lyrics: Option<String>,
            }
        }
        employee! {
            Staff [name = "Staff", renamed_from = "Employee",]
            { #[column(primary_key, autoincrement, renamed_from = "EmployeeId")] pub staff_id: i64, } STAFF_ID
            JobTitle {}
        }
        customer! {
            [dropped("FaxNumber", "Fax"), column_order = "exact"] { pub first_name: String, } Staff STAFF_ID
            {
                #[column(backfill = "CASE Country WHEN 'Brazil' THEN 'pt' WHEN 'Germany' THEN 'de' ELSE 'en' END")]
                pub language: String,
            }
            { #[column(index(unique, name = "CustomerByEmail"))] pub email: String, }
            {
                #[column(default = NewTier::Standard)]
                pub tier: NewTier,
            }
        }
        invoice! {
            column(type = "NUMERIC(10,2)", check = "Total >= 0")
            {
                #[column(generated("CAST(substr(InvoiceDate, 1, 4) AS INTEGER)", stored))]
                pub year: Option<i64>,
            }
        }
        invoice_line! {
            column(references(Invoice::INVOICE_ID, on_update = "cascade", deferrable))
            {
                #[column(backfill = "UnitPrice * Quantity")]
                pub amount: Option<f64>,
            }
        }
        playlist! {
            #[column(backfill = "1 + PlaylistId % 59")]
            pub owner_id: Option<i64>,
        }
        playlist_track! { [] { #[column(default = 0)] pub position: i64, } }
    }
    {
        views: [SALES_BY_TITLE, BEST_SALES],
        virtual_tables: [TITLES_AND_COMPOSERS],
        triggers: [TOTAL_IS_KEPT, BOTH_INSERTED, BOTH_DELETED, BOTH_UPDATED],
        dropped: ["Review"],
    }
}
