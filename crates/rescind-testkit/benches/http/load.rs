//! Requests a second.

use std::future::Future;
use std::pin::Pin;

use hyper::Method;
use rescind::clock::Clock;
use rescind::entropy::uuid_v7;
use rescind::system::{SystemClock, SystemEntropy};
use rescind_testkit::load::{Body, Call, Calls, Connection, Load, Plan, Rotate, Work, sessions};
use rescind_testkit::process::Server;
use uuid::Uuid;

use crate::Measured;

/// What the HTTP stack alone allows.
pub(crate) async fn open(server: &Server, connections: usize, plan: Plan, measured: &mut Measured) {
    let open = Calls::workers([Call::get("/healthz")], connections);
    measured.insert(format!("http/open/{connections}"), Load::new(server.address(), open).rates(plan).await);
}

/// What an authority is for: under `id/refresh/…` and `id/revoke/…`.
pub(crate) async fn authority(
    server: &Server,
    id: &str,
    connections: usize,
    plan: Plan,
    measured: &mut Measured,
) {
    let client = server.client("bench", &["sessions:write", "revocations:write"]).await;

    let mut refresh: Vec<Box<dyn Work>> = Vec::new();
    for pair in sessions(server, &client, connections).await {
        refresh.push(Rotate::worker("/api/v1/auth/refresh", "refresh_token", pair.text("refresh_token")));
    }
    let mut refresh = Load::new(server.address(), refresh);
    measured.insert(format!("{id}/refresh/{connections}"), refresh.rates(plan).await);

    let revoke = (0..connections)
        .map(|_| Box::new(Revoke { authorization: client.basic() }) as Box<dyn Work>)
        .collect();
    let mut revoke = Load::new(server.address(), revoke);
    measured.insert(format!("{id}/revoke/{connections}"), revoke.rates(plan).await);
}

/// Cuts of tokens, each another one.
struct Revoke {
    authorization: String,
}

impl Work for Revoke {
    fn once<'a>(
        &'a mut self,
        connection: &'a mut Connection,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(async {
            let call = Call {
                method: Method::POST,
                path: format!("/api/v1/auth/sessions/revoke/{}", fresh_jti()),
                authorization: Some(self.authorization.clone()),
                body: Body::Json("{}".into()),
                says: "",
            };
            let (status, body) = connection.send(&call).await;
            assert_eq!(status, 200, "{body:?}");
        })
    }
}

fn fresh_jti() -> Uuid {
    uuid_v7(SystemClock.now(), &SystemEntropy)
}
