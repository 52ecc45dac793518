//! Over TLS the authority's certificate is always checked.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rescind::clock::Timestamp;
use rescind_remote::Remote;
use rescind_testkit::clock::ManualClock;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use crate::fake::Fake;
use crate::rig::{quick, ready, until};

/// An authority of certificates, in PEM, and a server with a certificate for 127.0.0.1 that it signed.
fn certified() -> (String, TlsAcceptor) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let root = params.self_signed(&key).unwrap().pem();
    let issuer = Issuer::new(params, key);
    let key = KeyPair::generate().unwrap();
    let leaf =
        CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    let private = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], private)
        .unwrap();
    (root, TlsAcceptor::from(Arc::new(config)))
}

#[tokio::test]
async fn a_certificate_that_is_trusted_is_followed_and_no_other() {
    let clock = Arc::new(ManualClock::at(Timestamp::from_secs(1_767_323_045)));
    let (root, acceptor) = certified();
    let fake = Fake::start_with(Arc::clone(&clock), Some(acceptor)).await;
    let builder =
        || Remote::builder(fake.url()).client("client", "secret").clock(clock.clone()).timing(quick());

    let trusting = ready(builder().tls_roots(root)).await;
    assert!(trusting.is_ready());

    let (stranger, _) = certified();
    for doubting in [builder().tls_roots(stranger), builder()] {
        let doubting = doubting.start().await.unwrap();
        until(&doubting, "it has tried", |status| {
            status.feed_trouble.is_some() && status.keys_trouble.is_some()
        })
        .await;
        assert_eq!(doubting.status().feed_trouble.unwrap().code(), "unreachable");
        assert!(!doubting.is_ready());
    }
}
