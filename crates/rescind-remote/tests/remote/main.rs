//! A verifier in another process, against an authority that says whatever a test has it say.

mod cut_off;
mod disk;
mod fake;
mod following;
mod fresh;
mod hostile;
mod keys;
mod others;
mod rig;
mod tenant;
mod tls;
