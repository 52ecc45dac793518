//! A configuration, and what of it is another one's for a test.

use std::path::{Path, PathBuf};

use super::server::Nginx;

/// The files of a configuration, laid out as below `/etc/nginx`. Those in `conf.d` are read into the context `http`, in the order of
/// their names; a relative `include` finds the others.
#[derive(Clone, Debug)]
pub struct Site {
    source: PathBuf,
    edits: Vec<(String, String)>,
    pub(super) address: Option<String>,
}

impl Site {
    /// The configuration in this directory.
    pub fn of(directory: impl Into<PathBuf>) -> Self {
        Self { source: directory.into(), edits: Vec::new(), address: None }
    }

    /// Puts `to` wherever the files say `from`. They are only copied: what the test does not change is tested as it is.
    #[must_use]
    pub fn edit(mut self, from: &str, to: impl Into<String>) -> Self {
        self.edits.push((from.to_owned(), to.into()));
        self
    }

    /// Listens on a free port of the loopback address, and not at this address, which the files name.
    #[must_use]
    pub fn listening(mut self, address: &str) -> Self {
        self.address = Some(address.to_owned());
        self
    }

    /// [`Nginx::start`] with it.
    pub async fn start(self) -> Nginx {
        Nginx::start(self).await
    }

    /// Writes the files to `target`, and returns the directories that were made.
    ///
    /// # Panics
    /// If the files cannot be read, or say nowhere what is to be edited: then it is not they that are tested.
    pub(super) fn write_to(&self, target: &Path) -> Vec<PathBuf> {
        let mut files = Vec::new();
        collect(&self.source, &mut files);
        let mut made = Vec::new();
        let mut used = vec![false; self.edits.len()];
        for file in files {
            let mut text = std::fs::read_to_string(&file).expect("a text");
            for (edit, used) in self.edits.iter().zip(&mut used) {
                *used |= text.contains(&edit.0);
                text = text.replace(&edit.0, &edit.1);
            }
            let copy = target.join(file.strip_prefix(&self.source).expect("below the source"));
            let parent = copy.parent().expect("below the target").to_owned();
            std::fs::create_dir_all(&parent).expect("a directory of ours");
            std::fs::write(&copy, text).expect("a file of ours");
            made.push(parent);
        }
        for ((from, _), used) in self.edits.iter().zip(used) {
            assert!(used, "no file below {} says `{from}`", self.source.display());
        }
        made
    }
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) {
    let entries = std::fs::read_dir(directory);
    let entries = entries.unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    for entry in entries {
        let path = entry.expect("a directory that can be read").path();
        if path.is_dir() { collect(&path, files) } else { files.push(path) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "says `listen 80`")]
    fn an_edit_that_changes_nothing_is_a_failure() {
        let (source, target) = (tempfile::tempdir().expect("one"), tempfile::tempdir().expect("another"));
        std::fs::write(source.path().join("site.conf"), "listen 81;").expect("a file");
        Site::of(source.path()).edit("listen 81", "listen 82").edit("listen 80", "").write_to(target.path());
    }

    #[test]
    fn files_are_copied_where_they_were_and_edited_wherever_they_say_it() {
        let (source, target) = (tempfile::tempdir().expect("one"), tempfile::tempdir().expect("another"));
        std::fs::create_dir(source.path().join("deep")).expect("a directory");
        for name in ["a.conf", "deep/b.conf"] {
            std::fs::write(source.path().join(name), "one two one").expect("a file");
        }
        Site::of(source.path()).edit("one", "three").write_to(target.path());
        for name in ["a.conf", "deep/b.conf"] {
            let copy = std::fs::read_to_string(target.path().join(name)).expect("a copy");
            assert_eq!(copy, "three two three");
        }
    }
}
