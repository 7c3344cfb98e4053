//! Processor time that a server and PostgreSQL have used, from `/proc`.

use std::fs;

use crate::Failure;

/// Ticks of the kernel's clock in a second, as user space sees them: fixed on Linux.
const TICKS: f64 = 100.0;

/// User and system seconds of a process, without its children.
pub fn seconds(pid: u32) -> Result<f64, Failure> {
    let fields = stat(pid)?;
    ticks(&fields, 11)
        .zip(ticks(&fields, 12))
        .map(|(user, system)| (user + system) / TICKS)
        .ok_or_else(|| "unreadable /proc".into())
}

/// User and system seconds of a process, of all its children, and of those that have ended.
pub fn family_seconds(parent: u32) -> Result<f64, Failure> {
    let own = stat(parent)?;
    let ended = ticks(&own, 13).zip(ticks(&own, 14)).map_or(0.0, |(user, system)| (user + system) / TICKS);
    let mut sum = ended + seconds(parent)?;
    for entry in fs::read_dir("/proc")? {
        let Some(pid) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        // A process may end between the listing and the reading: then its time is in its parent's.
        let Ok(fields) = stat(pid) else { continue };
        if fields.get(1).and_then(|field| field.parse().ok()) == Some(parent) {
            sum += seconds(pid).unwrap_or(0.0);
        }
    }
    Ok(sum)
}

/// The parent of a process.
pub fn parent(pid: u32) -> Result<u32, Failure> {
    stat(pid)?.get(1).and_then(|field| field.parse().ok()).ok_or_else(|| "unreadable /proc".into())
}

/// Megabytes of memory that a process holds.
pub fn resident_megabytes(pid: u32) -> Result<f64, Failure> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS in /proc")?;
    let kilobytes: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kilobytes / 1024.0)
}

/// The fields of `/proc/PID/stat` behind the name, which may hold spaces: state is the first.
fn stat(pid: u32) -> Result<Vec<String>, Failure> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let (_, behind) = text.rsplit_once(')').ok_or("unreadable /proc")?;
    Ok(behind.split_whitespace().map(ToOwned::to_owned).collect())
}

fn ticks(fields: &[String], place: usize) -> Option<f64> {
    fields.get(place)?.parse().ok()
}
