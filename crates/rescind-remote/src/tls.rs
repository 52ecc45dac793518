//! TLS towards the authority: its certificate is always checked.

use std::sync::Arc;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

/// Why the certificates cannot be used.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use rescind_remote::{InvalidRoots, Remote, StartError};
///
/// let builder = Remote::builder("https://auth.example").client("gateway", "rcs_secret");
/// let empty = builder.tls_roots("").start().await;
/// assert!(matches!(empty, Err(StartError::Roots(InvalidRoots::Malformed))));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidRoots {
    /// There is none in the PEM, or one of them is not readable.
    #[error("the roots are not certificates in PEM")]
    Malformed,
    /// The library itself.
    #[error("TLS cannot be used: {0}")]
    Library(#[from] rustls::Error),
}

/// Trusts the roots of the PEM and nothing else; without one, what the system trusts.
pub(crate) fn config(roots: Option<&[u8]>) -> Result<ClientConfig, InvalidRoots> {
    let roots = match roots {
        Some(pem) => named(pem)?,
        None => systems(),
    };
    Ok(ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

fn named(pem: &[u8]) -> Result<RootCertStore, InvalidRoots> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|_| InvalidRoots::Malformed)?;
        roots.add(certificate).map_err(|_| InvalidRoots::Malformed)?;
    }
    if roots.is_empty() { Err(InvalidRoots::Malformed) } else { Ok(roots) }
}

/// None at all on a machine without any: then no certificate is good, and nothing is reachable.
fn systems() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_that_are_none_are_refused() {
        for pem in ["", "not PEM", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            assert!(matches!(config(Some(pem.as_bytes())), Err(InvalidRoots::Malformed)), "{pem}");
        }
        assert!(config(None).is_ok());
    }
}
