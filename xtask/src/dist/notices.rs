//! The licences of what is in the program: most of them ask that their text goes along.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::shell::Outcome;

use super::graph::Graph;
use super::packages::{Package, Packages};

const INTRODUCTION: &str = "\
The program `rescind` is made of these packages too. Each has the licence that is named, and the texts that came with it are below.
Rust's own libraries, with the C library musl, are not among them: see https://www.rust-lang.org/policies/licenses.
";

/// How such files begin, in small letters.
const NAMES: [&str; 6] = ["license", "licence", "copying", "copyright", "notice", "unlicense"];

/// One text: the packages with their licences, then each text once, with the packages that it came with.
pub(super) fn gather(graph: &Graph, packages: &Packages) -> Outcome<String> {
    let foreign: Vec<_> =
        graph.shipped().filter_map(|key| packages.get(key)).filter(|package| !package.is_ours()).collect();
    let mut texts: BTreeMap<String, Vec<&Package>> = BTreeMap::new();
    for package in &foreign {
        for text in texts_of(&package.folder)? {
            texts.entry(text).or_default().push(package);
        }
    }
    let mut all = format!("{INTRODUCTION}\n");
    for package in foreign {
        let licence = package.licence.as_deref().unwrap_or("no licence is named");
        let _ = writeln!(all, "{} {}: {licence}", package.name, package.version);
    }
    for (text, packages) in texts {
        let names: Vec<_> = packages.iter().map(|package| package.name.as_str()).collect();
        let _ = write!(all, "\n{}\n{}\n\n{text}\n", "=".repeat(80), names.join(", "));
    }
    Ok(all)
}

fn texts_of(folder: &Path) -> Outcome<Vec<String>> {
    let mut texts = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().to_lowercase();
        if NAMES.iter().any(|begin| name.starts_with(begin)) && entry.path().is_file() {
            let text = String::from_utf8_lossy(&fs::read(entry.path())?).replace("\r\n", "\n");
            texts.push(text.trim_end().to_owned());
        }
    }
    texts.sort();
    texts.dedup();
    Ok(texts)
}

#[cfg(test)]
mod tests {
    use super::super::{packages, release};
    use super::*;

    #[test]
    fn every_foreign_package_is_named_and_a_text_stands_there_once() {
        let host = release::rustc("host").expect("a host");
        let (graph, packages) = (Graph::of(&host).expect("a graph"), packages::read().expect("packages"));
        let all = gather(&graph, &packages).expect("the texts");
        let (list, _) = all.split_once("\n\n=====").expect("texts");
        for key in graph.shipped() {
            let package = &packages[key];
            let line = format!("\n{} {}: ", package.name, package.version);
            assert_eq!(list.contains(&line), !package.is_ours(), "{key}");
        }
        assert!(all.contains("Amazon.com"), "what comes with the ciphers");
        let apache = "TERMS AND CONDITIONS FOR USE, REPRODUCTION, AND DISTRIBUTION";
        assert!(all.matches(apache).count() < 40, "{}", all.matches(apache).count());
    }
}
