//! End to end: the real binary, a real database, HTTP. Every scenario runs on SQLite and on PostgreSQL.

mod instance;

mod browser;
mod commands;
mod crash;
mod golden;
mod live;
mod maven;
