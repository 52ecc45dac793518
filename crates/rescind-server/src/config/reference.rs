//! `docs/settings.md`.

use super::catalog::{SETTINGS, Setting};

/// The reference of all settings, in Markdown.
///
/// ```
/// let reference = rescind_server::config::reference();
/// assert!(reference.contains("| `RESCIND_ACCESS_TTL` | duration, 1s to 24h | `15m` |"));
/// ```
pub fn reference() -> String {
    let rows: String = SETTINGS.iter().map(row).collect();
    format!("{INTRODUCTION}{rows}")
}

const INTRODUCTION: &str = "\
# Settings

Each setting is an environment variable, a member of `rescind.toml` in the working directory (the name in lower
case, without `RESCIND_`) and a flag (likewise, with dashes): `RESCIND_ACCESS_TTL`, `access_ttl`, `--access-ttl`.
A flag wins over the environment, the environment over the file, the file over the default. `rescind config`
shows what holds and where it comes from.

A setting that does not exist, has an impossible value or contradicts another one stops the start, and is named.
The variables that Kubernetes makes for a service called `rescind` are passed over, and so is everything that
begins with `RESCIND_TEST_`.

A secret can also be given as the path of a file, by its name with `_FILE`; one of the two, not both. Line ends at the
end of that file do not count.

Durations are a whole number and a unit: `250ms`, `90s`, `15m`, `24h`, `14d`.

| variable | values | default | |
|---|---|---|---|
";

fn row(setting: &Setting) -> String {
    let Setting { name, syntax, meaning, default, .. } = setting;
    let file = if setting.secrecy.may_be_a_file() { " (`_FILE`)" } else { "" };
    let default = match default {
        super::catalog::Fallback::Value(value) => format!("`{value}`"),
        super::catalog::Fallback::Words(words) => (*words).to_owned(),
    };
    format!("| `{name}`{file} | {syntax} | {default} | {meaning} |\n")
}
