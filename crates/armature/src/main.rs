//! armature
fn main() {}
