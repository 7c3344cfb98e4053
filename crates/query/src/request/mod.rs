//! What is asked: the one form to which every door lowers. Shapes hold numbered slots instead of values, so that equal shapes share one
//! statement; writes hold their values, because the engine judges them.

mod data;
mod read;
mod stages;
mod write;

pub use data::DataProblem;
pub use read::*;
pub use sql::Bucket;
pub use stages::*;
pub use write::*;
