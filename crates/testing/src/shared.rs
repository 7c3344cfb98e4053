//! The one cluster of a test run. `ARMATURE_TEST_POSTGRES` names it when somebody started it (`make test` does); otherwise the first test starts one,
//! which the others find, and a watchdog ends it when no test has asked for ten minutes.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use crate::cluster::{Cluster, ClusterError, VARIABLE};

/// Waits until nobody asks any more, then ends the server and removes its folder.
const WATCHDOG: &str = r#"while [ -n "$(find "$1/asked" -mmin -10 2>/dev/null)" ]; do sleep 5; done
rm -f "$1/cluster"; kill -QUIT "$2"; sleep 3; rm -rf "$3""#;

/// The address of the run's cluster.
#[expect(clippy::disallowed_methods, reason = "tests have no settings but this one")]
pub fn postgres_url() -> Result<String, ClusterError> {
    static URL: OnceLock<String> = OnceLock::new();
    if let Some(url) = URL.get() {
        return Ok(url.clone());
    }
    let url = match std::env::var(VARIABLE) {
        Ok(url) if !url.is_empty() => url,
        _ => find_or_start()?,
    };
    Ok(URL.get_or_init(|| url).clone())
}

fn folder() -> io::Result<PathBuf> {
    let user = std::os::unix::fs::MetadataExt::uid(&fs::metadata("/proc/self")?);
    // One for each checkout: runs of different checkouts do not meet.
    let checkout: u64 = env!("CARGO_MANIFEST_DIR")
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let folder = std::env::temp_dir().join(format!("armature-tests-{user}-{checkout:x}"));
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

fn lock(folder: &Path) -> io::Result<File> {
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(folder.join("lock"))?;
    file.lock()?;
    Ok(file)
}

/// The address of a cluster that runs: the file holds its process and address.
fn known(folder: &Path) -> Option<String> {
    let told = fs::read_to_string(folder.join("cluster")).ok()?;
    let (process, url) = told.trim().split_once(' ')?;
    // A process number may be used again: its command line tells the port.
    let command = fs::read(format!("/proc/{process}/cmdline")).ok()?;
    let port = url.rsplit(':').next()?.split('/').next()?;
    let ours = String::from_utf8_lossy(&command).contains(&format!("port={port}"));
    ours.then(|| url.to_owned())
}

fn find_or_start() -> Result<String, ClusterError> {
    let folder = folder()?;
    let guard = lock(&folder)?;
    fs::write(folder.join("asked"), b"")?;
    if let Some(url) = known(&folder) {
        return Ok(url);
    }
    let cluster = Cluster::start()?;
    let url = cluster.url().to_owned();
    let (process, data) = cluster.leave();
    fs::write(folder.join("cluster"), format!("{process} {url}"))?;
    Command::new("sh")
        .args(["-c", WATCHDOG, "watchdog"])
        .arg(&folder)
        .arg(process.to_string())
        .arg(data)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()?;
    drop(guard);
    Ok(url)
}
