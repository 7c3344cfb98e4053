//! The server from outside, in one process: requests against its routes, on both databases.

#![expect(clippy::panic, reason = "tests fail loudly")]

mod abuse;
mod administration;
mod audit;
mod deeds;
mod isolation;
mod jobs;
mod lifecycle;
mod limits;
mod live;
mod login;
mod metadata;
mod oidc;
mod paging;
mod past;
mod protocol;
mod records;
mod stage;
