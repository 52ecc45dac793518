//! The atomics and locks of what many threads read at once: those of `std`.
//!
//! `rescind-interleaved` compiles this crate once more with those of shuttle, which tries out in which order threads may come to
//! them. What no protocol hangs on, such as numbers given out, stays with `std`.

#[cfg(not(interleaved))]
pub(crate) use std::{
    sync::{Mutex, MutexGuard, atomic},
    thread_local,
};

#[cfg(interleaved)]
pub(crate) use shuttle::{
    sync::{Mutex, MutexGuard, atomic},
    thread_local,
};
