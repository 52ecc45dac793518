//! Reading what the benchmarks left behind.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::shell::{Failure, Outcome};

/// Median and spread of one measurement. Criterion's times are in nanoseconds per element; what the others
/// measured is in its own unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Measurement {
    /// The median of the samples.
    pub(crate) median: f64,
    /// Half of the samples lie within a band this wide, as a share of the median.
    pub(crate) spread: f64,
}

/// All measurements of one run, by id.
#[derive(Debug, Default)]
pub(crate) struct Measurements(BTreeMap<String, Measurement>);

impl Measurements {
    /// Reads criterion's samples below `criterion` and the samples in the files that other benchmarks wrote.
    pub(crate) fn read(criterion: &Path, files: &[PathBuf]) -> Outcome<Self> {
        let mut all = Self::default();
        if criterion.is_dir() {
            all.read_criterion(criterion)?;
        }
        for file in files {
            let samples = json(file)?;
            for (id, values) in samples.as_object().into_iter().flatten() {
                all.insert(id, numbers(values));
            }
        }
        Ok(all)
    }

    pub(crate) fn get(&self, id: &str) -> Option<Measurement> {
        self.0.get(id).copied()
    }

    /// Criterion leaves `…/new/{benchmark,sample}.json` for each benchmark, at a depth that depends on its id.
    fn read_criterion(&mut self, directory: &Path) -> Outcome {
        for entry in fs::read_dir(directory)? {
            let path = entry?.path();
            if path.ends_with("new") {
                let benchmark = json(&path.join("benchmark.json"))?;
                let id = benchmark["full_id"].as_str().unwrap_or_default();
                self.insert(id, per_element(&json(&path.join("sample.json"))?, &benchmark));
            } else if path.is_dir() {
                self.read_criterion(&path)?;
            }
        }
        Ok(())
    }

    pub(crate) fn insert(&mut self, id: &str, samples: Vec<f64>) {
        if let Some(measurement) = summarise(samples) {
            self.0.insert(id.to_owned(), measurement);
        }
    }
}

/// Nanoseconds per element in each sample; an iteration is one element unless the benchmark declared more.
fn per_element(sample: &Value, benchmark: &Value) -> Vec<f64> {
    let elements = benchmark["throughput"]["Elements"].as_f64().unwrap_or(1.0);
    let (iterations, times) = (numbers(&sample["iters"]), numbers(&sample["times"]));
    times.iter().zip(iterations).map(|(time, count)| time / count / elements).collect()
}

/// Median and spread; none of nothing.
pub(super) fn summarise(mut samples: Vec<f64>) -> Option<Measurement> {
    samples.sort_by(f64::total_cmp);
    let last = samples.len().checked_sub(1)?;
    let quarter = |part: usize| samples[last * part / 4];
    let median = quarter(2);
    Some(Measurement { median, spread: (quarter(3) - quarter(1)) / median })
}

/// The numbers of an array.
pub(super) fn numbers(values: &Value) -> Vec<f64> {
    values.as_array().into_iter().flatten().filter_map(Value::as_f64).collect()
}

/// Reads a file.
pub(super) fn json(path: &Path) -> Outcome<Value> {
    let wrong = |what: &dyn std::fmt::Display| Failure::new(format!("{}: {what}", path.display()));
    let text = fs::read_to_string(path).map_err(|error| wrong(&error))?;
    serde_json::from_str(&text).map_err(|error| wrong(&error))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn samples_become_time_per_element() {
        let sample = json!({"iters": [10.0, 20.0], "times": [1000.0, 4000.0]});
        assert_eq!(per_element(&sample, &json!({"throughput": null})), [100.0, 200.0]);
        assert_eq!(per_element(&sample, &json!({"throughput": {"Elements": 50}})), [2.0, 4.0]);
    }

    #[test]
    fn the_spread_is_the_width_of_the_middle_half() {
        let summary = summarise(vec![4.0, 100.0, 1.0, 2.0, 3.0]).expect("samples");
        assert_eq!(summary, Measurement { median: 3.0, spread: 2.0 / 3.0 });
        assert_eq!(summarise(Vec::new()), None);
    }
}
