//! The kept inputs keep their promises, on every machine and without a fuzzer.

use std::collections::BTreeSet;
use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use rescind_fuzz::{TARGETS, Target};

fn home() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn corpus(target: &Target) -> PathBuf {
    home().join("corpus").join(target.name)
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    entries.map(|entry| entry.unwrap().path()).collect()
}

fn stems(directory: &Path) -> BTreeSet<String> {
    files(directory).iter().map(|path| path.file_stem().unwrap().to_string_lossy().into_owned()).collect()
}

/// One run of every input tells all that are broken.
#[test]
fn every_kept_input_keeps_its_promise() {
    let mut broken = Vec::new();
    for target in TARGETS {
        let mut inputs = files(&corpus(target));
        let regressions = home().join("regressions").join(target.name);
        if regressions.exists() {
            inputs.extend(files(&regressions));
        }
        assert!(!inputs.is_empty(), "{} has no corpus", target.name);
        for path in inputs {
            let data = fs::read(&path).unwrap();
            let run = target.run;
            if catch_unwind(move || run(&data)).is_err() {
                broken.push(path);
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn the_seeds_in_the_corpus_are_current() {
    let bless = std::env::var_os("RESCIND_TEST_BLESS").is_some();
    for target in TARGETS {
        let directory = corpus(target);
        for (name, seed) in (target.seeds)() {
            let path = directory.join(name);
            if bless {
                fs::create_dir_all(&directory).unwrap();
                fs::write(&path, &seed).unwrap();
            }
            let written = fs::read(&path).unwrap_or_default();
            assert_eq!(
                written,
                seed,
                "run the tests of rescind-fuzz with RESCIND_TEST_BLESS=1 to write {}",
                path.display()
            );
        }
    }
}

#[test]
fn every_target_has_a_binary_and_a_corpus_and_nothing_else_has() {
    let names: BTreeSet<String> = TARGETS.iter().map(|target| target.name.to_owned()).collect();
    assert_eq!(stems(&home().join("fuzz_targets")), names);
    assert_eq!(stems(&home().join("corpus")), names);
    let manifest = fs::read_to_string(home().join("Cargo.toml")).unwrap();
    for name in names {
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name} is no binary");
    }
}

#[test]
fn the_corpus_stays_small() {
    let inputs: Vec<PathBuf> = TARGETS.iter().flat_map(|target| files(&corpus(target))).collect();
    assert!(inputs.len() < 300, "{} files", inputs.len());
    for path in inputs {
        assert!(fs::metadata(&path).unwrap().len() <= 4096, "{}", path.display());
    }
}
