//! `rescind man`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::{Args, Command, CommandFactory as _};
use clap_mangen::Man as Page;

use crate::cli::Cli;
use crate::failure::Failure;
use crate::output::print;

/// Print the manual page, or write those of all commands into a directory
#[derive(Args, Debug)]
pub(crate) struct Man {
    /// Write rescind.1 and one page for each command here, such as /usr/local/share/man/man1
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(crate) fn run(args: &Man) -> Result<(), Failure> {
    let mut root = Cli::command().disable_help_subcommand(true);
    root.build();
    match &args.out {
        Some(directory) => write_all(&root, "rescind", directory).map_err(Failure::file(directory)),
        None => {
            let page = rendered(&root, "rescind").map_err(|error| Failure::Server(error.to_string()))?;
            print(String::from_utf8_lossy(&page).trim_end())
        }
    }
}

/// The page of `command` and of all below it, each named as `rescind-sessions-list.1`.
fn write_all(command: &Command, name: &str, directory: &Path) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    fs::write(directory.join(format!("{name}.1")), rendered(command, name)?)?;
    for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
        write_all(below, &format!("{name}-{}", below.get_name()), directory)?;
    }
    Ok(())
}

fn rendered(command: &Command, name: &str) -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    Page::new(command.clone().name(name.to_owned())).render(&mut page)?;
    Ok(page)
}
