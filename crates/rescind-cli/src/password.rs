//! Passwords: never an argument, which others on the machine could read.

use std::io::{self, IsTerminal as _, Read as _};
use std::path::{Path, PathBuf};

use clap::Args;
use rescind::entropy::{Entropy, random_bytes};
use rescind::system::SystemEntropy;
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::{Zeroize as _, Zeroizing};

use crate::failure::Failure;

/// Where a password comes from.
#[derive(Args, Clone, Debug, Default)]
#[group(multiple = false)]
pub(crate) struct PasswordSource {
    /// Read the password from this file; one line end at its end is not part of it
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
    /// Read the password from standard input
    #[arg(long)]
    pub(crate) password_stdin: bool,
    /// Ask for the password
    #[arg(long)]
    pub(crate) password_prompt: bool,
    /// Make a strong random password, and print it once
    #[arg(long)]
    pub(crate) password_generate: bool,
}

/// A password, and whether it is to be shown because nobody knows it yet.
pub(crate) struct Password {
    /// The password.
    pub(crate) text: SecretString,
    /// Whether it was made here.
    pub(crate) generated: bool,
}

impl Password {
    /// The text, where nobody knows it yet.
    pub(crate) fn to_show(&self) -> Option<&str> {
        self.generated.then(|| self.text.expose_secret())
    }
}

impl PasswordSource {
    /// The password, where a source was named.
    pub(crate) fn read(&self) -> Result<Option<Password>, Failure> {
        let text = if let Some(path) = &self.password_file {
            from_file(path)?
        } else if self.password_stdin {
            from_stdin()?
        } else if self.password_prompt {
            ask()?
        } else if self.password_generate {
            return Ok(Some(Password { text: generate(&SystemEntropy), generated: true }));
        } else {
            return Ok(None);
        };
        Ok(Some(Password { text, generated: false }))
    }

    /// The password; a person is asked where no source was named.
    pub(crate) fn read_or_ask(&self) -> Result<Password, Failure> {
        match self.read()? {
            Some(password) => Ok(password),
            None => Ok(Password { text: ask()?, generated: false }),
        }
    }
}

/// A random password of 100 bits that is easy to type: five groups of four, without letters that look alike.
pub(crate) fn generate(entropy: &dyn Entropy) -> SecretString {
    /// Crockford's base32 in lower case: no i, l, o, u.
    const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let mut bytes: [u8; 20] = random_bytes(entropy);
    let mut text = String::with_capacity(24);
    for (i, byte) in bytes.iter().enumerate() {
        if i > 0 && i % 4 == 0 {
            text.push('-');
        }
        text.push(char::from(ALPHABET[usize::from(byte & 31)]));
    }
    bytes.zeroize();
    text.into()
}

fn from_file(path: &Path) -> Result<SecretString, Failure> {
    let text = std::fs::read_to_string(path).map(Zeroizing::new).map_err(Failure::file(path))?;
    Ok(without_line_end(&text).into())
}

fn from_stdin() -> Result<SecretString, Failure> {
    let mut text = Zeroizing::new(String::new());
    // More than any password, so that a wrong pipe does not fill the memory.
    io::stdin()
        .lock()
        .take(64 * 1024)
        .read_to_string(&mut text)
        .map_err(Failure::file(Path::new("standard input")))?;
    Ok(without_line_end(&text).into())
}

fn ask() -> Result<SecretString, Failure> {
    if !io::stdin().is_terminal() {
        return Err(Failure::CannotAskPassword);
    }
    let prompt = |text| rpassword::prompt_password(text).map_err(Failure::file(Path::new("the terminal")));
    let (first, second) = (Zeroizing::new(prompt("password: ")?), Zeroizing::new(prompt("once more: ")?));
    if *first == *second {
        Ok(first.as_str().into())
    } else {
        Err(Failure::Usage("the two passwords differ".to_owned()))
    }
}

fn without_line_end(text: &str) -> &str {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_password_has_five_groups_of_four_and_differs_each_time() {
        let (one, two) = (generate(&SystemEntropy), generate(&SystemEntropy));
        let groups: Vec<_> = one.expose_secret().split('-').collect();
        assert_eq!(groups.len(), 5);
        assert!(
            groups.iter().all(|group| group.len() == 4 && group.bytes().all(|b| b.is_ascii_alphanumeric()))
        );
        assert_ne!(one.expose_secret(), two.expose_secret());
        assert_eq!(rescind::directory::password::weakness(&one, "admin@localhost"), None);
    }

    #[test]
    fn one_line_end_is_no_part_of_a_password() {
        assert_eq!(without_line_end("a b \r\n"), "a b ");
        assert_eq!(without_line_end("a\n\n"), "a\n");
        assert_eq!(without_line_end("a"), "a");
    }
}
