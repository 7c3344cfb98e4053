//! Scripts as their authors write them, and as their enemies do.

mod check;
mod hostile;
mod language;
mod support;
