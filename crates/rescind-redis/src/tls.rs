//! TLS towards Redis: certificates are always checked, against the system's roots or the file that the URL names.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// The certificates cannot be used.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use rescind_redis::{RedisCache, Timing, TlsError};
///
/// let address = "rediss://cache.example?sslrootcert=/no/such/file".parse()?;
/// let refused = RedisCache::start(address, Timing::default()).unwrap_err();
/// assert!(matches!(refused, TlsError::Roots { path, .. } if path.ends_with("such/file")));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The file that the URL names.
    #[error("sslrootcert {}: {why}", .path.display())]
    Roots {
        /// Which one.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The library itself.
    #[error("TLS cannot be used: {0}")]
    Library(#[from] rustls::Error),
}

/// How to speak TLS.
pub(crate) struct Tls(TlsConnector);

impl Tls {
    pub(crate) fn new(roots: Option<&Path>) -> Result<Self, TlsError> {
        let roots = match roots {
            Some(path) => named(path)?,
            None => systems(),
        };
        let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self(TlsConnector::from(Arc::new(config))))
    }

    pub(crate) async fn wrap(&self, host: &str, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let name = ServerName::try_from(host.to_owned()).map_err(|_| {
            io::Error::new(io::ErrorKind::InvalidInput, "not a name that a certificate may have")
        })?;
        self.0.connect(name, stream).await
    }
}

fn named(path: &Path) -> Result<RootCertStore, TlsError> {
    let unusable = |why: String| TlsError::Roots { path: path.to_owned(), why };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| unusable(error.to_string()))? {
        let certificate = certificate.map_err(|error| unusable(error.to_string()))?;
        roots.add(certificate).map_err(|error| unusable(error.to_string()))?;
    }
    if roots.is_empty() { Err(unusable("no certificate in it".to_owned())) } else { Ok(roots) }
}

/// None at all on a machine without any: then no certificate is good, and the error of the connection says so.
fn systems() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}
