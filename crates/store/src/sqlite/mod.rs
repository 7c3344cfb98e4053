//! SQLite: a folder with a control file and one file for each tenant.

pub(crate) mod bind;
mod control;
mod lane;
mod queue;
pub(crate) mod row;
mod session;

pub(crate) use lane::{Connection, Lane, Purpose};

use std::path::{Path, PathBuf};
use std::sync::Arc;

use moka::sync::Cache;

use crate::{Cause, Options, StoreError, TenantName};

/// A folder of SQLite files.
pub(crate) struct Sqlite {
    folder: PathBuf,
    options: Options,
    control: Arc<File>,
    tenants: Cache<TenantName, Arc<File>>,
}

/// The two lanes of one file.
pub(crate) struct File {
    pub(crate) readers: Arc<Lane>,
    pub(crate) writer: Arc<Lane>,
    many: u32,
}

impl File {
    fn new(path: &Path, options: &Options) -> Arc<Self> {
        Arc::new(Self {
            readers: Lane::new(path, Purpose::Read, options),
            writer: Lane::new(path, Purpose::Write, options),
            many: options.readers.max(1),
        })
    }

    async fn close(&self) {
        self.readers.close(self.many).await;
        self.writer.close(1).await;
    }
}

impl Sqlite {
    /// Opens the folder, which is made when it is not there, and makes the control tables that are missing.
    pub(crate) async fn open(folder: &str, options: &Options) -> Result<Self, StoreError> {
        if folder.is_empty() {
            return Err(StoreError::BadUrl("it names no folder".to_owned()));
        }
        let folder = PathBuf::from(folder);
        tokio::fs::create_dir_all(folder.join("tenants")).await.map_err(unavailable)?;
        let control_path = folder.join("control.db");
        control::migrate_control(&control_path, options).await?;
        Ok(Self {
            control: File::new(&control_path, options),
            tenants: Cache::new(options.open_tenants as u64),
            folder,
            options: options.clone(),
        })
    }

    fn path(&self, name: &TenantName) -> PathBuf {
        self.folder.join("tenants").join(name.file())
    }

    /// The lanes of a tenant's file, opened when first used. Files that were not used for long are closed with their last user.
    pub(crate) fn file(&self, name: &TenantName) -> Arc<File> {
        self.tenants.get_with_by_ref(name, || File::new(&self.path(name), &self.options))
    }

    pub(crate) async fn close(&self) {
        for (_, file) in &self.tenants {
            file.close().await;
        }
        self.control.close().await;
    }
}

/// A failure of the file system.
pub(crate) fn unavailable(error: std::io::Error) -> StoreError {
    if error.kind() == std::io::ErrorKind::StorageFull {
        StoreError::Full
    } else {
        StoreError::Unavailable(Cause::new(error))
    }
}
