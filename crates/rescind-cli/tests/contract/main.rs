//! The contract, call by call, on a real server: what is answered, and that it is so afterwards.

#[path = "../support/mod.rs"]
mod support;

mod account;
mod asking;
mod backends;
mod lists;
mod member;
mod operators;
mod refresh;
mod registration;
mod revoking;
