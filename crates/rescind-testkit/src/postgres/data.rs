//! Copies of a server's data: a backup, and an older one put back.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::server::{Postgres, run};
use crate::daemon::random_word;

/// The data of a server at a moment when it was stopped. Removed with the server.
#[derive(Debug)]
pub struct DataCopy(PathBuf);

impl Postgres {
    /// Copies all data of the stopped server.
    ///
    /// # Panics
    /// If it runs: a copy made meanwhile would be of no moment at all.
    pub async fn copy_data(&self) -> DataCopy {
        let copy = self.directory().join(format!("copy-{}", random_word()));
        self.copy(self.data(), copy.clone()).await;
        DataCopy(copy)
    }

    /// Puts a copy back in the place of the stopped server's data, as one restores a backup. The copy stays.
    ///
    /// # Panics
    /// If it runs.
    pub async fn restore_data(&self, copy: &DataCopy) {
        assert!(!self.is_running(), "stop the server before taking its data away");
        self.release_memory();
        std::fs::remove_dir_all(self.data()).expect("the data of a stopped server");
        self.copy(copy.0.clone(), self.data()).await;
    }

    /// Frees the segment of shared memory that a killed server has left behind. Its next start would, but the data tells
    /// which one it is.
    fn release_memory(&self) {
        let left = std::fs::read_to_string(self.data().join("postmaster.pid")).unwrap_or_default();
        if let Some(segment) = left.lines().nth(6).and_then(|line| line.split_whitespace().nth(1)) {
            // No matter if it is gone already, or where there is no such thing.
            let _ = Command::new("ipcrm").args(["-m", segment]).stderr(Stdio::null()).status();
        }
    }

    async fn copy(&self, from: PathBuf, to: PathBuf) {
        assert!(!self.is_running(), "stop the server before copying its data");
        let mut command = self.command("cp");
        command.arg("-Rp").args([from, to]);
        run(command).await;
    }
}
