//! The views, triggers and virtual tables of the versions.

pub const SALES: &str =
    "CREATE VIEW Sales AS SELECT t.TrackId, t.Name, sum(l.Amount) AS Amount, count(*) AS Lines
    FROM InvoiceLine AS l JOIN Track AS t USING (TrackId) GROUP BY t.TrackId";
pub const SALES_BY_TITLE: &str =
    "CREATE VIEW Sales AS SELECT t.TrackId, t.Title, sum(l.Amount) AS Amount, count(*) AS Lines
    FROM InvoiceLine AS l JOIN Track AS t USING (TrackId) GROUP BY t.TrackId";
pub const BEST_SALES: &str =
    "CREATE VIEW BestSales AS SELECT * FROM Sales WHERE Lines > 1 ORDER BY Amount DESC";

pub const TOTAL_IS_KEPT: &str = "CREATE TRIGGER TotalIsKept AFTER INSERT ON InvoiceLine BEGIN
    UPDATE Invoice SET Total = Total + new.UnitPrice * new.Quantity WHERE InvoiceId = new.InvoiceId;
END";

pub const NAMES: &str =
    "CREATE VIRTUAL TABLE TrackSearch USING fts5(Name, content='Track', content_rowid='TrackId')";
pub const NAME_INSERTED: &str = "CREATE TRIGGER TrackSearchInsert AFTER INSERT ON Track BEGIN
    INSERT INTO TrackSearch (rowid, Name) VALUES (new.TrackId, new.Name);
END";
pub const NAME_DELETED: &str = "CREATE TRIGGER TrackSearchDelete AFTER DELETE ON Track BEGIN
    INSERT INTO TrackSearch (TrackSearch, rowid, Name) VALUES ('delete', old.TrackId, old.Name);
END";
pub const NAME_UPDATED: &str = "CREATE TRIGGER TrackSearchUpdate AFTER UPDATE ON Track BEGIN
    INSERT INTO TrackSearch (TrackSearch, rowid, Name) VALUES ('delete', old.TrackId, old.Name);
    INSERT INTO TrackSearch (rowid, Name) VALUES (new.TrackId, new.Name);
END";

pub const TITLES: &str =
    "CREATE VIRTUAL TABLE TrackSearch USING fts5(Title, content='Track', content_rowid='TrackId')";
pub const TITLE_INSERTED: &str = "CREATE TRIGGER TrackSearchInsert AFTER INSERT ON Track BEGIN
    INSERT INTO TrackSearch (rowid, Title) VALUES (new.TrackId, new.Title);
END";
pub const TITLE_DELETED: &str = "CREATE TRIGGER TrackSearchDelete AFTER DELETE ON Track BEGIN
    INSERT INTO TrackSearch (TrackSearch, rowid, Title) VALUES ('delete', old.TrackId, old.Title);
END";
pub const TITLE_UPDATED: &str = "CREATE TRIGGER TrackSearchUpdate AFTER UPDATE ON Track BEGIN
    INSERT INTO TrackSearch (TrackSearch, rowid, Title) VALUES ('delete', old.TrackId, old.Title);
    INSERT INTO TrackSearch (rowid, Title) VALUES (new.TrackId, new.Title);
END";

pub const TITLES_AND_COMPOSERS: &str =
    "CREATE VIRTUAL TABLE TrackSearch USING fts5(Title, Composer, content='Track', content_rowid='TrackId')";
pub const BOTH_INSERTED: &str = "CREATE TRIGGER TrackSearchInsert AFTER INSERT ON Track BEGIN
    INSERT INTO TrackSearch (rowid, Title, Composer) VALUES (new.TrackId, new.Title, new.Composer);
END";
pub const BOTH_DELETED: &str = "CREATE TRIGGER TrackSearchDelete AFTER DELETE ON Track BEGIN
    INSERT INTO TrackSearch (TrackSearch, rowid, Title, Composer) VALUES ('delete', old.TrackId, old.Title, old.Composer);
END";
pub const BOTH_UPDATED: &str = "CREATE TRIGGER TrackSearchUpdate AFTER UPDATE ON Track BEGIN
    INSERT INTO TrackSearch (TrackSearch, rowid, Title, Composer) VALUES ('delete', old.TrackId, old.Title, old.Composer);
    INSERT INTO TrackSearch (rowid, Title, Composer) VALUES (new.TrackId, new.Title, new.Composer);
END";
