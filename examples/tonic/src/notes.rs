//! The service: a board of notes for each tenant.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::ready;
use futures_util::stream::BoxStream;
use futures_util::{FutureExt as _, StreamExt as _, stream};
use rescind::clock::Clock as _;
use rescind::id::TenantId;
use rescind::system::SystemClock;
use rescind::token::Expected;
use rescind::verifier::{Refusal, Verifier};
use rescind_tower::{Authenticated, Denial};
use tokio::sync::broadcast::{self, error::RecvError};
use tonic::{Request, Response, Status};

use crate::Stopping;
use crate::proto::notes_server::Notes;
use crate::proto::{Note, WatchRequest, WriteRequest};

/// How often it is seen whether a watcher's token would still be let in.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// How many notes a watcher may be behind before it misses some.
const BEHIND: usize = 64;

/// Passes notes on to whoever watches.
pub(crate) struct Board {
    notes: broadcast::Sender<(Option<TenantId>, Note)>,
    verifier: Arc<Verifier>,
    stopping: Stopping,
}

impl Board {
    pub(crate) fn new(verifier: Arc<Verifier>, stopping: Stopping) -> Self {
        Self { notes: broadcast::Sender::new(BEHIND), verifier, stopping }
    }
}

#[tonic::async_trait]
impl Notes for Board {
    type WatchStream = BoxStream<'static, Result<Note, Status>>;

    async fn write(&self, request: Request<WriteRequest>) -> Result<Response<Note>, Status> {
        let caller = caller(&request)?;
        caller.require_any_role(&["editor", "admin"]).map_err(|denial| status(&denial))?;
        let author = caller.user_id().map(|id| id.to_string()).unwrap_or_default();
        let tenant = caller.tenant_id();
        let note = Note { author, text: request.into_inner().text };
        // An error only says that nobody watches.
        let _ = self.notes.send((tenant, note.clone()));
        Ok(Response::new(note))
    }

    async fn watch(&self, request: Request<WatchRequest>) -> Result<Response<Self::WatchStream>, Status> {
        let caller = caller(&request)?;
        let end = end(caller, Arc::clone(&self.verifier), self.stopping.clone()).shared();
        let tenant = caller.tenant_id();
        let all = stream::unfold(self.notes.subscribe(), async |mut notes| {
            loop {
                match notes.recv().await {
                    Ok(note) => return Some((note, notes)),
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return None,
                }
            }
        });
        let own = all.filter_map(move |(of, note)| ready((of == tenant).then_some(Ok(note))));
        Ok(Response::new(own.take_until(end.clone()).chain(end.map(Err).into_stream()).boxed()))
    }
}

/// The layer has seen to it that there is one.
fn caller<T>(request: &Request<T>) -> Result<&Authenticated, Status> {
    Authenticated::required(request.extensions()).map_err(|denial| status(&denial))
}

fn status(denial: &Denial) -> Status {
    Status::new(denial.grpc_code().into(), denial.code())
}

/// Resolves when a stream has to end. The layer has checked the token when the call came; all that is later is up to this.
fn end(
    caller: &Authenticated,
    verifier: Arc<Verifier>,
    stopping: Stopping,
) -> impl Future<Output = Status> + Send + use<> {
    let (cut, refused) = (caller.cut(), refused(caller.clone(), verifier));
    let left = caller.expires_at().since(SystemClock.now());
    async move {
        tokio::select! {
            _ = cut => Status::unauthenticated("token_revoked"),
            status = refused => status,
            () = tokio::time::sleep(left) => Status::unauthenticated("token_expired"),
            () = stopping => Status::unavailable("the service stops"),
        }
    }
}

/// A cut is known at once; that nobody tells of cuts any more is only seen by looking. With `OnStale::Allow` that is no reason to end.
async fn refused(caller: Authenticated, verifier: Arc<Verifier>) -> Status {
    let mut looks = tokio::time::interval(LOOK_AGAIN);
    loop {
        looks.tick().await;
        match verifier.verify_again(&caller, Expected::Configured) {
            Ok(_) => {}
            Err(refusal @ (Refusal::Stale | Refusal::NotReady)) => {
                return Status::unavailable(refusal.code());
            }
            Err(refusal) => return Status::unauthenticated(refusal.code()),
        }
    }
}
