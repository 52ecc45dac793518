//! By `cfg(interleaved)` the sources take shuttle's atomics and locks for those of `std`.

fn main() {
    println!("cargo::rustc-cfg=interleaved");
    println!("cargo::rerun-if-changed=build.rs");
}
