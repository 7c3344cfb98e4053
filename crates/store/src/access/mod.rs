//! Who may come into a tenant and what they may do: roles, passwords, invitations, identities, shares. Rows and their statements only;
//! what they mean is decided above. Every change is told to all processes, as changes of catalogs and keys are.

mod people;
mod share;

pub use people::{Credential, Identity, Invitation, InvitationKind};
pub use share::{Grantee, ShareRow};
