//! The whole measurement: set up, compare, time in paired rounds, report.

mod client;
mod compare;
mod fairness;
mod guard;
mod jobs;
mod lifecycle;
mod load;
mod numbers;
mod operation;
mod report;
mod roles;
mod servers;
mod world;

use std::io::Write;

use crate::{Failure, Run, database, seed};

pub use fairness::run as run_fairness;
pub use jobs::run as run_jobs;
pub use lifecycle::run as run_lifecycle;
use load::Figures;
use operation::{OPERATIONS, Side};
pub use roles::run as run_roles;
use servers::Servers;
use world::World;

/// The database that is made, and dropped when all went well.
const DATABASE: &str = "armature_bench";

/// Figures of one operation: floor and armature of each round.
pub struct Measured {
    /// What was asked.
    pub operation: &'static operation::Operation,
    /// Round by round.
    pub rounds: Vec<(Figures, Figures)>,
}

/// Does everything.
pub async fn run(run: Run) -> Result<(), Failure> {
    let cluster =
        run.cluster.clone().ok_or("name a PostgreSQL cluster with --cluster or ARMATURE_TEST_POSTGRES")?;
    let url = database::sibling(&cluster, DATABASE)?;
    database::create(&cluster, DATABASE).await?;
    let key = servers::set_up(&run, &url).await?;
    say("filling the tables");
    seed::fill(&url, run.percent, seed::LEADS).await?;
    let servers = Servers::start(&run, &url).await?;
    let world = World::explore(&servers, key, run.percent).await?;
    let chosen: Vec<_> = OPERATIONS
        .iter()
        .filter(|operation| run.only.as_deref().is_none_or(|part| operation.name.contains(part)))
        .collect();
    for operation in &chosen {
        compare::compare(operation, &servers, &world).await?;
    }
    compare::same_rows_written(&url).await?;
    say("the answers agree");
    let mut measured = Vec::new();
    for operation in chosen {
        let rounds = rounds(operation, &run, &servers, &world).await?;
        let one = Measured { operation, rounds };
        say(&report::line(&one));
        measured.push(one);
    }
    let page = report::page(&measured, &run, &servers, &url).await?;
    report::write_part(&run.results, &page)?;
    writeln!(std::io::stdout(), "{page}")?;
    drop(servers);
    database::drop_database(&cluster, DATABASE).await
}

/// Paired rounds: who goes first alternates.
async fn rounds(
    operation: &'static operation::Operation,
    run: &Run,
    servers: &Servers,
    world: &World,
) -> Result<Vec<(Figures, Figures)>, Failure> {
    let drive = async |side: Side, seconds: f64, seed: u64| {
        // Reads ask both servers the same; a write that repeats the other server's values would change nothing.
        let apart = if operation.writes && side == Side::Armature { 1_000_000 } else { 0 };
        let drive = load::Drive { seconds, connections: run.connections, seed: seed + apart };
        let ask = |numbers: &mut numbers::Numbers| operation.request(side, numbers, world);
        load::drive(&drive, operation.name, servers.target(side), &ask).await
    };
    for side in [Side::Floor, Side::Armature] {
        drive(side, run.seconds.min(1.0), 1).await?;
    }
    let mut out = Vec::with_capacity(run.rounds);
    for round in 0..run.rounds {
        let seed = 100 + round as u64;
        let pair = if round % 2 == 0 {
            let floor = drive(Side::Floor, run.seconds, seed).await?;
            (floor, drive(Side::Armature, run.seconds, seed).await?)
        } else {
            let armature = drive(Side::Armature, run.seconds, seed).await?;
            (drive(Side::Floor, run.seconds, seed).await?, armature)
        };
        out.push(pair);
    }
    Ok(out)
}

/// Tells people how far it is.
#[expect(clippy::print_stderr, reason = "progress of a long command goes to stderr")]
fn say(text: &str) {
    eprintln!("bench: {text}");
}
