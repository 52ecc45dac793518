//! An archive whose bytes depend on nothing but what is in it: sorted, owned by nobody in particular, of one time.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path};

use flate2::{Compression, GzBuilder};
use tar::{Builder, EntryType, Header};

use crate::shell::{Failure, Outcome};

/// A folder to be: files by their paths below it.
pub(super) struct Archive {
    top: String,
    files: BTreeMap<String, File>,
}

struct File {
    bytes: Vec<u8>,
    mode: u32,
}

const FOLDER: u32 = 0o755;
const PROGRAM: u32 = 0o755;
const PLAIN: u32 = 0o644;

impl Archive {
    /// Everything will be below the folder `top`.
    pub(super) fn new(top: &str) -> Outcome<Self> {
        must_stay_below(top)?;
        Ok(Self { top: top.to_owned(), files: BTreeMap::new() })
    }

    /// Adds a program.
    pub(super) fn program(&mut self, path: &str, bytes: Vec<u8>) -> Outcome {
        self.add(path, bytes, PROGRAM)
    }

    /// Adds a file to be read.
    pub(super) fn file(&mut self, path: &str, bytes: Vec<u8>) -> Outcome {
        self.add(path, bytes, PLAIN)
    }

    /// Adds the files below `from`, as files to be read, below `to`.
    pub(super) fn folder(&mut self, from: &Path, to: &str) -> Outcome {
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            let name = entry.file_name().into_string().map_err(|_| Failure::new("a name beyond Unicode"))?;
            let to = format!("{to}/{name}");
            if entry.file_type()?.is_dir() {
                self.folder(&entry.path(), &to)?;
            } else {
                self.file(&to, fs::read(entry.path())?)?;
            }
        }
        Ok(())
    }

    /// The compressed bytes. `epoch` is the time of everything, in seconds since 1970.
    pub(super) fn write(&self, epoch: u64) -> Outcome<Vec<u8>> {
        // No time and no name: `gzip` puts in both.
        let compressed = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
        let mut archive = Builder::new(compressed);
        for (path, content) in self.entries() {
            let (kind, mode, bytes) = match content {
                Some(file) => (EntryType::Regular, file.mode, file.bytes.as_slice()),
                None => (EntryType::Directory, FOLDER, &[][..]),
            };
            let mut header = Header::new_gnu();
            header.set_entry_type(kind);
            header.set_mode(mode);
            header.set_uid(0);
            header.set_gid(0);
            header.set_mtime(epoch);
            header.set_size(bytes.len() as u64);
            archive.append_data(&mut header, path, bytes)?;
        }
        Ok(archive.into_inner()?.finish()?)
    }

    fn add(&mut self, path: &str, bytes: Vec<u8>, mode: u32) -> Outcome {
        must_stay_below(path)?;
        match self.files.insert(path.to_owned(), File { bytes, mode }) {
            None => Ok(()),
            Some(_) => Err(Failure::new(format!("{path} is in the archive twice"))),
        }
    }

    /// Folders before what is in them, all by name. Folders end with a slash, and have no content.
    fn entries(&self) -> BTreeMap<String, Option<&File>> {
        let mut entries = BTreeMap::from([(format!("{}/", self.top), None)]);
        for (path, file) in &self.files {
            for (slash, _) in path.match_indices('/') {
                entries.insert(format!("{}/{}/", self.top, &path[..slash]), None);
            }
            entries.insert(format!("{}/{path}", self.top), Some(file));
        }
        entries
    }
}

/// Whoever unpacks it must find everything below the folder where that is done.
fn must_stay_below(path: &str) -> Outcome {
    let stays = Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
    if stays && !path.is_empty() && !path.ends_with('/') {
        return Ok(());
    }
    Err(Failure::new(format!("`{path}` is no place in an archive")))
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::read::GzDecoder;

    use super::*;

    fn archive(order: &[&str]) -> Vec<u8> {
        let mut archive = Archive::new("top").expect("a name");
        for path in order {
            let bytes = path.repeat(1000).into_bytes();
            let added = if *path == "run" { archive.program(path, bytes) } else { archive.file(path, bytes) };
            added.expect("a path");
        }
        archive.write(1_700_000_000).expect("an archive")
    }

    fn entries(bytes: &[u8]) -> Vec<(String, u32, String)> {
        let mut archive = tar::Archive::new(GzDecoder::new(bytes));
        let read = archive.entries().expect("entries").map(|entry| {
            let mut entry = entry.expect("an entry");
            let header = entry.header();
            assert_eq!((header.uid().expect("a user"), header.gid().expect("a group")), (0, 0));
            assert_eq!(header.mtime().expect("a time"), 1_700_000_000);
            let mode = header.mode().expect("a mode");
            let path = String::from_utf8(entry.path_bytes().into_owned()).expect("text");
            let mut content = String::new();
            entry.read_to_string(&mut content).expect("text");
            (path, mode, content)
        });
        read.collect()
    }

    #[test]
    fn everything_is_sorted_below_one_folder() {
        let found = entries(&archive(&["run", "man/man1/a.1", "README.md"]));
        let listed: Vec<_> = found.iter().map(|(path, mode, _)| (path.as_str(), *mode)).collect();
        assert_eq!(
            listed,
            [
                ("top/", 0o755),
                ("top/README.md", 0o644),
                ("top/man/", 0o755),
                ("top/man/man1/", 0o755),
                ("top/man/man1/a.1", 0o644),
                ("top/run", 0o755)
            ]
        );
        assert_eq!(found[5].2, "run".repeat(1000));
    }

    #[test]
    fn the_same_files_make_the_same_bytes_in_whatever_order_they_came() {
        assert_eq!(archive(&["a", "b/c", "run"]), archive(&["run", "b/c", "a"]));
        assert_ne!(archive(&["a"]), archive(&["b"]));
    }

    #[test]
    fn no_path_leads_out_of_the_folder_and_none_is_there_twice() {
        for path in ["/etc/passwd", "../x", "a/../../x", "", "a/", "./a"] {
            let mut archive = Archive::new("top").expect("a name");
            assert!(archive.file(path, Vec::new()).is_err(), "{path:?}");
            assert!(Archive::new(path).is_err(), "{path:?}");
        }
        let mut archive = Archive::new("top").expect("a name");
        archive.file("a", Vec::new()).expect("the first");
        assert!(archive.file("a", Vec::new()).is_err());
    }
}
