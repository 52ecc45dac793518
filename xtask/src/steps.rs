//! Named, timed steps that stop at the first failure.

use std::time::{Duration, Instant};

use crate::shell::{Failure, Outcome};

/// The steps done so far, with how long each took.
pub(crate) struct Steps {
    started: Instant,
    done: Vec<(&'static str, Duration)>,
}

impl Steps {
    pub(crate) fn begin() -> Self {
        Self { started: Instant::now(), done: Vec::new() }
    }

    /// Runs one step. A failure carries the step's name and the table of what came before it.
    pub(crate) fn step<T>(&mut self, name: &'static str, work: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
        println!("\n=== {name}");
        let begun = Instant::now();
        let outcome = work();
        let took = begun.elapsed();
        match outcome {
            Ok(value) => {
                self.done.push((name, took));
                Ok(value)
            }
            Err(failure) => Err(Failure::new(format!(
                "step `{name}` FAILED after {}: {failure}\n{}{name} FAILED",
                spell(took),
                self.row()
            ))),
        }
    }

    /// Prints the closing line.
    pub(crate) fn finish(self) {
        println!("\n{}all passed in {}", self.row(), spell(self.started.elapsed()));
    }

    fn row(&self) -> String {
        self.done.iter().map(|(name, took)| format!("{name} {} | ", spell(*took))).collect()
    }
}

fn spell(took: Duration) -> String {
    let seconds = took.as_secs_f64();
    if seconds < 100.0 {
        format!("{seconds:.1} s")
    } else {
        format!("{} min {:02} s", took.as_secs() / 60, took.as_secs() % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_failure_is_named_and_what_passed_is_listed() {
        let mut steps = Steps::begin();
        steps.step("format", || Ok(())).expect("passes");
        let failure = steps.step("clippy", || Err::<(), _>(Failure::new("3 warnings"))).expect_err("fails");
        let text = failure.to_string();
        assert!(text.starts_with("step `clippy` FAILED after "), "{text}");
        assert!(text.contains(": 3 warnings\nformat ") && text.ends_with(" | clippy FAILED"), "{text}");
    }

    #[test]
    fn durations_read_well() {
        assert_eq!(spell(Duration::from_millis(1_260)), "1.3 s");
        assert_eq!(spell(Duration::from_secs(125)), "2 min 05 s");
    }
}
