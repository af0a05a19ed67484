//! Compiles the functions in C against the header of the SQLite that the benchmark links.

fn main() {
    println!("cargo::rerun-if-changed=native/functions.c");
    let include = std::env::var("DEP_SQLITE3_INCLUDE")
        .expect("libsqlite3-sys says where the header of the SQLite it builds is");
    cc::Build::new().file("native/functions.c").include(include).compile("commensal_bench_native");
}
