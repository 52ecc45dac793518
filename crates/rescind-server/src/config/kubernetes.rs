//! The variables that Kubernetes makes for every service of a namespace. For services called `rescind` or
//! `rescind-…` they begin like ours, and nobody wrote them, so they are passed over.

/// Whether Kubernetes made this variable.
pub(super) fn made(name: &str, value: &str) -> bool {
    let Some(rest) = name.strip_prefix("RESCIND_") else { return false };
    is_or_ends_in(rest, "SERVICE_HOST")
        || is_or_ends_in(rest, "SERVICE_PORT")
        || rest.starts_with("SERVICE_PORT_")
        || rest.contains("_SERVICE_PORT_")
        || (is_or_ends_in(rest, "PORT") && is_link(value))
        || is_of_a_port(rest)
}

/// `PORT_8080_TCP`, and that with `_PROTO`, `_PORT` or `_ADDR`.
fn is_of_a_port(rest: &str) -> bool {
    let rest = ["_PROTO", "_PORT", "_ADDR"].iter().find_map(|end| rest.strip_suffix(end)).unwrap_or(rest);
    let Some((rest, "TCP" | "UDP" | "SCTP")) = rest.rsplit_once('_') else { return false };
    let Some((rest, number)) = rest.rsplit_once('_') else { return false };
    number.parse::<u16>().is_ok() && is_or_ends_in(rest, "PORT")
}

fn is_link(value: &str) -> bool {
    ["tcp://", "udp://", "sctp://"].iter().any(|scheme| value.starts_with(scheme))
}

fn is_or_ends_in(text: &str, end: &str) -> bool {
    text.strip_suffix(end).is_some_and(|before| before.is_empty() || before.ends_with('_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_kubernetes_makes_is_known() {
        for (name, value) in [
            ("RESCIND_SERVICE_HOST", "10.0.0.11"),
            ("RESCIND_SERVICE_PORT", "8080"),
            ("RESCIND_SERVICE_PORT_HTTP", "8080"),
            ("RESCIND_PORT", "tcp://10.0.0.11:8080"),
            ("RESCIND_PORT_8080_TCP", "tcp://10.0.0.11:8080"),
            ("RESCIND_PORT_8080_TCP_PROTO", "tcp"),
            ("RESCIND_PORT_8080_TCP_PORT", "8080"),
            ("RESCIND_PORT_53_UDP_ADDR", "10.0.0.11"),
            ("RESCIND_REPLICA_SERVICE_HOST", "10.0.0.12"),
            ("RESCIND_REPLICA_PORT_8080_TCP", "tcp://10.0.0.12:8080"),
        ] {
            assert!(made(name, value), "{name}");
        }
    }

    #[test]
    fn a_slip_is_not_taken_for_it() {
        for (name, value) in [
            ("RESCIND_PORT", "8080"),
            ("RESCIND_LISTEN_PORT", "8080"),
            ("RESCIND_PORT_HTTP_TCP", "x"),
            ("RESCIND_HOST", "10.0.0.11"),
            ("RESCIND_SUPPORT", "tcp://x"),
        ] {
            assert!(!made(name, value), "{name}");
        }
    }
}
