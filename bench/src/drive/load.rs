//! The closed loop: so many connections, each with one request under way, for so many seconds.

use std::time::{Duration, Instant};

use futures::TryStreamExt;
use futures::stream::FuturesUnordered;
use hdrhistogram::Histogram;

use crate::{Failure, processes};

use super::client::{Connection, Reply};
use super::numbers::Numbers;

/// Whom to drive, and whose processor time counts.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Where the server listens.
    pub port: u16,
    /// Its process.
    pub pid: u32,
    /// PostgreSQL's first process.
    pub postmaster: u32,
}

/// Makes the next request.
pub type Ask<'a> = &'a (dyn Fn(&mut Numbers) -> Vec<u8> + Sync);

/// How hard, how long.
pub struct Drive {
    /// Seconds.
    pub seconds: f64,
    /// Connections.
    pub connections: usize,
    /// The same seed asks the same.
    pub seed: u64,
}

/// What one server did in one round.
#[derive(Clone, Debug)]
pub struct Figures {
    /// Requests per second.
    pub rate: f64,
    /// Median, microseconds.
    pub p50: f64,
    /// 99th percentile, microseconds.
    pub p99: f64,
    /// Microseconds of processor time of the server for each request.
    pub server: f64,
    /// The same, of PostgreSQL.
    pub postgres: f64,
}

/// Drives one server.
pub async fn drive(drive: &Drive, name: &str, target: Target, ask: Ask<'_>) -> Result<Figures, Failure> {
    let before = (processes::seconds(target.pid)?, processes::family_seconds(target.postmaster)?);
    let start = Instant::now();
    let end = start + Duration::from_secs_f64(drive.seconds);
    let loops = (0..drive.connections).map(|number| {
        let seed = drive.seed * 1000 + number as u64;
        ask_until(end, name, target.port, (Numbers::new(seed), ask))
    });
    // All loops on this task: they wait on sockets, and the driver must leave the processors to what is measured.
    let mut loops: FuturesUnordered<_> = loops.collect();
    let mut all = Histogram::<u64>::new(3)?;
    while let Some(one) = loops.try_next().await? {
        all.add(one)?;
    }
    let elapsed = start.elapsed().as_secs_f64();
    let after = (processes::seconds(target.pid)?, processes::family_seconds(target.postmaster)?);
    #[expect(clippy::cast_precision_loss, reason = "counts and microseconds of a few seconds")]
    let (requests, quantile) = (all.len() as f64, |part: f64| all.value_at_quantile(part) as f64);
    Ok(Figures {
        rate: requests / elapsed,
        p50: quantile(0.5),
        p99: quantile(0.99),
        server: (after.0 - before.0) * 1e6 / requests,
        postgres: (after.1 - before.1) * 1e6 / requests,
    })
}

async fn ask_until(
    end: Instant,
    name: &str,
    port: u16,
    (mut numbers, ask): (Numbers, Ask<'_>),
) -> Result<Histogram<u64>, Failure> {
    let mut connection = Connection::open(port).await?;
    let mut times = Histogram::<u64>::new(3)?;
    while Instant::now() < end {
        let request = ask(&mut numbers);
        let asked = Instant::now();
        let reply = connection.ask(&request).await?;
        times.record(u64::try_from(asked.elapsed().as_micros())?)?;
        check(&reply, name)?;
    }
    Ok(times)
}

/// A fast refusal is no answer. Errors within long answers are left to the comparison.
fn check(reply: &Reply, name: &str) -> Result<(), Failure> {
    let short = reply.body.len() < 1024;
    let refused = short && reply.body.windows(11).any(|window| window == b"\"errors\":[{");
    if reply.status == 200 && reply.body.starts_with(b"{\"data\":") && !refused {
        return Ok(());
    }
    let text: String = String::from_utf8_lossy(&reply.body).chars().take(500).collect();
    Err(format!("`{name}` got {}: {text}", reply.status).into())
}
