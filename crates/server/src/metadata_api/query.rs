//! What can be asked about metadata.

use std::sync::Arc;

use async_graphql::{Context, InputObject, Json, Object, Result, SimpleObject};
use deploy::{Mapping, PlanOptions};
use metadata::SourceFile;
use metadata::catalog::Right;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::Scene;
use super::problem::{diagnosed, internal, refused, wrong};
use super::read::Catalog;
use super::result::Deployment;

/// A file of a package, or of a folder of packages.
#[derive(InputObject)]
pub(crate) struct DocumentInput {
    /// Path relative to the folder: `objects/lead.json`, `core/objects/lead.json`.
    path: String,
    /// The file's text; this or `json`.
    text: Option<String>,
    /// The file's content; this or `text`.
    json: Option<Json<Value>>,
}

/// A file of a package.
#[derive(SimpleObject)]
struct Document {
    /// Path relative to the folder.
    path: String,
    /// Its text.
    text: String,
}

/// One published version.
#[derive(SimpleObject)]
#[expect(clippy::struct_field_names, reason = "the API's words")]
struct Version {
    /// Its number, from 1.
    version: i64,
    /// When.
    at: String,
    /// Who.
    actor: String,
    /// What changed from the version before it.
    changes: Vec<VersionChange>,
}

/// One change of a version.
#[derive(SimpleObject)]
struct VersionChange {
    /// `add`, `remove`, `rename`, `change` …
    kind: String,
    /// `lead.phone`
    path: String,
}

pub(crate) fn files(documents: Vec<DocumentInput>) -> Result<Vec<SourceFile>> {
    documents
        .into_iter()
        .map(|document| match (document.text, document.json) {
            (Some(text), None) => Ok(SourceFile { path: document.path, text }),
            (None, Some(Json(json))) => {
                let text = serde_json::to_string_pretty(&json).map_err(|error| internal(&error))?;
                Ok(SourceFile { path: document.path, text })
            }
            _ => Err(wrong(format!("{}: give either text or json", document.path))),
        })
        .collect()
}

pub(crate) fn mapping(json: Option<Json<Value>>) -> Result<Mapping> {
    match json {
        None => Ok(Mapping::default()),
        Some(Json(json)) => serde_json::from_value(json).map_err(|error| {
            wrong(format!(
                "mapping: {error}; expected {{\"lead.source\": {{\"fax\": \"phone\", \"pigeon\": null}}}}"
            ))
        }),
    }
}

/// What can be asked about metadata.
#[derive(Default)]
pub(crate) struct MetadataQuery;

#[Object]
impl MetadataQuery {
    /// The published catalog; without the right `read` or `apply` as far as one sees it.
    #[expect(clippy::unused_async, reason = "resolvers are async")]
    #[graphql(complexity = "20 + child_complexity")]
    async fn catalog(&self, context: &Context<'_>) -> Result<Catalog> {
        let scene = context.data::<Scene>()?;
        if scene.must_any(&[Right::Read, Right::Apply]).is_ok() {
            return Ok(Catalog(scene.catalog.clone()));
        }
        let mut seen = metadata::Catalog::clone(scene.caller.visible());
        // A package of which nothing is seen is not there.
        let objects = &seen.objects;
        seen.packages.retain(|name, _| objects.values().any(|object| object.package == *name));
        // Its own form has a mark for each thing that is hidden.
        seen.hash = hex::encode(Sha256::digest(&seen.hash));
        Ok(Catalog(Arc::new(seen)))
    }

    /// The schema of /graphql as text, as one sees it.
    #[graphql(complexity = 500)]
    async fn schema(&self, context: &Context<'_>) -> Result<String> {
        let scene = context.data::<Scene>()?;
        let served = scene.app.surfaces.get(scene.caller.visible()).await;
        let served = served.map_err(|error| internal(&error))?;
        Ok(served.surface.sdl())
    }

    /// All packages of the tenant as files.
    #[graphql(complexity = "500 + child_complexity")]
    async fn pull(&self, context: &Context<'_>) -> Result<Vec<Document>> {
        let scene = context.data::<Scene>()?;
        scene.must_any(&[Right::Read, Right::Apply])?;
        let files = deploy::pull(&scene.principal.tenant).await.map_err(|error| refused(&error))?;
        Ok(files.into_iter().map(|file| Document { path: file.path, text: file.text }).collect())
    }

    /// All versions, the newest first.
    async fn history(&self, context: &Context<'_>) -> Result<Vec<Version>> {
        let scene = context.data::<Scene>()?;
        scene.must_any(&[Right::Apply])?;
        let versions = deploy::history(&scene.principal.tenant).await.map_err(|error| refused(&error))?;
        let version = |entry: deploy::HistoryEntry| Version {
            version: entry.version,
            at: entry.at,
            actor: entry.actor,
            changes: entry
                .changes
                .into_iter()
                .map(|change| VersionChange { kind: change.kind, path: change.path })
                .collect(),
        };
        Ok(versions.into_iter().map(version).collect())
    }

    /// What applying these documents would do. Packages that are not among them stay as they are. Its effects on records are told to those who may
    /// apply: they would tell others of records that they do not see.
    #[graphql(complexity = "500 + child_complexity")]
    async fn plan(
        &self,
        context: &Context<'_>,
        documents: Vec<DocumentInput>,
        #[graphql(desc = "What becomes of values without room: {\"lead.source\": {\"fax\": \"phone\"}}")]
        mapping: Option<Json<Value>>,
        #[graphql(
            desc = "How far back the log of moves is held against changed transitions: `30d`; 90 days when absent"
        )]
        replay: Option<String>,
    ) -> Result<Deployment> {
        let scene = context.data::<Scene>()?;
        scene.must_any(&[Right::Read, Right::Apply])?;
        let mut options = PlanOptions { mapping: self::mapping(mapping)?, ..PlanOptions::default() };
        if let Some(period) = replay {
            options.replay =
                period.parse().map_err(|error: expr::BadDuration| wrong(format!("replay: {error}")))?;
        }
        match deploy::plan(&scene.principal.tenant, &files(documents)?, options).await {
            Ok(mut plan) => {
                if !scene.caller.access.may(Right::Apply) {
                    plan.effects.clear();
                }
                Ok(Deployment::from(plan))
            }
            Err(error) => diagnosed(error).map(Deployment::faulty),
        }
    }
}
