//! Sums for whoever downloads, as `sha256sum --check` reads them.

use sha2::{Digest as _, Sha256};

/// The file's name.
pub(super) const NAME: &str = "SHA256SUMS";

/// A line for each of these files, by name.
pub(super) fn of(files: &[(String, Vec<u8>)]) -> String {
    let mut lines: Vec<_> = files.iter().map(|(name, bytes)| (name, sum(bytes))).collect();
    lines.sort();
    lines.into_iter().map(|(name, sum)| format!("{sum}  {name}\n")).collect()
}

fn sum(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sum of `abc` is the example of FIPS 180-2, appendix B.1.
    #[test]
    fn a_line_is_the_sum_two_spaces_and_the_name() {
        let files = [("b".to_owned(), b"abc".to_vec()), ("a".to_owned(), Vec::new())];
        assert_eq!(
            of(&files),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  a\n\
             ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  b\n"
        );
    }
}
