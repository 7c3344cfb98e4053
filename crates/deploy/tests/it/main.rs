//! Plan, apply and what follows, on both databases.

mod apply;
mod bed;
mod catalogs;
mod crash;
mod effects;
mod kinds;
mod live;
mod local;
mod return_ways;
