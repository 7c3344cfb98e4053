//! The results as a table for people.

use std::fmt::Write;
use std::path::Path;

use crate::{Failure, Run, database, processes};

use super::Measured;
use super::load::Figures;
use super::operation::Side;
use super::servers::Servers;

/// One line for the terminal.
pub fn line(measured: &Measured) -> String {
    let (floor, armature) = medians(measured);
    format!(
        "{:32} floor {:9.0}/s   armature {:9.0}/s   ratio {:.2}",
        measured.operation.name,
        floor.rate,
        armature.rate,
        ratio(measured)
    )
}

/// The page that is kept.
pub async fn page(all: &[Measured], run: &Run, servers: &Servers, url: &str) -> Result<String, Failure> {
    let pool = database::pool(url, 1).await?;
    let version: String = sqlx::query_scalar("SHOW server_version").fetch_one(&pool).await?;
    let settings: String = sqlx::query_scalar(
        "SELECT string_agg(name || ' = ' || current_setting(name), ', ' ORDER BY name) FROM pg_settings \
         WHERE name IN ('fsync', 'synchronous_commit', 'full_page_writes', 'shared_buffers', 'autovacuum', 'jit')",
    )
    .fetch_one(&pool)
    .await?;
    pool.close().await;
    let mut out = String::from("# Armature beside the floor\n\n");
    writeln!(
        out,
        "Written by `make bench`. The floor is a hand-written axum and sqlx server with one best statement per operation, without validation, \
         permissions or a schema (`bench/src/floor`); both servers ask the same tables of the same PostgreSQL ({version}). {} processors, \
         shared by both, PostgreSQL and the driver; {} connections; {} paired rounds of {} s that take turns in who goes first; medians of the \
         rounds. Answers were compared before anything was timed. Processor time is microseconds for each request, from /proc.\n",
        std::thread::available_parallelism()?,
        run.connections,
        run.rounds,
        run.seconds
    )?;
    writeln!(out, "Settings of PostgreSQL: {settings}.\n")?;
    if run.percent != 100 {
        writeln!(out, "**On {} % of the data set only.**\n", run.percent)?;
    }
    out.push_str(COLUMNS);
    for measured in all {
        rows(&mut out, measured)?;
    }
    writeln!(
        out,
        "\nMemory at the end: floor {:.0} MB, armature {:.0} MB.",
        processes::resident_megabytes(servers.pid(Side::Floor))?,
        processes::resident_megabytes(servers.pid(Side::Armature))?
    )?;
    Ok(out)
}

/// The head of a table of operations.
pub const COLUMNS: &str = "| operation | | requests/s | p50 ms | p99 ms | server µs | PostgreSQL µs | ratio | aim |\n|---|---|--:|--:|--:|--:|--:|--:|--:|\n";

/// The two rows of an operation.
pub fn rows(out: &mut String, measured: &Measured) -> std::fmt::Result {
    let (floor, armature) = medians(measured);
    row(out, measured.operation.name, "floor", &floor, None)?;
    row(out, "", "armature", &armature, Some((ratio(measured), measured.operation.target)))
}

fn row(
    out: &mut String,
    name: &str,
    side: &str,
    figures: &Figures,
    ratio: Option<(f64, f64)>,
) -> std::fmt::Result {
    let (ratio, aim) = ratio.map_or((String::new(), String::new()), |(ratio, aim)| {
        (format!("**{ratio:.2}**"), if aim > 0.0 { format!("≥ {aim}") } else { String::new() })
    });
    writeln!(
        out,
        "| {name} | {side} | {:.0} | {:.2} | {:.2} | {:.0} | {:.0} | {ratio} | {aim} |",
        figures.rate,
        figures.p50 / 1000.0,
        figures.p99 / 1000.0,
        figures.server,
        figures.postgres
    )
}

/// Round by round, then the median: what disturbs one round disturbs both of its halves.
fn ratio(measured: &Measured) -> f64 {
    median(measured.rounds.iter().map(|(floor, armature)| armature.rate / floor.rate))
}

fn medians(measured: &Measured) -> (Figures, Figures) {
    let side = |of: fn(&(Figures, Figures)) -> &Figures| {
        let figure = |part: fn(&Figures) -> f64| median(measured.rounds.iter().map(|round| part(of(round))));
        Figures {
            rate: figure(|figures| figures.rate),
            p50: figure(|figures| figures.p50),
            p99: figure(|figures| figures.p99),
            server: figure(|figures| figures.server),
            postgres: figure(|figures| figures.postgres),
        }
    };
    (side(|round| &round.0), side(|round| &round.1))
}

pub fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match (values.get(middle), values.get(middle.wrapping_sub(1)), values.len() % 2) {
        (Some(value), _, 1) => *value,
        (Some(high), Some(low), _) => f64::midpoint(*high, *low),
        _ => f64::NAN,
    }
}

/// Writes a part of the results, which begins with its heading, in the place of its last one. What others wrote stays.
pub fn write_part(results: &Path, part: &str) -> Result<(), Failure> {
    let before = std::fs::read_to_string(results).unwrap_or_default();
    std::fs::write(results, in_place(&before, part))?;
    Ok(())
}

/// The page with this part anew.
fn in_place(before: &str, part: &str) -> String {
    let title = part.lines().next().unwrap_or_default();
    let (front, rest) = if before.starts_with(title) {
        ("", before.get(title.len()..).unwrap_or_default())
    } else {
        before.split_once(&format!("\n{title}\n")).unwrap_or((before, ""))
    };
    let behind = rest.find("\n## ").map_or("", |at| rest.get(at..).unwrap_or_default());
    format!("{}\n\n{}\n{behind}", front.trim_end(), part.trim_end()).trim_start().to_owned()
}

#[cfg(test)]
mod tests {
    use super::{in_place, median};

    #[test]
    fn the_middle() {
        assert!((median([3.0, 1.0, 2.0].into_iter()) - 2.0).abs() < 1e-9);
        assert!((median([4.0, 1.0, 2.0, 3.0].into_iter()) - 2.5).abs() < 1e-9);
    }

    #[test]
    fn only_the_own_part_is_replaced() {
        let page = "# All\n\nfirst\n\n## One\n\nold\n\n## Behind\n\nkept\n";
        let new = in_place(page, "## One\n\nnew\n");
        assert_eq!(new, "# All\n\nfirst\n\n## One\n\nnew\n\n## Behind\n\nkept\n");
        assert_eq!(in_place(&new, "## One\n\nnew\n"), new);
        assert_eq!(
            in_place(&new, "# All\n\nsecond\n"),
            "# All\n\nsecond\n\n## One\n\nnew\n\n## Behind\n\nkept\n"
        );
    }
}
