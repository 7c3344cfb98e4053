//! The tests of `query` over a catalog written out by hand.

mod differential;
mod golden;
mod limits;
mod paging;
mod rights;
mod shipped;
mod stages;
mod world;
mod writing;
