//! Certificates for what the tests start: an authority of its own for each server.

use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};

/// Where the three files are that a server over TLS needs.
#[derive(Clone, Debug)]
pub(crate) struct Certificate {
    /// The authority: what a client is to trust.
    pub(crate) ca: PathBuf,
    /// The server's own, for `localhost` and 127.0.0.1, signed by the authority.
    pub(crate) chain: PathBuf,
    /// Its key, readable by its owner only.
    pub(crate) key: PathBuf,
}

impl Certificate {
    /// Makes an authority and a certificate and writes them to `directory`.
    pub(crate) fn make(directory: &Path) -> Self {
        let mut authority = named("Rescind test authority", &[]);
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let authority_key = new_key();
        let ca = authority.self_signed(&authority_key).expect("an authority signs itself").pem();
        let issuer = Issuer::new(authority, authority_key);
        let key = new_key();
        let leaf = named("Rescind test server", &["localhost", "127.0.0.1"]);
        let chain = leaf.signed_by(&key, &issuer).expect("the authority signs").pem();
        Self {
            ca: write(directory.join("ca.pem"), &ca),
            chain: write(directory.join("server.pem"), &chain),
            key: write(directory.join("server.key"), &key.serialize_pem()),
        }
    }
}

fn named(name: &str, hosts: &[&str]) -> CertificateParams {
    let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
    let mut params = CertificateParams::new(hosts).expect("names of hosts");
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

fn new_key() -> KeyPair {
    KeyPair::generate().expect("a new key")
}

fn write(path: PathBuf, text: &str) -> PathBuf {
    use std::io::Write as _;

    let mut file = std::fs::OpenOptions::new().create_new(true).write(true).mode(0o600).open(&path);
    file.as_mut().ok().and_then(|file| file.write_all(text.as_bytes()).ok()).expect("a file of ours");
    path
}
