//! What is kept in the repository.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path as File;

use serde_json::{Value, json};

use crate::bench::measured;
use crate::shell::{Failure, Outcome};

/// Counts by id.
pub(super) type Counts = BTreeMap<String, Path>;

/// What one path takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Path {
    /// For people.
    pub(super) name: String,
    /// Instructions, each time.
    pub(super) each: u64,
}

/// Counts, and by what they were counted.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) rustc: String,
    pub(super) valgrind: String,
    pub(super) counts: Counts,
}

impl Kept {
    /// Reads what [`Kept::write`] wrote.
    pub(super) fn read(file: &File) -> Outcome<Self> {
        let json = measured::json(file)?;
        let text = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
        let paths = json["paths"].as_object().into_iter().flatten();
        let counts: Option<Counts> = paths.map(|(id, path)| Some((id.clone(), read(path)?))).collect();
        let counts = counts.ok_or(Failure::new(format!("{}: a path without its count", file.display())))?;
        Ok(Self { rustc: text("rustc"), valgrind: text("valgrind"), counts })
    }

    /// Writes it, one path a line.
    pub(super) fn write(&self, file: &File) -> Outcome {
        let lines: Vec<String> = self
            .counts
            .iter()
            .map(|(id, path)| {
                format!("    {}: {}", json!(id), json!({"instructions": path.each, "name": path.name}))
            })
            .collect();
        let text = format!(
            "{{\n  \"rustc\": {},\n  \"valgrind\": {},\n  \"paths\": {{\n{}\n  }}\n}}\n",
            json!(self.rustc),
            json!(self.valgrind),
            lines.join(",\n")
        );
        Ok(fs::write(file, text)?)
    }
}

fn read(path: &Value) -> Option<Path> {
    Some(Path { name: path["name"].as_str()?.to_owned(), each: path["instructions"].as_u64()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let path = Path { name: "a \"path\"".to_owned(), each: 17 };
        let kept = Kept {
            rustc: "rustc 1".to_owned(),
            valgrind: "valgrind-3".to_owned(),
            counts: Counts::from([("a/b".to_owned(), path.clone()), ("c".to_owned(), path)]),
        };
        let file = std::env::temp_dir().join(format!("rescind-kept-{}.json", std::process::id()));
        kept.write(&file).expect("a file of ours");
        let read = Kept::read(&file);
        fs::remove_file(&file).expect("it is there");
        assert_eq!(read.expect("it can be read"), kept);
    }
}
