//! `armature schema`: the GraphQL schema of a tenant, as SDL; all of it, or as the bearers of roles see it.

use std::sync::Arc;

use metadata::{Catalog, Name};
use query::access::{ADMIN, Access, Shares};

use crate::cli::On;
use crate::clock;
use crate::console::Console;
use crate::failure::Failure;
use crate::settings::Settings;

/// Prints the SDL.
pub async fn schema(
    on: &On,
    roles: &[String],
    settings: &Settings,
    console: &Console,
) -> Result<u8, Failure> {
    let (_store, tenant) = super::on(on, settings).await?;
    let catalog = deploy::Catalogs::new(clock::now).get(&tenant).await?;
    let access = access(&catalog, roles)?;
    let surface =
        graphql::Surface::build(access.visible(&catalog)).map_err(|e| Failure::Internal(e.to_string()))?;
    console.data(&surface.sdl())?;
    Ok(0)
}

/// The rights of these roles; all rights where none is named.
fn access(catalog: &Arc<Catalog>, roles: &[String]) -> Result<Access, Failure> {
    if roles.is_empty() {
        return Ok(Access::Everything);
    }
    let known = |role: &String| {
        let name = Name::new(role).ok().filter(|name| &**name == ADMIN || catalog.roles.contains_key(name));
        name.ok_or_else(|| {
            let names: Vec<&str> = catalog.roles.keys().map(|name| &**name).chain([ADMIN]).collect();
            Failure::Usage(format!("there is no role `{role}`; there are {}", names.join(", ")))
        })
    };
    let names = roles.iter().map(known).collect::<Result<Vec<_>, _>>()?;
    Ok(Access::of(catalog, &names, &Shares::default()))
}
