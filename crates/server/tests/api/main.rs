//! The server from outside, in one process: requests against its routes, on both databases.

mod audit;
mod isolation;
mod limits;
mod live;
mod metadata;
mod past;
mod protocol;
mod records;
mod stage;
