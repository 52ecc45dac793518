//! Text that is read from a file or from standard input, such as a token.

use std::io::Read as _;
use std::path::Path;

use zeroize::Zeroizing;

use crate::failure::Failure;

/// More than any token, so that a wrong pipe does not fill the memory.
const LIMIT: u64 = 1024 * 1024;

/// The token in a file, or (`-`) on standard input. White space around it is not part of it.
pub(crate) fn token(place: &str) -> Result<Zeroizing<String>, Failure> {
    if place == "-" {
        return read(&mut std::io::stdin().lock(), Path::new("standard input"));
    }
    let path = Path::new(place);
    read(&mut std::fs::File::open(path).map_err(Failure::file(path))?, path)
}

fn read(source: &mut dyn std::io::Read, path: &Path) -> Result<Zeroizing<String>, Failure> {
    let mut text = Zeroizing::new(String::new());
    source.take(LIMIT).read_to_string(&mut text).map_err(Failure::file(path))?;
    Ok(Zeroizing::new(text.trim().to_owned()))
}
