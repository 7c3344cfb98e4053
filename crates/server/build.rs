//! Rebuilds the crate when GraphiQL was bundled anew.

fn main() {
    println!("cargo::rerun-if-changed=../../web/graphiql/dist");
}
