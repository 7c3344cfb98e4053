//! From a [`Request`](request) to SQL: what is asked, whether it may be, and how it is asked of the database.
//!
//! Pure: no IO, clock, randomness, tokio. Every door lowers to a request; `permit` makes it [`access::Permitted`], whose constructor is
//! private to `access`; `lower` takes nothing else. Permissions are here and nowhere else. A request holds no tenant, no
//! principal and no SQL.
//!
//! The walk of a read: [`access::permit`], [`cost::check`], [`lower::lower`] (or [`cache::LoweredCache`]), [`slots::Slots::bind`],
//! the statement run by `store`, [`response::write`].

pub mod access;
pub mod cache;
pub mod cost;
pub mod cursor;
pub mod holes;
pub mod lower;
pub mod request;
pub mod response;
pub mod slots;
