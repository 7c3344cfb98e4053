//! Armature beside a floor: a hand-written server with one best statement per operation, on the same tables of the same PostgreSQL.
//!
//! `bench` alone does everything: it makes a database, applies `metadata/core`, fills it, starts both servers, compares their answers
//! operation by operation, then times them in paired rounds that rotate, and writes `bench/RESULTS.md`. `bench floor` is the floor itself.

mod database;
mod drive;
mod floor;
mod processes;
mod seed;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

/// Whatever stops a measurement; it is shown and ends the program.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

#[derive(Parser)]
#[command(about = "Measures armature beside a hand-written floor on the same PostgreSQL data")]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    run: Run,
}

#[derive(Subcommand)]
enum Command {
    /// Serves the floor's operations
    Floor(Floor),
    /// Measures what a role costs: the same reads with all rights and with a role, on a million leads
    Roles(Run),
    /// Measures what one tenant at full tilt leaves to another
    Fairness(Run),
    /// Measures jobs per second beside a loop written by hand
    Jobs(Run),
    /// Measures what a lifecycle costs: making and moving records, a score and the velocity of a million of them
    Lifecycle(Run),
    /// Fills the tables of tenant `bench` in a database where `metadata/core` has been applied
    Seed(Seed),
}

#[derive(Args)]
struct Floor {
    /// The database that holds the tenant `bench`
    #[arg(long)]
    database: String,
    /// Port on the loopback address
    #[arg(long)]
    port: u16,
}

#[derive(Args)]
struct Seed {
    /// The database that holds the tenant `bench`
    #[arg(long)]
    database: String,
    /// Share of the full size, in percent
    #[arg(long, default_value_t = 100)]
    percent: u32,
}

/// What a whole run needs to know.
#[derive(Args, Clone)]
pub struct Run {
    /// A PostgreSQL cluster: a database of its own is made in it, and dropped afterwards
    #[arg(long, env = "ARMATURE_TEST_POSTGRES")]
    cluster: Option<String>,
    /// The program to be measured
    #[arg(long, default_value = "target/release/armature")]
    armature: PathBuf,
    /// The package to be applied
    #[arg(long, default_value = "metadata/core")]
    package: PathBuf,
    /// Where the results are written
    #[arg(long, default_value = "bench/RESULTS.md")]
    results: PathBuf,
    /// Seconds that each server is driven in each round
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// Paired rounds for each operation
    #[arg(long, default_value_t = 6)]
    rounds: usize,
    /// Connections that ask at the same time
    #[arg(long, default_value_t = 16)]
    connections: usize,
    /// Share of the full data set, in percent; the published figures are taken at 100
    #[arg(long, default_value_t = 100)]
    percent: u32,
    /// Only operations whose name contains this
    #[arg(long)]
    only: Option<String>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(failure) => return say(&failure.into()),
    };
    let outcome = runtime.block_on(async {
        match arguments.command {
            Some(Command::Floor(floor)) => floor::serve(&floor.database, floor.port).await,
            Some(Command::Seed(seed)) => seed::fill(&seed.database, seed.percent, seed::LEADS).await,
            Some(Command::Roles(run)) => drive::run_roles(run).await,
            Some(Command::Fairness(run)) => drive::run_fairness(run).await,
            Some(Command::Jobs(run)) => drive::run_jobs(run).await,
            Some(Command::Lifecycle(run)) => drive::run_lifecycle(run).await,
            None => drive::run(arguments.run).await,
        }
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => say(&failure),
    }
}

#[expect(clippy::print_stderr, reason = "a command says on stderr what stopped it")]
fn say(failure: &Failure) -> ExitCode {
    eprintln!("bench: {failure}");
    ExitCode::FAILURE
}
