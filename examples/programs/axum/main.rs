//! A server whose health route says how the database is, and which is asked every few seconds.

use std::error::Error;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use schema_runtime::rusqlite::Connection;
use schema_runtime::{Migrator, Outcome, Report, Schema, Table, schema};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, oneshot};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

#[derive(Table)]
#[table(name = "orders", index(columns(customer)))]
struct Order {
    #[column(primary_key)]
    id: i64,
    customer: String,
    #[column(default = 0)]
    cents: i64,
}

const SCHEMA: Schema = schema! { version: "2.0.0", tables: [Order] };

struct App {
    migrator: Migrator,
    path: PathBuf,
    /// How long an answer serves those who ask.
    fresh: Duration,
    answer: Mutex<Option<(Instant, Answer)>>,
}

type Answer = (StatusCode, Json<Value>);

/// 200 where a start would find nothing to do, else 503; with the whole status.
async fn health(State(app): State<Arc<App>>) -> Answer {
    // However many ask, one of them looks.
    let mut last = app.answer.lock().await;
    if let Some((at, answer)) = &*last
        && at.elapsed() < app.fresh
    {
        return answer.clone();
    }
    let (migrator, path) = (app.migrator.clone(), app.path.clone());
    let status = tokio::task::spawn_blocking(move || migrator.status(path)).await;
    let (code, body) = match status {
        Ok(Ok(status)) if status.is_up_to_date() => (StatusCode::OK, json!(status)),
        Ok(Ok(status)) => (StatusCode::SERVICE_UNAVAILABLE, json!(status)),
        Ok(Err(error)) => (StatusCode::SERVICE_UNAVAILABLE, json!({ "error": error.to_string() })),
        Err(panic) => (StatusCode::SERVICE_UNAVAILABLE, json!({ "error": panic.to_string() })),
    };
    let answer = (code, Json(body));
    *last = Some((Instant::now(), answer.clone()));
    answer
}

async fn start(path: &Path) -> Result<Report> {
    let path = path.to_owned();
    Ok(tokio::task::spawn_blocking(move || Migrator::new(&SCHEMA).run(path)).await??)
}

fn router(path: &Path, fresh: Duration) -> Router {
    let app =
        App { migrator: Migrator::new(&SCHEMA), path: path.to_owned(), fresh, answer: Mutex::default() };
    Router::new().route("/health", get(health)).with_state(Arc::new(app))
}

/// Serves while `asks` runs, on a port that is free, and shuts down.
async fn serve<T>(router: Router, asks: impl AsyncFnOnce(SocketAddr) -> Result<T>) -> Result<T> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let (stop, stopped) = oneshot::channel::<()>();
    let server = axum::serve(listener, router).with_graceful_shutdown(async {
        let _ = stopped.await;
    });
    let server = tokio::spawn(async move { server.await });
    let result = asks(address).await;
    drop(stop);
    server.await??;
    result
}

/// What a probe does: the status line's code, and the body.
async fn probe(address: SocketAddr) -> Result<(u16, Value)> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await?;
    let mut text = String::new();
    stream.read_to_string(&mut text).await?;
    let (head, body) = text.split_once("\r\n\r\n").ok_or("no answer")?;
    let code = head.split(' ').nth(1).ok_or("no code")?.parse()?;
    println!("GET /health: {code}");
    Ok((code, serde_json::from_str(body)?))
}

#[tokio::main]
async fn main() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("orders.db");

    // The file as the program has made it until now, by SQL of its own.
    let by_hand = Connection::open(&path)?;
    by_hand.execute_batch(
        "PRAGMA journal_mode = WAL;
         CREATE TABLE orders (id INTEGER PRIMARY KEY, customer TEXT NOT NULL);
         INSERT INTO orders (customer) VALUES ('ada'), ('bob');",
    )?;

    let report = start(&path).await?;
    println!("{report}");
    assert_eq!(report.outcome, Outcome::Migrated);
    serve(router(&path, Duration::from_secs(3600)), async |address| {
        let (code, status) = probe(address).await?;
        assert_eq!((code, &status["version"], &status["refused"]), (200, &json!("2.0.0"), &Value::Null));
        // Whoever asks within the hour gets the same, and nothing is looked at.
        by_hand.execute_batch("DROP INDEX idx_orders_customer")?;
        assert_eq!(probe(address).await?, (200, status));
        Ok(())
    })
    .await?;

    // One that looks each time sees that the index is gone; the next start puts it back.
    serve(router(&path, Duration::ZERO), async |address| {
        let (code, status) = probe(address).await?;
        assert_eq!(
            (code, &status["pending"]["steps"][0]["changes"][0]["verb"]),
            (503, &json!("create_index"))
        );
        let report = start(&path).await?;
        println!("{report}");
        assert_eq!(report.outcome, Outcome::Repaired);
        assert_eq!(probe(address).await?.0, 200);
        Ok(())
    })
    .await?;

    let report = start(&path).await?;
    println!("{report}");
    assert_eq!(report.outcome, Outcome::UpToDate);
    Ok(())
}
