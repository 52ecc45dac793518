//! Why the settings cannot be used.

use std::fmt;

/// Everything that is wrong with the settings, so that one start shows all of it.
///
/// ```
/// use rescind_server::config::{Settings, Sources};
///
/// let wrong = Settings::load(&Sources {
///     flags: vec![("acess-ttl".into(), "5m".into())],
///     environment: vec![("RESCIND_LEEWAY".into(), "an hour".into())],
///     file: None,
///     read_file: &|path| std::fs::read_to_string(path),
/// })
/// .unwrap_err();
/// // One start shows all of it.
/// let named: Vec<_> = wrong.faults.iter().map(|fault| fault.setting.as_str()).collect();
/// assert_eq!(named, ["--acess-ttl", "RESCIND_LEEWAY"]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct SettingsError {
    /// What is wrong; never empty.
    pub faults: Vec<Fault>,
}

impl SettingsError {
    /// The stable code.
    pub const CODE: &'static str = "invalid_settings";

    /// A single fault.
    pub(super) fn one(setting: impl Into<String>, why: impl Into<String>) -> Self {
        Self { faults: vec![Fault::new(setting, why)] }
    }
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, fault) in self.faults.iter().enumerate() {
            if at > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{}: {}", fault.setting, fault.why)?;
        }
        Ok(())
    }
}

/// One thing that is wrong.
///
/// ```
/// # use rescind_server::config::{Settings, Sources};
/// # let wrong = Settings::load(&Sources {
/// #     flags: vec![("acess-ttl".into(), "5m".into())],
/// #     environment: Vec::new(),
/// #     file: None,
/// #     read_file: &|path| std::fs::read_to_string(path),
/// # })
/// # .unwrap_err();
/// let fault = &wrong.faults[0];
/// assert_eq!(fault.setting, "--acess-ttl");
/// assert_eq!(fault.why, "there is no such setting; did you mean access-ttl?");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The setting, as it was written: a variable, a member of the file, a flag.
    pub setting: String,
    /// What is wrong with it. Never holds a secret.
    pub why: String,
}

impl Fault {
    pub(super) fn new(setting: impl Into<String>, why: impl Into<String>) -> Self {
        Self { setting: setting.into(), why: why.into() }
    }
}
