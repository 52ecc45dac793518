//! The command `rescind`: the server and its administration.
//!
//! It is the one place that picks a store ([`open`]). Each command is a file under [`commands`]; it works on the store
//! directly, through the same authority as the server, and may do so while a server uses the same file.

mod cache;
mod cli;
mod commands;
mod confirm;
mod data_dir;
#[cfg(test)]
mod docs;
mod failure;
mod listing;
mod master_key;
mod offload;
mod open;
mod output;
mod password;
mod probe;
mod resolve;
mod rewrap;
mod settings;
mod text_input;

use std::process::ExitCode;

use clap::Parser as _;

use crate::cli::Cli;
use crate::failure::Failure;

fn main() -> ExitCode {
    match Cli::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            report(&failure);
            failure.exit_code()
        }
    }
}

/// What went wrong, and what helps.
fn report(failure: &Failure) {
    if failure.is_silent() {
        return;
    }
    // Where standard error is closed, there is nobody to tell.
    let _ = output::note(&format!("error[{}]: {failure}", failure.code()));
    if let Some(next) = failure.next() {
        let _ = output::note(&format!("  {next}"));
    }
}
