//! The shared cache: the one place that picks one.

use std::sync::Arc;

use rescind::lookup::MarkCache;
use rescind_redis::{Address, RedisCache, Timing};
use rescind_server::config;
use secrecy::ExposeSecret as _;

use crate::failure::Failure;

/// The cache that the settings name, if they name one. It need not be there.
pub(crate) fn open(settings: &config::Settings) -> Result<Option<Arc<dyn MarkCache>>, Failure> {
    let Some(address) = address(settings)? else { return Ok(None) };
    let cache = RedisCache::start(address, Timing::default()).map_err(|why| bad(&why))?;
    Ok(Some(Arc::new(cache)))
}

/// Where the settings say that Redis is, if they do.
pub(crate) fn address(settings: &config::Settings) -> Result<Option<Address>, Failure> {
    let Some(url) = &settings.redis_url else { return Ok(None) };
    url.expose_secret().parse().map(Some).map_err(|why| bad(&why))
}

/// What is wrong with the URL is told without it: it may hold a password.
fn bad(why: &dyn std::fmt::Display) -> Failure {
    Failure::Setting(format!("RESCIND_REDIS_URL: {why}"))
}
