//! `test-cluster COMMAND…`: starts a temporary PostgreSQL cluster, runs the command with its address, stops the cluster.

fn main() {}
