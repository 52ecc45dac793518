//! What is asked, over and over.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hyper::Method;
use hyper::body::Bytes;
use serde_json::{Value, json};

use super::{Connection, Work};

/// One request.
#[derive(Clone, Debug)]
pub struct Call {
    /// Its method.
    pub method: Method,
    /// Its path.
    pub path: String,
    /// The value of `Authorization`.
    pub authorization: Option<String>,
    /// What it brings.
    pub body: Body,
    /// What the body of a good answer has in it.
    pub says: &'static str,
}

/// What a request brings.
#[derive(Clone, Debug)]
pub enum Body {
    /// Nothing.
    None,
    /// JSON.
    Json(Bytes),
    /// A form.
    Form(Bytes),
}

impl Call {
    /// `GET` by nobody.
    pub fn get(path: impl Into<String>) -> Self {
        Self { method: Method::GET, path: path.into(), authorization: None, body: Body::None, says: "" }
    }

    /// `POST` by nobody.
    pub fn post(path: impl Into<String>, body: Body) -> Self {
        Self { method: Method::POST, body, ..Self::get(path) }
    }

    /// The same by a caller.
    #[must_use]
    pub fn by(self, authorization: impl Into<String>) -> Self {
        Self { authorization: Some(authorization.into()), ..self }
    }

    /// The same, where a good answer has this in it.
    #[must_use]
    pub fn says(self, says: &'static str) -> Self {
        Self { says, ..self }
    }
}

impl Body {
    pub(super) fn kind(&self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Json(_) => Some("application/json"),
            Self::Form(_) => Some("application/x-www-form-urlencoded"),
        }
    }

    pub(super) fn bytes(&self) -> Bytes {
        match self {
            Self::None => Bytes::new(),
            Self::Json(bytes) | Self::Form(bytes) => bytes.clone(),
        }
    }
}

/// The same calls in turn, by any number of workers. All are answered with 200.
#[derive(Clone, Debug)]
pub struct Calls {
    calls: Arc<[Call]>,
    next: Arc<AtomicUsize>,
}

impl Calls {
    /// So many workers that share the turn: each call is another one than the last, whoever made that.
    pub fn workers(calls: impl IntoIterator<Item = Call>, count: usize) -> Vec<Box<dyn Work>> {
        let all = Self { calls: calls.into_iter().collect(), next: Arc::default() };
        (0..count).map(|_| Box::new(all.clone()) as Box<dyn Work>).collect()
    }
}

impl Work for Calls {
    fn once<'a>(
        &'a mut self,
        connection: &'a mut Connection,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(async {
            let call = &self.calls[self.next.fetch_add(1, Ordering::Relaxed) % self.calls.len()];
            let (status, body) = connection.send(call).await;
            let says = String::from_utf8_lossy(&body).contains(call.says);
            assert!(status == 200 && says, "{status} {body:?} where {call:?}");
        })
    }
}

/// A refresh token that is used again and again: each answer's is the next request's.
#[derive(Debug)]
pub struct Rotate {
    path: &'static str,
    member: &'static str,
    token: String,
}

impl Rotate {
    /// `POST` of JSON to this path. The token is a member of this name, of the request and of the answer.
    pub fn worker(path: &'static str, member: &'static str, token: impl Into<String>) -> Box<dyn Work> {
        Box::new(Self { path, member, token: token.into() })
    }
}

impl Work for Rotate {
    fn once<'a>(
        &'a mut self,
        connection: &'a mut Connection,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(async {
            let body = json!({ self.member: self.token }).to_string();
            let (status, body) = connection.send(&Call::post(self.path, Body::Json(body.into()))).await;
            let pair: Value = serde_json::from_slice(&body).unwrap_or_default();
            assert_eq!(status, 200, "{pair}");
            let next = pair[self.member].as_str().expect("the next token");
            assert_ne!(next, self.token, "it was rotated");
            next.clone_into(&mut self.token);
        })
    }
}
