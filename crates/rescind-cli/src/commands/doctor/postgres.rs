//! The PostgreSQL database: reached, ours, of this program's version, and durable.

use rescind_postgres::{LATEST, Server, look};
use secrecy::{ExposeSecret as _, SecretString};

use super::Finding;
use super::database::check_schema;
use crate::failure::Failure;

pub(super) async fn check(url: &SecretString) -> Vec<Finding> {
    match look(url.expose_secret()).await {
        Err(error) => vec![Finding::failure("database", &error.into())],
        Ok(server) if server.schema == 0 => {
            vec![check_server(&server), Finding::failure("schema", &Failure::EmptyDatabase)]
        }
        Ok(server) => {
            vec![check_server(&server), check_schema(server.schema, LATEST), check_durability(&server)]
        }
    }
}

fn check_server(server: &Server) -> Finding {
    let detail = format!("PostgreSQL {} answers", server.version);
    if server.version_number >= 130_000 {
        Finding::ok("database", detail)
    } else {
        Finding::wrong("database", detail, "13 is the oldest that is supported: upgrade the server")
    }
}

fn check_durability(server: &Server) -> Finding {
    if server.fsync {
        Finding::ok("durability", "the server writes to its disk before it says so")
    } else {
        Finding::wrong(
            "durability",
            "fsync is off: what was acknowledged can be lost",
            "set fsync = on in postgresql.conf",
        )
    }
}
