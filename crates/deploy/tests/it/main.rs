//! Plan, apply and what follows, on both databases.

mod apply;
mod bed;
mod crash;
mod effects;
mod live;
mod local;
mod return_ways;
