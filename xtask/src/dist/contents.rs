//! What is in the archive.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::places::Places;
use crate::shell::{self, Outcome};

use super::archive::Archive;
use super::release::Release;

/// To be read first. No Dockerfile: an image is built from the sources, and they are not here.
const PAGES: [&str; 7] = [
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "SECURITY.md",
];

/// What the archive is, for whoever has unpacked it: the README speaks to those who have the sources.
const FIRST: &str = include_str!("first.txt");

/// Where shells look for them, by these names.
const COMPLETIONS: [(&str, &str); 3] =
    [("bash", "rescind.bash"), ("zsh", "_rescind"), ("fish", "rescind.fish")];

/// Where everything comes from.
pub(super) struct Folder<'a> {
    pub(super) places: &'a Places,
    pub(super) release: &'a Release,
    /// The program, which writes its manual pages and completions itself.
    pub(super) program: &'a Path,
    pub(super) sbom: &'a str,
}

impl Folder<'_> {
    /// Puts it together, with the licences of others.
    pub(super) fn gather(&self, licences: &str) -> Outcome<Archive> {
        let root = &self.places.root;
        let mut archive = Archive::new(&self.release.name())?;
        archive.program("rescind", fs::read(self.program)?)?;
        for page in PAGES {
            archive.file(page, fs::read(root.join(page))?)?;
        }
        archive.file("READ-ME-FIRST.txt", FIRST.as_bytes().to_vec())?;
        archive.file("LICENSES-OF-OTHERS.txt", licences.as_bytes().to_vec())?;
        archive.file("rescind.cdx.json", self.sbom.as_bytes().to_vec())?;
        for folder in ["deploy", "docs", "examples"] {
            archive.folder(&root.join(folder), folder)?;
        }
        archive.folder(&self.manual()?, "man/man1")?;
        for (shell, name) in COMPLETIONS {
            let script = shell::read(Command::new(self.program).args(["completions", shell]))?;
            archive.file(&format!("completions/{name}"), script.into_bytes())?;
        }
        Ok(archive)
    }

    fn manual(&self) -> Outcome<std::path::PathBuf> {
        let pages = self.places.target.join("dist-man");
        if pages.exists() {
            fs::remove_dir_all(&pages)?;
        }
        shell::run_quietly(Command::new(self.program).args(["man", "--out"]).arg(&pages))?;
        Ok(pages)
    }
}
