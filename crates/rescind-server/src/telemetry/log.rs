//! Log lines, to the standard error.

mod json;

use std::io::IsTerminal;
use std::panic::PanicHookInfo;

use tracing_subscriber::filter::ParseError;
use tracing_subscriber::fmt::format::JsonFields;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};
use tracing_subscriber::{EnvFilter, Layer as _, fmt};

use super::trace::Exporter;
use crate::config::LogFormat;

/// Starts logging for the whole process: lines for people on a terminal and JSON elsewhere, unless `format` says
/// otherwise. Panics become lines too, with the request that they happened in. Spans go to `traces` as well, whatever is logged.
///
/// ```
/// use rescind_server::config::LogFormat;
/// use rescind_server::telemetry::log;
///
/// log::init("info,rescind::access=debug", Some(LogFormat::Json), None)?;
/// // Once for each process.
/// assert!(log::init("info", None, None).is_err());
/// # Ok::<(), log::LogError>(())
/// ```
///
/// # Errors
/// When `filter` is none, or logging was started before.
pub fn init(filter: &str, format: Option<LogFormat>, traces: Option<&Exporter>) -> Result<(), LogError> {
    let is_terminal = std::io::stderr().is_terminal();
    let lines = fmt::layer().with_writer(std::io::stderr).with_ansi(is_terminal);
    let lines = match format.unwrap_or(if is_terminal { LogFormat::Text } else { LogFormat::Json }) {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.fmt_fields(JsonFields::new()).event_format(json::Lines::new()).boxed(),
    };
    let lines = lines.with_filter(self::filter(filter)?);
    tracing_subscriber::registry().with(lines).with(traces.map(Exporter::layer)).try_init()?;
    std::panic::set_hook(Box::new(log_panic));
    Ok(())
}

/// A filter as `RESCIND_LOG` has it.
///
/// # Errors
/// When it is none.
pub(crate) fn filter(text: &str) -> Result<EnvFilter, ParseError> {
    EnvFilter::builder().parse(text)
}

/// Why logging did not start.
///
/// ```
/// use rescind_server::telemetry::log::{self, LogError};
///
/// assert!(matches!(log::init("info,=", None, None), Err(LogError::Filter(_))));
/// ```
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The filter cannot be read.
    #[error("the log filter is malformed")]
    Filter(#[from] ParseError),
    /// The process logs already.
    #[error("logging was started before")]
    Started(#[from] TryInitError),
}

fn log_panic(panic: &PanicHookInfo<'_>) {
    let message = panic.payload_as_str().unwrap_or("no message");
    match panic.location() {
        Some(location) => tracing::error!(panic = message, %location, "panicked"),
        None => tracing::error!(panic = message, "panicked"),
    }
}
