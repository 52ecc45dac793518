//! `rescind healthcheck`.

use std::net::SocketAddr;
use std::time::Duration;

use clap::Args;

use crate::failure::Failure;
use crate::output::print;
use crate::probe;
use crate::settings::Settings;

/// A node whose database hangs takes five seconds to say so.
const PATIENCE: Duration = Duration::from_secs(6);

/// Ask the running server whether it is alive, for where there is nothing else to ask with; fails where it is not
///
/// It is asked at the address that RESCIND_LISTEN names. In an image without a shell, this is the health check.
#[derive(Args, Debug)]
pub(crate) struct Healthcheck {
    /// Ask whether it is ready for requests: its store answers, and it knows what was revoked
    #[arg(long)]
    ready: bool,
}

pub(crate) fn run(args: &Healthcheck, settings: &Settings) -> Result<(), Failure> {
    let (path, state) = if args.ready { ("/readyz", "ready") } else { ("/healthz", "alive") };
    let listen = settings.server.listen;
    let answer = probe::ask(listen, path, PATIENCE).map_err(|why| unhealthy(listen, &why.to_string()))?;
    match answer.status() {
        Some(200) => print(&format!("the server on {listen} is {state}")),
        Some(status) => Err(unhealthy(listen, &format!("{path} answers {status}"))),
        None => Err(unhealthy(listen, &format!("{path} has no answer"))),
    }
}

fn unhealthy(listen: SocketAddr, why: &str) -> Failure {
    Failure::Unhealthy(listen, why.to_owned())
}
