//! `test-cluster COMMAND…`: starts a temporary PostgreSQL cluster, runs the command with its address in `ARMATURE_TEST_POSTGRES`, stops
//! the cluster and ends as the command ended.

use std::process::{Command, ExitCode};

use testing::cluster::{Cluster, VARIABLE};

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let Some(program) = arguments.next() else {
        return fail("usage: test-cluster COMMAND…");
    };
    let cluster = match Cluster::start() {
        Ok(cluster) => cluster,
        Err(error) => return fail(&error.to_string()),
    };
    let status = Command::new(program).args(arguments).env(VARIABLE, cluster.url()).status();
    drop(cluster);
    match status {
        Ok(status) => ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1)),
        Err(error) => fail(&format!("the command cannot be started: {error}")),
    }
}

#[expect(clippy::print_stderr, reason = "a program of the command line")]
fn fail(message: &str) -> ExitCode {
    eprintln!("{message}");
    ExitCode::FAILURE
}
