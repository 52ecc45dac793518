//! Settings: flags over environment over `rescind.toml` over defaults.
//!
//! [`catalog`] lists every setting once; reading, checking, explaining and documenting all follow that list.
//! Nothing here asks the process: the environment, the file's text and a way to read secret files are passed in.

pub mod catalog;
mod duration;
mod error;
mod explain;
mod kubernetes;
mod layers;
mod reference;
mod settings;
mod suggestion;
mod values;

pub use error::{Fault, SettingsError};
pub use explain::{Explained, Origin};
pub use layers::{FileText, Sources};
pub use reference::reference;
pub use settings::{Database, LogFormat, Settings};

#[cfg(test)]
mod tests;
