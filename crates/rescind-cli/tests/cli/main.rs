//! The built command, driven as a person or a script drives it: arguments in; output, exit code and store out.

mod backup;
mod home;
mod keys;
mod people;
mod redis;
mod revoking;
mod serving;
mod tokens;
mod trouble;
mod usage;
