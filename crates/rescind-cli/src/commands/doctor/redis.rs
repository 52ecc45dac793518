//! The Redis, where one is set: reached, near, and ready to take marks. Whatever is wrong with it, no revoked token passes: then
//! the ledger is asked.

use rescind_redis::{LookError, Looked, NoMarks, Timing, Told, look};
use rescind_server::config;

use super::Finding;
use crate::cache;
use crate::failure::Failure;

pub(super) async fn check(settings: &config::Settings) -> Vec<Finding> {
    let address = match cache::address(settings) {
        Ok(Some(address)) => address,
        Ok(None) => return Vec::new(),
        Err(failure) => return vec![Finding::failure("redis", &failure)],
    };
    match look(address, Timing::default()).await {
        Ok(looked) => {
            let mut findings = vec![check_answer(&looked), check_marks(&looked)];
            findings.extend(looked.told.as_ref().map(check_memory));
            findings
        }
        Err(LookError::Away(why)) => vec![Finding::warning(
            "redis",
            format!("it cannot be reached: {why}"),
            "start it, or open the way to it; until then checks ask the ledger, and nothing revoked passes",
        )],
        Err(LookError::Refused(why)) => vec![Finding::wrong(
            "redis",
            format!("it does not let us in: {why}"),
            "see that RESCIND_REDIS_URL names the user, the password and the database; over TLS, sslrootcert names the file of the authority",
        )],
        Err(LookError::Tls(why)) => {
            vec![Finding::failure("redis", &Failure::Setting(format!("RESCIND_REDIS_URL: {why}")))]
        }
    }
}

fn check_answer(looked: &Looked) -> Finding {
    let name = match &looked.told {
        Some(told) => format!("Redis {}", told.version),
        None => "Redis (its version is not told to this user)".to_owned(),
    };
    let millis = looked.answered_in.as_secs_f64() * 1000.0;
    let detail = format!("{name} at {} answers in {millis:.1} ms", looked.place);
    let most = Timing::default().answer;
    if looked.answered_in <= most {
        return Finding::ok("redis", detail);
    }
    Finding::warning(
        "redis",
        format!("{detail}, and checks wait for {} ms at most: they ask the ledger", most.as_millis()),
        "have one that is near the nodes",
    )
}

fn check_marks(looked: &Looked) -> Finding {
    let Some(why) = &looked.refuses_marks else {
        return Finding::ok("redis marks", "it takes what is revoked");
    };
    let mend = match why {
        NoMarks::NotAllowed(_) => {
            "ACL SETUSER <user> ~rescind:* +mget +get +set +pttl +eval, and with sentinels +role"
        }
        NoMarks::Replica(_) => "name the master in RESCIND_REDIS_URL, or the sentinels: redis+sentinel://",
        NoMarks::Full(_) => "raise maxmemory, or CONFIG SET maxmemory-policy volatile-ttl",
        NoMarks::Other(_) => "look at what Redis says of it; until then checks ask the ledger",
    };
    Finding::wrong("redis marks", format!("it does not take what is revoked: {why}"), mend)
}

/// Safe with any policy. But one that evicts nothing leaves no room for what is new.
fn check_memory(told: &Told) -> Finding {
    let Told { max_memory, policy, .. } = told;
    match (*max_memory, policy.as_str()) {
        (0, _) => Finding::ok("redis memory", "no maxmemory: it holds what is revoked until that expires"),
        (_, "noeviction") => Finding::warning(
            "redis memory",
            format!(
                "noeviction at {max_memory} bytes: when they are full it takes nothing new, and the ledger is asked (no revoked token passes)"
            ),
            "CONFIG SET maxmemory-policy volatile-ttl",
        ),
        (_, policy) => Finding::ok(
            "redis memory",
            format!("{policy} at {max_memory} bytes: what it evicts, the ledger is asked for"),
        ),
    }
}
