//! `armature serve`: the database over HTTP, until SIGTERM or SIGINT.

use serde_json::json;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::Serve;
use crate::clock;
use crate::console::Console;
use crate::failure::Failure;
use crate::settings::Settings;

/// What a demo shows beside its address.
pub struct Login {
    pub tenant: String,
    pub api_key: String,
    pub email: Option<String>,
    pub password: Option<String>,
}

/// Serves the database of the settings.
pub async fn serve(arguments: &Serve, settings: &Settings, console: &Console) -> Result<u8, Failure> {
    let mut settings = settings.clone();
    if let Some(port) = arguments.port {
        settings.port = port;
    }
    if let Some(host) = &arguments.host {
        settings.host.clone_from(host);
    }
    if arguments.no_worker {
        settings.server.workers = 0;
    }
    settings.server.test_clock = arguments.test_clock;
    if arguments.print_config {
        let shown = settings.masked();
        if console.is_json() {
            console.result(&shown, |_| ())?;
        } else {
            console.data(shown.as_toml()?.trim_end())?;
        }
        return Ok(0);
    }
    run(&settings, console, None).await
}

/// Listens, says so, and serves until told to stop.
pub async fn run(settings: &Settings, console: &Console, login: Option<Login>) -> Result<u8, Failure> {
    let store = super::open(settings).await?;
    let place = format!("{}:{}", settings.host, settings.port);
    let listener =
        TcpListener::bind(&place).await.map_err(|e| Failure::io(format!("listen on {place}"), e))?;
    let address = listener.local_addr().map_err(|e| Failure::io("read the address", e))?;
    let mut terminate = signal(SignalKind::terminate()).map_err(|e| Failure::io("watch SIGTERM", e))?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(|e| Failure::io("watch SIGINT", e))?;
    ready(&format!("http://{address}"), login.as_ref(), console)?;
    let shutdown = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    server::serve(
        server::ServerConfig { store: store.clone(), settings: settings.server.clone(), now: clock::now },
        listener,
        shutdown,
    )
    .await
    .map_err(|e| Failure::Usage(e.to_string()))?;
    store.close().await;
    Ok(0)
}

/// The line that programs wait for, or the lines that people read.
fn ready(url: &str, login: Option<&Login>, console: &Console) -> Result<(), Failure> {
    let graphql = format!("{url}/graphql");
    let mut line = json!({ "url": url, "graphql": graphql });
    if let Some(login) = login {
        line["tenant"] = json!(login.tenant);
        line["apiKey"] = json!(login.api_key);
        line["email"] = json!(login.email);
        line["password"] = json!(login.password);
    }
    console.result(&line, |console| {
        console.say("Armature is ready.");
        match login {
            Some(login) => {
                console.say(&format!("  GraphiQL   {url}/graphiql#key={}", login.api_key));
                console.say(&format!("  GraphQL    {graphql}"));
                console.say(&format!(
                    "  API key    {}   (tenant {}; kept in demo.json)",
                    login.api_key, login.tenant
                ));
                if let (Some(email), Some(password)) = (&login.email, &login.password) {
                    console.say(&format!("  Login      {email}   {password}"));
                }
            }
            None => console.say(&format!("  GraphQL    {graphql}   GraphiQL {url}/graphiql")),
        }
        console.say("Press Ctrl-C to stop.");
    })
}
