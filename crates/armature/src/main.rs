//! The `armature` program: reads the command line and the settings, runs one command, says how it went.
//!
//! Human text goes to stderr, data to stdout. The only crate that reads environment variables and the only one that knows exit codes.

mod cli;
mod clock;
mod commands;
mod console;
mod demo;
mod failure;
mod folder;
mod remote;
mod settings;
mod shipped;

use std::process::ExitCode;

use clap::Parser;

/// A request makes many small things that live as long as itself; the system's allocator took a fifth of its time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = match cli::Cli::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are no errors. Nothing is left to do where even stderr is closed.
            let _ = error.print();
            return ExitCode::from(u8::from(error.use_stderr()));
        }
    };
    let console = console::Console::new(arguments.json);
    match run(&arguments, &console) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            console.failure(&failure);
            ExitCode::from(1)
        }
    }
}

fn run(arguments: &cli::Cli, console: &console::Console) -> Result<u8, failure::Failure> {
    let settings = settings::Settings::read(arguments)?;
    settings::log(&settings)?;
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|source| failure::Failure::io("start the runtime", source))?
        .block_on(commands::run(&arguments.command, &settings, console))
}
