//! The command line, as its user reads it.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};

/// Armature: a CRM whose business objects and lifecycles are data.
#[derive(Debug, Parser)]
#[command(name = "armature", version, max_term_width = 110)]
pub struct Cli {
    /// Where the records are: `sqlite:FOLDER` or `postgres://…` [default: sqlite:./armature-data]
    #[arg(long, global = true, value_name = "URL")]
    pub database: Option<String>,
    /// Settings file [default: armature.toml, if there is one]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print data as JSON, one value per line, on stdout
    #[arg(long, global = true)]
    pub json: bool,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start a demo on embedded SQLite: a tenant with two years of data
    Demo(Demo),
    /// Serve the database
    Serve(Serve),
    /// Tenants
    #[command(subcommand)]
    Tenant(Tenant),
    /// API keys
    #[command(subcommand)]
    Key(Key),
    /// Users
    #[command(subcommand)]
    User(User),
    /// Records that are shared with users, teams or roles
    #[command(subcommand)]
    Share(Share),
    /// Write a new package that checks clean
    New {
        /// Folder to be made
        dir: PathBuf,
    },
    /// Check a package, or a folder of packages; exit 1 when something is wrong
    Check {
        /// The folder
        dir: PathBuf,
    },
    /// Run the tests of a package, or of a folder of packages, on an embedded database; exit 1 when one fails
    Test {
        /// The folder
        dir: PathBuf,
    },
    /// Show what `apply` would do; exit 0 nothing, 2 changes, 1 error
    Plan(PlanArgs),
    /// Make a tenant's metadata what the folder says
    Apply(ApplyArgs),
    /// Write a tenant's metadata as files
    Pull {
        /// Folder to write into
        dir: PathBuf,
        #[command(flatten)]
        on: On,
    },
    /// List the versions of a tenant's metadata
    History(On),
    /// Bring back an earlier version of the metadata, as a new version
    Revert {
        /// Number of the version, from `history`
        version: i64,
        #[command(flatten)]
        on: On,
        /// Allow steps that take columns or tables out of use
        #[arg(long)]
        allow_destructive: bool,
        /// What becomes of values without room, and of records in stages that go, as for `apply`
        #[arg(long)]
        mapping: Option<PathBuf>,
    },
    /// Delete for good the columns and tables that changes have taken out of use
    Purge(On),
    /// Erase a person: the record for good, with every trace that the platform keeps of it
    Erase {
        /// Name of the object: `contact`, `lead`, `user`
        object: String,
        /// Id of the record
        id: uuid::Uuid,
        /// Why; it stays in the audit log and must not hold what is erased
        #[arg(long)]
        reason: String,
        /// The tenant
        #[arg(long)]
        tenant: String,
    },
    /// Show the audit log: what was denied, and what was done to users, rights and metadata
    Audit {
        /// The tenant
        #[arg(long)]
        tenant: String,
        /// How many entries, at most 1,000; the newest stands last
        #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1000))]
        last: u16,
    },
    /// Say why a user may or may not do something to a record
    Explain(Explain),
    /// Read records from a CSV file
    Import(Import),
    /// Write records to a file
    Export(Export),
    /// Print the GraphQL schema of a tenant
    Schema {
        #[command(flatten)]
        on: On,
        /// As whoever has this role sees it; several roles see together what any of them does
        #[arg(long = "role", value_name = "ROLE")]
        roles: Vec<String>,
    },
}

#[derive(Debug, Args)]
pub struct Explain {
    /// Id or e-mail address of the user
    pub user: String,
    /// Name of the object: `lead`
    pub object: String,
    /// Id of the record
    pub id: uuid::Uuid,
    /// What would be done to it
    #[arg(value_enum)]
    pub action: ExplainAction,
    /// A field of it: whether it may be seen, or written with `update`
    pub field: Option<String>,
    /// The tenant
    #[arg(long)]
    pub tenant: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExplainAction {
    /// See it
    Read,
    /// Change it
    Update,
    /// Delete it, or restore it
    Delete,
    /// Delete it for good
    Destroy,
}

#[derive(Debug, Args)]
pub struct Demo {
    /// Data folder
    #[arg(long, value_name = "DIR", default_value = "armature-demo")]
    pub data: PathBuf,
    /// Port; 0 takes a free one
    #[arg(long)]
    pub port: Option<u16>,
}

#[derive(Debug, Args)]
pub struct Serve {
    /// Port; 0 takes a free one
    #[arg(long)]
    pub port: Option<u16>,
    /// Address to listen on
    #[arg(long)]
    pub host: Option<String>,
    /// Leave jobs to other processes on the same database
    #[arg(long)]
    pub no_worker: bool,
    /// Let tests move the clock: `/metadata` has `advanceClock`
    #[arg(long)]
    pub test_clock: bool,
    /// Print the settings in force, secrets masked, and exit
    #[arg(long)]
    pub print_config: bool,
}

#[derive(Debug, Subcommand)]
pub enum Tenant {
    /// Create a tenant
    Create {
        /// `[a-z][a-z0-9_-]{0,39}`
        name: String,
    },
    /// List the tenants
    List,
}

#[derive(Debug, Subcommand)]
pub enum Key {
    /// Create an API key; it is shown once
    Create(KeyCreate),
    /// List the keys of a tenant
    List {
        /// The tenant
        #[arg(long)]
        tenant: String,
    },
    /// End a key
    Revoke {
        /// Id or prefix of the key, from `key list`
        key: String,
        /// The tenant
        #[arg(long)]
        tenant: String,
    },
}

#[derive(Debug, Args)]
pub struct KeyCreate {
    /// The tenant
    #[arg(long)]
    pub tenant: String,
    /// The role that it acts with [default: all rights]
    #[arg(long)]
    pub role: Option<String>,
    /// The user that it acts as, by id or e-mail address
    #[arg(long)]
    pub user: Option<String>,
    /// What the key is for
    #[arg(long, default_value = "key")]
    pub name: String,
    /// When it ends: 30d, 12h, or an instant [default: never]
    #[arg(long, value_name = "WHEN")]
    pub expires: Option<String>,
}

#[derive(Debug, Subcommand)]
pub enum User {
    /// Create a user and a key that acts as the user; the key is shown once
    Create(UserCreate),
    /// List the users of a tenant
    List {
        /// The tenant
        #[arg(long)]
        tenant: String,
    },
    /// Keep a user out: sessions end, keys open nothing
    Deactivate {
        /// Id or e-mail address
        user: String,
        /// The tenant
        #[arg(long)]
        tenant: String,
    },
    /// Let a user in again
    Activate {
        /// Id or e-mail address
        user: String,
        /// The tenant
        #[arg(long)]
        tenant: String,
    },
    /// Give roles to a user
    Grant {
        /// Id or e-mail address
        user: String,
        /// The role; may be given several times
        #[arg(long, required = true)]
        role: Vec<String>,
        /// The tenant
        #[arg(long)]
        tenant: String,
    },
    /// Take roles from a user
    Revoke {
        /// Id or e-mail address
        user: String,
        /// The role; may be given several times
        #[arg(long, required = true)]
        role: Vec<String>,
        /// The tenant
        #[arg(long)]
        tenant: String,
    },
}

#[derive(Debug, Args)]
pub struct UserCreate {
    /// E-mail address, by which the user logs in
    pub email: String,
    /// The tenant
    #[arg(long)]
    pub tenant: String,
    /// A role of the user; may be given several times
    #[arg(long)]
    pub role: Vec<String>,
    /// A field of the user's record; relations by id, e-mail address or name
    #[arg(long, value_name = "FIELD=VALUE")]
    pub set: Vec<String>,
    /// Name [default: what stands before the @]
    #[arg(long)]
    pub name: Option<String>,
    /// Read a password for the user from stdin, one line
    #[arg(long)]
    pub password_stdin: bool,
}

#[derive(Debug, Subcommand)]
pub enum Share {
    /// Share a record with a user, a team or the bearers of a role
    Create(ShareCreate),
    /// List the shares of an object
    List {
        /// The object, e.g. `lead`
        object: String,
        /// Only those of the record with this id
        #[arg(long, value_name = "ID")]
        record: Option<uuid::Uuid>,
        /// The tenant
        #[arg(long)]
        tenant: String,
    },
    /// End a share
    End {
        /// Id of the share, from `share list`
        share: uuid::Uuid,
        /// The tenant
        #[arg(long)]
        tenant: String,
    },
}

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("grantee").required(true).args(["user", "team", "role"])))]
pub struct ShareCreate {
    /// The object, e.g. `lead`
    pub object: String,
    /// Id of the record
    pub record: uuid::Uuid,
    /// The tenant
    #[arg(long)]
    pub tenant: String,
    /// With this user, by id or e-mail address
    #[arg(long)]
    pub user: Option<String>,
    /// With the users of this team, by id
    #[arg(long)]
    pub team: Option<uuid::Uuid>,
    /// With the bearers of this role
    #[arg(long)]
    pub role: Option<String>,
    /// How far it goes
    #[arg(long, value_enum, default_value_t = ShareLevel::Read)]
    pub level: ShareLevel,
    /// When it ends: 30d, 12h, or an instant [default: never]
    #[arg(long, value_name = "WHEN")]
    pub expires: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ShareLevel {
    /// The record may be seen
    Read,
    /// It may be changed, too
    Update,
}

/// On which tenant, and by which way.
#[derive(Debug, Args)]
pub struct On {
    /// The tenant
    #[arg(long, required_unless_present = "url")]
    pub tenant: Option<String>,
    /// Go through a server instead of a database
    #[arg(long, requires = "key", conflicts_with_all = ["tenant", "database"])]
    pub url: Option<String>,
    /// API key for `--url`
    #[arg(long, requires = "url", env = "ARMATURE_KEY", hide_env_values = true)]
    pub key: Option<String>,
}

#[derive(Debug, Args)]
pub struct PlanArgs {
    /// A package, or a folder of packages
    pub dir: PathBuf,
    #[command(flatten)]
    pub on: On,
    /// JSON file: what becomes of values that the new documents have no room for
    #[arg(long, value_name = "FILE")]
    pub mapping: Option<PathBuf>,
    /// How far back the log of moves is held against changed transitions, e.g. 30d
    #[arg(long, value_name = "TIME", default_value = "90d")]
    pub replay: expr::Duration,
}

#[derive(Debug, Args)]
pub struct ApplyArgs {
    /// A package, or a folder of packages
    pub dir: PathBuf,
    #[command(flatten)]
    pub on: On,
    /// JSON file: what becomes of values that the new documents have no room for
    #[arg(long, value_name = "FILE")]
    pub mapping: Option<PathBuf>,
    /// Only if the plan still has this hash
    #[arg(long, value_name = "HASH")]
    pub plan: Option<String>,
    /// Allow steps that take columns or tables out of use
    #[arg(long)]
    pub allow_destructive: bool,
    /// Apply although tests of the packages fail
    #[arg(long)]
    pub skip_tests: bool,
}

#[derive(Debug, Args)]
pub struct Import {
    /// The object, e.g. `account`
    pub object: String,
    /// CSV file with a header row
    pub file: PathBuf,
    #[command(flatten)]
    pub on: On,
    /// JSON file that maps columns to fields
    #[arg(long, value_name = "FILE")]
    pub map: Option<PathBuf>,
    /// Update the record whose FIELD has the same value, else create
    #[arg(long, value_name = "FIELD")]
    pub upsert: Option<String>,
    /// What a rejected row does to the rest
    #[arg(long, value_enum, default_value_t = OnError::Skip)]
    pub on_error: OnError,
    /// Where rejected rows go, with line, column and reason
    #[arg(long, value_name = "FILE")]
    pub rejects: Option<PathBuf>,
    /// Do everything, then undo it
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum OnError {
    /// Nothing after the first rejected row
    Stop,
    /// Only the rejected rows are left out
    Skip,
}

#[derive(Debug, Args)]
pub struct Export {
    /// The object, e.g. `account`
    pub object: String,
    #[command(flatten)]
    pub on: On,
    /// Form of the output
    #[arg(long, value_enum, default_value_t = ExportFormat::Csv)]
    pub format: ExportFormat,
    /// File to write [default: stdout]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum ExportFormat {
    /// Comma-separated values, neutralised for spreadsheets
    Csv,
    /// One JSON object per line
    Jsonl,
}
