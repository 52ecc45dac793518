//! What one node revokes, another that looks up refuses at once: it need not hear of it first.

use rescind_testkit::redis::Redis;

use crate::fleet::Fleet;
use crate::support::{jti, new_user};

/// How often in each state of Redis.
const ROUNDS: usize = 30;

/// What became of the Redis that the nodes share.
#[derive(Clone, Copy, Debug)]
enum State {
    Whole,
    /// With nothing in it, each time.
    Flushed,
    /// It forgets at once.
    Evicting,
    /// It takes nothing.
    Full,
    Dead,
    /// Started again, with nothing in it.
    Restarted,
}

const STATES: [State; 6] =
    [State::Whole, State::Flushed, State::Evicting, State::Full, State::Dead, State::Restarted];

/// In the first answer after the acknowledgement, before a replica has heard of it.
#[tokio::test(flavor = "multi_thread")]
async fn what_one_node_revokes_one_that_looks_up_refuses_at_once_whatever_becomes_of_redis() {
    let mut redis = Redis::start().await;
    let settings = [("RESCIND_CHECK", "lookup"), ("RESCIND_REDIS_URL", &redis.url())];
    let fleet = Fleet::open(2, &settings).await;
    for state in STATES {
        enter(&mut redis, state).await;
        for round in 0..ROUNDS {
            if matches!(state, State::Flushed) {
                redis.command(&["FLUSHALL"]).await;
            }
            let user = new_user();
            let (from, to) = (fleet.desk_at(round % 2), fleet.desk_at((round + 1) % 2));
            let pair = from.open(&user).await;
            to.api.me(&pair.access).await.expect(200);
            let path = match round % 3 {
                0 => format!("/api/v1/auth/sessions/revoke/{}", jti(&pair.access)),
                1 => format!("/api/v1/admin/users/{user}/revoke-all"),
                _ => format!("/api/v1/auth/sessions/revoke/{}", jti(&pair.refresh)),
            };
            from.order(&path).await.expect(200);
            let called = to.api.me(&pair.access).await;
            let seen = (called.status, called.code());
            assert_eq!(seen, (401, "token_revoked"), "{state:?}, round {round}: {called:?}");
        }
    }
}

async fn enter(redis: &mut Redis, state: State) {
    match state {
        State::Whole | State::Flushed => {}
        State::Evicting => {
            redis.command(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]).await;
            redis.command(&["CONFIG", "SET", "maxmemory", "1"]).await;
        }
        State::Full => drop(redis.command(&["CONFIG", "SET", "maxmemory-policy", "noeviction"]).await),
        State::Dead => redis.kill().await,
        State::Restarted => redis.restart().await,
    }
}
