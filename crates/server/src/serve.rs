//! Routes, listening, and an end in good order.

use std::future::{Future, IntoFuture};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::{MethodRouter, any, get, post};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::app::{App, ServerConfig};
use crate::{auth, chores, files, graphiql, health, http, jobs, oidc};

/// A setting that cannot be.
fn wrong_setting(message: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, message)
}

/// All routes, without a listener: for tests, and for whoever mounts them elsewhere. Keys are not refreshed by changes then.
pub fn router(config: ServerConfig) -> io::Result<Router> {
    Ok(routes(Arc::new(App::new(config).map_err(wrong_setting)?)))
}

/// Paths, with what answers at each.
pub(crate) type Routes = Vec<(&'static str, MethodRouter<Arc<App>>)>;

/// All that is served.
fn table() -> Routes {
    let mut table: Routes = vec![
        ("/", get(graphiql::home)),
        ("/graphql", any(http::records)),
        ("/metadata", any(http::metadata)),
        ("/import/{object}", post(files::import)),
        ("/export/{object}", get(files::export)),
        ("/graphiql", get(graphiql::page)),
        ("/graphiql/", get(graphiql::page)),
        ("/graphiql/{*path}", get(graphiql::asset)),
        ("/healthz", get(health::healthz)),
        ("/readyz", get(health::readyz)),
        ("/metrics", get(health::metrics)),
    ];
    table.extend(auth::routes());
    table.extend(oidc::routes());
    table
}

/// Every path that is served: a test tries each of them without rights.
pub fn paths() -> impl Iterator<Item = &'static str> {
    table().into_iter().map(|(path, _)| path)
}

fn routes(app: Arc<App>) -> Router {
    let empty = Router::new();
    table().into_iter().fold(empty, |router, (path, methods)| router.route(path, methods)).with_state(app)
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
    let worker = jobs::start(&app);
    let (stop, mut stopped) = watch::channel(false);
    let mut stopping = stop.subscribe();
    tokio::spawn(async move {
        shutdown.await;
        // Without a receiver the server has ended already.
        let _ = stop.send(true);
    });
    let server =
        axum::serve(listener, routes(Arc::clone(&app)).into_make_service_with_connect_info::<SocketAddr>())
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
    // What the last requests asked for waits for the next worker.
    if let Some(worker) = worker {
        worker.stop(patience).await;
    }
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
