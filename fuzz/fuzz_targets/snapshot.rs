//! libFuzzer calls [`rescind_fuzz::snapshot::run`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rescind_fuzz::snapshot::run(data));
