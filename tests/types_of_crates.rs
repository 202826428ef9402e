//! Columns of types that other crates define: declared as rusqlite writes them, in STRICT tables, which would refuse anything else.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use rusqlite::{Connection, params};
use schema_runtime::{Migrator, Outcome, Schema, Table, schema};
use time::macros::{date, datetime, time};
use uuid::Uuid;

#[derive(Table)]
#[table(strict)]
#[allow(dead_code)]
struct Event {
    #[column(primary_key)]
    id: Uuid,
    day: NaiveDate,
    hour: NaiveTime,
    begins: NaiveDateTime,
    #[column(default = "1970-01-01 00:00:00+00:00")]
    at: DateTime<Utc>,
    seen: Option<DateTime<Utc>>,
    date: time::Date,
    time: time::Time,
    local: time::PrimitiveDateTime,
    offset: time::OffsetDateTime,
    more: serde_json::Value,
}

#[derive(Table)]
#[table(strict)]
#[allow(dead_code)]
struct Other {
    #[column(primary_key)]
    at: jiff::Timestamp,
    day: jiff::civil::Date,
    hour: jiff::civil::Time,
    local: jiff::civil::DateTime,
    #[column(default = "0.00")]
    price: rust_decimal::Decimal,
}

const SCHEMA: Schema = schema! { version: "1.0.0", tables: [Event, Other] };

#[test]
fn what_rusqlite_writes_is_what_the_column_takes() {
    let mut conn = Connection::open_in_memory().expect("memory");
    let report = Migrator::new(&SCHEMA).run_on(&mut conn).unwrap_or_else(|err| panic!("{err}"));
    assert_eq!(report.outcome, Outcome::Created);
    let id = Uuid::from_u128(7);
    let day = NaiveDate::from_ymd_opt(2026, 2, 28).expect("a day");
    let hour = NaiveTime::from_hms_milli_opt(23, 59, 58, 125).expect("a time");
    let begins = day.and_time(hour);
    let at = begins.and_utc();
    let more = serde_json::json!({ "a": [1, 2.5, null] });
    conn.execute(
        "INSERT INTO event VALUES (?1, ?2, ?3, ?4, ?5, NULL, ?6, ?7, ?8, ?9, ?10)",
        params![
            id,
            day,
            hour,
            begins,
            at,
            date!(2026 - 02 - 28),
            time!(23:59:58),
            datetime!(2026-02-28 23:59:58),
            datetime!(2026-02-28 23:59:58 UTC),
            more
        ],
    )
    .expect("a row");
    let read = conn.query_row("SELECT id, day, hour, begins, at, seen, more FROM event", [], |row| {
        assert_eq!(row.get::<_, Uuid>(0)?, id);
        assert_eq!(row.get::<_, NaiveDate>(1)?, day);
        assert_eq!(row.get::<_, NaiveTime>(2)?, hour);
        assert_eq!(row.get::<_, NaiveDateTime>(3)?, begins);
        assert_eq!(row.get::<_, DateTime<Utc>>(4)?, at);
        assert_eq!(row.get::<_, Option<DateTime<Utc>>>(5)?, None);
        assert_eq!(row.get::<_, serde_json::Value>(6)?, more);
        Ok(())
    });
    read.expect("the row");
    let read = conn.query_row("SELECT date, time, local, offset FROM event", [], |row| {
        assert_eq!(row.get::<_, time::Date>(0)?, date!(2026 - 02 - 28));
        assert_eq!(row.get::<_, time::Time>(1)?, time!(23:59:58));
        assert_eq!(row.get::<_, time::PrimitiveDateTime>(2)?, datetime!(2026-02-28 23:59:58));
        assert_eq!(row.get::<_, time::OffsetDateTime>(3)?, datetime!(2026-02-28 23:59:58 UTC));
        Ok(())
    });
    read.expect("the row");
    let types = |table: &str| {
        let sql = format!("SELECT group_concat(name || ' ' || type, ', ') FROM pragma_table_info('{table}')");
        conn.query_row(&sql, [], |row| row.get::<_, String>(0)).expect("types")
    };
    assert_eq!(
        types("event"),
        "id BLOB, day TEXT, hour TEXT, begins TEXT, at TEXT, seen TEXT, date TEXT, time TEXT, local TEXT, offset TEXT, more TEXT"
    );
    assert_eq!(types("other"), "at TEXT, day TEXT, hour TEXT, local TEXT, price TEXT");
}
