//! Jobs, schedules, dates and times, on both databases.

mod automations;
mod crash;
mod support;
mod timed;
mod workers;
