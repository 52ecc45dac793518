//! libFuzzer calls [`rescind_fuzz::feed_event::run`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rescind_fuzz::feed_event::run(data));
