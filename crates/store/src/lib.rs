//! The platform's only way to its databases: control directory, tenants, statements, transactions.
//!
//! The only user of sqlx. Every statement of a tenant goes through a [`Tenant`], which fills the schema holes; no public function takes
//! or gives a pool or a connection. Knows nothing of objects, fields or permissions; prints no SQL of tenants (crate `sql` does).

mod access;
mod changes;
mod classify;
mod convert;
mod error;
mod json;
mod key;
mod name;
mod notification;
mod options;
mod postgres;
mod queue;
mod row;
mod session;
mod sqlite;
mod statement;
mod store;
mod tenant;
mod text;
mod transaction;
mod version;

pub use access::{Credential, Grantee, Identity, Invitation, InvitationKind, ShareRow};
pub use changes::Changes;
pub use error::{Cause, StoreError};
pub use key::KeyRow;
pub use name::{BadTenantName, TenantName};
pub use notification::{NotificationFilter, NotificationRow};
pub use options::Options;
pub use queue::{Awaited, Due, JobFilter, JobRow, JobState, NewJob, Note, Part, RunFilter, RunRow, Settled};
pub use row::Row;
pub use session::SessionRow;
pub use store::Store;
pub use tenant::{RowStream, Tenant};
pub use transaction::Transaction;
