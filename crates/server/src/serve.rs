//! Routes, listening, and an end in good order.

use std::future::{Future, IntoFuture};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::{any, get, post};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::app::{App, ServerConfig};
use crate::{auth, chores, files, graphiql, health, http};

/// A setting that cannot be.
fn wrong_setting(message: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, message)
}

/// All routes, without a listener: for tests, and for whoever mounts them elsewhere. Keys are not refreshed by changes then.
pub fn router(config: ServerConfig) -> io::Result<Router> {
    Ok(routes(Arc::new(App::new(config).map_err(wrong_setting)?)))
}

fn routes(app: Arc<App>) -> Router {
    Router::new()
        .route("/", get(graphiql::home))
        .route("/graphql", any(http::records))
        .route("/metadata", any(http::metadata))
        .route("/import/{object}", post(files::import))
        .route("/export/{object}", get(files::export))
        .merge(auth::routes())
        .route("/graphiql", get(graphiql::page))
        .route("/graphiql/", get(graphiql::page))
        .route("/graphiql/{*path}", get(graphiql::asset))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(health::metrics))
        .with_state(app)
}

/// Serves until `shutdown` is done; then finishes what is in flight, for as long as the settings allow.
pub async fn serve(
    config: ServerConfig,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let patience = Duration::from_millis(config.settings.shutdown_ms);
    let app = Arc::new(App::new(config).map_err(wrong_setting)?);
    let listening = tokio::spawn(listen_to_changes(Arc::clone(&app)));
    let chores = tokio::spawn(chores::keep_up(Arc::clone(&app)));
    let (stop, mut stopped) = watch::channel(false);
    let mut stopping = stop.subscribe();
    tokio::spawn(async move {
        shutdown.await;
        // Without a receiver the server has ended already.
        let _ = stop.send(true);
    });
    let server = axum::serve(listener, routes(app).into_make_service_with_connect_info::<SocketAddr>())
        .with_graceful_shutdown(async move {
            let _ = stopped.wait_for(|stop| *stop).await;
        });
    let overdue = async move {
        let _ = stopping.wait_for(|stop| *stop).await;
        tokio::time::sleep(patience).await;
    };
    let result = tokio::select! {
        result = server.into_future() => result,
        () = overdue => {
            tracing::warn!("requests in flight were cut off at the end");
            Ok(())
        }
    };
    listening.abort();
    chores.abort();
    result
}

/// Forgets keys, sessions and persons whenever something has changed; catalogs look for themselves.
async fn listen_to_changes(app: Arc<App>) {
    let mut changes = app.store.changes();
    loop {
        changes.next().await;
        app.generation.pass();
    }
}
