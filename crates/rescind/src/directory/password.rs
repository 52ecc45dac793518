//! Passwords: Argon2id with memory-hard settings, and what is too weak to be one.

use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use secrecy::{ExposeSecret as _, SecretString};

use crate::directory::PasswordHash;
use crate::entropy::{Entropy, random_bytes};

/// Memory of one hash in KiB: 19 MiB (OWASP password storage cheat sheet, Argon2id).
///
/// ```
/// use rescind::directory::password;
/// use rescind::system::SystemEntropy;
///
/// let kept = password::hash(&"correct horse battery staple".into(), &SystemEntropy).unwrap();
/// assert!(kept.0.contains(&format!("m={}", password::MEMORY_KIB)));
/// ```
pub const MEMORY_KIB: u32 = 19 * 1024;
/// Passes over that memory.
///
/// ```
/// use rescind::directory::password;
/// use rescind::system::SystemEntropy;
///
/// let kept = password::hash(&"correct horse battery staple".into(), &SystemEntropy).unwrap();
/// assert!(kept.0.contains(&format!("t={}", password::PASSES)));
/// ```
pub const PASSES: u32 = 2;
/// The longest password in bytes: beyond it, hashing is somebody else's work to waste.
///
/// ```
/// use rescind::directory::password::{MAX_BYTES, weakness};
///
/// let long = |bytes: usize| "horse battery ".chars().cycle().take(bytes).collect::<String>();
/// assert_eq!(weakness(&long(MAX_BYTES).into(), "ada@example.com"), None);
/// assert!(weakness(&long(MAX_BYTES + 1).into(), "ada@example.com").is_some());
/// ```
pub const MAX_BYTES: usize = 256;
/// The shortest password in characters (NIST SP 800-63B-4 §3.1.1.2 asks for 8 at the least).
///
/// ```
/// use rescind::directory::password::{MIN_CHARS, weakness};
///
/// // Characters and not bytes are counted.
/// assert_eq!("größeräh".chars().count(), MIN_CHARS);
/// assert_eq!(weakness(&"größeräh".into(), "ada@example.com"), None);
/// ```
pub const MIN_CHARS: usize = 8;

/// Hashes a password with a fresh random salt. Takes tens of milliseconds and 19 MiB.
///
/// ```
/// use rescind::directory::password;
/// use rescind::system::SystemEntropy;
///
/// let hash = || password::hash(&"correct horse battery staple".into(), &SystemEntropy).unwrap();
/// assert!(hash().0.starts_with("$argon2id$v=19$"));
/// assert_ne!(hash(), hash(), "each has a salt of its own");
/// ```
pub fn hash(password: &SecretString, entropy: &dyn Entropy) -> Option<PasswordHash> {
    let salt: [u8; 16] = random_bytes(entropy);
    let hash = hasher()?.hash_password_with_salt(password.expose_secret().as_bytes(), &salt).ok()?;
    Some(PasswordHash(hash.to_string()))
}

/// Whether `password` is the one that was hashed. With no hash (an unknown user) it takes the same time, and is wrong.
///
/// ```
/// use rescind::directory::password;
/// use rescind::system::SystemEntropy;
/// use secrecy::SecretString;
///
/// let given = SecretString::from("correct horse battery staple");
/// let kept = password::hash(&given, &SystemEntropy).unwrap();
/// assert!(password::verify(&given, Some(&kept)));
/// assert!(!password::verify(&SecretString::from("Correct horse battery staple"), Some(&kept)));
/// assert!(!password::verify(&given, None));
/// ```
pub fn verify(password: &SecretString, hash: Option<&PasswordHash>) -> bool {
    let known = hash.map_or(NOBODYS, |hash| hash.0.as_str());
    let Ok(parsed) = argon2::PasswordHash::new(known) else { return false };
    let right = hasher()
        .is_some_and(|hasher| hasher.verify_password(password.expose_secret().as_bytes(), &parsed).is_ok());
    right && hash.is_some()
}

/// Why `password` would be guessed, if it would. `email` is whose it is to be.
///
/// ```
/// use rescind::directory::password::weakness;
///
/// let judged = |password: &str| weakness(&password.into(), "jane.doe@example.com");
/// assert_eq!(judged("Jane.Doe"), Some("it must not be the email"));
/// assert_eq!(judged("aaaabbbbcc"), Some("it must have at least 4 different characters"));
/// assert_eq!(judged("trustno1"), Some("it is one of the most common passwords"));
/// assert_eq!(judged("correct horse battery staple"), None, "neither digits nor capitals are asked for");
/// ```
pub fn weakness(password: &SecretString, email: &str) -> Option<&'static str> {
    let password = password.expose_secret();
    let lower = password.to_lowercase();
    let local = email.split('@').next().unwrap_or_default().to_lowercase();
    let distinct = password.chars().collect::<std::collections::BTreeSet<_>>().len();
    if password.chars().count() < MIN_CHARS {
        Some("it must have at least 8 characters")
    } else if password.len() > MAX_BYTES {
        Some("it must have at most 256 bytes")
    } else if lower == email.to_lowercase() || lower == local {
        Some("it must not be the email")
    } else if distinct < 4 {
        Some("it must have at least 4 different characters")
    } else if COMMON.contains(&lower.as_str()) {
        Some("it is one of the most common passwords")
    } else {
        None
    }
}

fn hasher() -> Option<Argon2<'static>> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, None).ok()?;
    Some(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// A hash, with the settings above, of a random password that nobody knows.
const NOBODYS: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$cmVzY2luZC1ub2JvZHkx$9rM4q0pXk0m0p5sFh2m1l2F4b0Yt1uJcZ4m5cS8h3mA";

/// The passwords of eight characters and more that lists of leaked ones have most often.
const COMMON: [&str; 40] = [
    "12345678",
    "123456789",
    "1234567890",
    "password",
    "password1",
    "password12",
    "password123",
    "qwerty123",
    "qwertyuiop",
    "1q2w3e4r",
    "1q2w3e4r5t",
    "iloveyou",
    "11111111",
    "abc12345",
    "abcd1234",
    "00000000",
    "88888888",
    "87654321",
    "987654321",
    "0987654321",
    "1qaz2wsx",
    "sunshine",
    "princess",
    "football",
    "baseball",
    "superman",
    "trustno1",
    "welcome1",
    "whatever",
    "starwars",
    "computer",
    "michelle",
    "jennifer",
    "corvette",
    "asdfghjkl",
    "zaq12wsx",
    "letmein1",
    "passw0rd",
    "p@ssw0rd",
    "changeme",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::SystemEntropy;

    #[test]
    fn a_password_is_recognised_and_another_is_not() {
        let password = SecretString::from("correct horse battery staple");
        let hash = hash(&password, &SystemEntropy).unwrap();
        assert!(hash.0.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", hash.0);
        assert!(verify(&password, Some(&hash)));
        assert!(!verify(&SecretString::from("Correct horse battery staple"), Some(&hash)));
        assert!(!verify(&password, None));
        assert_eq!(format!("{hash:?}"), "PasswordHash(…)");
    }

    #[test]
    fn an_unknown_user_is_checked_against_a_hash_of_the_same_cost() {
        let parsed = argon2::PasswordHash::new(NOBODYS).unwrap();
        let cost = Params::try_from(&parsed).unwrap();
        assert_eq!((cost.m_cost(), cost.t_cost(), cost.p_cost()), (MEMORY_KIB, PASSES, 1));
    }

    #[test]
    fn weak_passwords_are_told_why() {
        for weak in [
            "",
            "1234567",
            "PASSWORD123",
            "jane.doe@example.com",
            "JANE.DOE",
            "aaaabbbbcc",
            &"xyz1".repeat(65),
        ] {
            assert!(weakness(&SecretString::from(weak), "jane.doe@example.com").is_some(), "{weak}");
        }
        assert_eq!(
            weakness(&SecretString::from("correct horse battery staple"), "jane.doe@example.com"),
            None
        );
    }
}
