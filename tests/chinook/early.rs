//! Versions 1 to 8: columns, types, names and rules.

use super::tables::*;
use super::versions::{JobTitle, Tier, version};

version! {
    /// The file as it is.
    v1 "1.0.0"
    [Artist, Album, MediaType, Genre, Track, Employee, Customer, Invoice, InvoiceLine, Playlist, PlaylistTrack]
    {
        artist! { pub name: Option<String>, }
        album! { "IFK_AlbumArtistId" [] column(references(Artist::ARTIST_ID)) }
        media_type! { pub name: Option<String>, }
        genre! { Genre, table(name = "Genre"), column(primary_key, autoincrement) }
        track! {
            [] { pub name: String, } Genre
            { pub composer: Option<String>, }
            { pub milliseconds: i64, }
        }
        employee! {
            Employee [name = "Employee",] { #[column(primary_key, autoincrement)] pub employee_id: i64, } EMPLOYEE_ID
            String { pub fax: Option<String>, }
        }
        customer! {
            [] { pub first_name: String, } Employee EMPLOYEE_ID { pub fax: Option<String>, } { pub email: String, } {}
        }
        invoice! { column(type = "NUMERIC(10,2)") {} }
        invoice_line! { column(references(Invoice::INVOICE_ID)) {} }
        playlist! {}
        playlist_track! { [] {} }
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
        album! { "IFK_AlbumArtistId" [] column(references(Artist::ARTIST_ID)) }
        media_type! { pub name: Option<String>, }
        genre! { Genre, table(name = "Genre"), column(primary_key, autoincrement) }
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
        employee! {
            Employee [name = "Employee",] { #[column(primary_key, autoincrement)] pub employee_id: i64, } EMPLOYEE_ID
            String { pub fax: Option<String>, }
        }
        customer! {
            [] { pub first_name: String, } Employee EMPLOYEE_ID { pub fax: Option<String>, } { pub email: String, }
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
        playlist_track! { [] {} }
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
        album! { "IFK_AlbumArtistId" [] column(references(Artist::ARTIST_ID)) }
        media_type! { pub name: Option<String>, }
        genre! { Genre, table(name = "Genre"), column(primary_key, autoincrement) }
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
        employee! {
            Employee [name = "Employee",] { #[column(primary_key, autoincrement)] pub employee_id: i64, } EMPLOYEE_ID
            String { pub fax: Option<String>, }
        }
        customer! {
            [] { pub first_name: String, } Employee EMPLOYEE_ID { pub fax: Option<String>, } { pub email: String, }
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
        playlist_track! { [] {} }
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
        album! { "IFK_AlbumArtistId" [] column(references(Artist::ARTIST_ID)) }
        media_type! { pub name: Option<String>, }
        genre! { Style, table(name = "Style", renamed_from = "Genre"), column(primary_key, autoincrement) }
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
        employee! {
            Employee [name = "Employee",] { #[column(primary_key, autoincrement)] pub employee_id: i64, } EMPLOYEE_ID
            String { pub fax: Option<String>, }
        }
        customer! {
            [] { pub first_name: String, } Employee EMPLOYEE_ID
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
        playlist_track! { [] {} }
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
        album! { "IFK_AlbumArtistId" [unique(artist_id, title)] column(references(Artist::ARTIST_ID)) }
        media_type! { #[column(unique)] pub name: Option<String>, }
        genre! { Style, table(name = "Style", renamed_from = "Genre"), column(primary_key, autoincrement) }
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
        employee! {
            Employee [name = "Employee",] { #[column(primary_key, autoincrement)] pub employee_id: i64, } EMPLOYEE_ID
            String { pub fax: Option<String>, }
        }
        customer! {
            [] { pub first_name: String, } Employee EMPLOYEE_ID
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
        playlist_track! { [] {} }
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
        album! { "IFK_AlbumArtistId" [unique(artist_id, title)] column(references(Artist::ARTIST_ID, on_delete = "cascade")) }
        media_type! { #[column(unique)] pub name: Option<String>, }
        genre! { Style, table(name = "Style", renamed_from = "Genre"), column(primary_key, autoincrement) }
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
        employee! {
            Employee [name = "Employee",] { #[column(primary_key, autoincrement)] pub employee_id: i64, } EMPLOYEE_ID
            String { pub fax: Option<String>, }
        }
        customer! {
            [] { pub first_name: String, } Employee EMPLOYEE_ID
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
        playlist_track! { [] {} }
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
        album! { "IFK_AlbumArtistId" [unique(artist_id, title)] column(references(Artist::ARTIST_ID, on_delete = "cascade")) }
        media_type! { #[column(unique)] pub name: Option<String>, }
        genre! { Style, table(name = "Style", renamed_from = "Genre"), column(primary_key, autoincrement) }
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
        employee! {
            Employee [name = "Employee",] { #[column(primary_key, autoincrement)] pub employee_id: i64, } EMPLOYEE_ID
            String { pub fax: Option<String>, }
        }
        customer! {
            [] { pub first_name: String, } Employee EMPLOYEE_ID
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
        playlist_track! { [] {} }
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
        album! { "IFK_AlbumArtistId" [strict, unique(artist_id, title)] column(references(Artist::ARTIST_ID, on_delete = "cascade")) }
        media_type! { #[column(unique)] pub name: Option<String>, }
        genre! { Style, table(name = "Style", renamed_from = "Genre"), column(primary_key, autoincrement) }
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
    }
}
