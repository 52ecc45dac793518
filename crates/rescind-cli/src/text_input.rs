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
    // Nobody's file is called that, and an error would print the token.
    if place.matches('.').count() == 2 && place.len() > 100 {
        let why = "that is a token's text, and the list of processes shows it: give it on standard input, by `-`, or a file that holds it";
        return Err(Failure::Usage(why.to_owned()));
    }
    let path = Path::new(place);
    read(&mut std::fs::File::open(path).map_err(Failure::file(path))?, path)
}

fn read(source: &mut dyn std::io::Read, path: &Path) -> Result<Zeroizing<String>, Failure> {
    let mut text = Zeroizing::new(String::new());
    source.take(LIMIT).read_to_string(&mut text).map_err(Failure::file(path))?;
    Ok(Zeroizing::new(text.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_in_the_place_of_a_file_is_not_printed() {
        let text = format!("{0}.{0}.{0}", "eyJhbGciOiJFZERTQSJ9".repeat(3));
        let told = token(&text).unwrap_err().to_string();
        assert!(told.contains("standard input") && !told.contains("eyJ"), "{told}");
        assert!(token("no/such.file.jwt").unwrap_err().to_string().contains("no/such.file.jwt"));
    }
}
