//! Where passwords are hashed.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rescind::authority::{Busy, Offload};
use tokio::sync::Semaphore;

/// How many hashes may wait for a core before more are refused.
const WAITING: usize = 64;

/// Hashes passwords on the runtime's blocking threads: as many at once as there are cores, each with 19 MiB, and a bounded
/// number waiting.
#[derive(Clone, Debug)]
pub(crate) struct Hashing {
    cores: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
}

impl Hashing {
    /// For a machine with so many cores.
    pub(crate) fn new(cores: usize) -> Self {
        Self { cores: Arc::new(Semaphore::new(cores.max(1))), waiting: Arc::default() }
    }
}

impl Offload for Hashing {
    fn run(&self, job: Box<dyn FnOnce() + Send>) -> Result<(), Busy> {
        if self.waiting.fetch_add(1, Ordering::AcqRel) >= WAITING {
            self.waiting.fetch_sub(1, Ordering::AcqRel);
            return Err(Busy);
        }
        let Self { cores, waiting } = self.clone();
        tokio::spawn(async move {
            let core = cores.acquire_owned().await;
            waiting.fetch_sub(1, Ordering::AcqRel);
            tokio::task::spawn_blocking(move || {
                job();
                drop(core);
            });
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn beyond_the_bound_jobs_are_refused() {
        let hashing = Hashing::new(1);
        let (release, blocked) = std::sync::mpsc::channel::<()>();
        let blocked = Arc::new(std::sync::Mutex::new(blocked));
        let mut accepted = 0;
        while accepted < 1000 {
            let blocked = Arc::clone(&blocked);
            let job = Box::new(move || drop(blocked.lock().map(|blocked| blocked.recv())));
            if hashing.run(job).is_err() {
                break;
            }
            accepted += 1;
        }
        assert_eq!(accepted, WAITING);
        drop(release);
    }
}
