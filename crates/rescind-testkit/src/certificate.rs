//! Certificates for what the tests start: an authority of its own for each server.

use std::fs::OpenOptions;
use std::io::Write as _;
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
        let certificate = Self::at(directory);
        write(&certificate.ca, &ca);
        write(&certificate.chain, &chain);
        write(&certificate.key, &key.serialize_pem());
        certificate
    }

    /// Where [`Certificate::make`] has written them.
    pub(crate) fn at(directory: &Path) -> Self {
        let [ca, chain, key] = ["ca.pem", "server.pem", "server.key"].map(|name| directory.join(name));
        Self { ca, chain, key }
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

fn write(path: &Path, text: &str) {
    let mut options = OpenOptions::new();
    let file = options.create(true).write(true).truncate(true).mode(0o600).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes())).expect("a file of ours");
}
