//! End to end: the real binary, a real database, HTTP. Every scenario runs on SQLite and on PostgreSQL.

#![expect(clippy::panic, clippy::print_stderr, reason = "tests fail and skip loudly")]

mod instance;

mod browser;
mod commands;
mod crash;
mod golden;
mod live;
mod maven;
mod people;
mod statements;
