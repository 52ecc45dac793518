//! Password hashing for one command: a thread for each job, since there is one.

use rescind::authority::{Busy, Offload};

/// Starts a thread for each job.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OwnThread;

impl Offload for OwnThread {
    fn run(&self, job: Box<dyn FnOnce() + Send>) -> Result<(), Busy> {
        std::thread::Builder::new().spawn(job).map(drop).map_err(|_| Busy)
    }
}
