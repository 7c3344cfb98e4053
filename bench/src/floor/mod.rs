//! The floor: the fastest server that we know how to write by hand for these operations, and nothing else. No validation, no
//! permissions, no schema: one prepared statement an operation, typed rows written as JSON in Rust, nested answers made by PostgreSQL.

mod deal;
mod json;
mod read;
mod statements;
mod write;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use sqlx::postgres::PgPool;
use tokio::net::TcpListener;

use crate::{Failure, database};

/// As many as the driver has: each asks for one thing at a time.
const CONNECTIONS: u32 = 16;

/// What every handler needs.
#[derive(Clone)]
pub struct Floor {
    pool: PgPool,
    statements: Arc<statements::Statements>,
}

/// Serves on the loopback address until the process ends.
pub async fn serve(database: &str, port: u16) -> Result<(), Failure> {
    let pool = database::pool(database, CONNECTIONS).await?;
    let statements = Arc::new(statements::Statements::read(&pool).await?);
    let routes = Router::new()
        .route("/list", get(read::list))
        .route("/get", get(read::one))
        .route("/nested", get(read::nested))
        .route("/groups", get(read::groups))
        .route("/offset", get(read::offset))
        .route("/cursor", get(read::cursor))
        .route("/create", post(write::create))
        .route("/update", post(write::update))
        .route("/{table}/make", post(deal::make))
        .route("/{table}/advance", post(deal::advance))
        .with_state(Floor { pool, statements });
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?;
    axum::serve(listener, routes).await?;
    Ok(())
}

/// An answer, or the database's complaint: the driver stops at the first one.
pub struct Answer(Result<Vec<u8>, sqlx::Error>);

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        match self.0 {
            Ok(body) => {
                ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], body).into_response()
            }
            Err(failure) => (StatusCode::INTERNAL_SERVER_ERROR, failure.to_string()).into_response(),
        }
    }
}
