//! In whatever order threads come to the replica and to the cache of tokens, what was revoked stays revoked.
//!
//! shuttle runs the threads of each test one step at a time, a step from one atomic or lock to the next, in thousands of orders. To it
//! all atomics are sequentially consistent: it finds wrong orders of steps, and not a too weak `Ordering`. A failure prints the
//! schedule that led to it.

mod cache;
mod replica;
mod table;
mod world;
