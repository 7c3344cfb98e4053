//! From a [`Request`](request) to SQL: what is asked, whether it may be, and how it is asked of the database.
//!
//! Pure: no IO, clock, randomness, tokio. Every door lowers to a request; `permit` makes it [`access::Permitted`], whose constructor is
//! private to `access`; `lower` takes nothing else. Permissions are here and nowhere else. A request holds no tenant, no
//! principal and no SQL.

pub mod access;
pub mod request;
