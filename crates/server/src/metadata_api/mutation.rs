//! What can be done to metadata. The catalog of this process is loaded anew before the answer goes out.

use std::future::Future;

use async_graphql::{Context, Json, Object, Result, SimpleObject};
use deploy::{Applied, ApplyOptions, DeployError};
use engine::audit::{Act, Entry};
use metadata::catalog::Right;
use serde_json::Value;

use super::Scene;
use super::problem::{administered, diagnosed, refused};
use super::query::{DocumentInput, files, mapping};
use super::result::Deployment;
use crate::admin::AdminError;

/// What can be done to metadata.
#[derive(Default)]
pub(crate) struct MetadataMutation;

/// What went away for good.
#[derive(SimpleObject)]
struct Purged {
    /// Tables dropped.
    tables: Vec<String>,
    /// Columns dropped, as `table.column`.
    columns: Vec<String>,
    /// The version published.
    version: i64,
}

impl Scene {
    fn options(&self) -> ApplyOptions {
        ApplyOptions::new(self.caller.actor.label.clone(), self.app.clock.now())
    }

    /// Applies something that needs the right for it, and answers what came of it.
    async fn applied(
        &self,
        act: Act,
        applied: impl Future<Output = Result<Applied, DeployError>> + Send,
    ) -> Result<Deployment> {
        match self.admin().deploy(act, |applied: &Applied| applied.version, applied).await {
            Ok(applied) => {
                self.reload().await?;
                Ok(Deployment::from(applied))
            }
            Err(AdminError::Deploy(error)) => diagnosed(error).map(Deployment::faulty),
            Err(error) => Err(administered(&error)),
        }
    }

    /// So that the next request answers what was published.
    async fn reload(&self) -> Result<()> {
        let catalog =
            self.app.catalogs.reload(&self.principal.tenant).await.map_err(|error| refused(&error))?;
        // Built here, so that the next request need not wait for it; should it fail, that request says so.
        if let Err(error) = self.app.surfaces.get(&catalog).await {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "the schema of a new catalog cannot be built"
            );
        }
        Ok(())
    }
}

#[Object]
impl MetadataMutation {
    /// Makes the tenant's metadata what the documents say. Packages that are not among them stay as they are.
    async fn apply(
        &self,
        context: &Context<'_>,
        documents: Vec<DocumentInput>,
        #[graphql(desc = "The hash of the plan that was looked at; another one is refused")] plan: Option<
            String,
        >,
        #[graphql(default, desc = "Whether fields and objects may go away")] allow_destructive: bool,
        #[graphql(desc = "What becomes of values without room: {\"lead.source\": {\"fax\": \"phone\"}}")]
        mapping: Option<Json<Value>>,
        #[graphql(default, desc = "Whether it is applied although tests of the packages fail")]
        skip_tests: bool,
    ) -> Result<Deployment> {
        let scene = context.data::<Scene>()?;
        let permitted = scene.admin().must_for(Entry::done(Act::Apply), Right::Apply).await;
        permitted.map_err(|error| administered(&error))?;
        let mapping = self::mapping(mapping)?;
        let options = ApplyOptions { plan, allow_destructive, mapping, skip_tests, ..scene.options() };
        let files = files(documents)?;
        scene.applied(Act::Apply, Box::pin(deploy::apply(&scene.principal.tenant, &files, options))).await
    }

    /// Applies documents as part of the tenant's own package `local`: each replaces the one of its name, the others stay.
    async fn apply_documents(
        &self,
        context: &Context<'_>,
        documents: Vec<Json<Value>>,
        #[graphql(default, desc = "Whether fields may go away")] allow_destructive: bool,
    ) -> Result<Deployment> {
        let scene = context.data::<Scene>()?;
        let options = ApplyOptions { allow_destructive, ..scene.options() };
        let documents = documents.into_iter().map(|Json(document)| document).collect();
        scene
            .applied(
                Act::Apply,
                Box::pin(deploy::apply_documents(&scene.principal.tenant, documents, options)),
            )
            .await
    }

    /// Creates an object from its document.
    async fn create_object(&self, context: &Context<'_>, document: Json<Value>) -> Result<Deployment> {
        let scene = context.data::<Scene>()?;
        scene
            .applied(
                Act::Apply,
                Box::pin(deploy::create_object(&scene.principal.tenant, document.0, scene.options())),
            )
            .await
    }

    /// Adds a field to an object of any package. `schema` is what stands under `properties` in a document.
    async fn add_field(
        &self,
        context: &Context<'_>,
        object: String,
        name: String,
        schema: Json<Value>,
    ) -> Result<Deployment> {
        let scene = context.data::<Scene>()?;
        let tenant = &scene.principal.tenant;
        scene
            .applied(
                Act::Apply,
                Box::pin(deploy::add_field(tenant, &object, &name, schema.0, scene.options())),
            )
            .await
    }

    /// Brings an earlier version back, as a new one.
    async fn revert(
        &self,
        context: &Context<'_>,
        version: i64,
        #[graphql(default, desc = "Whether fields and objects may go away")] allow_destructive: bool,
        #[graphql(desc = "What becomes of values without room, as in `apply`")] mapping: Option<Json<Value>>,
    ) -> Result<Deployment> {
        let scene = context.data::<Scene>()?;
        let mapping = self::mapping(mapping)?;
        let options = ApplyOptions { allow_destructive, mapping, ..scene.options() };
        scene.applied(Act::Revert, Box::pin(deploy::revert(&scene.principal.tenant, version, options))).await
    }

    /// Deletes for good what changes have taken out of use.
    async fn purge(&self, context: &Context<'_>) -> Result<Purged> {
        let scene = context.data::<Scene>()?;
        let work = Box::pin(deploy::purge(&scene.principal.tenant, scene.options()));
        let purged = scene.admin().deploy(Act::Purge, |purged: &deploy::Purged| purged.version, work).await;
        let purged = purged.map_err(|error| match error {
            AdminError::Deploy(error) => refused(&error),
            other => administered(&other),
        })?;
        scene.reload().await?;
        Ok(Purged { tables: purged.tables, columns: purged.columns, version: purged.version })
    }
}
