//! The shared cache: the one place that picks one.

use std::sync::Arc;

use rescind::lookup::MarkCache;
use rescind_redis::{Address, RedisCache, Timing};
use rescind_server::config;
use secrecy::ExposeSecret as _;

use crate::failure::Failure;

/// The cache that the settings name, if they name one. It need not be there. What is wrong with its URL is told without it: it
/// may hold a password.
pub(crate) fn open(settings: &config::Settings) -> Result<Option<Arc<dyn MarkCache>>, Failure> {
    let Some(url) = &settings.redis_url else { return Ok(None) };
    let bad = |why: &dyn std::fmt::Display| Failure::Setting(format!("RESCIND_REDIS_URL: {why}"));
    let address: Address = url.expose_secret().parse().map_err(|why| bad(&why))?;
    let cache = RedisCache::start(address, Timing::default()).map_err(|why| bad(&why))?;
    Ok(Some(Arc::new(cache)))
}
