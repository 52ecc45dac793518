//! Protected services: axum routers asked in memory and over a socket, plain hyper services, tonic.

mod credentials;
mod cuts;
mod extractors;
mod fresh;
mod grpc;
mod layers;
mod lookup;
mod plain;
mod sockets;
mod support;
