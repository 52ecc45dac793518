//! Asking the sentinels who is the master.

use redis::aio::MultiplexedConnection;
use redis::{FromRedisValue as _, RedisError, Value};

use crate::address::{Credentials, Host};
use crate::dial::{DialError, Dialer, credentials};

/// The master that the first sentinel names that knows one.
pub(crate) async fn master(
    dialer: &Dialer,
    sentinels: &[Host],
    with: &Credentials,
    name: &str,
) -> Result<Host, DialError> {
    let mut last = DialError::NoMaster(name.to_owned());
    for sentinel in sentinels {
        match ask(dialer, sentinel, with, name).await {
            Ok(Some(host)) => return Ok(host),
            Ok(None) => {}
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Whether it is a master itself.
pub(crate) async fn is_master(connection: &MultiplexedConnection) -> Result<bool, RedisError> {
    let role: Vec<Value> = redis::cmd("ROLE").query_async(&mut connection.clone()).await?;
    let Some(first) = role.into_iter().next() else { return Ok(false) };
    Ok(String::from_redis_value(first)? == "master")
}

async fn ask(
    dialer: &Dialer,
    sentinel: &Host,
    with: &Credentials,
    name: &str,
) -> Result<Option<Host>, DialError> {
    let dialed = dialer.connect(sentinel, credentials(with)).await?;
    let mut question = redis::cmd("SENTINEL");
    question.arg("GET-MASTER-ADDR-BY-NAME").arg(name);
    let mut connection = dialed.connection.clone();
    let answer = question.query_async::<Option<(String, u16)>>(&mut connection);
    let answer = dialer.in_time(answer).await?;
    Ok(answer.map(|(name, port)| Host { name, port }))
}
