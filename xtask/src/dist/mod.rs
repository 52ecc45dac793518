//! `cargo xtask dist`: the program, linked statically, in an archive with all that it is installed with, with checksums and a
//! list of what it is made of.

mod archive;
mod contents;
mod graph;
mod notices;
mod packages;
mod program;
mod release;
mod sbom;
mod sums;
mod trial;

use std::fs;
use std::path::{Path, PathBuf};

use crate::places::Places;
use crate::shell::Outcome;
use crate::steps::Steps;
use crate::tools::musl;

use self::graph::Graph;
use self::program::Program;
use self::release::Release;

/// Makes everything below `target/dist`, and tries it.
pub(crate) fn run(places: &Places) -> Outcome {
    let mut steps = Steps::begin();
    let release = Release::of(places)?;
    println!("{}", release.name());
    let program = build(places, &mut steps, release.target())?;
    let packages = packages::read()?;
    let graph = Graph::of(release.target())?;
    let sbom = steps.step("sbom", || {
        graph.must_name(program.crates(), &packages)?;
        let document = sbom::document(&graph, &packages, &release)?;
        println!("{} packages, {} of them in the program", graph.all().count(), graph.shipped().count());
        Ok(document)
    })?;
    let home = steps.step("archive", || {
        let folder = contents::Folder { places, release: &release, program: program.path(), sbom: &sbom };
        let archive = folder.gather(&notices::gather(&graph, &packages)?)?.write(release.epoch())?;
        let archived = format!("{}.tar.gz", release.name());
        let listed = format!("{}.cdx.json", release.name());
        write(places, &[(archived, archive), (listed, sbom.clone().into_bytes())])
    })?;
    steps.step("trial", || trial::run(places, &home, &release))?;
    steps.finish();
    println!("{}", home.display());
    Ok(())
}

/// Makes the program alone, at this place.
pub(crate) fn program_only(places: &Places, wanted: &Path) -> Outcome {
    let mut steps = Steps::begin();
    let program = build(places, &mut steps, &release::target()?)?;
    if let Some(folder) = wanted.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::copy(program.path(), wanted)?;
    steps.finish();
    Ok(())
}

fn build(places: &Places, steps: &mut Steps, target: &str) -> Outcome<Program> {
    steps.step("tools", || musl::ensure(target))?;
    let program = steps.step("program", || Program::build(places, target))?;
    steps.step("static", || program.must_be_static())?;
    Ok(program)
}

/// Writes these and their sums, and nothing of an earlier release stays beside them.
fn write(places: &Places, files: &[(String, Vec<u8>)]) -> Outcome<PathBuf> {
    let home = places.target.join("dist");
    if home.exists() {
        fs::remove_dir_all(&home)?;
    }
    fs::create_dir_all(&home)?;
    for (name, bytes) in files {
        fs::write(home.join(name), bytes)?;
    }
    let sums = sums::of(files);
    print!("{sums}");
    fs::write(home.join(sums::NAME), sums)?;
    Ok(home)
}
