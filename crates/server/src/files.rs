//! Import and export for whoever has a key and no database: `POST /import/OBJECT` with a CSV file as body, `GET /export/OBJECT`.
//!
//! Both go through a file of the server's own, so that an import reads as often as it needs to and an export that fails is an error
//! and no half file.

use std::io::{self, BufWriter, Read, Seek, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::Body;
use axum::extract::{Path as UrlPath, Query, Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use engine::{Caller, Door, WriteError};
use futures::{StreamExt, stream};
use graphql::{Code, Error};
use metadata::Name;
use query::access::Denied;
use query::cost;
use serde::Deserialize;
use serde_json::json;
use tempfile::NamedTempFile;
use tokio::sync::SemaphorePermit;
use work::{ExportError, ExportOptions, Format, ImportError, ImportOptions, Map, OnError, Report};

use crate::app::App;
use crate::failure;
use crate::keys::Principal;
use crate::rates::{self, Limited};
use crate::trace::TraceId;
use crate::turns::Turn;

/// Longest file that is taken, in bytes.
const LONGEST: u64 = 4 << 30;
/// Piece of a file in which it is sent.
const PIECE: usize = 64 * 1024;

/// A refusal, with its status.
type Refused = (StatusCode, Error);

/// What is said in the address of an import.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct ImportQuery {
    /// The map, as JSON.
    map: Option<String>,
    upsert: Option<String>,
    stop: bool,
    dry_run: bool,
    /// Whether the rejected rows are wanted, as a file.
    rejects: bool,
}

/// What is said in the address of an export.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ExportQuery {
    format: Option<String>,
}

/// Imports the file in the body.
pub(crate) async fn import(
    State(app): State<Arc<App>>,
    UrlPath(object): UrlPath<String>,
    Query(query): Query<ImportQuery>,
    request: Request,
) -> Response {
    let trace = TraceId::of(request.headers(), app.ids.as_ref(), app.clock.now());
    let imported = async {
        let (principal, caller) = caller(&app, request.headers(), (Door::Upload, &trace)).await?;
        let object = name(&object)?;
        let mut options = options(&query)?;
        work::importable(&app.engine, &caller, &object).await.map_err(import_failure)?;
        let file = NamedTempFile::new().map_err(|error| broken(&error))?;
        let lines = receive(request.into_body(), file.path()).await?;
        // Behind the upload, which may be slow.
        let _turn = turn(&app, &caller).await?;
        pay(&app, &principal, lines.saturating_mul(cost::WRITTEN))?;
        let rejects = NamedTempFile::new().map_err(|error| broken(&error))?;
        options.rejects = query.rejects.then(|| rejects.path().to_owned());
        let report = work::import(&app.engine, &caller, &object, file.path(), &options, &|_| ())
            .await
            .map_err(import_failure)?;
        let rejected = match &options.rejects {
            Some(path) => Some(tokio::fs::read_to_string(path).await.map_err(|error| broken(&error))?),
            None => None,
        };
        Ok(told(&report, rejected.as_deref()))
    };
    match imported.await {
        Ok(body) => ([(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-store")], body).into_response(),
        Err(refused) => refuse(refused, &trace),
    }
}

/// Sends the living records of an object.
pub(crate) async fn export(
    State(app): State<Arc<App>>,
    UrlPath(object): UrlPath<String>,
    Query(query): Query<ExportQuery>,
    headers: HeaderMap,
) -> Response {
    let trace = TraceId::of(&headers, app.ids.as_ref(), app.clock.now());
    let exported = async {
        let (principal, caller) = caller(&app, &headers, (Door::Graphql, &trace)).await?;
        let object = name(&object)?;
        let (format, media) = match query.format.as_deref() {
            None | Some("csv") => (Format::Csv, "text/csv; charset=utf-8"),
            Some("jsonl") => (Format::Jsonl, "application/jsonl"),
            Some(other) => return Err(wrong(format!("`{other}` is no format; there are csv, jsonl"))),
        };
        let _turn = turn(&app, &caller).await?;
        let file = tempfile::tempfile().map_err(|error| broken(&error))?;
        let options = ExportOptions { format, ..ExportOptions::default() };
        let mut out = BufWriter::new(file);
        pay(&app, &principal, rates::EXPORT)?;
        let paid = AtomicU64::new(rates::EXPORT);
        // How much there is shows only page by page; what is not paid for in time is no reason to end in the middle.
        let watch = |count: u64| {
            let more = count.saturating_sub(paid.fetch_max(count, Ordering::Relaxed));
            if let Err(refused) = pay(&app, &principal, more) {
                tracing::debug!(code = refused.1.code.as_str(), "an export goes beyond its rate");
            }
        };
        work::export(&app.engine, &caller, &object, &options, &mut out, &watch)
            .await
            .map_err(export_failure)?;
        let mut file = out.into_inner().map_err(|error| broken(error.error()))?;
        file.rewind().map_err(|error| broken(&error))?;
        Ok((media, file))
    };
    match exported.await {
        Ok((media, file)) => {
            let pieces = stream::try_unfold(file, |file| async move { piece(file) });
            ([(CONTENT_TYPE, media), (CACHE_CONTROL, "no-store")], Body::from_stream(pieces)).into_response()
        }
        Err(refused) => refuse(refused, &trace),
    }
}

/// The next piece of a file, with the rest of it.
fn piece(mut file: std::fs::File) -> io::Result<Option<(Bytes, std::fs::File)>> {
    let mut piece = vec![0; PIECE];
    let length = file.read(&mut piece)?;
    piece.truncate(length);
    Ok((length > 0).then(|| (Bytes::from(piece), file)))
}

async fn caller(
    app: &App,
    headers: &HeaderMap,
    (door, trace): (Door, &TraceId),
) -> Result<(Arc<Principal>, Caller), Refused> {
    let unavailable = |error: Error| (StatusCode::SERVICE_UNAVAILABLE, error);
    let principal = app.authenticate(headers).await?;
    let catalog = app.catalogs.reload(&principal.tenant).await;
    let catalog = catalog.map_err(|error| unavailable(failure::catalog(&error)))?;
    let caller = app.caller(&principal, catalog, (door, trace)).await;
    let caller = caller.map_err(|error| (StatusCode::UNAUTHORIZED, error))?;
    Ok((principal, caller))
}

/// Takes rows from the rates of the key and its tenant.
fn pay(app: &App, principal: &Principal, rows: u64) -> Result<(), Refused> {
    let taken = app.rates.take_at_most(principal.tenant.name(), principal.counted_as(), rows);
    taken.map_err(|limited| match limited {
        Limited::Wait(wait) => {
            let error = failure::later(StatusCode::TOO_MANY_REQUESTS, failure::seconds(wait));
            (StatusCode::TOO_MANY_REQUESTS, error)
        }
        Limited::Never { burst } => (StatusCode::BAD_REQUEST, failure::too_much_at_once(rows, burst)),
    })
}

/// Room among the files that are read or written; half of it for one tenant.
async fn turn<'a>(app: &'a App, caller: &Caller) -> Result<(Turn, SemaphorePermit<'a>), Refused> {
    let crowded = || {
        let error = Error::new(Code::RateLimited, "Too many files are on their way; try again in a moment");
        (StatusCode::SERVICE_UNAVAILABLE, error.with("retryAfter", 1))
    };
    let own = app.transfer_turns.take(caller.tenant.name()).await.map_err(|_| crowded())?;
    let permit = app.transfers.try_acquire().map_err(|_| crowded())?;
    Ok((own, permit))
}

fn options(query: &ImportQuery) -> Result<ImportOptions, Refused> {
    let map: Option<Map> = query
        .map
        .as_deref()
        .map(|text| serde_json::from_str(text).map_err(|error| wrong(format!("the map: {error}"))))
        .transpose()?;
    Ok(ImportOptions {
        map,
        upsert: query.upsert.as_deref().map(name).transpose()?,
        on_error: if query.stop { OnError::Stop } else { OnError::Skip },
        rejects: None,
        dry_run: query.dry_run,
    })
}

/// Writes the body into a file; how many lines it has.
async fn receive(body: Body, path: &Path) -> Result<u64, Refused> {
    let mut file = BufWriter::new(std::fs::File::create(path).map_err(|error| broken(&error))?);
    let mut pieces = body.into_data_stream();
    let (mut length, mut lines) = (0, 0);
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|error| wrong(format!("the file did not arrive whole: {error}")))?;
        length += piece.len() as u64;
        if length > LONGEST {
            let error = Error::validation(format!("A file may have {LONGEST} bytes at most"));
            return Err((StatusCode::PAYLOAD_TOO_LARGE, error));
        }
        lines += piece.split(|byte| *byte == b'\n').skip(1).count() as u64;
        file.write_all(&piece).map_err(|error| broken(&error))?;
    }
    file.flush().map_err(|error| broken(&error))?;
    Ok(lines)
}

/// The report, with what a person is told beside it.
fn told(report: &Report, rejected: Option<&str>) -> String {
    let rejects: Vec<_> = report
        .rejects
        .iter()
        .map(|reject| json!({ "line": reject.line, "column": reject.column, "reason": reject.reason }))
        .collect();
    json!({
        "report": report,
        "unused": report.unused,
        "resumed": report.resumed,
        "rejects": rejects,
        "rejected": rejected,
    })
    .to_string()
}

fn name(text: &str) -> Result<Name, Refused> {
    Name::new(text).map_err(|error| wrong(error.to_string()))
}

fn wrong(message: String) -> Refused {
    (StatusCode::BAD_REQUEST, Error::validation(message))
}

/// The server's own disk failed it.
fn broken(error: &io::Error) -> Refused {
    (StatusCode::INTERNAL_SERVER_ERROR, failure::internal(error))
}

fn import_failure(error: ImportError) -> Refused {
    match error {
        ImportError::Header { .. } | ImportError::Usage { .. } => wrong(error.to_string()),
        ImportError::Denied(denied) | ImportError::Write(WriteError::Denied(denied)) => refused(&denied),
        ImportError::Write(WriteError::Forbidden(refusal)) => {
            (StatusCode::FORBIDDEN, Error::new(Code::Forbidden, refusal.message))
        }
        ImportError::Write(error) => (StatusCode::INTERNAL_SERVER_ERROR, failure::internal(&error)),
        ImportError::Unreadable { source, .. } if source.kind() == io::ErrorKind::InvalidData => {
            wrong(source.to_string())
        }
        ImportError::Unreadable { source, .. } => broken(&source),
    }
}

/// A transfer that is not granted, or of what is not there.
fn refused(denied: &Denied) -> Refused {
    if denied.forbidden() {
        return (StatusCode::FORBIDDEN, failure::denied(denied));
    }
    (StatusCode::NOT_FOUND, Error::new(Code::NotFound, denied.to_string()))
}

fn export_failure(error: ExportError) -> Refused {
    match error {
        ExportError::Denied(denied) => refused(&denied),
        other => (StatusCode::INTERNAL_SERVER_ERROR, failure::internal(&other)),
    }
}

fn refuse((status, error): Refused, trace: &TraceId) -> Response {
    tracing::info!(status = status.as_u16(), code = error.code.as_str(), trace = trace.as_str(), "refused");
    let told = error.extensions.iter().find(|(name, _)| *name == "retryAfter");
    let wait = told.and_then(|(_, seconds)| seconds.as_u64());
    let body = crate::payload::refusal(&[error], trace);
    let mut response = (status, [(CONTENT_TYPE, "application/json")], body).into_response();
    if let Some(wait) = wait {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(wait));
    }
    if status == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}
