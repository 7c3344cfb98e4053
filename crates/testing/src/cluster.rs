//! A temporary PostgreSQL cluster: made in a folder of its own, reachable over loopback only, gone when dropped.

use std::fs::{self, File};
use std::io;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Where the address of a running cluster is told to tests.
pub const VARIABLE: &str = "ARMATURE_TEST_POSTGRES";

/// The cluster cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// No `initdb` and `postgres`.
    #[error(
        "PostgreSQL is not installed: neither PATH nor /usr/lib/postgresql/*/bin holds initdb and postgres (on Debian: apt-get install postgresql). \
         Or name a running server in ARMATURE_TEST_POSTGRES"
    )]
    Missing,
    /// PostgreSQL refuses to run as root, and there is nobody else.
    #[error("PostgreSQL refuses to run as root, and there is neither a user `postgres` nor a user `nobody`")]
    NoUser,
    /// A step failed.
    #[error("{step}: {told}")]
    Step {
        /// What was tried.
        step: &'static str,
        /// What it said.
        told: String,
    },
    /// Files or processes.
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// A running cluster.
#[derive(Debug)]
pub struct Cluster {
    server: Child,
    // Removed after the server has ended.
    folder: tempfile::TempDir,
    url: String,
}

/// The user that runs the server when we are root.
#[derive(Clone, Copy)]
struct User {
    uid: u32,
    gid: u32,
}

impl Cluster {
    /// Makes and starts a cluster.
    pub fn start() -> Result<Self, ClusterError> {
        let binaries = binaries().ok_or(ClusterError::Missing)?;
        let user = server_user()?;
        let folder = tempfile::Builder::new().prefix("armature-postgres-").tempdir()?;
        // Its user must be able to enter.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
        let data = folder.path().join("data");
        fs::create_dir(&data)?;
        fs::set_permissions(&data, fs::Permissions::from_mode(0o700))?;
        if let Some(user) = user {
            chown(&data, Some(user.uid), Some(user.gid))?;
        }
        let made = as_user(&binaries.join("initdb"), user, folder.path())
            .arg("-D")
            .arg(&data)
            .args(["--username=armature", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"])
            .stdin(Stdio::null())
            .output()?;
        if !made.status.success() {
            return Err(ClusterError::Step {
                step: "initdb",
                told: String::from_utf8_lossy(&made.stderr).into_owned(),
            });
        }
        let port = free_port()?;
        let server = as_user(&binaries.join("postgres"), user, folder.path())
            .arg("-D")
            .arg(&data)
            .args(["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=off"])
            .args(["-c", "synchronous_commit=off", "-c", "full_page_writes=off", "-c", "max_connections=400"])
            .args(["-c", "shared_buffers=64MB", "-c", "autovacuum=off", "-c"])
            .arg(format!("port={port}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(folder.path().join("server.log"))?)
            .spawn()?;
        let url = format!("postgres://armature@127.0.0.1:{port}/postgres");
        let mut cluster = Self { server, folder, url };
        cluster.wait(port)?;
        Ok(cluster)
    }

    /// Waits until the server takes connections.
    fn wait(&mut self, port: u16) -> Result<(), ClusterError> {
        let end = Instant::now() + Duration::from_mins(1);
        let ready = self.folder.path().join("data/postmaster.pid");
        loop {
            if self.server.try_wait()?.is_some() {
                let told = fs::read_to_string(self.folder.path().join("server.log"))?;
                return Err(ClusterError::Step { step: "postgres", told });
            }
            let state = fs::read_to_string(&ready).unwrap_or_default();
            if state.lines().any(|line| line.trim_end() == "ready") {
                return Ok(());
            }
            if Instant::now() > end {
                return Err(ClusterError::Step {
                    step: "postgres",
                    told: format!("not ready on port {port} after a minute"),
                });
            }
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    /// Its address, with the database `postgres`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Leaves it running: its process and its folder, for somebody else to end.
    pub(crate) fn leave(self) -> (u32, PathBuf) {
        let mut this = std::mem::ManuallyDrop::new(self);
        this.folder.disable_cleanup(true);
        (this.server.id(), this.folder.path().to_owned())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // Nothing of it is kept, so it need not end gracefully; the other processes of the cluster end with their parent.
        if self.server.kill().is_ok() {
            self.server.wait().ok();
        }
    }
}

fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// The folder of `initdb` and `postgres`: the newest installed, else what PATH has.
fn binaries() -> Option<PathBuf> {
    let mut folders: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .collect();
    folders.sort_by_key(|folder| std::cmp::Reverse(version_of(folder)));
    let path = std::env::var_os("PATH").unwrap_or_default();
    folders.extend(std::env::split_paths(&path));
    folders.push("/usr/local/bin".into());
    folders.into_iter().find(|folder| folder.join("initdb").is_file() && folder.join("postgres").is_file())
}

fn version_of(folder: &Path) -> u32 {
    let name = folder.parent().and_then(Path::file_name).and_then(|name| name.to_str());
    name.and_then(|name| name.parse().ok()).unwrap_or(0)
}

/// Who runs the server: we ourselves, unless we are root.
fn server_user() -> Result<Option<User>, ClusterError> {
    let own = fs::metadata("/proc/self").map(|own| std::os::unix::fs::MetadataExt::uid(&own))?;
    if own != 0 {
        return Ok(None);
    }
    let users = fs::read_to_string("/etc/passwd")?;
    let find = |name: &str| {
        users.lines().find_map(|line| {
            let mut fields = line.split(':');
            if fields.next() != Some(name) {
                return None;
            }
            Some(User { uid: fields.nth(1)?.parse().ok()?, gid: fields.next()?.parse().ok()? })
        })
    };
    find("postgres").or_else(|| find("nobody")).map(Some).ok_or(ClusterError::NoUser)
}

fn as_user(program: &Path, user: Option<User>, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).env_remove("PGDATA").env("LC_ALL", "C").process_group(0);
    if let Some(user) = user {
        command.uid(user.uid).gid(user.gid);
    }
    command
}
