//! The service: a board of notes for each tenant.

use futures_util::future::ready;
use futures_util::stream::BoxStream;
use futures_util::{FutureExt as _, StreamExt as _, stream};
use rescind::clock::Clock as _;
use rescind::id::TenantId;
use rescind::system::SystemClock;
use rescind_tower::{Authenticated, Denial};
use tokio::sync::broadcast::{self, error::RecvError};
use tonic::{Request, Response, Status};

use crate::Stopping;
use crate::proto::notes_server::Notes;
use crate::proto::{Note, WatchRequest, WriteRequest};

/// How many notes a watcher may be behind before it misses some.
const BEHIND: usize = 64;

/// Passes notes on to whoever watches.
pub(crate) struct Board {
    notes: broadcast::Sender<(Option<TenantId>, Note)>,
    stopping: Stopping,
}

impl Board {
    pub(crate) fn new(stopping: Stopping) -> Self {
        Self { notes: broadcast::Sender::new(BEHIND), stopping }
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
        let (tenant, end) = (caller.tenant_id(), end(caller, self.stopping.clone()).shared());
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
fn end(caller: &Authenticated, stopping: Stopping) -> impl Future<Output = Status> + Send + use<> {
    let cut = caller.cut();
    let left = caller.expires_at().since(SystemClock.now());
    async move {
        tokio::select! {
            _ = cut => Status::unauthenticated("token_revoked"),
            () = tokio::time::sleep(left) => Status::unauthenticated("token_expired"),
            () = stopping => Status::unavailable("the service stops"),
        }
    }
}
