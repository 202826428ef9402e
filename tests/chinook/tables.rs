//! The shapes that Chinook's tables take from version to version, a macro each.
//!
//! A macro and not a type, since a reference names the type of its parent: when a parent changes, its children are other types
//! too, although nothing of theirs is different. A program has one version of its model and writes plain structs.

macro_rules! artist {
    ($($name:tt)*) => {
        #[derive(Table)]
        #[table(name = "Artist", rename_all = "PascalCase")]
        pub struct Artist {
            #[column(primary_key, autoincrement)]
            pub artist_id: i64,
            $($name)*
        }
    };
}

macro_rules! album {
    ($index:literal [$($table:tt)*] $artist:meta) => {
        #[derive(Table)]
        #[table(name = "Album", rename_all = "PascalCase", $($table)*)]
        #[table(index(columns(artist_id), name = $index))]
        pub struct Album {
            #[column(primary_key, autoincrement)]
            pub album_id: i64,
            pub title: String,
            #[$artist]
            pub artist_id: i64,
        }
    };
}

macro_rules! media_type {
    ($($name:tt)*) => {
        #[derive(Table)]
        #[table(name = "MediaType", rename_all = "PascalCase")]
        pub struct MediaType {
            #[column(primary_key, autoincrement)]
            pub media_type_id: i64,
            $($name)*
        }
    };
}

/// `Genre`, from version 4 on `Style`.
macro_rules! genre {
    ($table:ident, $named:meta, $key:meta) => {
        #[derive(Table)]
        #[table(rename_all = "PascalCase")]
        #[$named]
        pub struct $table {
            #[$key]
            pub genre_id: i64,
            pub name: Option<String>,
        }
    };
}

/// `Track`: attributes of the table, the name, the table of the genre, the composer, then the columns from the length on.
macro_rules! track {
    ([$($table:tt)*] { $($name:tt)* } $genre:ident { $($composer:tt)* } { $($length:tt)* }) => {
        #[derive(Table)]
        #[table(name = "Track", rename_all = "PascalCase", $($table)*)]
        #[table(index(columns(album_id), name = "IFK_TrackAlbumId"))]
        #[table(index(columns(genre_id), name = "IFK_TrackGenreId"))]
        #[table(index(columns(media_type_id), name = "IFK_TrackMediaTypeId"))]
        pub struct Track {
            #[column(primary_key, autoincrement)]
            pub track_id: i64,
            $($name)*
            #[column(references(Album::ALBUM_ID))]
            pub album_id: Option<i64>,
            #[column(references(MediaType::MEDIA_TYPE_ID))]
            pub media_type_id: i64,
            #[column(references($genre::GENRE_ID))]
            pub genre_id: Option<i64>,
            $($composer)*
            $($length)*
            pub bytes: Option<i64>,
            #[column(type = "NUMERIC(10,2)")]
            pub unit_price: f64,
        }
    };
}

/// `Employee`, from version 15 on `Staff`.
macro_rules! employee {
    ($table:ident [$($named:tt)*] { $($id:tt)* } $id_const:ident $title:ty { $($fax:tt)* }) => {
        #[derive(Table)]
        #[table($($named)* rename_all = "PascalCase")]
        pub struct $table {
            $($id)*
            pub last_name: String,
            pub first_name: String,
            pub title: Option<$title>,
            #[column(references(Self::$id_const), index(name = "IFK_EmployeeReportsTo"))]
            pub reports_to: Option<i64>,
            #[column(type = "DATETIME")]
            pub birth_date: Option<String>,
            #[column(type = "DATETIME")]
            pub hire_date: Option<String>,
            pub address: Option<String>,
            pub city: Option<String>,
            pub state: Option<String>,
            pub country: Option<String>,
            pub postal_code: Option<String>,
            pub phone: Option<String>,
            $($fax)*
            pub email: Option<String>,
        }
    };
}

macro_rules! customer {
    ([$($table:tt)*] { $($first:tt)* } $staff:ident $staff_id:ident { $($fax:tt)* } { $($email:tt)* } { $($more:tt)* }) => {
        #[derive(Table)]
        #[table(name = "Customer", rename_all = "PascalCase", $($table)*)]
        pub struct Customer {
            #[column(primary_key, autoincrement)]
            pub customer_id: i64,
            $($first)*
            pub last_name: String,
            pub company: Option<String>,
            pub address: Option<String>,
            pub city: Option<String>,
            pub state: Option<String>,
            pub country: Option<String>,
            pub postal_code: Option<String>,
            pub phone: Option<String>,
            $($fax)*
            $($email)*
            #[column(references($staff::$staff_id), index(name = "IFK_CustomerSupportRepId"))]
            pub support_rep_id: Option<i64>,
            $($more)*
        }
    };
}

macro_rules! invoice {
    ($total:meta { $($more:tt)* }) => {
        #[derive(Table)]
        #[table(name = "Invoice", rename_all = "PascalCase")]
        pub struct Invoice {
            #[column(primary_key, autoincrement)]
            pub invoice_id: i64,
            #[column(references(Customer::CUSTOMER_ID), index(name = "IFK_InvoiceCustomerId"))]
            pub customer_id: i64,
            #[column(type = "DATETIME")]
            pub invoice_date: String,
            pub billing_address: Option<String>,
            pub billing_city: Option<String>,
            pub billing_state: Option<String>,
            pub billing_country: Option<String>,
            pub billing_postal_code: Option<String>,
            #[$total]
            pub total: f64,
            $($more)*
        }
    };
}

macro_rules! invoice_line {
    ($invoice:meta { $($more:tt)* }) => {
        #[derive(Table)]
        #[table(name = "InvoiceLine", rename_all = "PascalCase")]
        #[table(index(columns(invoice_id), name = "IFK_InvoiceLineInvoiceId"))]
        pub struct InvoiceLine {
            #[column(primary_key, autoincrement)]
            pub invoice_line_id: i64,
            #[$invoice]
            pub invoice_id: i64,
            #[column(references(Track::TRACK_ID), index(name = "IFK_InvoiceLineTrackId"))]
            pub track_id: i64,
            #[column(type = "NUMERIC(10,2)")]
            pub unit_price: f64,
            pub quantity: i64,
            $($more)*
        }
    };
}

macro_rules! playlist {
    ($($more:tt)*) => {
        #[derive(Table)]
        #[table(name = "Playlist", rename_all = "PascalCase")]
        pub struct Playlist {
            #[column(primary_key, autoincrement)]
            pub playlist_id: i64,
            pub name: Option<String>,
            $($more)*
        }
    };
}

macro_rules! playlist_track {
    ([$($table:tt)*] { $($more:tt)* }) => {
        #[derive(Table)]
        #[table(name = "PlaylistTrack", rename_all = "PascalCase", primary_key(playlist_id, track_id), $($table)*)]
        pub struct PlaylistTrack {
            #[column(references(Playlist::PLAYLIST_ID), index(name = "IFK_PlaylistTrackPlaylistId"))]
            pub playlist_id: i64,
            #[column(references(Track::TRACK_ID), index(name = "IFK_PlaylistTrackTrackId"))]
            pub track_id: i64,
            $($more)*
        }
    };
}

/// A table that comes with version 2 and goes with version 11.
macro_rules! review {
    () => {
        #[derive(Table)]
        #[table(name = "Review", rename_all = "PascalCase", check("Stars BETWEEN 1 AND 5"))]
        pub struct Review {
            #[column(primary_key, autoincrement)]
            pub review_id: i64,
            #[column(references(Track::TRACK_ID, on_delete = "cascade"), index)]
            pub track_id: i64,
            #[column(references(Customer::CUSTOMER_ID))]
            pub customer_id: i64,
            pub stars: u8,
            pub body: Option<String>,
        }
    };
}

pub(crate) use {
    album, artist, customer, employee, genre, invoice, invoice_line, media_type, playlist, playlist_track,
    review, track,
};
