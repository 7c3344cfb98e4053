//! The two servers as processes of their own, and the commands that prepare the tenant.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::process::{Child, Command};

use crate::{Failure, Run, database, processes};

use super::client::Connection;
use super::load::Target;
use super::operation::Side;

/// How long a server may take to listen.
const PATIENCE: Duration = Duration::from_secs(30);

/// Both servers; they end with this value.
pub struct Servers {
    floor: Server,
    armature: Server,
    /// PostgreSQL's first process.
    pub postmaster: u32,
}

/// One server; it ends with this value.
pub struct Server {
    port: u16,
    pid: u32,
    _child: Child,
}

/// Makes the tenant, applies the package, makes a key.
pub async fn set_up(run: &Run, url: &str) -> Result<String, Failure> {
    set_up_tenant(run, url, "bench").await
}

/// The same for any tenant.
pub async fn set_up_tenant(run: &Run, url: &str, tenant: &str) -> Result<String, Failure> {
    let package = run.package.display().to_string();
    command(run, url, &["tenant", "create", tenant]).await?;
    command(run, url, &["apply", &package, "--tenant", tenant]).await?;
    let answer = command(run, url, &["key", "create", "--tenant", tenant, "--json"]).await?;
    let line: serde_json::Value = serde_json::from_str(answer.lines().next().unwrap_or_default())?;
    line.get("apiKey")
        .and_then(|key| key.as_str())
        .map(ToOwned::to_owned)
        .ok_or_else(|| "key create printed no apiKey".into())
}

/// Runs a command of the platform; what it printed.
pub async fn command(run: &Run, url: &str, arguments: &[&str]) -> Result<String, Failure> {
    let output = Command::new(&run.armature).args(arguments).env("ARMATURE_DATABASE", url).output().await?;
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr);
        return Err(format!("armature {} failed: {complaint}", arguments.join(" ")).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

impl Servers {
    /// Starts both and waits until they listen.
    pub async fn start(run: &Run, url: &str) -> Result<Self, Failure> {
        let port = free_port()?;
        let mut floor = Command::new(std::env::current_exe()?);
        floor.args(["floor", "--database", url, "--port", &port.to_string()]);
        let floor = Server::start(floor, port).await?;
        Ok(Self { floor, armature: Server::armature(run, url).await?, postmaster: postmaster(url).await? })
    }

    /// Whom to drive.
    pub fn target(&self, side: Side) -> Target {
        self.of(side).target(self.postmaster)
    }

    /// Where it listens.
    pub fn port(&self, side: Side) -> u16 {
        self.of(side).port
    }

    /// Its process.
    pub fn pid(&self, side: Side) -> u32 {
        self.of(side).pid
    }

    fn of(&self, side: Side) -> &Server {
        match side {
            Side::Floor => &self.floor,
            Side::Armature => &self.armature,
        }
    }
}

/// PostgreSQL's first process.
pub async fn postmaster(url: &str) -> Result<u32, Failure> {
    let pool = database::pool(url, 1).await?;
    let backend: i32 = sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&pool).await?;
    processes::parent(u32::try_from(backend)?)
}

impl Server {
    /// The platform.
    pub async fn armature(run: &Run, url: &str) -> Result<Self, Failure> {
        Self::armature_with(run, url, &[]).await
    }

    /// The platform, with further arguments.
    pub async fn armature_with(run: &Run, url: &str, further: &[&str]) -> Result<Self, Failure> {
        let port = free_port()?;
        let mut command = Command::new(&run.armature);
        command
            .args(["serve", "--json", "--port", &port.to_string()])
            .args(further)
            .env("ARMATURE_DATABASE", url)
            .env("RUST_LOG", "warn");
        Self::start(command, port).await
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whom to drive.
    pub fn target(&self, postmaster: u32) -> Target {
        Target { port: self.port, pid: self.pid, postmaster }
    }

    async fn start(mut command: Command, port: u16) -> Result<Self, Failure> {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true).spawn()?;
        let pid = child.id().ok_or("a server ended at once")?;
        let started = Instant::now();
        while Connection::open(port).await.is_err() {
            if let Some(status) = child.try_wait()? {
                return Err(format!("a server ended at its start: {status}").into());
            }
            if started.elapsed() > PATIENCE {
                return Err("a server did not listen in time".into());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(Self { port, pid, _child: child })
    }
}

fn free_port() -> Result<u16, Failure> {
    Ok(TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?.local_addr()?.port())
}
