//! The doors over HTTP: keys, limits, GraphQL over HTTP, the metadata API, health, GraphiQL.
//!
//! Never: SQL, permissions, or a decision about a record. The tenant comes from the key, never from the request.

mod access;
pub mod admin;
mod app;
mod auth;
mod chores;
mod clock;
mod execute;
mod failure;
mod files;
mod fresh;
mod graphiql;
mod guesses;
mod health;
mod http;
mod jobs;
mod keys;
mod metadata_api;
mod metrics;
mod oidc;
mod past;
mod payload;
mod rates;
mod serve;
mod session;
mod settings;
mod surfaces;
mod tls;
mod trace;
mod turns;

pub use app::ServerConfig;
pub use keys::key_hash;
pub use metadata_api::sdl as metadata_sdl;
pub use serve::{paths, router, serve};
pub use settings::Settings;
pub use tls::http_client;
