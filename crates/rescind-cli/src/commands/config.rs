//! `rescind config`.

use clap::Args;
use rescind::store::Page;
use rescind_server::config::{Explained, reference};
use serde::Serialize;

use crate::failure::Failure;
use crate::output::{Format, note, print};
use crate::settings::Settings;

/// Show the settings in effect and where each comes from; secrets are not shown
#[derive(Args, Debug)]
pub(crate) struct Config {
    /// Print the reference of all settings (Markdown) instead
    #[arg(long, conflicts_with = "json")]
    pub(crate) reference: bool,
    #[command(flatten)]
    format: Format,
}

#[derive(Serialize)]
struct Row {
    setting: &'static str,
    value: String,
    origin: String,
}

pub(crate) fn print_reference() -> Result<(), Failure> {
    print(reference().trim_end())
}

pub(crate) fn run(args: &Config, settings: &Settings) -> Result<(), Failure> {
    let items: Vec<_> = settings.server.explain().iter().map(row).collect();
    args.format.list(&Page { items, next_cursor: None }, &["setting", "value", "origin"])?;
    settings.server.notices().iter().try_for_each(|notice| note(notice))
}

fn row(row: &Explained) -> Row {
    Row { setting: row.name, value: row.value.clone(), origin: row.origin.to_string() }
}
