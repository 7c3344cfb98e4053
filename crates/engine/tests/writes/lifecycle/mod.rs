//! Lifecycles: what is allowed and what is refused, what the log tells, and what happens at once.

mod auto;
mod demands;
mod moves;
mod past;
mod preview;
mod races;
mod stage;
