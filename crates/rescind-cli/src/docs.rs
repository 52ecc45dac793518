//! `docs/cli.md`, written from the command line's own definition.

use std::fmt::Write as _;
use std::path::Path;

use clap::{Arg, Command, CommandFactory as _};

use crate::cli::Cli;

#[test]
fn the_reference_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/cli.md");
    let current = reference();
    if std::env::var_os("RESCIND_TEST_BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &current).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == current,
        "run the tests of rescind-cli with RESCIND_TEST_BLESS=1 to write docs/cli.md anew"
    );
}

#[test]
fn the_definition_is_sound() {
    Cli::command().debug_assert();
}

fn reference() -> String {
    let mut root = Cli::command();
    root.build();
    let mut text = INTRODUCTION.to_owned();
    for command in root.get_subcommands().filter(|command| command.get_name() != "help") {
        describe(command, "rescind", 2, &mut text);
    }
    text
}

const INTRODUCTION: &str = "\
# The command `rescind`

Every command takes `--config FILE` (the settings file; `./rescind.toml` where there is one), `--data-dir DIR` and
`-v` (say more on the standard error). Settings are in [settings.md](settings.md).

Commands work on the store directly, through the same code as the server, while a server runs on the same file or none does. A
running server notices what they did at once. Users are named by id or email, tenants by id or slug.

- `--json` prints objects with the field names of the HTTP API; lists are `{\"items\": […], \"next_cursor\": …}`.
- What ends more than one session takes `--dry-run`, and asks unless `--yes`; where nobody can be asked, it refuses.
- Exit codes: 0 done, 1 failed, 2 wrong usage. `doctor` and `token inspect` fail where something is wrong.
- Errors are `error[code]: what happened` on the standard error, with what helps on the next line. Codes are stable.
";

fn describe(command: &Command, parent: &str, level: usize, text: &mut String) {
    let name = format!("{parent} {}", command.get_name());
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let _ = write!(text, "\n{} `{name}`\n\n{about}.\n", "#".repeat(level));
    let own: Vec<_> = command.get_arguments().filter(is_own).collect();
    if !command.has_subcommands() {
        let usage = command.clone().bin_name(&name).render_usage().to_string();
        let _ = write!(text, "\n```\n{}\n```\n", usage.trim_start_matches("Usage: "));
    }
    if !own.is_empty() {
        text.push_str("\n| argument | |\n|---|---|\n");
    }
    for arg in own {
        let _ = writeln!(text, "| {} | {} |", spelled(arg), help(arg));
    }
    for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help") {
        describe(inner, &name, level + 1, text);
    }
}

/// What every command has is told once.
fn is_own(arg: &&Arg) -> bool {
    !arg.is_global_set() && !matches!(arg.get_id().as_str(), "help" | "version")
}

fn spelled(arg: &Arg) -> String {
    let value = arg
        .get_num_args()
        .filter(|count| count.takes_values())
        .and_then(|_| arg.get_value_names())
        .map(|names| names.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "));
    match (arg.get_long(), value) {
        (Some(long), Some(value)) => format!("`--{long} <{value}>`"),
        (Some(long), None) => match arg.get_short() {
            Some(short) => format!("`-{short}`, `--{long}`"),
            None => format!("`--{long}`"),
        },
        (None, value) => format!("`<{}>`", value.unwrap_or_else(|| arg.get_id().to_string())),
    }
}

fn help(arg: &Arg) -> String {
    let mut text = arg.get_help().map(ToString::to_string).unwrap_or_default().replace('|', "\\|");
    let values: Vec<_> =
        arg.get_possible_values().iter().map(|value| format!("`{}`", value.get_name())).collect();
    if arg.get_num_args().is_some_and(|count| count.takes_values()) && !values.is_empty() {
        let _ = write!(text, " ({})", values.join(", "));
    }
    let defaults: Vec<_> = arg.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
    if !arg.is_hide_default_value_set()
        && !defaults.is_empty()
        && arg.get_num_args().is_some_and(|n| n.takes_values())
    {
        let _ = write!(text, " [default: {}]", defaults.join(", "));
    }
    text
}
