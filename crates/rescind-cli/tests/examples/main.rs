//! The services in `examples/`, as they stand there, against the real server.

#[path = "../support/mod.rs"]
mod support;

mod desk;
mod foreign;
mod grpc;
#[allow(clippy::allow_attributes_without_reason, reason = "it is generated")]
#[path = "../../../../examples/tonic/src/proto/rescind.example.v1.rs"]
mod proto;
mod readmes;
mod remote;
mod service;
mod sockets;
