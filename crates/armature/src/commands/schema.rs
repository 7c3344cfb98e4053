//! `armature schema`: the GraphQL schema of a tenant, as SDL.

use crate::cli::On;
use crate::clock;
use crate::console::Console;
use crate::failure::Failure;
use crate::settings::Settings;

/// Prints the SDL.
pub async fn schema(on: &On, settings: &Settings, console: &Console) -> Result<u8, Failure> {
    let (_store, tenant) = super::on(on, settings).await?;
    let catalog = deploy::Catalogs::new(clock::now).get(&tenant).await?;
    let surface = graphql::Surface::build(&catalog).map_err(|e| Failure::Internal(e.to_string()))?;
    console.data(&surface.sdl())?;
    Ok(0)
}
